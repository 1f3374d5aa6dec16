"""Waits in the hands of operators, before a real engine, scheduler, Postgres and NATS."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import uuid4

import pytest

from action_service.domain.plan import Json
from common.errors import ErrorReason
from common.ids import new_id
from tests.support.action_api import fields, refused
from tests.support.engine import HandExecutor, HandScheduler, Step, result_for, tagged
from tests.support.operators import STATE, Desk, desk, scheduler
from tests.support.triggers import batch_of, event, handled, publish
from treadle.dispatch.v1.result_pb2 import ActionResult
from treadle.dispatch.v1.task_pb2 import ActionTask
from treadle.execution.v1 import execution_pb2, hold_pb2, wait_pb2
from treadle.execution.v1 import wait_service_pb2 as pb

TAG = Step("add_tag", {"tag_name": "went on"})
TIMERS = "SELECT count(*) FROM scheduler.timers"
DAY = timedelta(days=1)


def waiting(days: int = 30, unit: str = "days") -> Step:
    return Step("wait_time", {"duration": days, "unit": unit}, name="pause")


def listening(**more: Json) -> Step:
    return Step("wait_for_event", {"event_type": "email_open", **more}, name="open")


@pytest.fixture
async def timed(database_url: str, nats_url: str) -> AsyncGenerator[Desk]:
    """A run that waits for thirty days, and a scheduler that keeps time."""
    async with (
        desk(database_url, nats_url, [waiting(), TAG]) as here,
        scheduler(database_url, nats_url),
    ):
        await here.started()
        yield here


@pytest.fixture
async def crm(timed: Desk) -> AsyncGenerator[HandExecutor]:
    executor = HandExecutor(timed.world)
    await executor.start()
    yield executor
    await executor.stop()


async def output(here: Desk) -> dict[str, Json]:
    rows = await here.world.rows(
        "SELECT result_data FROM workflow_action_executions WHERE action_type LIKE 'wait_%'"
    )
    return rows[0][0]  # type: ignore[return-value]


async def test_a_wait_is_listed_and_shown(timed: Desk) -> None:
    wait = await timed.parked()
    (contact,) = timed.seeded.contact_ids
    assert wait.kind == wait_pb2.WAIT_KIND_TIME
    assert (wait.action_name, wait.action_type, wait.contact_id) == ("pause", "wait_time", contact)
    assert wait.due_at.ToDatetime() == wait.since.ToDatetime() + 30 * DAY
    assert wait.reason.startswith("waits 30 days from")
    assert wait.execution_state == execution_pb2.EXECUTION_STATE_WAITING
    assert not wait.set_by_operator
    assert wait.hold.cause == hold_pb2.HOLD_CAUSE_CLOCK
    assert await timed.get(wait.id) == wait
    due = wait.due_at.ToDatetime(UTC)
    filters: Sequence[tuple[dict[str, Any], bool]] = (
        ({"workflow_id": timed.seeded.workflow_id}, True),
        ({"action_id": timed.seeded.action_ids[0]}, True),
        ({"action_id": timed.seeded.action_ids[1]}, False),
        ({"contact_id": contact}, True),
        ({"contact_id": str(uuid4())}, False),
        ({"kind": "WAIT_KIND_TIME"}, True),
        ({"kind": "WAIT_KIND_EVENT"}, False),
        ({"due_from": due, "due_before": due + DAY}, True),
        ({"due_before": due}, False),
        ({"due_from": due + DAY}, False),
    )
    for which, found in filters:
        assert bool(await timed.waits(**which)) is found, which
    stranger = await timed.api.client("operator")
    assert not (await stranger.waits.ListWaits(pb.ListWaitsRequest())).waits
    for call in (
        stranger.waits.GetWait(pb.GetWaitRequest(id=wait.id)),
        stranger.waits.FireWait(pb.FireWaitRequest(id=wait.id)),
    ):
        await refused(call, ErrorReason.NOT_FOUND)
    viewer = await timed.api.client("viewer", account_id=timed.client.account_id)
    await refused(
        viewer.waits.FireWait(pb.FireWaitRequest(id=wait.id)), ErrorReason.PERMISSION_DENIED
    )


async def test_waits_come_in_pages_by_when_they_are_due(database_url: str, nats_url: str) -> None:
    async with desk(database_url, nats_url, [waiting(), TAG], contacts=7) as here:
        await here.started()
        await here.world.until("SELECT count(*) FROM workflow_action_executions", 7)
        # Two of them at the same instant, and one without any yet.
        await here.world.execute(
            "UPDATE workflow_action_executions x SET status = 'waiting',"
            " scheduled_at = CASE WHEN n > 1 THEN now() + (n / 2) * interval '1 day' END"
            " FROM (SELECT id, row_number() OVER (ORDER BY random()) AS n"
            "       FROM workflow_action_executions) o WHERE o.id = x.id"
        )
        seen: list[wait_pb2.Wait] = []
        token = ""
        while True:
            request = pb.ListWaitsRequest(page_size=3, page_token=token)
            page = await here.client.waits.ListWaits(request)
            seen += page.waits
            token = page.next_page_token
            if not token:
                break
        assert len({wait.id for wait in seen}) == 7
        instants = [(wait.due_at or wait.since).ToDatetime() for wait in seen]
        assert not seen[0].HasField("due_at")
        assert instants[1:] == sorted(instants[1:])


async def test_an_instant_that_an_operator_sets(timed: Desk, crm: HandExecutor) -> None:
    wait = await timed.parked()
    later = (datetime.now(UTC) + 3 * DAY).replace(microsecond=0)
    moved = await timed.rearm(wait.id, later, reason="they asked for it")
    assert moved.due_at.ToDatetime(UTC) == later
    assert moved.set_by_operator
    assert moved.etag != wait.etag
    assert "they asked for it" in moved.reason
    await timed.world.until(
        "SELECT count(*) FROM scheduler.timers WHERE due_at = :later", 1, later=later
    )
    # The timer of before is forgotten, long before it is due.
    await timed.world.until(TIMERS, 1)
    await refused(timed.fire(wait.id, etag=wait.etag), ErrorReason.STALE_ETAG)

    soon = datetime.now(UTC) + timedelta(seconds=0.3)
    await timed.rearm(wait.id, soon, etag=moved.etag)
    (task,) = await crm.take(1)
    assert datetime.now(UTC) >= soon
    waited_until = (await output(timed))["waited_until"]
    assert datetime.fromisoformat(str(waited_until)) == soon
    await crm.answer(tagged(task))
    await timed.world.until(STATE, "completed")
    assert await timed.audited() == ["wait.rearmed", "wait.rearmed"]


async def test_a_wait_that_is_planned_anew_goes_by_its_rule(timed: Desk) -> None:
    wait = await timed.parked()
    await timed.rearm(wait.id, datetime.now(UTC) + 3 * DAY)
    anew = await timed.rearm(wait.id)
    assert not anew.set_by_operator
    again = await timed.parked()
    assert (again.id, again.due_at) == (wait.id, wait.due_at)
    assert again.reason == wait.reason
    await timed.world.until(TIMERS, 1)


async def test_a_wait_is_fired(timed: Desk, crm: HandExecutor) -> None:
    wait = await timed.parked()
    request_id = str(uuid4())
    execution = await timed.fire(wait.id, request_id=request_id, reason="no need to wait")
    assert execution.state == execution_pb2.EXECUTION_STATE_RUNNING
    await crm.take(1)
    assert datetime.fromisoformat(str((await output(timed))["waited_until"])) < datetime.now(UTC)
    assert await timed.fire(wait.id, request_id=request_id, reason="no need to wait") == execution
    error = await refused(timed.fire(wait.id), ErrorReason.ILLEGAL_TRANSITION)
    assert error.message.startswith("the wait is over: its step has completed at")
    await refused(timed.get(wait.id), ErrorReason.NOT_FOUND)
    assert await timed.audited() == ["wait.fired"]
    await timed.world.until(TIMERS, 0)


async def test_a_wait_is_given_up_and_the_run_goes_on(timed: Desk, crm: HandExecutor) -> None:
    wait = await timed.parked()
    for _ in range(2):
        execution = await timed.cancel(wait.id, reason="they called")
        assert execution.state == execution_pb2.EXECUTION_STATE_RUNNING
    await crm.take(1)
    assert await crm.nothing(0.1)
    first, second = await timed.log(wait.execution_id)
    assert first.status == execution_pb2.ACTION_EXECUTION_STATUS_SKIPPED
    assert first.reason == "they called"
    assert second.status == execution_pb2.ACTION_EXECUTION_STATUS_PENDING
    assert await timed.audited() == ["wait.cancelled"]
    await timed.world.until(TIMERS, 0)


async def test_a_wait_is_given_up_with_its_run(timed: Desk) -> None:
    wait = await timed.parked()
    for _ in range(2):
        execution = await timed.cancel(wait.id, then="AFTER_WAIT_END_RUN", reason="gone")
        assert execution.state == execution_pb2.EXECUTION_STATE_CANCELLED
        assert execution.reason == "gone"
    error = await refused(timed.cancel(wait.id), ErrorReason.ILLEGAL_TRANSITION)
    assert "its run was cancelled" in error.message
    assert await timed.audited() == ["wait.cancelled", "execution.cancelled"]
    await timed.world.until(TIMERS, 0)


async def test_what_cannot_be_asked_of_a_wait(timed: Desk) -> None:
    wait = await timed.parked()
    past = datetime.now(UTC) - DAY
    error = await refused(timed.rearm(wait.id, past), ErrorReason.ILLEGAL_TRANSITION)
    assert error.message == "due_at is past: fire the wait to end it now"
    error = await refused(timed.fire(wait.id, reason="x" * 501), ErrorReason.VALIDATION_FAILED)
    assert fields(error) == ["reason"]
    await refused(timed.fire("x"), ErrorReason.MALFORMED_REQUEST)
    await refused(timed.fire(str(uuid4())), ErrorReason.NOT_FOUND)
    assert await timed.parked() == wait


async def test_calendar_days_move_with_the_contact_s_zone(database_url: str, nats_url: str) -> None:
    steps = [waiting(3, "calendar_days"), TAG]
    async with (
        desk(database_url, nats_url, steps) as here,
        scheduler(database_url, nats_url),
    ):
        await here.world.execute("UPDATE contacts SET timezone = 'Pacific/Kiritimati'")
        await here.started()
        wait = await here.parked()
        assert list(wait.hold.zones) == ["Pacific/Kiritimati"]
        set_to = datetime.now(UTC) + DAY

        async def moves_to(zone: str) -> None:
            await here.world.execute("UPDATE contacts SET timezone = :zone", zone=zone)
            change: dict[str, Json] = {"timezone": {"before": "x", "after": zone}}
            told = event(here.seeded.contact_ids[0], {"changes": change})
            await publish(
                here.world, batch_of(here.seeded.account_id, [told], event_type="contact_updated")
            )
            await handled(here.world)

        await moves_to("Pacific/Midway")
        await here.world.until(
            "SELECT count(*) FROM workflow_action_executions WHERE reason LIKE '%Midway%'", 1
        )
        assert (await here.parked()).etag == wait.etag
        # What an operator has set stays.
        await here.rearm(wait.id, set_to)
        await moves_to("Europe/Berlin")
        assert (await here.parked()).due_at.ToDatetime(UTC) == set_to


@pytest.fixture
async def timing(database_url: str, nats_url: str) -> AsyncGenerator[tuple[Desk, HandExecutor]]:
    """Runs that wait for an event or go a branch, and a hand that stands in for the scheduler."""
    branch = str(new_id())
    late = Step("add_tag", {"tag_name": "late"}, branch=branch)
    steps = [listening(timeout_action="branch", timeout_branch_id=branch), TAG, late]
    async with desk(database_url, nats_url, steps, contacts=40) as here:
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
    assert again.ready_at == task.ready_at
    await hand.answer(timed_out(task), parked_until(task, later + DAY))
    await hand.answer(parked_until(again, later))
    await here.world.until("SELECT reason FROM workflow_action_executions", "taken")
    (still,) = await here.waits()
    assert still.due_at.ToDatetime(UTC) == later


async def test_operators_events_and_timers_race(timing: tuple[Desk, HandExecutor]) -> None:
    """All at once for each run: it takes one path, and one alone was heard."""
    here, hand = timing
    count = len(here.seeded.contact_ids)
    await here.world.start_engine()
    await here.started()
    tasks = await hand.take(count)
    await hand.answer(*(parked_until(task, datetime.now(UTC) + DAY) for task in tasks))
    waits = {wait.execution_id: wait for wait in await here.waits(count, page_size=count)}
    rng, told = Random(7), 0

    async def decided(call: Awaitable[object]) -> None:
        nonlocal told
        try:
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
    messages = [await held.take(), await held.take()]
    assert {bool(message.spent_attempt_ids) for message in messages} == {True, False}
    (spent,) = [message for message in messages if message.spent_attempt_ids]
    assert list(spent.spent_attempt_ids) == [wait.etag]
    await held.stop()
    await here.cancel(wait.id)
    await here.world.until(STATE, "completed")
    assert await hand.nothing(0.1)
