"""Operators against events, timers and answers that come at the same moment; attempts held back."""

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from action_service.domain.plan import Json
from common.errors import ErrorReason
from common.ids import new_id
from tests.support.action_api import refused
from tests.support.engine import HandExecutor, HandScheduler, Step, result_for, tagged
from tests.support.operators import STATE, Desk, desk
from tests.support.triggers import batch_of, event, handled, publish
from treadle.dispatch.v1.result_pb2 import ActionResult
from treadle.dispatch.v1.task_pb2 import ActionTask
from treadle.execution.v1 import execution_pb2, wait_pb2

TAG = Step("add_tag", {"tag_name": "went on"})
DAY = timedelta(days=1)
# Runs that operators, events and timers race for.
RACES = int(os.environ.get("TREADLE_TEST_OPERATOR_RACES", "40"))


def listening(**more: Json) -> Step:
    return Step("wait_for_event", {"event_type": "email_open", **more}, name="open")


@pytest.fixture
async def timing(database_url: str, nats_url: str) -> AsyncGenerator[tuple[Desk, HandExecutor]]:
    """Runs that wait for an event or go a branch, and a hand that stands in for the scheduler."""
    branch = str(new_id())
    late = Step("add_tag", {"tag_name": "late"}, branch=branch)
    steps = [listening(timeout_action="branch", timeout_branch_id=branch), TAG, late]
    async with desk(database_url, nats_url, steps, contacts=RACES) as here:
        hand = HandExecutor(here.world, "timing")
        await hand.start()
        yield here, hand
        await hand.stop()


def parked_until(task: ActionTask, instant: datetime) -> ActionResult:
    result = result_for(task)
    result.ClearField("finished_at")
    result.waiting.resume_at.FromDatetime(instant)
    result.waiting.reason = "taken"
    return result


def timed_out(task: ActionTask) -> ActionResult:
    result = result_for(task)
    result.completed.output_json = b"{}"
    return result


async def opened(here: Desk, *contacts: str) -> None:
    events = [event(contact, {"message_id": "m"}) for contact in contacts]
    await publish(here.world, batch_of(here.seeded.account_id, events, event_type="email_opened"))


async def paths(here: Desk) -> dict[object, int]:
    """How many runs have come by each first following action."""
    rows = await here.world.rows(
        "SELECT count(*), a.action_id::text FROM workflow_action_executions a"
        " WHERE a.action_type = 'add_tag' GROUP BY 2"
    )
    return {action: int(str(count)) for count, action in rows}


async def test_a_wait_for_an_event_that_is_fired_takes_its_timeout_s_path(
    timing: tuple[Desk, HandExecutor],
) -> None:
    here, hand = timing
    mine, other = here.seeded.contact_ids[:2]
    here.seeded.contact_ids[:] = [mine, other]
    await here.started()
    tasks = await hand.take(2)
    await hand.answer(*(parked_until(task, datetime.now(UTC) + DAY) for task in tasks))
    waits = {wait.contact_id: wait for wait in await here.waits(2)}
    assert waits[mine].event_type == "email_open"
    await here.fire(waits[mine].id)
    # An event that is known by then counts.
    await here.world.execute(
        "INSERT INTO heard_events (id, account_id, contact_id, event_type, occurred_at, data)"
        " VALUES (:id, :account, :contact, 'email_opened', now(), '{}')",
        id=str(new_id()),
        account=here.seeded.account_id,
        contact=other,
    )
    await here.fire(waits[other].id)
    assert await paths(here) == {here.seeded.action_ids[2]: 1, here.seeded.action_ids[1]: 1}
    rows = await here.world.rows(
        "SELECT contact_id::text, result_data->>'ended_by' FROM workflow_action_executions"
        " WHERE action_type = 'wait_for_event'"
    )
    assert dict(rows) == {mine: "timeout", other: "event"}  # type: ignore[arg-type]


async def test_a_timer_that_fires_after_its_wait_was_moved_counts_for_nothing(
    timing: tuple[Desk, HandExecutor],
) -> None:
    here, hand = timing
    del here.seeded.contact_ids[1:]
    await here.started()
    (task,) = await hand.take(1)
    await hand.answer(parked_until(task, datetime.now(UTC) + timedelta(minutes=1)))
    (wait,) = await here.waits(1)
    later = datetime.now(UTC).replace(microsecond=0) + DAY
    await here.rearm(wait.id, later)
    (again,) = await hand.take(1)
    assert again.resume_at.ToDatetime(UTC) == later
    assert (await here.explained(wait.execution_id)).sentences
    assert again.ready_at == task.ready_at
    await hand.answer(timed_out(task), parked_until(task, later + DAY))
    await hand.answer(parked_until(again, later))
    await here.world.until("SELECT reason FROM workflow_action_executions", "taken")
    (still,) = await here.waits()
    assert still.due_at.ToDatetime(UTC) == later
    # Without an instant, until the scheduler has answered, there is none.
    assert not (await here.rearm(wait.id)).HasField("due_at")
    assert (await here.explained(wait.execution_id)).sentences


async def test_operators_events_and_timers_race(timing: tuple[Desk, HandExecutor]) -> None:
    """All at once for each run: it takes one path, and one alone was heard."""
    here, hand = timing
    count = len(here.seeded.contact_ids)
    await here.world.start_engine()
    await here.started()
    tasks = await hand.take(count)
    await hand.answer(*(parked_until(task, datetime.now(UTC) + DAY) for task in tasks))
    waits = {wait.execution_id: wait for wait in await here.waits(count, page_size=count)}
    # As many at a time as the API's connections serve well within a call's deadline.
    rng, told, some = Random(7), 0, asyncio.Semaphore(30)

    async def decided(call: Awaitable[object]) -> None:
        nonlocal told
        try:
            async with some:
                await call
        except Exception as error:  # noqa: BLE001 - told apart below
            assert "the wait is over" in str(error), error
        else:
            told += 1

    said: list[Awaitable[None]] = []
    for task in tasks:
        wait = waits[task.execution_id]
        said += [
            decided(here.fire(wait.id)),
            decided(here.cancel(wait.id)),
            decided(here.rearm(wait.id, datetime.now(UTC) + 2 * DAY)),
            hand.answer(timed_out(task)),
            opened(here, task.contact_id),
        ]
    rng.shuffle(said)
    await asyncio.gather(*said)
    await handled(here.world)
    left = {wait.id for wait in await here.waits(page_size=200)}
    for wait in left:
        await here.fire(wait)

    rows = await here.world.rows(
        "SELECT e.id, count(*) FROM workflow_executions e JOIN workflow_action_executions x"
        " ON x.workflow_execution_id = e.id AND x.action_type = 'add_tag' GROUP BY 1"
    )
    assert [number for _, number in rows] == [1] * count
    ended = await here.world.rows(
        "SELECT count(*) FROM workflow_action_executions"
        " WHERE action_type = 'wait_for_event' AND status IN ('completed', 'skipped')"
    )
    assert ended == [(count,)]
    operations = await here.audited()
    assert len(operations) == told + len(left)


@pytest.fixture
async def failing(database_url: str, nats_url: str) -> AsyncGenerator[tuple[Desk, HandExecutor]]:
    """A run whose step is about to be tried again, and the hand that fails it."""
    async with desk(database_url, nats_url, [TAG]) as here:
        hand = HandExecutor(here.world)
        await hand.start()
        held = HandScheduler(here.world)
        await held.start()
        await here.started()
        (task,) = await hand.take(1)
        result = result_for(task)
        result.failed.error_class = execution_pb2.ERROR_CLASS_SERVICE_UNAVAILABLE
        result.failed.message = "it is away"
        result.failed.retry_after.FromTimedelta(DAY)
        await hand.answer(result)
        await held.take()
        await held.stop()
        yield here, hand
        await hand.stop()


async def test_a_retry_is_fired(failing: tuple[Desk, HandExecutor]) -> None:
    here, hand = failing
    (wait,) = await here.waits(kind="WAIT_KIND_RETRY")
    assert wait.error.message == "it is away"
    assert wait.retry_count == 1
    await here.fire(wait.id)
    (task,) = await hand.take(1)
    assert task.attempt_number == 2
    await hand.answer(tagged(task))
    await here.world.until(STATE, "completed")


async def test_a_retry_is_put_off_and_given_up(failing: tuple[Desk, HandExecutor]) -> None:
    here, hand = failing
    (wait,) = await here.waits()
    error = await refused(here.rearm(wait.id), ErrorReason.ILLEGAL_TRANSITION)
    assert "give due_at" in error.message
    held = HandScheduler(here.world)
    await held.start()
    later = datetime.now(UTC).replace(microsecond=0) + 2 * DAY
    moved = await here.rearm(wait.id, later, reason="they are on holiday")
    assert moved.kind == wait_pb2.WAIT_KIND_DEFERRAL
    assert moved.due_at.ToDatetime(UTC) == later
    assert (await held.take()).not_before.ToDatetime(UTC) == later
    assert await held.forgotten() == [wait.etag]
    await held.stop()
    await here.cancel(wait.id)
    await here.world.until(STATE, "completed")
    assert await hand.nothing(0.1)
