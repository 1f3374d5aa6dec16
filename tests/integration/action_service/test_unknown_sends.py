"""Unknown outcomes come to an end: by the provider's word, by an event, by a late answer."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, timedelta

import pytest

from action_service.domain.unknown_sends import LookPolicy
from action_service.use_cases.inbound.events import Provider
from common.ids import new_id_text
from tests.support.engine import Bench, HandExecutor, bench, result_for
from tests.support.inbound import EMAIL, SMS, Providers, of_email, sending
from tests.support.unknown import STATE, STEP, became_unknown, claimed, looked, lost
from treadle.execution.v1 import execution_pb2

SOON = LookPolicy(base=timedelta(milliseconds=50), limit=3)
NEVER = LookPolicy(limit=0)


@pytest.fixture
async def world(database_url: str, nats_url: str) -> AsyncGenerator[Bench]:
    async with bench(database_url, nats_url) as surroundings:
        yield surroundings


@pytest.fixture
async def executor(world: Bench) -> AsyncGenerator[HandExecutor]:
    hand = HandExecutor(world, "communication")
    await hand.start()
    yield hand
    await hand.stop()


async def test_a_look_asks_for_what_was_sent_and_completes_the_step(
    world: Bench, executor: HandExecutor
) -> None:
    await world.start_engine(look_policy=SOON)
    _, (task,) = await became_unknown(world, executor)
    (lookup,) = await executor.take(1)
    sought = lookup.lookup
    assert lookup.attempt_id != task.attempt_id == sought.attempt_id
    assert (sought.sent.recipient, sought.sent.sender, sought.sent.text) == (
        "+14155550100",
        "+14155550199",
        "Hello",
    )
    ((claimed_at, unknown_at),) = await world.rows(
        "SELECT s.claimed_at, u.unknown_at FROM unknown_sends u"
        " JOIN send_claims s ON s.attempt_id = u.id"
    )
    assert (sought.after.ToDatetime(UTC), sought.before.ToDatetime(UTC)) == (claimed_at, unknown_at)
    await executor.answer(looked(lookup, "SM1"))
    await world.until(STEP, "completed", id=task.action_execution_id)
    rows = await world.rows(
        "SELECT u.state, u.resolution, u.resolved_by, u.provider_message_id,"
        " u.resolution_reason, x.result_data, t.provider_reference, m.provider_message_id"
        " FROM unknown_sends u"
        " JOIN workflow_action_executions x ON x.id = u.action_execution_id"
        " JOIN workflow_action_attempts t ON t.id = u.id"
        " JOIN messages m ON m.action_execution_id = x.id"
    )
    note = "Twilio listed a message that may be the one"
    output = {"message_id": "SM1", "segments": 1}
    assert rows == [("settled", "sent", "lookup", "SM1", note, output, "SM1", "SM1")]
    # The run has gone on to its next step.
    await world.until("SELECT count(*) FROM workflow_action_executions", 2)


async def test_what_is_not_found_stays_unknown_until_the_looks_are_used_up(
    world: Bench, executor: HandExecutor
) -> None:
    await world.start_engine(look_policy=SOON)
    await became_unknown(world, executor)
    for _ in range(SOON.limit):
        (lookup,) = await executor.take(1)
        await executor.answer(looked(lookup))
    await world.until("SELECT jsonb_array_length(lookups) FROM unknown_sends", SOON.limit)
    assert await executor.nothing()
    rows = await world.rows(
        "SELECT u.state, u.due_at, u.lookups->0->>'finding', u.lookups->0->>'note', x.status,"
        " x.outcome FROM unknown_sends u"
        " JOIN workflow_action_executions x ON x.attempt_id = u.id"
    )
    assert rows == [
        ("open", None, "not_found", "Twilio listed no such message", "running", "unknown")
    ]


async def test_a_look_that_is_answered_twice_counts_once(
    world: Bench, executor: HandExecutor
) -> None:
    await world.start_engine(look_policy=SOON)
    await became_unknown(world, executor)
    (lookup,) = await executor.take(1)
    await executor.answer(looked(lookup), looked(lookup))
    await executor.answer(looked(lookup))
    (second,) = await executor.take(1)
    await executor.answer(looked(second))
    await world.until("SELECT jsonb_array_length(lookups) FROM unknown_sends", 2)


@pytest.mark.parametrize(
    ("found", "ends"),
    [
        (("SM1", "SM2"), [("settled", "found"), ("settled", "found")]),
        # Either may have sent it: a step that is told so and did not would be lost.
        (("SM1",), [("open", "cannot_tell"), ("open", "cannot_tell")]),
    ],
    ids=["both", "one"],
)
async def test_two_sends_of_the_same_text_to_the_same_number(
    world: Bench,
    executor: HandExecutor,
    found: tuple[str, ...],
    ends: list[tuple[str, str]],
) -> None:
    await world.start_engine(look_policy=SOON)
    await became_unknown(world, executor, contacts=2)
    for lookup in await executor.take(2):
        await executor.answer(looked(lookup, *found))
        await world.until(
            "SELECT jsonb_array_length(lookups) FROM unknown_sends WHERE id = CAST(:id AS uuid)"
            " AND state IN ('open', 'settled')",
            1,
            id=lookup.lookup.attempt_id,
        )
    rows = await world.rows("SELECT state, lookups->0->>'finding' FROM unknown_sends")
    assert rows == ends


async def test_what_another_step_may_have_sent_that_is_not_heard_of(
    world: Bench, executor: HandExecutor
) -> None:
    """The same contact's other step has called the provider, and its answer is on its way."""
    await world.start_engine(look_policy=SOON)
    home, (task,) = await sending(world, executor, SMS)
    await world.start(home)
    (other,) = await executor.take(1)
    await claimed(world, task, other)
    await executor.answer(lost(task))
    (lookup,) = await executor.take(1)
    await executor.answer(looked(lookup, "SM1"))
    await world.until("SELECT lookups->0->>'finding' FROM unknown_sends", "cannot_tell")
    sent = result_for(other)
    sent.completed.output_json = b"{}"
    sent.completed.provider_reference = "SM2"
    await executor.answer(sent)
    await world.until("SELECT provider_message_id FROM messages", "SM2")
    (lookup,) = await executor.take(1)
    await executor.answer(looked(lookup, "SM2", "SM1"))
    await world.until(STATE, "settled", id=task.attempt_id)
    assert await world.rows("SELECT provider_message_id FROM unknown_sends") == [("SM1",)]


async def test_a_message_of_another_step_is_not_taken_for_it(
    world: Bench, executor: HandExecutor
) -> None:
    await world.start_engine(look_policy=SOON)
    _, tasks = await sending(world, executor, SMS, 2)
    await claimed(world, *tasks)
    sent = result_for(tasks[0])
    sent.completed.provider_reference = "SM0"
    await executor.answer(sent, lost(tasks[1]))
    (lookup,) = await executor.take(1)
    await executor.answer(looked(lookup, "SM0"))
    await world.until("SELECT lookups->0->>'finding' FROM unknown_sends", "not_found")
    assert await world.rows(STATE, id=tasks[1].attempt_id) == [("open",)]


@pytest.mark.parametrize("event_first", [False, True], ids=["after", "before"])
async def test_an_event_that_names_the_attempt_settles_it(
    world: Bench,
    executor: HandExecutor,
    event_first: bool,
) -> None:
    await world.start_engine(look_policy=NEVER)
    home, (task,) = await sending(world, executor, EMAIL)
    await claimed(world, task)
    providers = Providers(world, home)
    word = lost(task)
    word.ClearField("sent")
    event = of_email("M1", "delivered", attempt_id=task.attempt_id)
    if event_first:
        await providers.sendgrid(event)
        # It does not overtake the answer of a run that may still have one.
        assert await world.rows(STEP, id=task.action_execution_id) == [("pending",)]
        await executor.answer(word)
    else:
        await executor.answer(word)
        await world.until(STATE, "open", id=task.attempt_id)
        await providers.sendgrid(event)
    await world.until(STEP, "completed", id=task.action_execution_id)
    assert await world.rows("SELECT resolved_by, provider_message_id FROM unknown_sends") == [
        ("callback", "M1")
    ]
    # The message knows what was told before it was ours.
    await world.until("SELECT state FROM messages", "delivered")


async def test_an_event_posted_for_another_account_settles_it_when_it_names_the_account(
    world: Bench, executor: HandExecutor
) -> None:
    """Of accounts that share a key of SendGrid's one has the address for all."""
    await world.start_engine(look_policy=NEVER)
    host = await world.seed([EMAIL])
    home, (task,) = await sending(world, executor, EMAIL)
    await claimed(world, task)
    word = lost(task)
    word.ClearField("sent")
    await executor.answer(word)
    await world.until(STATE, "open", id=task.attempt_id)
    event = of_email("M1", "bounce", attempt_id=task.attempt_id, account_id=home.account_id)
    await Providers(world, host).sendgrid(event)
    await world.until(STEP, "completed", id=task.action_execution_id)
    await world.until("SELECT state FROM messages", "bounced")
    assert await world.rows("SELECT account_id::text FROM suppressions") == [(home.account_id,)]


async def test_twilio_names_the_attempt_in_the_url_that_it_calls(
    world: Bench, executor: HandExecutor
) -> None:
    await world.start_engine(look_policy=NEVER)
    home, (task,) = await became_unknown(world, executor)
    providers = Providers(world, home)
    form = b"MessageSid=SM7&MessageStatus=delivered"
    await providers.post(Provider.TWILIO, form, query=f"attempt_id={new_id_text()}")
    await providers.post(
        Provider.TWILIO, b"MessageSid=SM8&MessageStatus=sent", query="attempt_id=nonsense"
    )
    assert await world.rows(STATE, id=task.attempt_id) == [("open",)]
    await providers.post(
        Provider.TWILIO,
        b"MessageSid=SM9&MessageStatus=sent",
        query=f"attempt_id={task.attempt_id}",
    )
    await world.until(STEP, "completed", id=task.action_execution_id)
    assert await world.rows(
        "SELECT result_data FROM workflow_action_executions WHERE status = 'completed'"
    ) == [({"message_id": "SM9", "to": "+14155550100", "body": "Hello"},)]


async def test_another_accounts_event_settles_nothing(world: Bench, executor: HandExecutor) -> None:
    await world.start_engine(look_policy=NEVER)
    home, (task,) = await became_unknown(world, executor)
    other = await world.seed([SMS])
    await Providers(world, home).post(
        Provider.TWILIO,
        b"MessageSid=SM9&MessageStatus=sent",
        other.account_id,
        query=f"attempt_id={task.attempt_id}",
    )
    await asyncio.sleep(0.5)
    assert await world.rows(STATE, id=task.attempt_id) == [("open",)]


@pytest.mark.parametrize(
    ("outcome", "resolution"),
    [("completed", "sent"), ("failed", "fail"), ("busy", "retry"), ("skipped", "ended")],
)
async def test_a_late_answer_settles_it(
    world: Bench, executor: HandExecutor, outcome: str, resolution: str
) -> None:
    await world.start_engine(look_policy=NEVER)
    _, (task,) = await became_unknown(world, executor)
    late = result_for(task)
    late.claimant = True
    match outcome:
        case "completed":
            late.completed.provider_reference = "SM1"
        case "skipped":
            late.skipped.reason = "nothing to do"
        case _:
            late.failed.error_class = (
                execution_pb2.ERROR_CLASS_SERVICE_UNAVAILABLE
                if outcome == "busy"
                else execution_pb2.ERROR_CLASS_REJECTED
            )
            late.failed.message = "no"
    await executor.answer(late)
    await world.until(STATE, "settled", id=task.attempt_id)
    assert await world.rows("SELECT resolution, resolved_by FROM unknown_sends") == [
        (resolution, "result")
    ]


async def test_a_late_answer_overtakes_what_was_decided(
    world: Bench, executor: HandExecutor
) -> None:
    """Somebody has decided to send again, but then the first answer comes after all."""
    await world.start_engine(look_policy=NEVER, sweep_every=timedelta(seconds=30))
    _, (task,) = await became_unknown(world, executor)
    await world.execute(
        "UPDATE unknown_sends SET state = 'decided', resolution = 'retry',"
        " resolved_by = 'user:1', resolved_at = now(), due_at = now() + interval '1 hour'"
    )
    late = result_for(task)
    late.completed.provider_reference = "SM1"
    await executor.answer(late)
    await world.until(STATE, "settled", id=task.attempt_id)
    assert await world.rows("SELECT resolution, resolved_by FROM unknown_sends") == [
        ("sent", "result")
    ]
    assert await executor.nothing()


async def test_a_found_message_ends_nothing_that_has_ended(
    world: Bench, executor: HandExecutor
) -> None:
    await world.start_engine(look_policy=SOON)
    _, (task,) = await became_unknown(world, executor)
    (lookup,) = await executor.take(1)
    await world.execute(
        "UPDATE workflow_action_executions SET status = 'cancelled', completed_at = now()"
    )
    await world.until(STATE, "settled", id=task.attempt_id)
    await executor.answer(looked(lookup, "SM1"))
    await world.until("SELECT lookups->0->>'finding' FROM unknown_sends", "found")
    rows = await world.rows("SELECT state, resolution FROM unknown_sends")
    assert rows == [("settled", "ended")]
