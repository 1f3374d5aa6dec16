"""Stands before every call to a provider: is it wise to make it now?

Two questions. The fleet's: do limit and circuit of the account permit it? Those are the action
service's to answer. And this process's own: are not too many calls to that provider under way here
already? One that hangs must not take the threads, connections and slots of the others.
"""

import random
from collections import Counter
from datetime import timedelta
from types import TracebackType
from typing import Final, Self

from common.clock import Clock
from executor_service.domain.health import NOT_CALLED, Verdict, verdict_on
from executor_service.domain.outcome import Deferred, Outcome
from executor_service.ports import Permit, Permits

# As many calls as there may be only pile up while a provider is slow, and that passes slowly.
_SOONEST: Final = timedelta(seconds=5)
_LATEST: Final = timedelta(seconds=20)


class Gate:
    """Lets calls pass, or says when to come again."""

    def __init__(self, permits: Permits, clock: Clock, *, at_a_time: int) -> None:
        """`at_a_time` bounds the calls to one provider that are under way."""
        self._permits = permits
        self._clock = clock
        self._at_a_time = at_a_time
        self._under_way: Counter[str] = Counter()

    async def enter(self, account_id: str, peer: str) -> "Passage | Deferred":
        """A passage for one call to `peer`, to be left when the call has ended."""
        if not peer:
            return Passage(self, None, peer)
        if self._under_way[peer] >= self._at_a_time:
            pause = _SOONEST + (_LATEST - _SOONEST) * random.random()
            reason = f"{self._at_a_time} calls to {peer} are under way: it is slow"
            return Deferred(self._clock.now() + pause, reason)
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

    def _left(self, peer: str) -> None:
        self._under_way[peer] -= 1
        if not self._under_way[peer]:
            del self._under_way[peer]


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
