"""Puts an end to unknown outcomes: asks providers, and carries out what has been decided.

The executors hold the credentials, so they do the asking: a task says what is looked for, its
answer says what the provider has. What is decided, by whomever, is an answer to the attempt like
any other, and goes the way of all answers.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

import structlog
from prometheus_client import Gauge

from action_service.domain.progress import Outcome
from action_service.domain.unknown_sends import LookPlan, LookPolicy, Sent, Verdict, outcome_of
from action_service.engine.batch import BatchProcessor
from action_service.engine.codec import CHANNELS, headers_of
from action_service.engine.deliveries import DeliveryProcessor
from action_service.engine.model import (
    BadItemError,
    DeliveryResult,
    LookupResult,
    Result,
    StoreUnavailableError,
    Task,
)
from action_service.engine.ports import Ringer
from common.ids import new_id_text
from treadle.dispatch.v1 import task_pb2

_log = structlog.get_logger(__name__)

SUBJECT = "treadle.actions.communication.look_up"
_BATCH = 500
# Providers limit how often they may be asked; so many at each sweep do not get in anybody's way.
_LOOKS = 25
_LEASE = timedelta(seconds=10)
_COUNTED_EVERY = timedelta(seconds=15)

_WAITING = Gauge(
    "treadle_unknown_sends", "Sends whose outcome nobody knows, of all accounts.", ("channel",)
)
_OLDEST = Gauge(
    "treadle_unknown_sends_oldest_seconds",
    "For how long the oldest of them has been unknown.",
    ("channel",),
)


class DueLook(NamedTuple):
    """An attempt whose provider is to be asked; it left between two instants, if it did."""

    id: str
    account_id: str
    execution_id: str
    action_execution_id: str
    contact_id: str | None
    sent: Sent
    claimed_at: datetime
    unknown_at: datetime
    looks: int
    now: datetime


class Decided(NamedTuple):
    """An attempt that has been decided about."""

    id: str
    execution_id: str
    delivery_id: str | None
    sent: Sent
    verdict: Verdict
    began_at: datetime
    decided_at: datetime


class Waiting(NamedTuple):
    """How many sends of a channel wait, and the age of the oldest in seconds."""

    channel: str
    number: int
    oldest_seconds: float


class UnknownSendStore(Protocol):
    """Where unknown sends are kept. All raise StoreUnavailableError."""

    async def decided(self, limit: int, lease: timedelta) -> Sequence[Decided]:
        """Those that are decided; they come up again after `lease` if they still are so."""
        ...

    async def due(self, limit: int, plan: Callable[[DueLook], LookPlan]) -> Sequence[DueLook]:
        """Those whose instant has come, once `plan` has said what is next; to be looked for now."""
        ...

    async def looked(self, result: LookupResult) -> None:
        """Keeps what a provider has answered, once, and what it decides. BadItemError."""
        ...

    async def waiting(self) -> Sequence[Waiting]:
        """How many wait."""
        ...


class Reconciler:
    """Looks every `interval`. Any number may work side by side."""

    def __init__(
        self,
        store: UnknownSendStore,
        ringer: Ringer,
        processor: BatchProcessor,
        deliveries: DeliveryProcessor,
        *,
        policy: LookPolicy,
        interval: timedelta,
    ) -> None:
        self._store = store
        self._ringer = ringer
        self._processor = processor
        self._deliveries = deliveries
        self._policy = policy
        self._interval = interval.total_seconds()
        self._rounds_between_counts = max(1, round(_COUNTED_EVERY / interval))

    async def run(self, stop: asyncio.Event) -> None:
        """Works at once and then at every interval until `stop` is set."""
        rounds = 0
        while not stop.is_set():
            try:
                while await self.carry_out() == _BATCH and not stop.is_set():
                    pass
                await self.look()
                if rounds % self._rounds_between_counts == 0:
                    await self._count()
            except StoreUnavailableError as error:
                _log.warning("reconciling_failed", error=str(error))
            except Exception:  # noqa: BLE001 - it must outlive whatever it meets
                _log.exception("reconciling_crashed")
            rounds += 1
            try:
                await asyncio.wait_for(stop.wait(), self._interval)
            except TimeoutError:
                continue

    async def carry_out(self) -> int:
        """Carries out what has been decided; returns how much there was."""
        decided = await self._store.decided(_BATCH, _LEASE)
        steps = [_result(each) for each in decided if each.delivery_id is None]
        deliveries = [
            DeliveryResult(each.delivery_id, each.id, _outcome(each), claimant=True)
            for each in decided
            if each.delivery_id is not None
        ]
        if steps:
            await self._processor.process(steps)
        if deliveries:
            await self._deliveries.process(deliveries)
        for each in decided:
            _log.info(
                "unknown_send_settled",
                attempt_id=each.id,
                execution_id=each.execution_id,
                resolution=each.verdict.resolution,
                resolved_by=each.verdict.resolved_by,
            )
        return len(decided)

    async def look(self) -> None:
        """Has providers asked for what is due."""
        due = await self._store.due(_LOOKS, self._plan)
        if due:
            _log.info("looking_up", count=len(due))
            await self._ringer.ring([lookup_task(each) for each in due])

    async def looked(self, result: LookupResult) -> None:
        """Takes in what a provider has answered. Raises StoreUnavailableError."""
        try:
            await self._store.looked(result)
        except BadItemError as error:
            # Two looks have found the same message at once: the next look finds it taken.
            _log.warning("lookup_unusable", attempt_id=result.attempt_id, reason=str(error))

    def _plan(self, due: DueLook) -> LookPlan:
        return self._policy.plan(due.looks, unknown_at=due.unknown_at, now=due.now)

    async def _count(self) -> None:
        _WAITING.clear()
        _OLDEST.clear()
        for channel, number, oldest in await self._store.waiting():
            _WAITING.labels(channel).set(number)
            _OLDEST.labels(channel).set(oldest)


def lookup_task(due: DueLook) -> Task:
    """The message that has a provider asked."""
    look_id = new_id_text()
    sent = due.sent
    task = task_pb2.ActionTask(
        attempt_id=look_id,
        action_execution_id=due.action_execution_id,
        execution_id=due.execution_id,
        account_id=due.account_id,
        contact_id=due.contact_id or "",
        attempt_number=due.looks + 1,
        lookup=task_pb2.Lookup(
            attempt_id=due.id,
            sent=task_pb2.Sent(
                channel=_channel(sent),
                recipient=sent.recipient,
                sender=sent.sender,
                subject=sent.subject,
                text=sent.body,
            ),
            after=due.claimed_at,
            before=due.unknown_at,
        ),
    )
    headers = headers_of(due.account_id, due.execution_id, look_id)
    return Task(SUBJECT, task.SerializeToString(), look_id, headers)


def _channel(sent: Sent) -> str | None:
    """The channel's name on the wire; None for one that is not known or not sent by."""
    channel = sent.channel
    if channel is None or channel not in CHANNELS.values():
        return None
    return f"DELIVERY_CHANNEL_{channel.upper()}"


def _outcome(decided: Decided) -> Outcome:
    return outcome_of(decided.verdict, decided.sent, decided.decided_at)


def _result(decided: Decided) -> Result:
    return Result(
        attempt_id=decided.id,
        execution_id=decided.execution_id,
        started_at=decided.began_at,
        finished_at=decided.decided_at,
        outcome=_outcome(decided),
        # Whoever decides knows better than the run that was granted the claim.
        claimant=True,
    )
