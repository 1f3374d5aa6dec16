"""Fires what is due: completes waits, and tells the engine of attempts that were held back.

The timers are removed in the transaction that claimed them, after the stream has taken what they
turned into. A crash in between fires them again: the engine takes an answer from the current
attempt only, and the word that one is due only while it is put off.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from google.protobuf.message import DecodeError

from common.telemetry import get_logger
from scheduler_service.domain.timer import DueTimer, TimerKind
from scheduler_service.use_cases.envelopes import (
    RESULTS_PER_MESSAGE,
    completed,
    due,
    result_messages,
)
from scheduler_service.use_cases.ports import (
    Claim,
    Message,
    NotPublishedError,
    Publisher,
    TimerStore,
)
from treadle.dispatch.v1.result_pb2 import ActionResult

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Fired:
    """What came of one claim; `lag` is that of the timer that was due first."""

    claimed: int
    delivered: int
    lag: timedelta


class _Outgoing(NamedTuple):
    """A message, and the attempts whose timers it fires."""

    message: Message
    attempts: Sequence[UUID]


class FireDue:
    """Fires up to `limit` due timers in one transaction of the store.

    Raises when store or streams are out of reach: nothing is lost.
    """

    def __init__(
        self, store: TimerStore, publisher: Publisher, *, results_subject: str, limit: int
    ) -> None:
        self._store = store
        self._results_subject = results_subject
        self._publisher = publisher
        self.limit = limit

    async def longest_due(self) -> Fired:
        """Fires a batch of what is due longest, whosever it is."""
        return await self._fire(self._store.claim(self.limit))

    async def in_turn(self) -> Fired:
        """Fires a batch with an equal share of each account whose turn it is."""
        return await self._fire(self._store.claim_in_turn(self.limit))

    async def _fire(self, claiming: AbstractAsyncContextManager[Claim]) -> Fired:
        async with claiming as claim:
            if not claim.timers:
                return Fired(0, 0, timedelta())
            outgoing, unusable = _outgoing(claim.timers, claim.claimed_at, self._results_subject)
            outcomes = await self._publisher.send([message for message, _ in outgoing])
            delivered: list[UUID] = []
            failed = list(unusable)
            for (message, attempts), outcome in zip(outgoing, outcomes, strict=True):
                if outcome is None:
                    delivered += attempts
                    continue
                failed += attempts
                _log.warning(
                    "timers_not_delivered",
                    subject=message.subject,
                    timers=len(attempts),
                    error=type(outcome).__name__,
                )
            if outgoing and not delivered:
                raise NotPublishedError(f"none of {len(outgoing)} messages taken")
            await claim.settle(delivered, failed)
            first = min(timer.due_at for timer in claim.timers)
            return Fired(len(claim.timers), len(delivered), claim.claimed_at - first)


def _outgoing(
    timers: Sequence[DueTimer], now: datetime, subject: str
) -> tuple[list[_Outgoing], list[UUID]]:
    """What the timers turn into, and those that cannot be read back."""
    attempts: list[UUID] = []
    results: list[ActionResult] = []
    unusable: list[UUID] = []
    for timer in timers:
        try:
            results.append(_result(timer, now))
        except DecodeError:
            _log.error("timer_unreadable", attempt_id=str(timer.attempt_id))
            unusable.append(timer.attempt_id)
        else:
            attempts.append(timer.attempt_id)
    messages = result_messages(results, subject)
    outgoing = [
        _Outgoing(message, attempts[at * RESULTS_PER_MESSAGE : (at + 1) * RESULTS_PER_MESSAGE])
        for at, message in enumerate(messages)
    ]
    return outgoing, unusable


def _result(timer: DueTimer, now: datetime) -> ActionResult:
    match timer.kind:
        case TimerKind.WAIT:
            return completed(timer.payload, timer.due_at, now)
        case TimerKind.DELAYED_TASK:
            return due(timer.payload)
