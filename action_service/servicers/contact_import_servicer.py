"""ContactImportService: contacts from CSV files."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

from action_service.domain.contact_import import ContactImport, Duplicates, RefusedRow
from action_service.servicers.requests import parse_enum, parse_uuid
from action_service.servicers.rpc import Rpc
from action_service.use_cases.imports.contact_imports import get_import, start_import
from action_service.use_cases.imports.upload import Upload
from action_service.use_cases.ports import Database, Reader, Writer
from common.auth import current_principal
from common.errors import ErrorReason, TreadleError, malformed, overloaded
from common.paging import PageTokens
from treadle.record.v1 import contact_import_pb2
from treadle.record.v1 import contact_import_service_pb2 as pb
from treadle.record.v1.contact_import_service_pb2_grpc import ContactImportServiceServicer

_IMPORTS = PageTokens("contact_imports", UUID)
_REFUSED_ROWS = PageTokens("refused_rows", int)
# Files that are held in memory at once, and for how long one may take to arrive.
_MAX_UPLOADS = 4
_UPLOAD_TIME = timedelta(minutes=10)
_RETRY_AFTER = timedelta(seconds=5)
# Looked at without a break for other calls: a few milliseconds.
_PIECE = 64 * 1024


class ContactImportServicer(ContactImportServiceServicer):
    """Serves ContactImportService."""

    def __init__(self, database: Database, *, upload_time: timedelta = _UPLOAD_TIME) -> None:
        self._rpc = Rpc(database)
        self._upload_time = upload_time
        self._uploads = 0

    async def StartContactImport(
        self, request_iterator: AsyncIterator[pb.StartContactImportRequest], context: object
    ) -> pb.StartContactImportResponse:
        """Takes a file."""
        if self._uploads >= _MAX_UPLOADS:
            raise overloaded("too many files are being uploaded", _RETRY_AFTER)
        self._uploads += 1
        try:
            return await self._start(request_iterator)
        except TimeoutError:
            raise TreadleError(
                ErrorReason.DEADLINE_EXCEEDED, "the file took too long to arrive"
            ) from None
        finally:
            self._uploads -= 1

    async def _start(
        self, requests: AsyncIterator[pb.StartContactImportRequest]
    ) -> pb.StartContactImportResponse:
        async with asyncio.timeout(self._upload_time.total_seconds()):
            first, upload = await _received(requests)
        duplicates = parse_enum(
            "duplicates",
            contact_import_pb2.ImportDuplicates,
            "IMPORT_DUPLICATES_",
            first.duplicates,
            Duplicates,
        )

        async def work(tx: Writer) -> pb.StartContactImportResponse:
            started = await start_import(
                tx,
                upload,
                file_name=first.file_name,
                duplicates=duplicates or Duplicates.SKIP,
            )
            return pb.StartContactImportResponse(contact_import=_import_message(started))

        return await self._rpc.once(first, first.request_id, pb.StartContactImportResponse, work)

    async def GetContactImport(
        self, request: pb.GetContactImportRequest, context: object
    ) -> pb.GetContactImportResponse:
        """Returns one import."""
        import_id = parse_uuid("contact_import_id", request.contact_import_id)

        async def work(tx: Reader) -> pb.GetContactImportResponse:
            found = await get_import(tx, import_id)
            return pb.GetContactImportResponse(contact_import=_import_message(found))

        return await self._rpc.read(work)

    async def ListContactImports(
        self, request: pb.ListContactImportsRequest, context: object
    ) -> pb.ListContactImportsResponse:
        """Lists imports, newest first."""
        account = current_principal().require_account()
        page = _IMPORTS.page(request.page_size, request.page_token, account=account)

        async def work(tx: Reader) -> pb.ListContactImportsResponse:
            rows = await tx.imports.list_page(limit=page.limit, before=page.after)
            shown, next_page_token = page.cut(rows, lambda row: row.id)
            return pb.ListContactImportsResponse(
                contact_imports=[_import_message(row) for row in shown],
                next_page_token=next_page_token,
            )

        return await self._rpc.read(work)

    async def ListRefusedRows(
        self, request: pb.ListRefusedRowsRequest, context: object
    ) -> pb.ListRefusedRowsResponse:
        """Lists the rows that were not imported."""
        import_id = parse_uuid("contact_import_id", request.contact_import_id)
        account = current_principal().require_account()
        page = _REFUSED_ROWS.page(
            request.page_size, request.page_token, account=account, contact_import=import_id
        )

        async def work(tx: Reader) -> pb.ListRefusedRowsResponse:
            await get_import(tx, import_id)
            rows = await tx.imports.refused_page(import_id, limit=page.limit, after=page.after)
            shown, next_page_token = page.cut(rows, lambda row: row.number)
            return pb.ListRefusedRowsResponse(
                refused_rows=[_refused_message(row) for row in shown],
                next_page_token=next_page_token,
            )

        return await self._rpc.read(work)


async def _received(
    requests: AsyncIterator[pb.StartContactImportRequest],
) -> tuple[pb.StartContactImportRequest, Upload]:
    """The first message and the file.

    The message has the file's digest instead of the file, so that it tells a repeated request from
    another one.
    """
    first = await anext(requests, None)
    if first is None:
        raise malformed("data", "no message came")
    upload, digest, data = Upload(first.columns), hashlib.sha256(), first.data
    while True:
        digest.update(data)
        for start in range(0, len(data), _PIECE):
            upload.feed(data[start : start + _PIECE])
            await asyncio.sleep(0)
        request = await anext(requests, None)
        if request is None:
            break
        data = request.data
    upload.close()
    first.data = digest.digest()
    return first, upload


def _import_message(imported: ContactImport) -> contact_import_pb2.ContactImport:
    counts = imported.counts
    return contact_import_pb2.ContactImport(
        id=str(imported.id),
        file_name=imported.file_name,
        status=f"IMPORT_STATUS_{imported.status.upper()}",
        duplicates=f"IMPORT_DUPLICATES_{imported.duplicates.upper()}",
        total_rows=imported.total_rows,
        processed_rows=counts.processed,
        created_rows=counts.created,
        updated_rows=counts.updated,
        skipped_rows=counts.skipped,
        refused_rows=counts.refused,
        failure=imported.failure,
        created_at=imported.created_at,
        finished_at=imported.finished_at,
        column_names=[column.name for column in imported.columns],
    )


def _refused_message(row: RefusedRow) -> contact_import_pb2.RefusedRow:
    return contact_import_pb2.RefusedRow(
        row_number=row.number,
        problems=[
            contact_import_pb2.RowProblem(column=column, description=description)
            for column, description in row.problems
        ],
        values=row.given,
    )
