"""The scheduler's timers in memory, by the rules of its table."""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from devstack.simulate.clock import VirtualClock
from scheduler_service.domain.timer import DueTimer, HeldTimer, NewTimer, TimerKind
from scheduler_service.use_cases.ports import NextDue


@dataclass(frozen=True, slots=True)
class _Claim:
    """Due timers; a `Claim`."""

    store: "MemoryTimers"
    timers: Sequence[DueTimer]
    claimed_at: datetime

    async def settle(self, delivered: Collection[UUID], failed: Collection[UUID]) -> None:
        """Removes what was delivered; nothing fails here."""
        for attempt_id in delivered:
            self.store.remove(attempt_id)
        if failed:
            raise RuntimeError(f"{len(failed)} timers could not be read back")


class MemoryTimers:
    """A `TimerStore`."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._timers: dict[UUID, NewTimer] = {}

    async def add(self, timers: Sequence[NewTimer]) -> Mapping[UUID, HeldTimer]:
        """Of a delayed task the later instant wins, of a wait the later plan."""
        held: dict[UUID, HeldTimer] = {}
        for timer in timers:
            known = self._timers.get(timer.attempt_id)
            if known is None or _replaces(timer, known):
                self._timers[timer.attempt_id] = timer
            else:
                held[timer.attempt_id] = HeldTimer(known.due_at, known.planned_at)
        return held

    async def forget(self, attempt_ids: Sequence[UUID]) -> None:
        """Removes the timers of these attempts."""
        for attempt_id in attempt_ids:
            self.remove(attempt_id)

    def claim(self, limit: int) -> AbstractAsyncContextManager[_Claim]:
        """Claims due timers, those due longest first."""
        return self._claim(limit)

    def claim_in_turn(self, limit: int) -> AbstractAsyncContextManager[_Claim]:
        """Claims due timers: there is one account."""
        return self._claim(limit)

    async def next_due(self) -> NextDue | None:
        """The earliest timer."""
        first = min((timer.due_at for timer in self._timers.values()), default=None)
        return None if first is None else NextDue(first, first - self._clock.now())

    def remove(self, attempt_id: UUID) -> None:
        """Forgets a timer."""
        self._timers.pop(attempt_id, None)

    @asynccontextmanager
    async def _claim(self, limit: int) -> AsyncGenerator[_Claim]:
        now = self._clock.now()
        due = sorted((t for t in self._timers.values() if t.due_at <= now), key=lambda t: t.due_at)
        claimed = [DueTimer(t.attempt_id, t.kind, t.due_at, t.payload) for t in due[:limit]]
        yield _Claim(self, claimed, now)


def _replaces(timer: NewTimer, known: NewTimer) -> bool:
    if timer.kind is not known.kind:
        return False
    if timer.kind is TimerKind.DELAYED_TASK:
        return timer.due_at > known.due_at
    return timer.planned_at > known.planned_at
