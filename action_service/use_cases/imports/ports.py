"""What imports need of the store beside what contacts do."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from action_service.domain.contact_import import (
    Column,
    ContactImport,
    Counts,
    Duplicates,
    RefusedRow,
)


class ImportReads(Protocol):
    """Imports and the rows they refused."""

    async def get(self, import_id: UUID) -> ContactImport | None:
        """The import; None when the account has no such one."""
        ...

    async def list_page(self, *, limit: int, before: UUID | None) -> Sequence[ContactImport]:
        """Newest first, those older than `before`."""
        ...

    async def refused_page(
        self, import_id: UUID, *, limit: int, after: int | None
    ) -> Sequence[RefusedRow]:
        """By row, those after the row `after`."""
        ...


class ImportWrites(ImportReads, Protocol):
    """Changes of imports."""

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
        """Stores an import with its rows, in batches that are opaque here."""
        ...

    async def refuse(self, import_id: UUID, rows: Sequence[RefusedRow]) -> None:
        """Stores rows that are not imported."""
        ...

    async def advance(self, import_id: UUID, counts: Counts) -> ContactImport:
        """Adds to the counts; the import is completed when they make up all rows."""
        ...
