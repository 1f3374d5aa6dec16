"""What operations need of the store beside what single runs do."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from action_service.domain.control import Control
from action_service.domain.operations import Operation, OperationStatus, Progress, RunFilter


class OperationReads(Protocol):
    """Operations, and the runs that one would be about."""

    async def get(self, operation_id: UUID) -> Operation | None:
        """The operation; None when the account has no such one."""
        ...

    async def list_page(
        self, *, limit: int, before: UUID | None, status: OperationStatus | None
    ) -> Sequence[Operation]:
        """Newest first, those older than `before`."""
        ...

    async def count(self, control: Control, which: RunFilter) -> int:
        """How many runs an operation would be about now."""
        ...


class OperationWrites(OperationReads, Protocol):
    """Changes of operations."""

    async def add(
        self, operation_id: UUID, control: Control, which: RunFilter, *, reason: str, actor: str
    ) -> Operation:
        """Stores an operation with the runs that match now; completed when there are none."""
        ...

    async def cancel(self, operation_id: UUID) -> Operation | None:
        """Ends one that is at work, once its present batch is done; None when it had ended."""
        ...

    async def halve(self, operation_id: UUID, batch: int) -> None:
        """Makes two batches of one that has more than one run."""
        ...

    async def advance(
        self, operation_id: UUID, batch: int, left: Sequence[UUID], progress: Progress
    ) -> Operation:
        """Leaves only `left` of a batch; completes the operation when nothing is left of any."""
        ...
