"""Stands before every call to a provider: is it wise to make it now?

Two questions. The fleet's: do limit and circuit of the account permit it? Those are the action
service's to answer. And this process's own: are not too many calls to that provider under way here
already? One that hangs must not take the threads, connections and slots of the others.
"""

from collections import Counter
from datetime import datetime, timedelta
from types import TracebackType
from typing import Final, Self

from common.clock import Clock
from executor_service.domain.health import NOT_CALLED, Verdict, verdict_on
from executor_service.domain.outcome import Deferred, Hold, HoldCause, Outcome
from executor_service.ports import Permit, Permits

# Calls to a provider pile up only while it is slow, and that passes slowly. Those put off come back
# one by one, as many in this time as may be under way at once.
_TURN: Final = timedelta(seconds=15)
_SOONEST: Final = timedelta(seconds=5)
_LATEST: Final = timedelta(minutes=2)


class Gate:
    """Lets calls pass, or says when to come again."""

    def __init__(self, permits: Permits, clock: Clock, *, at_a_time: int) -> None:
        """`at_a_time` bounds the calls to one provider that are under way."""
        self._permits = permits
        self._clock = clock
        self._at_a_time = at_a_time
        self._under_way: Counter[str] = Counter()
        # When the last one that was put off comes back.
        self._row_until: dict[str, datetime] = {}

    async def enter(self, account_id: str, peer: str) -> "Passage | Deferred":
        """A passage for one call to `peer`, to be left when the call has ended."""
        if not peer:
            return Passage(self, None, peer)
        if self._under_way[peer] >= self._at_a_time:
            return self._put_off(peer)
        self._under_way[peer] += 1
        try:
            permit = await self._permits.get(account_id, peer)
        except BaseException:
            self._left(peer)
            raise
        if isinstance(permit, Deferred):
            self._left(peer)
            return permit
        return Passage(self, permit, peer)

    def leave(self, permit: Permit | None, peer: str, verdict: Verdict) -> None:
        """Called by the passage."""
        if permit is not None:
            self._left(peer)
            self._permits.settle(permit, verdict)

    def _put_off(self, peer: str) -> Deferred:
        now = self._clock.now()
        last = self._row_until.get(peer, now)
        if not now + _SOONEST <= last < now + _LATEST:
            last = now + _SOONEST
        not_before = self._row_until[peer] = last + _TURN / self._at_a_time
        reason = f"{self._at_a_time} calls to {peer} are under way: it is slow"
        return Deferred(not_before, reason, Hold(HoldCause.PROVIDER_SLOW, peer))

    def _left(self, peer: str) -> None:
        self._under_way[peer] -= 1
        if not self._under_way[peer]:
            # A process calls thousands of hosts in its life.
            del self._under_way[peer]
            self._row_until.pop(peer, None)


class Passage:
    """Leave to make one call. A context manager; `made` says what came of the call."""

    def __init__(self, gate: Gate, permit: Permit | None, peer: str) -> None:
        self._gate = gate
        self._permit = permit
        self._peer = peer
        self._verdict = NOT_CALLED

    def made(self, outcome: Outcome) -> None:
        """The call has been made, with this outcome."""
        self._verdict = verdict_on(outcome)

    def __enter__(self) -> Self:
        """The passage itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave."""
        self._gate.leave(self._permit, self._peer, self._verdict)
