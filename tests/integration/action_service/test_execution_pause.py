"""Pausing and resuming one run, wherever it stands, with a real engine at work."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import pytest

from common.errors import ErrorReason
from tests.support.action_api import Api, Client, refused
from tests.support.engine import (
    Bench,
    HandExecutor,
    HandScheduler,
    bench,
    result_for,
    tagged,
)
from tests.support.story import Story, claimed
from treadle.compliance.v1 import privacy_service_pb2 as privacy
from treadle.dispatch.v1.result_pb2 import ActionResult
from treadle.dispatch.v1.task_pb2 import ActionTask
from treadle.execution.v1 import execution_pb2
from treadle.execution.v1 import execution_service_pb2 as executions
from treadle.ledger.v1 import ledger_service_pb2 as ledger
from treadle.workflow.v1 import workflow_pb2

RUNNING = execution_pb2.EXECUTION_STATE_RUNNING
WAITING = execution_pb2.EXECUTION_STATE_WAITING
PAUSED = execution_pb2.EXECUTION_STATE_PAUSED


@pytest.fixture
async def world(database_url: str, nats_url: str) -> AsyncGenerator[Bench]:
    async with bench(database_url, nats_url) as surroundings:
        await surroundings.start_engine()
        yield surroundings


@pytest.fixture
async def crm(world: Bench) -> AsyncGenerator[HandExecutor]:
    executor = HandExecutor(world)
    await executor.start()
    yield executor
    await executor.stop()


@pytest.fixture
def story(api: Api, client: Client, world: Bench) -> Story:
    return Story(api, client, world)


def failed(task: ActionTask) -> ActionResult:
    """An answer that is worth another try."""
    result = result_for(task)
    result.failed.error_class = execution_pb2.ERROR_CLASS_RATE_LIMIT
    result.failed.message = "slower"
    return result


def parked(task: ActionTask) -> ActionResult:
    """What is answered when the step waits for something."""
    result = result_for(task)
    result.waiting.resume_at.FromDatetime(datetime.now(UTC) + timedelta(days=1))
    result.waiting.reason = "a day"
    return result


async def test_a_result_under_way_is_recorded_and_the_next_step_waits_for_the_resume(
    story: Story, crm: HandExecutor
) -> None:
    await story.begin("a", "b")
    execution_id, other_id = await story.run(2)
    tasks = {task.execution_id: task for task in await crm.take(2)}
    paused = await story.pause_run(execution_id, "the customer called")
    assert paused.state == PAUSED
    assert paused.pause.paused_by == f"user:{story.client.subject}"
    assert paused.pause.reason == "the customer called"
    assert paused.pause.HasField("paused_at")
    assert (await story.pause_run(execution_id, "again")).pause == paused.pause
    await crm.answer(*(tagged(task) for task in tasks.values()))
    (next_of_other,) = await crm.take(1)
    assert next_of_other.execution_id == other_id
    await story.world.until(
        "SELECT count(*) FROM workflow_action_executions WHERE lease_until IS NULL"
        " AND status = 'pending'",
        1,
    )
    assert await story.log(execution_id) == [("a", "a", "completed"), ("b", "b", "pending")]
    assert await crm.nothing()
    assert (await story.execution(execution_id)).pause == paused.pause
    resumed = await story.resume_run(execution_id)
    assert (resumed.state, resumed.HasField("pause")) == (RUNNING, False)
    (task,) = await crm.take(1)
    await crm.answer(tagged(task), tagged(next_of_other))
    await story.settled("completed", 2)
    log = await story.api.rows(
        "SELECT operation, before->>'state', after->>'state', after->>'reason', actor"
        " FROM audit_log WHERE entity_type = 'workflow_execution' ORDER BY id"
    )
    actor = f"user:{story.client.subject}"
    assert log == [
        ("execution.paused", "running", "paused", "the customer called", actor),
        ("execution.resumed", "paused", "running", "", actor),
    ]


async def test_a_wait_runs_on_and_what_is_due_is_held(story: Story, crm: HandExecutor) -> None:
    await story.begin("a", "b")
    (execution_id,) = await story.run()
    (task,) = await crm.take(1)
    await crm.answer(parked(task))
    await story.settled("waiting")
    await story.pause_run(execution_id)
    assert (await story.resume_run(execution_id)).state == WAITING
    await story.pause_run(execution_id)
    await crm.answer(tagged(task))
    await story.world.until(
        "SELECT count(*) FROM workflow_action_executions WHERE status = 'completed'", 1
    )
    assert await crm.nothing()
    await story.settled("paused")
    assert (await story.resume_run(execution_id)).state == RUNNING
    (following,) = await crm.take(1)
    assert following.config.add_tag.tag_name == "b"
    await crm.answer(tagged(following))
    await story.settled("completed")


async def test_a_retry_is_put_off_and_held_when_it_is_due(
    story: Story, crm: HandExecutor, world: Bench
) -> None:
    scheduler = HandScheduler(world)
    await scheduler.start()
    await story.begin("a")
    (execution_id,) = await story.run()
    (task,) = await crm.take(1)
    await story.pause_run(execution_id)
    await crm.answer(failed(task))
    delayed = await scheduler.take()
    due = result_for(delayed.task)
    due.due.SetInParent()
    await crm.answer(due)
    await story.world.until(
        "SELECT count(*) FROM workflow_action_executions"
        " WHERE status = 'pending' AND lease_until IS NULL AND retry_count = 1",
        1,
    )
    assert await crm.nothing()
    assert (await story.execution(execution_id)).state == PAUSED
    await story.resume_run(execution_id)
    (again,) = await crm.take(1)
    assert again.attempt_id == delayed.task.attempt_id
    await crm.answer(tagged(again))
    await story.settled("completed")
    await scheduler.stop()


async def test_a_send_that_is_not_claimed_yet_is_held(story: Story, crm: HandExecutor) -> None:
    await story.begin("a")
    (execution_id,) = await story.run()
    (task,) = await crm.take(1)
    await story.pause_run(execution_id)
    assert await claimed(story, task) == [ledger.CLAIM_DECISION_STALE]
    assert (await story.execution(execution_id)).HasField("pause")
    await story.resume_run(execution_id)
    (again,) = await crm.take(1)
    assert await claimed(story, again) == [ledger.CLAIM_DECISION_GRANTED]
    # What is claimed is finished, also while it is paused.
    await story.pause_run(execution_id)
    await crm.answer(tagged(again))
    await story.settled("completed")
    assert not (await story.execution(execution_id)).HasField("pause")


async def test_a_task_that_is_lost_while_paused_is_rung_for_after_the_resume(
    story: Story, crm: HandExecutor
) -> None:
    await story.begin("a")
    (execution_id,) = await story.run()
    (lost,) = await crm.take(1)
    await story.pause_run(execution_id)
    await story.world.execute("UPDATE workflow_action_executions SET lease_until = now()")
    assert await crm.nothing()
    await story.resume_run(execution_id)
    # NATS drops the copy of a task that it has seen a moment ago; the lease shows the ring.
    await story.world.until("SELECT rings FROM workflow_action_executions", 1)
    await crm.answer(tagged(lost))
    await story.settled("completed")


async def test_a_run_goes_on_when_neither_it_nor_its_workflow_is_paused(
    story: Story, crm: HandExecutor
) -> None:
    await story.begin("a", "b")
    first, second = await story.run(2)
    tasks = await crm.take(2)
    await story.pause()
    await story.pause_run(first)
    await crm.answer(*(tagged(task) for task in tasks))
    await story.settled("paused", 2)
    # The workflow's pause ends first: only the run that nobody has paused goes on.
    await story.resume()
    (task,) = await crm.take(1)
    assert task.execution_id == second
    assert await crm.nothing()
    # The run's ends first: it is held on, now by the workflow alone.
    await story.pause()
    await story.world.until(
        "SELECT count(*) FROM workflow_executions WHERE paused_at IS NOT NULL", 1
    )
    held = await story.resume_run(first)
    assert (held.state, held.HasField("pause")) == (PAUSED, False)
    error = await refused(
        story.client.executions.ResumeExecution(
            executions.ResumeExecutionRequest(execution_id=first)
        ),
        ErrorReason.ILLEGAL_TRANSITION,
    )
    assert "resume the workflow" in error.message
    assert await crm.nothing()
    await story.resume()
    (following,) = await crm.take(1)
    assert following.execution_id == first
    await crm.answer(tagged(task), tagged(following))
    await story.settled("completed", 2)


async def test_a_migration_keeps_a_pause(story: Story, crm: HandExecutor) -> None:
    await story.begin("a", "b", "c")
    (execution_id,) = await story.run()
    (task,) = await crm.take(1)
    await story.pause_run(execution_id)
    await story.pause()
    await crm.answer(tagged(task))
    await story.settled("paused")
    await story.delete("b")
    await story.resume(workflow_pb2.IN_FLIGHT_MIGRATE)
    assert await crm.nothing()
    moved = await story.execution(execution_id)
    assert (moved.workflow_version, moved.state) == (2, PAUSED)
    assert moved.HasField("pause")
    await story.resume_run(execution_id)
    (task,) = await crm.take(1)
    assert task.config.add_tag.tag_name == "c"
    await crm.answer(tagged(task))
    await story.settled("completed")


async def test_a_paused_run_can_be_cancelled_and_its_contact_erased(
    story: Story, crm: HandExecutor
) -> None:
    await story.begin("a")
    first, second = await story.run(2)
    await crm.take(2)
    for execution_id in (first, second):
        await story.pause_run(execution_id)
    cancelled = (
        await story.client.executions.CancelExecution(
            executions.CancelExecutionRequest(execution_id=first)
        )
    ).execution
    assert (cancelled.state, cancelled.HasField("pause")) == (
        execution_pb2.EXECUTION_STATE_CANCELLED,
        False,
    )
    contact_id = (await story.execution(second)).contact_id
    await story.client.privacy.EraseContact(privacy.EraseContactRequest(contact_id=contact_id))
    await story.settled("cancelled", 2)
    for call in (story.pause_run(first), story.resume_run(first)):
        error = await refused(call, ErrorReason.ILLEGAL_TRANSITION)
        assert "has been cancelled" in error.message


async def test_what_cannot_be_paused_is_refused(story: Story) -> None:
    await story.begin("a")
    (execution_id,) = await story.run()
    stranger = await story.api.client()
    request = executions.PauseExecutionRequest(execution_id=execution_id)
    await refused(stranger.executions.PauseExecution(request), ErrorReason.NOT_FOUND)
    viewer = await story.api.client("viewer", account_id=story.client.account_id)
    await refused(viewer.executions.PauseExecution(request), ErrorReason.PERMISSION_DENIED)
    request.reason = "x" * 501
    error = await refused(
        story.client.executions.PauseExecution(request), ErrorReason.VALIDATION_FAILED
    )
    assert [violation.field for violation in error.violations] == ["reason"]
