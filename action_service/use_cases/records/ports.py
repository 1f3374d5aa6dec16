"""What records need of the store; kinds are named as in `kinds.KINDS`."""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol
from uuid import UUID

from action_service.domain.plan import Json
from action_service.domain.record import Cursor, Record

# As the value of a field that holds an instant: that of the transaction, by the database's clock.
NOW: Final = "now"


class RecordReads(Protocol):
    """Records of any kind."""

    async def get(self, kind: str, record_id: UUID) -> Record | None:
        """The record; None when the account has no such one."""
        ...

    async def list_page(
        self, kind: str, *, limit: int, after: Cursor | None, filters: Mapping[str, Json]
    ) -> Sequence[Record]:
        """Those after `after`, by the filters whose value is not None, in the order of the kind."""
        ...

    async def dependents(self, kind: str, record_id: UUID) -> Mapping[str, int]:
        """How many records need this one, by what they are called; `kind` may be of a part."""
        ...

    async def currency(self) -> str:
        """The account's currency."""
        ...


class RecordWrites(RecordReads, Protocol):
    """Changes of records. A value of None is the one that a field has by itself."""

    async def lock(self, kind: str, record_id: UUID) -> Record | None:
        """The record, kept from every other change until the transaction ends."""
        ...

    async def add(self, kind: str, record_id: UUID, values: Mapping[str, Json]) -> Record:
        """Stores a record; raises ALREADY_EXISTS when its name, or the id of a part, is taken."""
        ...

    async def update(self, kind: str, record_id: UUID, values: Mapping[str, Json]) -> Record:
        """Sets values of a locked record, which counts as a revision; raises ALREADY_EXISTS."""
        ...

    async def delete(self, kind: str, record_id: UUID) -> None:
        """Deletes a record and its parts."""
        ...
