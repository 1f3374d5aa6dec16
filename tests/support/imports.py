"""Uploads of contact files over gRPC, and importers that a test drives batch by batch."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from action_service.adapters.import_queue import PostgresImportQueue
from action_service.engine.ports import OutboxRow
from action_service.use_cases.imports.work import ImportWork
from tests.support.action_api import Api, Client
from treadle.record.v1 import contact_import_service_pb2 as pb
from treadle.record.v1.contact_import_pb2 import (
    IMPORT_DUPLICATES_SKIP,
    ContactImport,
    ImportDuplicates,
    RefusedRow,
)

_PIECE = 100_000


@dataclass
class Outbox:
    """An `EventPublisher` that keeps what it is offered."""

    rows: list[OutboxRow] = field(default_factory=list[OutboxRow])

    def offer(self, rows: Sequence[OutboxRow]) -> None:
        """Keeps the rows."""
        self.rows.extend(rows)

    async def run(self, stop: asyncio.Event, **_: object) -> None:
        """Does nothing: the rows stay in their table."""


def importer(api: Api) -> ImportWork:
    """Another importer on the api's database."""
    return ImportWork(PostgresImportQueue(api.db, Outbox()))


async def do_all(api: Api) -> int:
    """Does what there is to do; returns the number of batches."""
    work, batches = importer(api), 0
    while await work.next_batch():
        batches += 1
    return batches


def csv(*lines: str) -> bytes:
    """A file of these lines."""
    return "".join(f"{line}\r\n" for line in lines).encode()


async def upload(
    client: Client,
    data: bytes,
    *,
    duplicates: ImportDuplicates = IMPORT_DUPLICATES_SKIP,
    columns: Mapping[str, str] | None = None,
    file_name: str = "contacts.csv",
    request_id: str = "",
    piece: int = _PIECE,
) -> ContactImport:
    """Starts an import, the file in pieces."""

    async def requests() -> AsyncIterator[pb.StartContactImportRequest]:
        first = pb.StartContactImportRequest(
            file_name=file_name, duplicates=duplicates, columns=columns, request_id=request_id
        )
        for start in range(0, max(len(data), 1), piece):
            first.data = data[start : start + piece]
            yield first
            first = pb.StartContactImportRequest()

    return (await client.imports.StartContactImport(requests())).contact_import


async def shown(client: Client, import_id: str) -> ContactImport:
    """The import as it stands."""
    request = pb.GetContactImportRequest(contact_import_id=import_id)
    return (await client.imports.GetContactImport(request)).contact_import


async def refused_rows(client: Client, import_id: str, page_size: int = 200) -> list[RefusedRow]:
    """All rows that were not imported, page by page."""
    rows: list[RefusedRow] = []
    request = pb.ListRefusedRowsRequest(contact_import_id=import_id, page_size=page_size)
    while True:
        page = await client.imports.ListRefusedRows(request)
        rows += page.refused_rows
        if not page.next_page_token:
            return rows
        request.page_token = page.next_page_token


def counts(imported: ContactImport) -> tuple[int, int, int, int]:
    """How many rows were created, updated, skipped and refused."""
    return (
        imported.created_rows,
        imported.updated_rows,
        imported.skipped_rows,
        imported.refused_rows,
    )


def people(numbers: Iterable[int]) -> bytes:
    """A file with a row for each number."""
    return csv(
        "email,first_name,custom_fields.n,tags",
        *(f"user{n}@example.com,User {n},{n},{'even' if n % 2 == 0 else ''}" for n in numbers),
    )
