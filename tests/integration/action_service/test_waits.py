"""Waits in the hands of operators, before a real engine, scheduler, Postgres and NATS."""

from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from action_service.domain.plan import Json
from common.errors import ErrorReason
from tests.support.action_api import fields, refused
from tests.support.engine import HandExecutor, Step, tagged
from tests.support.operators import STATE, Desk, desk, scheduler
from tests.support.triggers import batch_of, event, handled, publish
from treadle.execution.v1 import execution_pb2, hold_pb2, wait_pb2
from treadle.execution.v1 import execution_service_pb2 as executions_pb
from treadle.execution.v1 import wait_service_pb2 as pb

TAG = Step("add_tag", {"tag_name": "went on"})
TIMERS = "SELECT count(*) FROM scheduler.timers"
DAY = timedelta(days=1)


def waiting(days: int = 30, unit: str = "days") -> Step:
    return Step("wait_time", {"duration": days, "unit": unit}, name="pause")


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
    told = await timed.explained(wait.execution_id)
    assert told.goes_on_at.ToDatetime(UTC) == later
    assert told.hold.cause == hold_pb2.HOLD_CAUSE_OPERATOR
    assert told.rule == "the instant that an operator has set"
    # The timer of before is forgotten, long before it is due.
    await timed.world.until(TIMERS, 1)
    await refused(timed.fire(wait.id, etag=wait.etag), ErrorReason.STALE_ETAG)

    soon = datetime.now(UTC) + DAY
    await timed.rearm(wait.id, soon, etag=moved.etag)
    await timed.world.until(
        "SELECT count(*) FROM scheduler.timers WHERE due_at = :soon", 1, soon=soon
    )
    # A day passes.
    await timed.world.execute("UPDATE scheduler.timers SET fire_at = now()")
    (task,) = await crm.take(1)
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


async def test_the_wait_of_a_paused_run_is_moved_and_fired_and_the_run_stays_paused(
    timed: Desk, crm: HandExecutor
) -> None:
    wait = await timed.parked()
    executions = timed.client.executions
    await executions.PauseExecution(
        executions_pb.PauseExecutionRequest(execution_id=wait.execution_id, reason="hold on")
    )
    later = datetime.now(UTC).replace(microsecond=0) + DAY
    moved = await timed.rearm(wait.id, later)
    assert moved.execution_state == execution_pb2.EXECUTION_STATE_PAUSED
    await timed.world.until(
        "SELECT count(*) FROM scheduler.timers WHERE due_at = :later", 1, later=later
    )
    execution = await timed.fire(wait.id)
    assert execution.state == execution_pb2.EXECUTION_STATE_PAUSED
    assert await crm.nothing(0.3)
    await executions.ResumeExecution(
        executions_pb.ResumeExecutionRequest(execution_id=wait.execution_id)
    )
    await crm.take(1)


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
