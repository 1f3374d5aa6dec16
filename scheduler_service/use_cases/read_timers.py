"""Shows the timers of an account."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from common.errors import not_found
from scheduler_service.domain.timer import Timer
from scheduler_service.use_cases.ports import TimerReader


class ReadTimers:
    """What operators may know of the timers of their account."""

    def __init__(self, reader: TimerReader) -> None:
        self._reader = reader

    async def get(self, account_id: UUID, attempt_id: UUID) -> Timer:
        """The timer of an attempt; raises NOT_FOUND, also for an attempt of another account."""
        timer = await self._reader.get(account_id, attempt_id)
        if timer is None:
            raise not_found("timer", attempt_id)
        return timer

    async def list(
        self,
        account_id: UUID,
        *,
        execution_id: UUID | None,
        after: tuple[datetime, UUID] | None,
        limit: int,
    ) -> Sequence[Timer]:
        """The account's timers after `after`, next due first."""
        return await self._reader.list(
            account_id, execution_id=execution_id, after=after, limit=limit
        )
