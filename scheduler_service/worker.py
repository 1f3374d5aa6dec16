"""The loops that keep timers moving: taking them in from NATS, firing them when they are due."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol, cast

from prometheus_client import Counter, Histogram

from common.nats import Delivery, Poison, Trials, run_lane
from common.telemetry import get_logger
from scheduler_service.domain.backoff import Backoff
from scheduler_service.use_cases.fire_due import Fired
from scheduler_service.use_cases.intake import Taken
from scheduler_service.use_cases.ports import Backlog, NextDue

# How late a timer may be noticed that another replica, since dead, has stored.
_POLL: Final = timedelta(seconds=1)
# Due, yet not to be had: another replica is firing it.
_CLAIMED_ELSEWHERE: Final = timedelta(milliseconds=50)
_FIRST_BACKOFF: Final = timedelta(milliseconds=200)
_LONGEST_BACKOFF: Final = timedelta(seconds=5)
_DETAIL: Final = 300

_TAKEN = Counter("treadle_scheduler_timers_stored", "Timers stored.", ("kind",))
_REFUSED = Counter("treadle_scheduler_messages_refused", "Messages that made no timer.", ("kind",))
_FIRED = Counter("treadle_scheduler_timers_fired", "Timers fired.")
_LAG = Histogram(
    "treadle_scheduler_lag_seconds",
    "How long after its instant the first timer of a batch was claimed.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)
_FAILURES = Counter("treadle_scheduler_failures", "Batches that failed and came again.", ("loop",))

_log = get_logger(__name__)


class Source(Protocol):
    """Where batches of messages come from."""

    async def next_batch(self, max_messages: int) -> list[Delivery]:
        """Waits for messages; empty once it was stopped."""
        ...


class Intake(Protocol):
    """Takes messages in (`TakeWaits`, `TakeDelayed`)."""

    async def __call__(self, messages: Sequence[bytes]) -> Taken:
        """Takes a batch in."""
        ...

    async def give_up(self, message: bytes, reason: str) -> None:
        """Ends a message that cannot be taken in."""
        ...


class StoppableSource(Source, Protocol):
    """A source with its life in our hands."""

    async def start(self) -> None:
        """Begins to ask for messages."""
        ...

    async def stop(self) -> None:
        """Gives back what nobody took; waiting `next_batch` calls return empty."""
        ...


class Firing(Protocol):
    """Fires a batch of due timers; each raises when it could not."""

    async def longest_due(self) -> Fired:
        """Those due longest."""
        ...

    async def in_turn(self) -> Fired:
        """A share of each account whose turn it is; may find less than there is."""
        ...


class Alarm:
    """Wakes the firing loop when a timer is stored that is due before the one it sleeps for."""

    def __init__(self) -> None:
        self._earlier = asyncio.Event()
        self._sleeps_until: datetime | None = None

    def stored(self, earliest: datetime) -> None:
        """Tells of a new timer."""
        if self._sleeps_until is None or earliest < self._sleeps_until:
            self._earlier.set()

    def ring(self) -> None:
        """Wakes the loop in any case."""
        self._earlier.set()

    def look(self) -> None:
        """The loop is about to look at the timers: it will see those stored up to now."""
        self._sleeps_until = None
        self._earlier.clear()

    async def sleep(self, until: datetime | None, at_most: timedelta) -> None:
        """Sleeps until `at_most` has passed or an earlier timer than `until` has been stored."""
        self._sleeps_until = until
        try:
            async with asyncio.timeout(at_most.total_seconds()):
                await self._earlier.wait()
        except TimeoutError:
            pass


class IntakeLoop:
    """Hands batches of messages to a use case and acknowledges them when it has done its work."""

    def __init__(
        self,
        kind: str,
        source: Source,
        take: Intake,
        alarm: Alarm,
        trials: Trials,
        *,
        batch: int,
    ) -> None:
        self._kind = kind
        self._source = source
        self._take = take
        self._alarm = alarm
        self._trials = trials
        self._batch = batch

    async def run(self) -> None:
        """Works until the source is stopped."""
        poison = Poison(self._bury, self._trials)
        await run_lane(self._source, self._handle, max_messages=self._batch, poison=poison)

    async def _handle(self, deliveries: Sequence[Delivery]) -> None:
        try:
            taken = await self._take([delivery.data for delivery in deliveries])
        except Exception:
            _FAILURES.labels(self._kind).inc()
            raise
        if taken.earliest is not None:
            self._alarm.stored(taken.earliest)
        for delivery in deliveries:
            await delivery.ack()
        _TAKEN.labels(self._kind).inc(taken.stored)
        _REFUSED.labels(self._kind).inc(taken.refused)

    async def _bury(self, delivery: Delivery, reason: str, *, payload: bytes | None = None) -> None:
        await self._take.give_up(delivery.data if payload is None else payload, reason)
        _REFUSED.labels(self._kind).inc()


class FiringLoop:
    """Fires timers as they become due, and sleeps in between."""

    def __init__(
        self,
        firing: Firing,
        next_due: Callable[[], Awaitable[NextDue | None]],
        backlog: Backlog,
        alarm: Alarm,
        *,
        batch: int,
        concurrency: int,
    ) -> None:
        self._firing = firing
        self._next_due = next_due
        self._backlog = backlog
        self._alarm = alarm
        self._batch = batch
        self._concurrency = concurrency
        self._backoff = Backoff(_FIRST_BACKOFF, _LONGEST_BACKOFF)
        self._stopped = asyncio.Event()

    async def run(self) -> None:
        """Works until `stop`; a batch that is under way is finished."""
        while not self._stopped.is_set():
            try:
                await self._turn()
            except Exception as error:  # noqa: BLE001 - whatever it is, the timers are still there
                await self._hold_back(error)

    def stop(self) -> None:
        """Makes `run` return soon."""
        self._stopped.set()
        self._alarm.ring()

    async def _turn(self) -> None:
        """Fires what is due, then sleeps until the next timer is."""
        self._alarm.look()
        if await self._fire(self._firing.longest_due) == self._batch:
            # There is more than one batch: several at a time, the database busy with one while
            # the streams are with another. So many batches are in hand at most.
            async with asyncio.TaskGroup() as group:
                for _ in range(self._concurrency):
                    group.create_task(self._drain())
        self._backoff.reset()
        upcoming = await self._next_due()
        if self._stopped.is_set():
            return
        if upcoming is None:
            await self._alarm.sleep(None, _POLL)
        else:
            pause = upcoming.distance if upcoming.distance > timedelta() else _CLAIMED_ELSEWHERE
            await self._alarm.sleep(upcoming.at, min(pause, _POLL))

    async def _drain(self) -> None:
        """Fires what is due, accounts in turn, no faster than the engines take it."""
        while not self._stopped.is_set():
            await self._backlog.room()
            if await self._fire(self._firing.in_turn) == self._batch:
                continue
            # Those whose turn it was had less than a batch: the room left is anybody's.
            if await self._fire(self._firing.longest_due) < self._batch:
                return

    async def _fire(self, fire: Callable[[], Awaitable[Fired]]) -> int:
        fired = await fire()
        if fired.claimed:
            _FIRED.inc(fired.delivered)
            _LAG.observe(fired.lag.total_seconds())
        return fired.claimed

    async def _hold_back(self, error: Exception) -> None:
        _FAILURES.labels("firing").inc()
        pause = self._backoff.next()
        _log.warning("firing_failed", **_describe(error), failures=self._backoff.failures)
        try:
            async with asyncio.timeout(pause.total_seconds()):
                await self._stopped.wait()
        except TimeoutError:
            pass


def _describe(error: Exception) -> dict[str, str]:
    """An error for the log; of several raised together, the first."""
    first = error
    while isinstance(first, ExceptionGroup):
        first = cast("ExceptionGroup[Exception]", first).exceptions[0]
    return {"error": type(first).__name__, "detail": str(first)[:_DETAIL]}


async def work(
    sources: Sequence[StoppableSource],
    intakes: Sequence[IntakeLoop],
    firing: FiringLoop,
    stop: asyncio.Event,
    *,
    ready: Callable[[], Awaitable[None]],
) -> None:
    """Runs the loops until `stop` is set; raises when one of them breaks, which none should.

    `ready` is awaited once all of them run.
    """

    async def wind_down() -> None:
        await stop.wait()
        firing.stop()
        for source in sources:
            await source.stop()

    async with asyncio.TaskGroup() as group:
        for source in sources:
            await source.start()
        for intake in intakes:
            group.create_task(intake.run())
        group.create_task(firing.run())
        group.create_task(wind_down())
        await ready()
