"""Dead letters from where they die to what operators make of them."""

from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID, uuid4

import pytest

from action_service.adapters.ringer import NatsRinger
from action_service.adapters.upkeep import forget_letters
from action_service.domain.plan import OnError
from common.errors import ErrorReason
from common.nats import ACCOUNT_HEADER, DEAD, RESULTS_SUBJECT, Delivery, store_dead_letter
from tests.support.action_api import Api, Client, refused, running_api
from tests.support.engine import (
    Bench,
    HandExecutor,
    Seeded,
    Step,
    bench,
    result_for,
    tagged,
)
from treadle.deadletter.v1 import dead_letter_pb2
from treadle.deadletter.v1 import dead_letter_service_pb2 as pb
from treadle.dispatch.v1.task_pb2 import ActionTask, Lookup
from treadle.execution.v1 import execution_service_pb2 as executions
from treadle.execution.v1.execution_pb2 import ErrorClass

TAG = Step("add_tag", {"tag_name": "vip"})
LETTERS = "SELECT count(*) FROM dead_letters"
STATE = "SELECT state FROM workflow_executions WHERE id = :id"


@pytest.fixture
async def world(database_url: str, nats_url: str) -> AsyncGenerator[Bench]:
    async with bench(database_url, nats_url) as surroundings:
        await surroundings.start_engine()
        yield surroundings


@pytest.fixture
async def api(database_url: str) -> AsyncGenerator[Api]:
    async with running_api(database_url) as running:
        yield running


@pytest.fixture
async def executor(world: Bench) -> AsyncGenerator[HandExecutor]:
    hand = HandExecutor(world, "crm")
    await hand.start()
    yield hand
    await hand.stop()


async def give_up(world: Bench, executor: HandExecutor, task: ActionTask) -> None:
    """What an executor does with a task that was delivered too often."""
    await die(world, "treadle.dead.actions.crm", task.SerializeToString())
    result = result_for(task)
    result.failed.error_class = ErrorClass.ERROR_CLASS_INTERNAL
    result.failed.message = "given up after 10 deliveries without a result"
    await executor.answer(result)


async def die(world: Bench, subject: str, payload: bytes) -> None:
    """Has a message given up that came by a stream of the test's own."""
    name = f"TEST{uuid4().hex}"
    await world.js.add_stream(name=name, subjects=[f"test.{name}"])
    await world.js.publish(f"test.{name}", payload)
    pulled = await world.js.pull_subscribe(f"test.{name}", durable="test")
    (message,) = await pulled.fetch(1)
    delivery = Delivery(world.nc, message)
    delivery.subject = "treadle.actions.crm.add_tag"
    await store_dead_letter(world.js, subject, delivery, "delivered too often")


async def listed(client: Client, **which: Any) -> list[dead_letter_pb2.DeadLetter]:
    answer = await client.dead_letters.ListDeadLetters(pb.ListDeadLettersRequest(**which))
    return list(answer.dead_letters)


async def dead_step(
    world: Bench, executor: HandExecutor, *steps: Step
) -> tuple[Seeded, str, ActionTask]:
    """A run whose step was given up, and its last task."""
    seeded = await world.seed(steps or (TAG,))
    (execution,) = await world.start(seeded)
    (task,) = await executor.take(1)
    await give_up(world, executor, task)
    await world.until(LETTERS, 1)
    return seeded, execution, task


async def test_operators_see_their_accounts_alone(
    world: Bench, executor: HandExecutor, api: Api
) -> None:
    seeded, execution, task = await dead_step(world, executor)
    await world.until(STATE, "failed", id=execution)
    operator = await api.client("operator", account_id=UUID(seeded.account_id))
    (letter,) = await listed(operator)
    assert (letter.kind, letter.state) == (
        dead_letter_pb2.DEAD_LETTER_KIND_ACTION,
        dead_letter_pb2.DEAD_LETTER_STATE_OPEN,
    )
    assert (letter.source, letter.reason, letter.deliveries, letter.deaths) == (
        "crm",
        "delivered too often",
        1,
        1,
    )
    assert (letter.execution_id, letter.action_execution_id) == (
        execution,
        task.action_execution_id,
    )
    assert (letter.action_type, letter.contact_id) == ("add_tag", task.contact_id)
    assert letter.payload_json == ""
    got = await operator.dead_letters.GetDeadLetter(pb.GetDeadLetterRequest(id=letter.id))
    assert '"tag_name":"vip"' in got.dead_letter.payload_json
    # The run shows that somebody should look.
    log = await operator.executions.ListActionExecutions(
        executions.ListActionExecutionsRequest(execution_id=execution)
    )
    assert [step.dead_letter_id for step in log.action_executions] == [letter.id]
    why = await operator.executions.ExplainExecution(
        executions.ExplainExecutionRequest(execution_id=execution)
    )
    assert why.explanation.dead_letter_id == letter.id
    assert f"(dead letter {letter.id})" in why.explanation.sentences[-1]
    # It is kept here and no longer there.
    assert (await world.js.stream_info(DEAD.name)).state.messages == 0
    other = await api.client("operator")
    assert await listed(other) == []
    request = pb.GetDeadLetterRequest(id=letter.id)
    await refused(other.dead_letters.GetDeadLetter(request), ErrorReason.NOT_FOUND)
    viewer = await api.client("viewer", account_id=UUID(seeded.account_id))
    await viewer.dead_letters.GetDeadLetter(request)
    replay = pb.ReplayDeadLetterRequest(id=letter.id)
    await refused(viewer.dead_letters.ReplayDeadLetter(replay), ErrorReason.PERMISSION_DENIED)


async def test_a_replay_opens_the_run_again(world: Bench, executor: HandExecutor, api: Api) -> None:
    seeded, execution, task = await dead_step(
        world, executor, TAG, Step("add_tag", {"tag_name": "b"})
    )
    await world.until(STATE, "failed", id=execution)
    operator = await api.client("operator", account_id=UUID(seeded.account_id))
    (letter,) = await listed(operator)
    request = pb.ReplayDeadLetterRequest(id=letter.id, reason="fixed", etag=letter.etag)
    replayed = (await operator.dead_letters.ReplayDeadLetter(request)).dead_letter
    assert replayed.state == dead_letter_pb2.DEAD_LETTER_STATE_REPLAYED
    assert (replayed.closed_by, replayed.closing_reason) == (f"user:{operator.subject}", "fixed")
    await refused(operator.dead_letters.ReplayDeadLetter(request), ErrorReason.STALE_ETAG)
    again = pb.ReplayDeadLetterRequest(id=letter.id)
    await refused(operator.dead_letters.ReplayDeadLetter(again), ErrorReason.ILLEGAL_TRANSITION)
    await NatsRinger(world.nc, world.js).ring(api.bell.tasks)
    (second,) = await executor.take(1)
    assert second.action_execution_id == task.action_execution_id
    assert second.attempt_id != task.attempt_id
    await executor.answer(tagged(task))
    await executor.answer(tagged(second))
    (third,) = await executor.take(1)
    await executor.answer(tagged(third))
    await world.until(STATE, "completed", id=execution)
    assert await listed(operator) == []
    rows = await world.rows(
        "SELECT operation, actor, after->>'reason' FROM audit_log WHERE entity_type = 'dead_letter'"
    )
    assert rows == [("dead_letter.replayed", f"user:{operator.subject}", "fixed")]


async def test_a_question_to_a_provider_is_asked_again_and_opens_no_run(
    world: Bench, executor: HandExecutor, api: Api
) -> None:
    seeded = await world.seed((TAG,))
    (execution,) = await world.start(seeded)
    (task,) = await executor.take(1)
    result = result_for(task)
    result.failed.error_class = ErrorClass.ERROR_CLASS_REJECTED
    await executor.answer(result)
    await world.until(STATE, "failed", id=execution)
    question = ActionTask(
        attempt_id=str(uuid4()),
        action_execution_id=task.action_execution_id,
        execution_id=execution,
        account_id=seeded.account_id,
        lookup=Lookup(attempt_id=task.attempt_id),
    ).SerializeToString()
    await die(world, "treadle.dead.actions.communication", question)
    await world.until(LETTERS, 1)
    operator = await api.client("operator", account_id=UUID(seeded.account_id))
    (letter,) = await listed(operator, execution_id=execution)
    await operator.dead_letters.ReplayDeadLetter(pb.ReplayDeadLetterRequest(id=letter.id))
    assert [sent.payload for sent in api.post.letters] == [question]
    await world.until(STATE, "failed", id=execution)


async def test_a_run_that_has_gone_on_is_not_replayed_and_can_be_discarded(
    world: Bench, executor: HandExecutor, api: Api
) -> None:
    goes_on = Step("add_tag", {"tag_name": "vip"}, on_error=OnError.CONTINUE)
    seeded, execution, _ = await dead_step(world, executor, goes_on)
    await world.until(STATE, "completed", id=execution)
    operator = await api.client("operator", account_id=UUID(seeded.account_id))
    (letter,) = await listed(operator, execution_id=execution)
    error = await refused(
        operator.dead_letters.ReplayDeadLetter(pb.ReplayDeadLetterRequest(id=letter.id)),
        ErrorReason.ILLEGAL_TRANSITION,
    )
    assert "gone on without it" in str(error)
    unsaid = pb.DiscardDeadLetterRequest(id=letter.id)
    await refused(operator.dead_letters.DiscardDeadLetter(unsaid), ErrorReason.VALIDATION_FAILED)
    request = pb.DiscardDeadLetterRequest(id=letter.id, reason="nobody minds")
    done = (await operator.dead_letters.DiscardDeadLetter(request)).dead_letter
    assert (done.state, done.payload_bytes) == (dead_letter_pb2.DEAD_LETTER_STATE_DISCARDED, 0)
    assert await listed(operator) == []


async def test_answers_that_cannot_be_read_are_kept_and_their_neighbours_carried_out(
    world: Bench, executor: HandExecutor, api: Api
) -> None:
    seeded = await world.seed((TAG,))
    (execution,) = await world.start(seeded)
    (task,) = await executor.take(1)
    headers = {ACCOUNT_HEADER: seeded.account_id}
    await world.js.publish(RESULTS_SUBJECT, b"\xff\xff", headers=headers)
    # Nobody's stays where those who run the whole find it.
    await world.js.publish(RESULTS_SUBJECT, b"\xff\xff\xff")
    nothing = result_for(task)
    nothing.attempt_id = ""
    await executor.answer(nothing, tagged(task))
    await world.until(STATE, "completed", id=execution)
    await world.until(LETTERS, 2)
    operator = await api.client("operator", account_id=UUID(seeded.account_id))
    letters = await listed(operator, kind=dead_letter_pb2.DEAD_LETTER_KIND_RESULT)
    assert sorted(letter.reason for letter in letters) == [
        "malformed: without attempt or execution id",
        "not a batch of results",
    ]
    assert (await world.js.stream_info(DEAD.name)).state.messages == 1


async def test_an_answer_that_cannot_be_stored_in_any_way_ends_its_run_visibly(
    world: Bench, executor: HandExecutor, api: Api
) -> None:
    """Not even as a failure: the run goes on to a step that the database refuses."""
    goes_on = Step("add_tag", {"tag_name": "vip"}, on_error=OnError.CONTINUE)
    seeded = await world.seed((goes_on, TAG), contacts=2)
    runs = await world.start(seeded)
    tasks = {task.execution_id: task for task in await executor.take(2)}
    poisoned, well = (tasks[run] for run in runs)
    await world.execute(
        "ALTER TABLE workflow_action_executions ADD CONSTRAINT broken"
        f" CHECK (action_id <> '{seeded.action_ids[1]}'"
        f" OR workflow_execution_id <> '{poisoned.execution_id}')"
    )
    await executor.answer(tagged(poisoned), tagged(well))
    await world.until(LETTERS, 1)
    await world.until(STATE, "failed", id=poisoned.execution_id)
    await world.until(STATE, "running", id=well.execution_id)
    operator = await api.client("operator", account_id=UUID(seeded.account_id))
    (letter,) = await listed(operator)
    assert (letter.reason, letter.attempt_id) == ("could not be stored", poisoned.attempt_id)
    log = await world.rows(
        "SELECT x.status, x.error_class, t.error_class, e.reason"
        " FROM workflow_action_executions x"
        " JOIN workflow_action_attempts t ON t.action_execution_id = x.id"
        " JOIN workflow_executions e ON e.id = x.workflow_execution_id WHERE e.id = :id",
        id=poisoned.execution_id,
    )
    words = "its answer could not be stored, and is kept as a dead letter"
    assert log == [("failed", "internal", "internal", words)]
    # Mended, and replayed: the step is run once more.
    await world.execute("ALTER TABLE workflow_action_executions DROP CONSTRAINT broken")
    await operator.dead_letters.ReplayDeadLetter(pb.ReplayDeadLetterRequest(id=letter.id))
    await NatsRinger(world.nc, world.js).ring(api.bell.tasks)
    tasks = {task.execution_id: task for task in await executor.take(2)}
    await executor.answer(tagged(tasks[poisoned.execution_id]))
    (last,) = await executor.take(1)
    await executor.answer(tagged(last), tagged(tasks[well.execution_id]))
    await world.until("SELECT count(*) FROM workflow_executions WHERE state = 'completed'", 2)


async def test_an_answer_that_cannot_be_stored_ends_a_paused_run_as_well(
    world: Bench, executor: HandExecutor
) -> None:
    seeded = await world.seed(
        (Step("add_tag", {"tag_name": "vip"}, on_error=OnError.CONTINUE), TAG)
    )
    (run,) = await world.start(seeded)
    (task,) = await executor.take(1)
    await world.execute(
        "ALTER TABLE workflow_action_executions ADD CONSTRAINT broken"
        f" CHECK (action_id <> '{seeded.action_ids[1]}')"
    )
    await world.execute(
        "UPDATE workflow_executions SET state = 'paused', paused_at = now(), paused_by = 'user:ada'"
    )
    await executor.answer(tagged(task))
    await world.until(STATE, "failed", id=run)


async def test_events_that_cannot_be_read_are_kept_and_sent_again(world: Bench, api: Api) -> None:
    seeded = await world.seed((TAG,))
    subject = f"treadle.events.{seeded.account_id}.contact_created"
    await world.execute(
        "UPDATE workflow_versions SET heard_types = '{contact_created}' WHERE id = :id",
        id=seeded.version_id,
    )
    await world.js.publish(subject, b"\xff\xff")
    await world.until(LETTERS, 1)
    operator = await api.client("operator", account_id=UUID(seeded.account_id))
    (letter,) = await listed(operator)
    assert (letter.source, letter.reason) == ("events", "not a batch of events")
    await operator.dead_letters.ReplayDeadLetter(pb.ReplayDeadLetterRequest(id=letter.id))
    (sent,) = api.post.letters
    assert (sent.subject, sent.payload) == (subject, b"\xff\xff")
    # It dies once more.
    await world.js.publish(subject, sent.payload)
    await world.until("SELECT deaths FROM dead_letters WHERE state = 'open'", 2)


async def test_letters_are_forgotten_after_a_month(
    world: Bench, executor: HandExecutor, api: Api
) -> None:
    await dead_step(world, executor)
    assert await forget_letters(api.db) == 0
    await world.execute("UPDATE dead_letters SET died_at = died_at - interval '31 days'")
    assert await forget_letters(api.db) == 1
    assert await world.rows(LETTERS) == [(0,)]
