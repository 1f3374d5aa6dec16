"""Why an execution is where it is, asked over gRPC while a real engine runs it.

No scheduler runs: what is known of waits and deferrals is what it has told the engine.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from action_service.domain.plan import OnError
from common.errors import ErrorReason
from tests.support.action_api import Api, Client, refused
from tests.support.engine import Bench, HandExecutor, Seeded, Step, bench, result_for, tagged
from tests.support.inbound import EMAIL, SMS, TAG
from tests.support.triggers import batch_of, event, handled, publish
from treadle.dispatch.v1.result_pb2 import ActionResult
from treadle.dispatch.v1.task_pb2 import DELIVERY_CHANNEL_EMAIL, ActionTask
from treadle.execution.v1 import execution_pb2, explanation_pb2, hold_pb2
from treadle.execution.v1 import execution_service_pb2 as pb

DUE = (datetime.now(UTC) + timedelta(days=30)).replace(microsecond=0)
DATE = Step("wait_until_date", {"date_type": "contact_field", "field_name": "birthday"}, "Birthday")
OPENED = Step("wait_for_event", {"event_type": "email_open", "timeout_duration": 5})
STATE = "SELECT state FROM workflow_executions"
STATUS = "SELECT status FROM workflow_action_executions ORDER BY created_at DESC LIMIT 1"


@dataclass
class Scene:
    """An engine, a client of the api beside it, and executors driven by hand."""

    world: Bench
    api: Api
    timing: HandExecutor
    communication: HandExecutor

    async def run(self, *steps: Step) -> tuple[Seeded, str, Client]:
        """An execution of these steps, and a client of its account."""
        home = await self.world.seed(list(steps))
        (execution,) = await self.world.start(home)
        return home, execution, await self.api.client(account_id=UUID(home.account_id))


@pytest.fixture
async def scene(database_url: str, nats_url: str, api: Api) -> AsyncGenerator[Scene]:
    async with bench(database_url, nats_url) as world:
        hands = HandExecutor(world, "timing"), HandExecutor(world, "communication")
        for hand in hands:
            await hand.start()
        await world.start_engine()
        yield Scene(world, api, *hands)
        for hand in hands:
            await hand.stop()


async def explained(client: Client, execution: str) -> explanation_pb2.Explanation:
    request = pb.ExplainExecutionRequest(execution_id=execution)
    return (await client.executions.ExplainExecution(request)).explanation


def reason(explanation: explanation_pb2.Explanation) -> str:
    name = explanation_pb2.ExplanationReason.Name(explanation.reason)
    return name.removeprefix("EXPLANATION_REASON_").lower()


def parked(task: ActionTask, hold: hold_pb2.Hold, due: datetime = DUE) -> ActionResult:
    result = result_for(task)
    result.ClearField("finished_at")
    result.waiting.resume_at.FromDatetime(due)
    result.waiting.reason = "as the scheduler says"
    result.waiting.hold.CopyFrom(hold)
    return result


def failed(task: ActionTask, error_class: execution_pb2.ErrorClass, message: str) -> ActionResult:
    result = result_for(task)
    result.failed.error_class = error_class
    result.failed.message = message
    return result


async def test_a_wait_for_a_date_from_its_task_to_its_pause(scene: Scene) -> None:
    home, execution, client = await scene.run(DATE, TAG)
    (task,) = await scene.timing.take(1)
    fresh = await explained(client, execution)
    assert reason(fresh) == "attempt_under_way"
    assert "handed out to the scheduler" in fresh.sentences[1]
    hold = hold_pb2.Hold(
        cause=hold_pb2.HOLD_CAUSE_CLOCK,
        zones=["Asia/Kolkata"],
        zone_source=hold_pb2.ZONE_SOURCE_ACCOUNT,
    )
    await scene.timing.answer(parked(task, hold))
    await scene.world.until(STATE, "waiting")

    told = await explained(client, execution)
    assert reason(told) == "waiting_for_date"
    assert told.state == execution_pb2.EXECUTION_STATE_WAITING
    assert (told.step.action_id, told.step.action_name) == (home.action_ids[0], "Birthday")
    assert (told.step.position, told.step.attempt_number) == (1, 1)
    assert told.goes_on_at.ToDatetime(UTC) == DUE
    assert told.hold == hold
    assert told.rule.endswith("in Asia/Kolkata, from the account's zone: the contact's birthday")
    assert told.rule in told.sentences[1]
    assert not told.is_overdue

    stranger = await scene.api.client()
    request = pb.ExplainExecutionRequest(execution_id=execution)
    await refused(stranger.executions.ExplainExecution(request), ErrorReason.NOT_FOUND)

    # A new plan of the wait, whose instant passes while the workflow is paused.
    await scene.timing.answer(parked(task, hold, datetime.now(UTC) - timedelta(seconds=9)))
    await scene.world.execute("UPDATE workflows SET status = 'paused'")
    await scene.world.until("SELECT scheduled_at < now() FROM workflow_action_executions", True)
    late = await explained(client, execution)
    assert late.is_overdue
    assert late.is_workflow_paused
    due = result_for(task)
    due.completed.output_json = b"{}"
    await scene.timing.answer(due)
    await scene.world.until(STATE, "paused")
    assert reason(await explained(client, execution)) == "workflow_paused"


async def test_a_wait_for_people_tells_of_the_programs_it_ignored(scene: Scene) -> None:
    home, execution, client = await scene.run(OPENED, TAG)
    (task,) = await scene.timing.take(1)
    await scene.timing.answer(parked(task, hold_pb2.Hold(cause=hold_pb2.HOLD_CAUSE_CLOCK)))
    await scene.world.until(STATE, "waiting")
    opens = [event(home.contact_ids[0], {"automatic": True})]
    await publish(scene.world, batch_of(home.account_id, opens, event_type="email_opened"))
    await handled(scene.world)
    told = await explained(client, execution)
    assert reason(told) == "waiting_for_event"
    assert (told.event.event_type, told.event.ignores_automatic) == ("email_opened", True)
    assert (told.event.ignored, told.event.HasField("last_ignored_at")) == (1, True)
    assert told.event.timeout_outcome == explanation_pb2.TIMEOUT_OUTCOME_CONTINUE
    assert told.event.timeout_action_id == home.action_ids[1]
    assert told.event.timeout_at.ToDatetime(UTC) == DUE


async def test_a_message_from_quiet_hours_over_a_retry_to_its_end(scene: Scene) -> None:
    home, execution, client = await scene.run(SMS)
    (task,) = await scene.communication.take(1)
    held = result_for(task)
    held.deferred.not_before.FromDatetime(DUE)
    held.deferred.reason = "quiet hours 21:00-09:00 (Europe/Berlin)"
    held.deferred.hold.cause = hold_pb2.HOLD_CAUSE_QUIET_HOURS
    held.deferred.hold.hours = "21:00-09:00"
    held.deferred.hold.zones.append("Europe/Berlin")
    await scene.communication.answer(held)
    await scene.world.until(STATUS, "scheduled")
    told = await explained(client, execution)
    assert (reason(told), told.hold) == ("quiet_hours", held.deferred.hold)
    assert told.goes_on_at.ToDatetime(UTC) == DUE

    await rung(scene)
    (task,) = await scene.communication.take(1)
    await scene.communication.answer(
        failed(task, execution_pb2.ERROR_CLASS_RATE_LIMIT, "Twilio answered 429")
    )
    await scene.world.until("SELECT retry_count FROM workflow_action_executions", 1)
    told = await explained(client, execution)
    assert (reason(told), told.hold) == ("retrying", hold_pb2.Hold())
    assert (told.retries.made, told.retries.allowed, told.retries.left) == (1, 5, 4)
    assert told.last_error.message == "Twilio answered 429"
    assert told.last_error.error_class == execution_pb2.ERROR_CLASS_RATE_LIMIT

    await rung(scene)
    (task,) = await scene.communication.take(1)
    await scene.communication.answer(
        failed(task, execution_pb2.ERROR_CLASS_REJECTED, "the number is no phone's")
    )
    await scene.world.until(STATE, "failed")
    told = await explained(client, execution)
    assert (reason(told), told.ending) == ("failed", "the number is no phone's")
    assert told.step.action_id == home.action_ids[0]
    assert told.sentences[-1] == "Such an error is not retried."
    assert told.since.ToDatetime(UTC) <= told.explained_at.ToDatetime(UTC)


async def rung(scene: Scene) -> None:
    """As if the instant of what was put off had come."""
    ((attempt, execution, account, step),) = await scene.world.rows(
        "SELECT attempt_id::text, workflow_execution_id::text, account_id::text, id::text"
        " FROM workflow_action_executions WHERE status = 'scheduled'"
    )
    result = ActionResult(
        attempt_id=str(attempt),
        execution_id=str(execution),
        account_id=str(account),
        action_execution_id=str(step),
    )
    result.due.SetInParent()
    await scene.communication.answer(result)


async def test_an_unknown_outcome_names_where_it_can_be_decided(scene: Scene) -> None:
    _, execution, client = await scene.run(EMAIL)
    (task,) = await scene.communication.take(1)
    lost = failed(task, execution_pb2.ERROR_CLASS_UNKNOWN_OUTCOME, "no answer came")
    lost.claimant = True
    lost.sent.channel = DELIVERY_CHANNEL_EMAIL
    lost.sent.recipient = "ada@example.com"
    await scene.world.execute(
        "INSERT INTO send_claims (attempt_id, account_id, action_execution_id)"
        " VALUES (:attempt, :account, :step)",
        attempt=task.attempt_id,
        account=task.account_id,
        step=task.action_execution_id,
    )
    await scene.communication.answer(lost)
    await scene.world.until("SELECT outcome FROM workflow_action_executions", "unknown")
    told = await explained(client, execution)
    assert reason(told) == "unknown_outcome"
    assert told.unknown_outcome.unknown_send_id == task.attempt_id
    assert told.unknown_outcome.provider == "sendgrid"
    assert not told.HasField("goes_on_at")
    assert f"unknown send {task.attempt_id}" in told.sentences[-1]
    assert "ada@example.com" not in str(told)


async def test_how_runs_ended(scene: Scene) -> None:
    crm = HandExecutor(scene.world)
    await crm.start()
    _, execution, client = await scene.run(Step("add_tag", {"tag_name": "a"}, "Tag"))
    (task,) = await crm.take(1)
    await crm.answer(tagged(task))
    await scene.world.until(STATE, "completed")
    told = await explained(client, execution)
    assert (reason(told), told.step.action_name) == ("completed", "Tag")
    await scene.world.execute("DELETE FROM workflow_executions")

    _, execution, client = await scene.run(DATE)
    await client.executions.CancelExecution(
        pb.CancelExecutionRequest(execution_id=execution, reason="sent by mistake")
    )
    told = await explained(client, execution)
    assert (reason(told), told.ending) == ("cancelled", "sent by mistake")
    await scene.world.execute("DELETE FROM workflow_executions")

    _, execution, client = await scene.run(
        Step("add_tag", {"tag_name": "a"}, on_error=OnError.CONTINUE, is_enabled=False)
    )
    told = await explained(client, execution)
    assert reason(told) == "completed"
    await crm.stop()
