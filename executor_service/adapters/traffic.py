"""Permits from the action service, many in a call, and a few kept ready.

While one call is under way the next wishes gather and go together, with what has become of earlier
calls. Who makes many calls is given some permits ahead, which are good for a second: so at full
speed one call is made for hundreds of permits.

When the service cannot be asked, calls are made all the same: a limit that is overrun for the time
of a restart does less harm than everything at a standstill. What is known of a provider still
holds: a pause that the service has ordered, and failures in a row that are seen here.
"""

import asyncio
import random
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import grpc
from grpc import aio

from common.clock import Clock
from common.telemetry import get_logger
from executor_service.domain.health import Health, Verdict
from executor_service.domain.outcome import Deferred, Hold, HoldCause
from executor_service.ports import Permit
from treadle.traffic.v1.traffic_service_pb2 import (
    HOLD_REASON_FAILING,
    HOLD_REASON_LIMITED,
    HOLD_REASON_PAUSED,
    HOLD_REASON_PROBING,
    AcquirePermitsRequest,
    AcquirePermitsResponse,
    Outcomes,
    PermitAnswer,
    PermitRequest,
)
from treadle.traffic.v1.traffic_service_pb2_grpc import TrafficServiceStub

MAX_REQUESTS: Final = 500
MAX_AHEAD: Final = 1_000
MAX_KEYS: Final = 4_096
# How soon the service is told of outcomes when nothing else is asked of it.
REPORT_AFTER_S: Final = 0.25
# While the service cannot be asked: for how long permits are made here, how many failures in a row
# stop calls, and for how long.
ALONE_S: Final = 1.0
ALONE_FAILURES: Final = 5
ALONE_PAUSE: Final = timedelta(seconds=10)

_TIMEOUT_S: Final = 2.0
_TIMEOUT_AWAY_S: Final = 0.2
_LAST_REPORT_S: Final = 0.5
# The epoch of permits that were made here: no epoch of the service's.
_ALONE: Final = -1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_CAUSES: Final[Mapping[int, HoldCause]] = {
    HOLD_REASON_FAILING: HoldCause.CIRCUIT_OPEN,
    HOLD_REASON_PROBING: HoldCause.CIRCUIT_OPEN,
    HOLD_REASON_PAUSED: HoldCause.PROVIDER_PAUSE,
    HOLD_REASON_LIMITED: HoldCause.RATE_LIMIT,
}

_log = get_logger(__name__)

_Waiting = asyncio.Future[Permit | Deferred]


@dataclass(slots=True)
class _Key:
    """An account's calls to one peer; times are the event loop's."""

    account_id: str
    peer: str
    ready: int = 0
    good_until: float = 0.0
    epoch: int = _ALONE
    # Permits used since the last answer: what is to be expected until the next.
    used: int = 0
    waiting: deque[_Waiting] = field(default_factory=deque[_Waiting])
    outcomes: dict[int, Outcomes] = field(default_factory=dict[int, Outcomes])
    failed_alone: int = 0
    paused_until: datetime = _EPOCH
    pause_reason: str = ""
    pause_hold: Hold | None = None

    def is_idle(self, now: float) -> bool:
        return not self.waiting and not self.outcomes and now > self.good_until


class TrafficClient:
    """Permits for calls; see `executor_service.ports.Permits`."""

    def __init__(self, channel: aio.Channel, clock: Clock) -> None:
        self._stub = TrafficServiceStub(channel)
        self._clock = clock
        self._keys: dict[tuple[str, str], _Key] = {}
        # In the order in which they came; a set that keeps it.
        self._asking: dict[int, _Key] = {}
        self._sender: asyncio.Task[None] | None = None
        self._report: asyncio.TimerHandle | None = None
        self._is_away = False

    async def get(self, account_id: str, peer: str) -> Permit | Deferred:
        """A permit for one call, or when to ask again."""
        loop = asyncio.get_running_loop()
        key = self._key(account_id, peer, loop.time())
        if key.ready and not key.waiting and loop.time() < key.good_until:
            return self._take(key)
        waiting: _Waiting = loop.create_future()
        key.waiting.append(waiting)
        self._ask_for([key])
        return await waiting

    def settle(self, permit: Permit, verdict: Verdict) -> None:
        """Counts what became of a permit; the service is told within a moment."""
        loop = asyncio.get_running_loop()
        key = self._key(permit.account_id, permit.peer, loop.time())
        if permit.epoch == _ALONE:
            self._settle_alone(key, verdict)
            return
        _count(key.outcomes.setdefault(permit.epoch, Outcomes(epoch=permit.epoch)), verdict)
        if self._report is None:
            self._report = loop.call_later(REPORT_AFTER_S, self._report_all)

    async def aclose(self) -> None:
        """Tells the service the last outcomes, if it can be reached at once."""
        try:
            async with asyncio.timeout(_LAST_REPORT_S):
                self._report_all()
                if self._sender is not None:
                    await asyncio.shield(self._sender)
        except TimeoutError:
            if self._sender is not None:
                self._sender.cancel()

    def _key(self, account_id: str, peer: str, now: float) -> _Key:
        key = self._keys.get((account_id, peer))
        if key is None:
            if len(self._keys) >= MAX_KEYS:
                self._keys = {k: v for k, v in self._keys.items() if not v.is_idle(now)}
            key = self._keys[account_id, peer] = _Key(account_id, peer)
        return key

    def _report_all(self) -> None:
        if self._report is not None:
            self._report.cancel()
            self._report = None
        self._ask_for(key for key in self._keys.values() if key.outcomes)

    def _ask_for(self, keys: Iterable[_Key]) -> None:
        self._asking |= {id(key): key for key in keys}
        if self._asking and self._sender is None:
            self._sender = asyncio.create_task(self._ask_all())

    async def _ask_all(self) -> None:
        # Wishes of the same turn of the event loop join the first call.
        await asyncio.sleep(0)
        try:
            while self._asking:
                batch = [self._asking.pop(each) for each in list(self._asking)[:MAX_REQUESTS]]
                await self._ask(batch)
        finally:
            self._sender = None

    async def _ask(self, keys: Sequence[_Key]) -> None:
        now = asyncio.get_running_loop().time()
        waiting = [len(key.waiting) for key in keys]
        request = AcquirePermitsRequest(
            requests=[_request(key, number, now) for key, number in zip(keys, waiting, strict=True)]
        )
        told = [key.outcomes for key in keys]
        for key in keys:
            key.outcomes = {}
        try:
            response: AcquirePermitsResponse = await self._stub.AcquirePermits(
                request, timeout=_TIMEOUT_AWAY_S if self._is_away else _TIMEOUT_S
            )
        except grpc.RpcError as error:
            if not self._is_away:
                _log.warning("traffic_service_away", error=type(error).__name__)
            self._is_away = True
            for key, outcomes in zip(keys, told, strict=True):
                self._decide_alone(key, outcomes)
            return
        self._is_away = False
        for key, number, answer in zip(keys, waiting, response.answers, strict=True):
            self._answered(key, number, answer)

    def _answered(self, key: _Key, waiting: int, answer: PermitAnswer) -> None:
        now = asyncio.get_running_loop().time()
        key.epoch, key.used, key.failed_alone = answer.epoch, 0, 0
        key.ready = answer.granted
        key.good_until = now + answer.lease.ToTimedelta().total_seconds()
        key.paused_until = _EPOCH
        held = waiting - answer.granted
        while key.waiting and key.ready:
            _give(key.waiting.popleft(), self._take(key))
        if held > 0:
            first, spacing = answer.not_before.ToDatetime(tzinfo=UTC), answer.spacing.ToTimedelta()
            hold = _hold(key.peer, answer)
            if answer.reason in {HOLD_REASON_FAILING, HOLD_REASON_PAUSED}:
                key.paused_until, key.pause_reason = first, answer.message
                key.pause_hold = hold
            for place in range(min(held, len(key.waiting))):
                later = Deferred(first + spacing * place, answer.message, hold)
                _give(key.waiting.popleft(), later)
        if key.waiting:
            self._asking[id(key)] = key

    def _take(self, key: _Key) -> Permit:
        key.ready -= 1
        key.used += 1
        return Permit(key.account_id, key.peer, key.epoch)

    def _decide_alone(self, key: _Key, outcomes: dict[int, Outcomes]) -> None:
        """Answers in the service's place; what it was to be told is told later, if it is little."""
        key.outcomes = outcomes | key.outcomes
        now = self._clock.now()
        key.epoch = _ALONE
        key.ready = MAX_AHEAD
        key.good_until = asyncio.get_running_loop().time() + ALONE_S
        paused = now < key.paused_until
        if paused:
            key.ready = 0
        while key.waiting:
            if paused:
                jitter = ALONE_PAUSE * random.random()
                later = Deferred(key.paused_until + jitter, key.pause_reason, key.pause_hold)
                _give(key.waiting.popleft(), later)
            else:
                _give(key.waiting.popleft(), Permit(key.account_id, key.peer, _ALONE))

    def _settle_alone(self, key: _Key, verdict: Verdict) -> None:
        if verdict.health is Health.WELL:
            key.failed_alone = 0
        elif verdict.health is Health.UNWELL:
            key.failed_alone += 1
            if key.failed_alone >= ALONE_FAILURES:
                key.failed_alone = 0
                key.ready = 0
                key.paused_until = self._clock.now() + ALONE_PAUSE
                key.pause_reason = f"{key.peer} is failing: calls are paused for a moment"
                key.pause_hold = Hold(HoldCause.CIRCUIT_OPEN, key.peer)


def _hold(peer: str, answer: PermitAnswer) -> Hold | None:
    cause = _CAUSES.get(answer.reason)
    return None if cause is None else Hold(cause, peer, per_second=answer.per_second)


def _request(key: _Key, waiting: int, now: float) -> PermitRequest:
    is_busy = now < key.good_until + ALONE_S
    return PermitRequest(
        account_id=key.account_id,
        peer=key.peer,
        waiting=waiting,
        # Twice as many as the last time, so that a burst takes few calls.
        ahead=min(2 * key.used, MAX_AHEAD) if waiting and is_busy else 0,
        outcomes=key.outcomes.values(),
    )


def _count(outcomes: Outcomes, verdict: Verdict) -> None:
    match verdict.health:
        case Health.WELL:
            outcomes.successes += 1
        case Health.UNWELL:
            outcomes.failures += 1
            outcomes.last_error = verdict.error_class
        case Health.CROWDED:
            outcomes.throttled += 1
        case Health.NOT_CALLED:
            outcomes.unused += 1
    if verdict.retry_after is not None:
        longest = max(outcomes.retry_after.ToTimedelta(), verdict.retry_after)
        outcomes.retry_after.FromTimedelta(longest)


def _give(waiting: _Waiting, answer: Permit | Deferred) -> None:
    if not waiting.done():
        waiting.set_result(answer)
