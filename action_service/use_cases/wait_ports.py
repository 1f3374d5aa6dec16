"""What use cases need of the store of waits and of steps that operators steer."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from action_service.domain.waits import StepState, Wait, WaitKind


class WaitFilter(NamedTuple):
    """Which are listed; None for any."""

    workflow_id: UUID | None = None
    action_id: UUID | None = None
    contact_id: UUID | None = None
    kind: WaitKind | None = None
    due_from: datetime | None = None
    due_before: datetime | None = None


class WaitReads(Protocol):
    """Steps that wait."""

    async def get(self, wait_id: UUID) -> Wait | None:
        """The wait; None when the account has no such one, or the step waits no more."""
        ...

    async def list_page(
        self, which: WaitFilter, *, limit: int, after: tuple[datetime, UUID] | None
    ) -> Sequence[Wait]:
        """Next due first, those beyond `after`."""
        ...

    async def step(self, step_id: UUID) -> StepState | None:
        """How an action execution stands; None when the account has no such one."""
        ...
