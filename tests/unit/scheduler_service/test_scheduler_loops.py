"""The loops: awake in time, patient with failures, done when asked."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from common.catalogue import catalogue
from scheduler_service.use_cases.fire_due import Fired
from scheduler_service.use_cases.ports import NextDue
from scheduler_service.use_cases.waits import planners
from scheduler_service.worker import Alarm, FiringLoop

NOW = datetime(2026, 1, 26, 10, 0, tzinfo=UTC)
LONG = timedelta(seconds=30)


def test_every_timing_action_has_a_planner_and_no_other() -> None:
    declared = {name for name, spec in catalogue().types.items() if spec.category == "timing"}
    assert planners().keys() == declared


async def sleeping(alarm: Alarm, until: datetime | None) -> "asyncio.Task[None]":
    task = asyncio.create_task(alarm.sleep(until, LONG))
    await asyncio.sleep(0)
    return task


async def test_an_earlier_timer_wakes() -> None:
    alarm = Alarm()
    sleep = await sleeping(alarm, NOW + timedelta(minutes=1))
    alarm.stored(NOW)
    await asyncio.wait_for(sleep, 20)


async def test_any_timer_wakes_when_there_was_none() -> None:
    alarm = Alarm()
    sleep = await sleeping(alarm, None)
    alarm.stored(NOW)
    await asyncio.wait_for(sleep, 20)


async def test_a_later_timer_lets_sleep() -> None:
    alarm = Alarm()
    sleep = await sleeping(alarm, NOW)
    alarm.stored(NOW + timedelta(minutes=1))
    await asyncio.sleep(0.01)
    assert not sleep.done()
    alarm.ring()
    await asyncio.wait_for(sleep, 20)


async def test_a_timer_stored_while_the_loop_looks_is_not_missed() -> None:
    alarm = Alarm()
    alarm.look()
    alarm.stored(NOW)
    await asyncio.wait_for(alarm.sleep(NOW + timedelta(minutes=1), LONG), 20)


class Timers:
    """Due timers in batches of two, and failures; also the backlog, which notes who looks."""

    def __init__(self, count: int, failures: int = 0) -> None:
        self.left = count
        self.failures = failures
        self.emptied = asyncio.Event()
        self.asked: list[str] = []

    async def longest_due(self) -> Fired:
        return await self._fire("longest due", 2)

    async def in_turn(self) -> Fired:
        """Every other time it is the turn of accounts with little to do."""
        return await self._fire("in turn", 2 - self.asked.count("in turn") % 2)

    async def room(self) -> None:
        self.asked.append("room")

    async def _fire(self, which: str, most: int) -> Fired:
        await asyncio.sleep(0)
        self.asked.append(which)
        if self.failures:
            self.failures -= 1
            raise ConnectionError
        claimed = min(self.left, most)
        self.left -= claimed
        if not self.left:
            self.emptied.set()
        return Fired(claimed, claimed, timedelta())

    async def next_due(self) -> NextDue | None:
        return None

    def loop(self, *, concurrency: int) -> FiringLoop:
        return FiringLoop(self, self.next_due, self, Alarm(), batch=2, concurrency=concurrency)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 100])
@pytest.mark.parametrize("failures", [0, 1, 2])
async def test_firing_goes_on_until_nothing_is_due(
    count: int, failures: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler_service.worker._FIRST_BACKOFF", timedelta(milliseconds=1))
    timers = Timers(count, failures)
    loop = timers.loop(concurrency=3)
    running = asyncio.create_task(loop.run())
    await asyncio.wait_for(timers.emptied.wait(), 20)
    loop.stop()
    await asyncio.wait_for(running, 20)
    assert timers.left == 0


async def test_what_fits_one_batch_asks_nobody() -> None:
    timers = Timers(1)
    loop = timers.loop(concurrency=1)
    running = asyncio.create_task(loop.run())
    await asyncio.wait_for(timers.emptied.wait(), 20)
    loop.stop()
    await asyncio.wait_for(running, 20)
    assert timers.asked == ["longest due"]


async def test_more_than_a_batch_goes_in_turn_and_ends_when_nobody_has_any_left() -> None:
    timers = Timers(9)
    loop = timers.loop(concurrency=1)
    running = asyncio.create_task(loop.run())
    await asyncio.wait_for(timers.emptied.wait(), 20)
    loop.stop()
    await asyncio.wait_for(running, 20)
    turn = ["room", "in turn"]
    assert timers.asked == ["longest due", *turn, *turn, "longest due", *turn, *turn, "longest due"]


async def test_stopping_cuts_a_pause_after_a_failure_short(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("scheduler_service.worker._FIRST_BACKOFF", timedelta(hours=1))
    monkeypatch.setattr("scheduler_service.worker._LONGEST_BACKOFF", timedelta(hours=1))
    timers = Timers(1, failures=1)
    loop = timers.loop(concurrency=1)
    running = asyncio.create_task(loop.run())
    await asyncio.sleep(0.01)
    loop.stop()
    await asyncio.wait_for(running, 20)
    assert timers.left == 1
