"""Imports of contacts and the rows that they refused."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row, text

from action_service.adapters.sql import Listing, Repository
from action_service.domain.contact_import import (
    Column,
    ContactImport,
    Counts,
    Duplicates,
    ImportStatus,
    RefusedRow,
    RowProblem,
)

# Batches that travel in one statement: some megabytes.
_AT_ONCE = 16

_COLUMNS = """
    i.id, i.file_name, i.columns, i.duplicates, i.status, i.failure, i.total_rows, i.created_rows,
    i.updated_rows, i.skipped_rows, i.refused_rows, i.created_at, i.finished_at
"""
_SELECT = f"SELECT {_COLUMNS} FROM contact_imports i WHERE i.account_id = :account"  # noqa: S608 - made of constants, as all below
_FIND = text(f"{_SELECT} AND i.id = :id")
PAGE = Listing(_SELECT, {"before": "i.id < CAST(:before AS uuid)"}, "i.id DESC")
REFUSED_PAGE = Listing(
    """
    SELECT r.row_number, r.problems, r.given FROM contact_import_refusals r
    WHERE r.account_id = :account
    """,
    {
        "import_id": "r.import_id = CAST(:import_id AS uuid)",
        "after": "r.row_number > CAST(:after AS integer)",
    },
    "r.row_number",
)
_ADD = text(
    f"""
    INSERT INTO contact_imports AS i
        (account_id, id, file_name, duplicates, columns, total_rows, actor)
    VALUES (:account, :id, :file_name, :duplicates, CAST(:columns AS jsonb), :total_rows, :actor)
    RETURNING {_COLUMNS}
    """  # noqa: S608
)
_ADD_BATCHES = text(
    """
    INSERT INTO contact_import_batches (account_id, import_id, number, rows)
    SELECT :account, :import_id, b.number, b.rows
    FROM unnest(CAST(:numbers AS integer[]), CAST(:rows AS bytea[])) AS b(number, rows)
    """
)
_REFUSE = text(
    """
    INSERT INTO contact_import_refusals (account_id, import_id, row_number, problems, given)
    SELECT :account, :import_id, r.number, CAST(r.problems AS jsonb), CAST(r.given AS jsonb)
    FROM unnest(
        CAST(:numbers AS integer[]), CAST(:problems AS text[]), CAST(:given AS text[])
    ) AS r(number, problems, given)
    """
)
_ADVANCE = text(
    f"""
    UPDATE contact_imports i
    SET created_rows = created_rows + :created, updated_rows = updated_rows + :updated,
        skipped_rows = skipped_rows + :skipped, refused_rows = refused_rows + :refused,
        processed_rows = processed_rows + :processed, worked_at = clock_timestamp(),
        status = CASE WHEN processed_rows + :processed = total_rows
                      THEN 'completed' ELSE 'running' END,
        finished_at = CASE WHEN processed_rows + :processed = total_rows THEN now() END
    WHERE i.account_id = :account AND i.id = :id
    RETURNING {_COLUMNS}
    """  # noqa: S608
)


class ImportReader(Repository):
    """Reads imports."""

    async def get(self, import_id: UUID) -> ContactImport | None:
        """The import; None when the account has no such one."""
        row = (await self._run(_FIND, id=import_id)).first()
        return None if row is None else _import(row)

    async def list_page(self, *, limit: int, before: UUID | None) -> Sequence[ContactImport]:
        """Newest first, those older than `before`."""
        return [_import(row) for row in await self._list(PAGE, limit, before=before)]

    async def refused_page(
        self, import_id: UUID, *, limit: int, after: int | None
    ) -> Sequence[RefusedRow]:
        """By row, those after the row `after`."""
        rows = await self._list(REFUSED_PAGE, limit, import_id=import_id, after=after)
        return [
            RefusedRow(row.row_number, [RowProblem(*each) for each in row.problems], row.given)
            for row in rows
        ]


class ImportWriter(ImportReader):
    """Reads and changes imports."""

    async def add(
        self,
        import_id: UUID,
        *,
        file_name: str,
        duplicates: Duplicates,
        columns: Sequence[Column],
        total_rows: int,
        batches: Sequence[bytes],
        actor: str,
    ) -> ContactImport:
        """Stores an import with its rows."""
        added = await self._run(
            _ADD,
            id=import_id,
            file_name=file_name,
            duplicates=duplicates.value,
            columns=_pairs(columns),
            total_rows=total_rows,
            actor=actor,
        )
        stored = _import(added.one())
        for start in range(0, len(batches), _AT_ONCE):
            rows = list(batches[start : start + _AT_ONCE])
            numbers = list(range(start, start + len(rows)))
            await self._run(_ADD_BATCHES, import_id=import_id, numbers=numbers, rows=rows)
        return stored

    async def refuse(self, import_id: UUID, rows: Sequence[RefusedRow]) -> None:
        """Stores rows that are not imported."""
        await self._run(
            _REFUSE,
            import_id=import_id,
            numbers=[row.number for row in rows],
            problems=[_pairs(row.problems) for row in rows],
            given=[orjson.dumps(row.given).decode() for row in rows],
        )

    async def advance(self, import_id: UUID, counts: Counts) -> ContactImport:
        """Adds to the counts; the import is completed when they make up all rows."""
        advanced = await self._run(
            _ADVANCE,
            id=import_id,
            created=counts.created,
            updated=counts.updated,
            skipped=counts.skipped,
            refused=counts.refused,
            processed=counts.processed,
        )
        return _import(advanced.one())


def _pairs(values: Sequence[Column] | Sequence[RowProblem]) -> str:
    return orjson.dumps([tuple(value) for value in values]).decode()


def _import(row: Row[Any]) -> ContactImport:
    return ContactImport(
        id=row.id,
        file_name=row.file_name,
        columns=[Column(*column) for column in row.columns],
        duplicates=Duplicates(row.duplicates),
        status=ImportStatus(row.status),
        total_rows=row.total_rows,
        counts=Counts(row.created_rows, row.updated_rows, row.skipped_rows, row.refused_rows),
        failure=row.failure,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )
