"""Timers whose waits have ended: the scheduler is told, whatever ended them."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import pytest

from action_service.adapters.ringer import NatsRinger
from action_service.engine.model import StoreUnavailableError, Task
from common.ids import new_id
from tests.support.engine import Bench, HandExecutor, HandScheduler, Seeded, Step, bench, result_for
from tests.support.triggers import batch_of, event, publish
from treadle.dispatch.v1.result_pb2 import ActionResult
from treadle.dispatch.v1.task_pb2 import ActionTask

WAIT = Step("wait_for_event", {"event_type": "email_open"})
NOTED = "SELECT count(*) FROM spent_timers"


@pytest.fixture
async def world(database_url: str, nats_url: str) -> AsyncGenerator[Bench]:
    async with bench(database_url, nats_url) as surroundings:
        yield surroundings


@pytest.fixture
async def timing(world: Bench) -> AsyncGenerator[HandExecutor]:
    hand = HandExecutor(world, "timing")
    await hand.start()
    yield hand
    await hand.stop()


@pytest.fixture
async def scheduler(world: Bench) -> AsyncGenerator[HandScheduler]:
    hand = HandScheduler(world)
    await hand.start()
    yield hand
    await hand.stop()


def parked(task: ActionTask) -> ActionResult:
    result = result_for(task)
    result.ClearField("finished_at")
    result.waiting.resume_at.FromDatetime(datetime.now(UTC) + timedelta(days=365))
    return result


async def waiting_run(world: Bench, timing: HandExecutor) -> tuple[Seeded, ActionTask]:
    seeded = await world.seed([WAIT])
    await world.start(seeded)
    (task,) = await timing.take(1)
    await timing.answer(parked(task))
    await world.until("SELECT state FROM workflow_executions", "waiting")
    return seeded, task


async def opened(world: Bench, seeded: Seeded) -> None:
    happened = event(seeded.contact_ids[0], {"message_id": "m"})
    await publish(world, batch_of(seeded.account_id, [happened], event_type="email_opened"))


async def test_an_event_leaves_a_timer_behind_that_is_forgotten(
    world: Bench, timing: HandExecutor, scheduler: HandScheduler
) -> None:
    await world.start_engine()
    seeded, task = await waiting_run(world, timing)
    await opened(world, seeded)
    assert await scheduler.forgotten() == [task.attempt_id]
    await world.until(NOTED, 0)


async def test_a_timer_that_is_set_for_a_wait_that_is_over_is_forgotten(
    world: Bench, timing: HandExecutor, scheduler: HandScheduler
) -> None:
    await world.start_engine()
    seeded = await world.seed([WAIT])
    await world.start(seeded)
    (task,) = await timing.take(1)
    await opened(world, seeded)
    await world.until("SELECT state FROM workflow_executions", "completed")
    await timing.answer(parked(task))
    assert await scheduler.forgotten() == [task.attempt_id]
    # Of an execution that is not there nothing is noted.
    task.execution_id = str(new_id())
    await timing.answer(parked(task))
    await world.until(NOTED, 0)


async def test_a_timer_that_has_fired_is_not_forgotten_again(
    world: Bench, timing: HandExecutor
) -> None:
    await world.start_engine(sweep_every=timedelta(hours=1))
    _, task = await waiting_run(world, timing)
    await world.execute("UPDATE workflow_action_executions SET scheduled_at = now()")
    result = result_for(task)
    result.completed.output_json = b"{}"
    await timing.answer(result)
    await world.until("SELECT state FROM workflow_executions", "completed")
    assert await world.rows(NOTED) == [(0,)]


class Broken(NatsRinger):
    """A ringer whose stream is out of reach for a while."""

    def __init__(self, world: Bench) -> None:
        super().__init__(world.nc, world.js)
        self.refusals = 2
        self.words: list[Task] = []

    async def hand_over(self, task: Task) -> None:
        self.words.append(task)
        if self.refusals:
            self.refusals -= 1
            raise StoreUnavailableError("NoRespondersError")
        await super().hand_over(task)


async def test_word_that_no_stream_takes_is_given_again(
    world: Bench, timing: HandExecutor, scheduler: HandScheduler
) -> None:
    ringer = Broken(world)
    await world.start_engine(ringer=ringer)
    seeded, task = await waiting_run(world, timing)
    await opened(world, seeded)
    assert await scheduler.forgotten() == [task.attempt_id]
    assert len(ringer.words) == 3
    await world.until(NOTED, 0)
