"""Steps that operators pass over or have tried again, before a real engine, Postgres and NATS."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from common.errors import ErrorReason, TreadleError
from common.ids import new_id
from tests.support.action_api import refusal, refused
from tests.support.engine import HandExecutor, HandScheduler, Step, result_for, tagged
from tests.support.inbound import SMS
from tests.support.operators import STATE, Desk, desk
from tests.support.unknown import claimed, lost
from treadle.dispatch.v1.result_pb2 import ActionResult
from treadle.dispatch.v1.task_pb2 import ActionTask
from treadle.execution.v1 import execution_pb2
from treadle.execution.v1 import execution_service_pb2 as pb

TAG = Step("add_tag", {"tag_name": "went on"})
WEBHOOK = Step("webhook_call", {"url": "https://example.com/hook", "method": "POST"})
CHARGE = Step("charge_customer", {"amount": 100, "currency": "eur", "customer_id": "cus_1"})
STATUS = execution_pb2.ActionExecutionStatus


def failed(
    task: ActionTask, error_class: execution_pb2.ErrorClass = execution_pb2.ERROR_CLASS_REJECTED
) -> ActionResult:
    result = result_for(task)
    result.failed.error_class = error_class
    result.failed.message = "it went wrong"
    return result


class Floor:
    """A run whose first step has been handed out, and the hands that got it."""

    def __init__(self, here: Desk, run: str, hands: dict[str, HandExecutor]) -> None:
        self.here = here
        self.run = run
        self.hands = hands

    async def task(self, category: str = "crm") -> ActionTask:
        (task,) = await self.hands[category].take(1)
        return task

    async def step(self) -> execution_pb2.ActionExecution:
        return (await self.here.log(self.run))[-1]

    async def statuses(self) -> Sequence[str]:
        return [
            STATUS.Name(each.status).removeprefix("ACTION_EXECUTION_STATUS_").lower()
            for each in await self.here.log(self.run)
        ]

    async def skip(self, reason: str = "") -> execution_pb2.Execution:
        return await self.here.skip(self.run, (await self.step()).id, reason=reason)

    async def retry(self, reason: str = "", **more: str) -> execution_pb2.Execution:
        return await self.here.retry(self.run, (await self.step()).id, reason=reason, **more)

    async def not_skipped(self) -> str:
        return (await refused(self.skip(), ErrorReason.ILLEGAL_TRANSITION)).message

    async def not_retried(self) -> str:
        return (await refused(self.retry(), ErrorReason.ILLEGAL_TRANSITION)).message


@pytest.fixture
async def floor(
    database_url: str, nats_url: str, request: pytest.FixtureRequest
) -> AsyncGenerator[Floor]:
    """A run of the step that the test names, and then a tag."""
    steps: list[Step] = [request.param, TAG]
    async with desk(database_url, nats_url, steps) as here:
        hands = {
            name: HandExecutor(here.world, name)
            for name in ("crm", "communication", "internal", "payments")
        }
        for hand in hands.values():
            await hand.start()
        (run,) = await here.started()
        yield Floor(here, run, hands)
        for hand in hands.values():
            await hand.stop()


def starting_with(step: Step) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("floor", [step], indirect=True, ids=[step.action_type])


@starting_with(TAG)
async def test_a_pending_step_is_passed_over_once(floor: Floor) -> None:
    task = await floor.task()
    step = await floor.step()
    for _ in range(2):
        execution = await floor.here.skip(floor.run, step.id, reason="the tag is there")
        assert execution.state == execution_pb2.EXECUTION_STATE_RUNNING
    following = await floor.task()
    # Its answer comes too late.
    await floor.hands["crm"].answer(tagged(task, "too late"))
    await floor.hands["crm"].answer(tagged(following))
    await floor.here.world.until(STATE, "completed")
    assert await floor.statuses() == ["skipped", "completed"]
    assert (await floor.here.log(floor.run))[0].reason == "the tag is there"
    assert await floor.here.world.rows("SELECT name FROM tags") == [("went on",)]
    assert await floor.here.audited() == ["step.skipped"]
    message = await floor.not_skipped()
    assert message.startswith("only the step at which an execution stands can be skipped")
    await refused(floor.here.skip(floor.run, str(uuid4())), ErrorReason.NOT_FOUND)
    await refused(floor.here.skip(str(uuid4()), step.id), ErrorReason.NOT_FOUND)


@starting_with(TAG)
async def test_a_step_that_is_about_to_be_tried_again_is_passed_over(floor: Floor) -> None:
    held = HandScheduler(floor.here.world)
    await held.start()
    result = failed(await floor.task(), execution_pb2.ERROR_CLASS_SERVICE_UNAVAILABLE)
    result.failed.retry_after.FromTimedelta(timedelta(hours=1))
    await floor.hands["crm"].answer(result)
    put_off = await held.take()
    await floor.skip()
    await floor.task()
    # The scheduler is told that nobody waits for that instant any more.
    assert await held.forgotten() == [put_off.task.attempt_id]
    await held.stop()
    assert await floor.statuses() == ["skipped", "pending"]


@starting_with(SMS)
async def test_a_message_on_its_way_is_not_passed_over_and_an_unknown_one_is(
    floor: Floor,
) -> None:
    task = await floor.task("communication")
    await claimed(floor.here.world, task)
    await floor.here.world.execute("UPDATE workflow_action_executions SET status = 'running'")
    message = await floor.not_skipped()
    assert message.startswith("its message is just being handed to the provider")

    await floor.hands["communication"].answer(lost(task))
    await floor.here.world.until("SELECT count(*) FROM unknown_sends", 1)
    await floor.skip("nobody minds")
    await floor.task()
    first, _ = await floor.here.log(floor.run)
    assert first.status == STATUS.ACTION_EXECUTION_STATUS_SKIPPED
    assert first.error.error_class == execution_pb2.ERROR_CLASS_UNKNOWN_OUTCOME
    rows = await floor.here.world.rows("SELECT state, resolution FROM unknown_sends")
    assert rows == [("settled", "ended")]


@starting_with(SMS)
async def test_a_message_that_nobody_has_claimed_is_passed_over(floor: Floor) -> None:
    await floor.task("communication")
    await floor.skip()
    await floor.task()
    assert await floor.statuses() == ["skipped", "pending"]


@starting_with(SMS)
async def test_a_message_that_may_have_been_sent_is_not_sent_again(floor: Floor) -> None:
    world, hand = floor.here.world, floor.hands["communication"]
    task = await floor.task("communication")
    await claimed(world, task)
    result = failed(task, execution_pb2.ERROR_CLASS_INTERNAL)
    result.claimant = True
    await hand.answer(result)
    await world.until(STATE, "failed")
    assert "after its message may have been sent" in await floor.not_retried()
    # Its provider has refused it: then it is sent under another claim.
    await world.execute("UPDATE workflow_action_executions SET error_class = 'rejected'")
    await floor.retry()
    again = await floor.task("communication")
    assert again.attempt_id != task.attempt_id


@starting_with(WEBHOOK)
async def test_a_call_that_may_be_on_its_way_is_not_passed_over(floor: Floor) -> None:
    await floor.task("internal")
    assert (await floor.not_skipped()).startswith("its call may be on its way: skip it once")


@starting_with(TAG)
async def test_the_step_of_a_held_run_is_passed_over_and_it_stays_held(floor: Floor) -> None:
    world = floor.here.world
    await world.execute("UPDATE workflows SET status = 'paused'")
    await floor.hands["crm"].answer(tagged(await floor.task()))
    await world.until(STATE, "paused")
    execution = await floor.skip()
    assert execution.state == execution_pb2.EXECUTION_STATE_COMPLETED
    assert await floor.statuses() == ["completed", "skipped"]


@starting_with(TAG)
async def test_a_failed_step_is_tried_again(floor: Floor) -> None:
    first = await floor.task()
    await floor.hands["crm"].answer(failed(first))
    await floor.here.world.until(STATE, "failed")
    request_id = str(uuid4())
    execution = await floor.retry("the tag is allowed now", request_id=request_id)
    assert execution.state == execution_pb2.EXECUTION_STATE_RUNNING
    assert not execution.HasField("ended_at")
    assert not execution.reason
    step = await floor.step()
    # The same again, and another time: it is under way.
    assert await floor.retry("the tag is allowed now", request_id=request_id) == execution
    assert await floor.retry() == execution
    task = await floor.task()
    assert task.action_execution_id == first.action_execution_id
    assert (task.attempt_number, task.step_key) == (2, task.attempt_id)
    assert task.attempt_id != first.attempt_id
    await floor.hands["crm"].answer(tagged(first), tagged(task))
    await floor.hands["crm"].answer(tagged(await floor.task()))
    await floor.here.world.until(STATE, "completed")
    assert step.retry_count == 1
    assert await floor.statuses() == ["completed", "completed"]
    attempts = (await floor.here.log(floor.run))[0].attempts
    assert [(each.number, each.error.message) for each in attempts] == [
        (1, "it went wrong"),
        (2, ""),
    ]
    assert await floor.here.audited() == ["step.retried"]
    assert (await floor.not_retried()).startswith("only an execution that has failed")


@starting_with(TAG)
async def test_two_operators_retry_at_once(floor: Floor) -> None:
    await floor.hands["crm"].answer(failed(await floor.task()))
    await floor.here.world.until(STATE, "failed")
    step = (await floor.step()).id
    await asyncio.gather(*(floor.here.retry(floor.run, step) for _ in range(8)))
    task = await floor.task()
    assert await floor.hands["crm"].nothing(0.2)
    assert task.attempt_number == 2
    assert await floor.here.audited() == ["step.retried"]


@starting_with(TAG)
async def test_its_own_retries_begin_anew(floor: Floor) -> None:
    world, crm = floor.here.world, floor.hands["crm"]
    await world.execute("UPDATE workflow_action_executions SET retry_count = 3")
    await crm.answer(failed(await floor.task(), execution_pb2.ERROR_CLASS_SERVICE_UNAVAILABLE))
    await world.until(STATE, "failed")
    await floor.retry()
    task = await floor.task()
    # What may have been done keeps its key.
    assert task.step_key == ""
    await crm.answer(failed(task, execution_pb2.ERROR_CLASS_SERVICE_UNAVAILABLE))
    await world.until("SELECT status FROM workflow_action_executions", "scheduled")
    assert (await floor.step()).retry_count == 5
    request = pb.ExplainExecutionRequest(execution_id=floor.run)
    explained = await floor.here.client.executions.ExplainExecution(request)
    assert explained.explanation.retries.made == 1


@starting_with(TAG)
async def test_a_retry_waits_for_a_paused_workflow(floor: Floor) -> None:
    world, crm = floor.here.world, floor.hands["crm"]
    await crm.answer(failed(await floor.task()))
    await world.until(STATE, "failed")
    await world.execute("UPDATE workflows SET status = 'paused'")
    assert (await floor.retry()).state == execution_pb2.EXECUTION_STATE_PAUSED
    assert await crm.nothing(0.3)
    await world.execute("UPDATE workflows SET status = 'active'")
    assert (await floor.task()).attempt_number == 2


@starting_with(CHARGE)
async def test_a_charge_that_may_have_been_made_is_not_made_again_after_a_day(
    floor: Floor,
) -> None:
    world, hand = floor.here.world, floor.hands["payments"]
    await world.execute("UPDATE workflow_action_executions SET retry_count = 3")
    await hand.answer(
        failed(await floor.task("payments"), execution_pb2.ERROR_CLASS_NETWORK_TIMEOUT)
    )
    await world.until(STATE, "failed")
    await world.execute("UPDATE workflow_action_attempts SET started_at = now() - interval '1 day'")
    assert "it is unclear whether an attempt has moved money" in await floor.not_retried()
    # A card that was declined is another matter.
    await world.execute("UPDATE workflow_action_attempts SET error_class = 'rejected'")
    await floor.retry()
    task = await floor.task("payments")
    assert task.step_key == task.attempt_id


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE workflow_executions SET contact_id = NULL", "its contact was erased"),
        ("UPDATE workflows SET status = 'archived'", "its workflow is archived"),
        (
            "UPDATE workflow_executions SET state = 'cancelled'",
            "only an execution that has failed",
        ),
    ],
    ids=["erased", "archived", "cancelled"],
)
@starting_with(TAG)
async def test_what_is_not_tried_again(floor: Floor, change: str, words: str) -> None:
    await floor.hands["crm"].answer(failed(await floor.task()))
    await floor.here.world.until(STATE, "failed")
    await floor.here.world.execute(change)
    assert (await floor.not_retried()).startswith(words)
    assert await floor.here.audited() == []


@starting_with(TAG)
async def test_a_retry_waits_for_an_erasure_that_is_under_way(floor: Floor) -> None:
    """It would open a run of nobody, which the erasure has seen as ended."""
    world = floor.here.world
    await floor.hands["crm"].answer(failed(await floor.task()))
    await world.until(STATE, "failed")
    async with world.db.begin() as erasing:
        await erasing.execute(text("SELECT FROM contacts FOR UPDATE"))
        refusal_of_retry = asyncio.create_task(floor.not_retried())
        await world.until(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND datname = current_database()",
            1,
        )
        await erasing.execute(text("UPDATE workflow_executions SET contact_id = NULL"))
    assert (await refusal_of_retry).startswith("its contact was erased")


@starting_with(TAG)
async def test_a_retry_that_was_never_rung_is_swept(floor: Floor) -> None:
    world, crm = floor.here.world, floor.hands["crm"]
    await crm.answer(failed(await floor.task()))
    await world.until(STATE, "failed")
    await floor.retry()
    await floor.task()
    await world.execute("UPDATE workflow_action_executions SET lease_until = now()")
    await world.until("SELECT rings FROM workflow_action_executions", 1)


async def enrolled(floor: Floor, *, again: bool) -> str:
    """The run is a campaign's; its contact may be in the campaign with another one by now."""
    campaign, enrollment = str(new_id()), str(new_id())
    await floor.here.world.execute(
        "INSERT INTO campaigns (id, account_id, name) VALUES (:id, :account, 'Spring')",
        id=campaign,
        account=floor.here.seeded.account_id,
    )
    for id_, status in [(enrollment, "active")] + [(str(new_id()), "removed")] * again:
        await floor.here.world.execute(
            "INSERT INTO campaign_enrollments (id, account_id, campaign_id, contact_id, status)"
            " VALUES (:id, :account, :campaign, :contact, :status)",
            id=id_,
            account=floor.here.seeded.account_id,
            campaign=campaign,
            contact=floor.here.seeded.contact_ids[0],
            status=status,
        )
    await floor.here.world.execute(
        "UPDATE workflow_executions SET enrollment_id = :id", id=enrollment
    )
    return enrollment


@starting_with(TAG)
async def test_a_run_of_a_campaign_takes_its_enrolment_back(floor: Floor) -> None:
    world = floor.here.world
    task = await floor.task()
    enrollment = await enrolled(floor, again=True)
    await floor.hands["crm"].answer(failed(task))
    await world.until(
        "SELECT status FROM campaign_enrollments WHERE id = :id", "completed", id=enrollment
    )
    of_other = "UPDATE campaign_enrollments SET status = :new WHERE status = :old"
    await world.execute(of_other, old="removed", new="active")
    assert "enrolled in the campaign again" in await floor.not_retried()
    await world.execute(of_other, old="active", new="removed")
    # Somebody else has taken its place by now.
    await world.execute("UPDATE campaigns SET enrollment_limit = 1")
    await world.execute(
        "WITH other AS (INSERT INTO contacts (id, account_id) VALUES (:contact, :account))"
        " UPDATE campaign_enrollments SET contact_id = :contact, status = 'active'"
        " WHERE status = 'removed'",
        contact=str(new_id()),
        account=floor.here.seeded.account_id,
    )
    assert "its campaign is full" in await floor.not_retried()
    await world.execute("UPDATE campaigns SET enrollment_limit = 2")
    await floor.retry()
    rows = await world.rows(
        "SELECT status, ended_at, end_reason FROM campaign_enrollments WHERE id = :id",
        id=enrollment,
    )
    assert rows == [("active", None, None)]


@starting_with(TAG)
async def test_a_run_whose_contact_is_in_the_workflow_again_stays_failed(floor: Floor) -> None:
    world = floor.here.world
    await floor.hands["crm"].answer(failed(await floor.task()))
    await world.until(STATE, "failed")
    await world.execute(
        "UPDATE workflow_executions SET trigger_event_id = :event", event=str(new_id())
    )
    await world.execute("UPDATE workflows SET re_entry = 'after_finished'")
    (again,) = await floor.here.started()
    assert "entered the workflow again" in await floor.not_retried()
    await floor.here.client.executions.CancelExecution(
        pb.CancelExecutionRequest(execution_id=again)
    )
    await floor.retry()


@starting_with(TAG)
async def test_skips_and_answers_race(floor: Floor) -> None:
    task = await floor.task()
    step = (await floor.step()).id

    async def skip() -> TreadleError | None:
        try:
            await floor.here.skip(floor.run, step)
        except Exception:  # noqa: BLE001 - told apart below
            return await refusal(floor.here.skip(floor.run, step))
        return None

    results = await asyncio.gather(
        floor.hands["crm"].answer(tagged(task)), *(skip() for _ in range(4))
    )
    await floor.task()
    assert await floor.hands["crm"].nothing(0.2)
    skipped, other = await floor.statuses()
    assert other == "pending"
    refusals = [each for each in results[1:] if each is not None]
    assert (skipped == "skipped") == (not refusals)
    assert await floor.here.audited() == (["step.skipped"] if skipped == "skipped" else [])
