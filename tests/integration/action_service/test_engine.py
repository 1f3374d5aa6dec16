"""The engine on a real Postgres and NATS: what it commits, what it refuses, what it rings for."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import cast

import orjson
import pytest

from action_service.domain.plan import OnError
from common.telemetry import extract
from tests.support.engine import (
    Bench,
    HandExecutor,
    HandScheduler,
    Step,
    bench,
    result_for,
    tagged,
)
from treadle.dispatch.v1.result_pb2 import ActionResult
from treadle.dispatch.v1.task_pb2 import ActionTask, DelayedTask
from treadle.execution.v1 import execution_pb2

TAG_A = Step("add_tag", {"tag_name": "a"}, name="first")
TAG_B = Step("add_tag", {"tag_name": "b"})


@pytest.fixture
async def world(database_url: str, nats_url: str) -> AsyncGenerator[Bench]:
    async with bench(database_url, nats_url) as surroundings:
        yield surroundings


@pytest.fixture
async def crm(world: Bench) -> AsyncGenerator[HandExecutor]:
    executor = HandExecutor(world)
    await executor.start()
    yield executor
    await executor.stop()


@pytest.fixture
async def scheduler(world: Bench) -> AsyncGenerator[HandScheduler]:
    scheduler = HandScheduler(world)
    await scheduler.start()
    yield scheduler
    await scheduler.stop()


def due(delayed: DelayedTask) -> ActionResult:
    """What the scheduler says when the instant has come."""
    result = ActionResult(
        attempt_id=delayed.task.attempt_id,
        action_execution_id=delayed.task.action_execution_id,
        execution_id=delayed.task.execution_id,
        account_id=delayed.task.account_id,
    )
    result.due.SetInParent()
    return result


def failed(task: ActionTask, error_class: execution_pb2.ErrorClass, message: str) -> ActionResult:
    result = result_for(task)
    result.failed.error_class = error_class
    result.failed.message = message
    return result


async def test_steps_run_in_order_and_effects_commit_with_them(
    world: Bench, crm: HandExecutor
) -> None:
    await world.start_engine()
    seeded = await world.seed([TAG_A, TAG_B], contacts=3)
    await world.start(seeded)
    first = await crm.take(3)
    assert {task.config.add_tag.tag_name for task in first} == {"a"}
    assert {task.contact_id for task in first} == set(seeded.contact_ids)
    await crm.answer(*(tagged(task) for task in first))
    second = await crm.take(3)
    assert {task.config.add_tag.tag_name for task in second} == {"b"}
    await crm.answer(*(tagged(task) for task in second))
    await world.until("SELECT count(*) FROM workflow_executions WHERE state = 'completed'", 3)
    tags = await world.rows(
        "SELECT t.name, count(*) FROM contact_tags c JOIN tags t ON t.id = c.tag_id GROUP BY 1"
        " ORDER BY 1"
    )
    assert tags == [("a", 3), ("b", 3)]
    log = await world.rows(
        "SELECT status, retry_count, result_data->>'tag_name', completed_at >= started_at,"
        " lease_until FROM workflow_action_executions ORDER BY id"
    )
    assert sorted(str(row[2]) for row in log) == ["a", "a", "a", "b", "b", "b"]
    assert {(row[0], row[1], row[3], row[4]) for row in log} == {("completed", 0, True, None)}
    assert await world.rows("SELECT count(*) FROM workflow_action_attempts") == [(6,)]


async def test_tasks_carry_account_and_trace(world: Bench, crm: HandExecutor) -> None:
    seeded = await world.seed([TAG_A])
    (execution_id,) = await world.start(seeded)
    message = await world.js.get_last_msg("TREADLE_ACTIONS", "treadle.actions.crm.add_tag")
    headers = cast("dict[str, str]", message.headers)
    assert headers["treadle-account"] == seeded.account_id
    trace = extract(headers)
    assert trace is not None
    assert trace.trace_id == execution_id.replace("-", "")
    assert len(await crm.take(1)) == 1


async def test_a_result_delivered_ten_times_counts_once(world: Bench, crm: HandExecutor) -> None:
    await world.start_engine()
    await world.start_engine()
    seeded = await world.seed(
        [
            Step(
                "update_contact",
                {
                    "field_updates": [{"field": "custom_fields.visits", "value": 1}],
                    "update_mode": "increment",
                },
            ),
            TAG_A,
        ]
    )
    await world.start(seeded)
    (task,) = await crm.take(1)
    result = result_for(task)
    result.completed.output_json = b"{}"
    update = result.completed.effects.add().update_contact
    update.contact_id = task.contact_id
    update.mode = task.config.update_contact.update_mode
    change = update.changes.add(field="custom_fields.visits")
    change.value.number_value = 1
    for _ in range(5):
        await crm.answer(result, result)
    (following,) = await crm.take(1)
    await crm.answer(tagged(following))
    await world.until("SELECT state FROM workflow_executions", "completed")
    assert await world.rows("SELECT custom_fields->>'visits' FROM contacts") == [("1",)]
    audit = await world.rows("SELECT before, after, actor FROM audit_log")
    assert len(audit) == 1
    assert str(audit[0][2]).startswith("execution:")
    assert await crm.nothing()


async def test_one_bad_item_fails_alone_and_says_why(world: Bench, crm: HandExecutor) -> None:
    await world.start_engine()
    seeded = await world.seed([TAG_A], contacts=8)
    await world.start(seeded)
    tasks = await crm.take(8)
    results: list[ActionResult] = []
    for task in tasks:
        if task.contact_id == seeded.contact_ids[5]:
            bad = result_for(task)
            bad.completed.output_json = b"{}"
            update = bad.completed.effects.add().update_contact
            update.contact_id = task.contact_id
            # No handler lets this through; only the database refuses it.
            update.changes.add(field="first_name").value.string_value = "A\0da"
            results.append(bad)
        else:
            results.append(tagged(task))
    await crm.answer(*results)
    await world.until("SELECT count(*) FROM workflow_executions WHERE ended_at IS NOT NULL", 8)
    assert await world.states() == {"completed": 7, "failed": 1}
    errors = await world.rows(
        "SELECT error_class, error_message FROM workflow_action_executions WHERE status = 'failed'"
    )
    assert errors == [("rejected", "a value of this step cannot be stored")]


async def test_output_that_is_not_json_fails_its_own_step_only(
    world: Bench, crm: HandExecutor
) -> None:
    await world.start_engine()
    seeded = await world.seed([TAG_A], contacts=4)
    await world.start(seeded)
    results = [tagged(task) for task in await crm.take(4)]
    results[2].completed.output_json = b'{"broken": '
    results[3].completed.output_json = b'{"nul": "\\u0000"}'
    await crm.answer(*results)
    await world.until("SELECT count(*) FROM workflow_executions WHERE ended_at IS NOT NULL", 4)
    assert await world.states() == {"completed": 2, "failed": 2}


async def test_garbage_on_the_results_subject_harms_nothing(
    world: Bench, crm: HandExecutor
) -> None:
    await world.start_engine()
    seeded = await world.seed([TAG_A])
    await world.start(seeded)
    (task,) = await crm.take(1)
    await world.js.publish("treadle.results", b"\xff\xfe not protobuf")
    await crm.answer(ActionResult(attempt_id="not-a-uuid", execution_id="nor-this"))
    stranger = tagged(task)
    stranger.attempt_id = "00000000-0000-0000-0000-000000000000"
    await crm.answer(stranger, tagged(task))
    await world.until("SELECT state FROM workflow_executions", "completed")


async def test_action_failure_handling(world: Bench, crm: HandExecutor) -> None:
    """SPEC-WFL-003 R7.1: stop, continue and fallback."""
    await world.start_engine()
    for on_error, fallback, then in (
        (OnError.STOP, None, None),
        (OnError.CONTINUE, None, "b"),
        (OnError.FALLBACK, 2, "c"),
    ):
        seeded = await world.seed(
            [
                Step("add_tag", {"tag_name": "a"}, on_error=on_error, fallback=fallback),
                TAG_B,
                Step("add_tag", {"tag_name": "c"}),
            ]
        )
        (execution,) = await world.start(seeded)
        (task,) = await crm.take(1)
        await crm.answer(failed(task, execution_pb2.ERROR_CLASS_REJECTED, "no such thing"))
        if then is None:
            await world.until(
                "SELECT state FROM workflow_executions WHERE id = CAST(:id AS uuid)",
                "failed",
                id=execution,
            )
            assert await crm.nothing()
            assert await world.rows(
                "SELECT reason FROM workflow_executions WHERE id = CAST(:id AS uuid)", id=execution
            ) == [("no such thing",)]
        else:
            (following,) = await crm.take(1)
            assert following.config.add_tag.tag_name == then


async def test_a_retry_goes_through_the_scheduler_as_a_new_attempt(
    world: Bench, crm: HandExecutor, scheduler: HandScheduler
) -> None:
    await world.start_engine(sweep_every=timedelta(hours=1))
    seeded = await world.seed([TAG_A])
    await world.start(seeded)
    (task,) = await crm.take(1)
    for number in (1, 2, 3):
        assert task.attempt_number == number
        await crm.answer(failed(task, execution_pb2.ERROR_CLASS_NETWORK_TIMEOUT, "timed out"))
        delayed = await scheduler.take()
        assert delayed.task.attempt_id != task.attempt_id
        assert delayed.task.action_execution_id == task.action_execution_id
        assert await world.rows(
            "SELECT status, retry_count, scheduled_at IS NOT NULL FROM workflow_action_executions"
        ) == [("scheduled", number, True)]
        stale = task
        await crm.answer(tagged(stale), due(delayed))
        (task,) = await crm.take(1)
        assert task.attempt_id == delayed.task.attempt_id
        assert task.config == stale.config
    await crm.answer(failed(task, execution_pb2.ERROR_CLASS_NETWORK_TIMEOUT, "timed out"))
    await world.until("SELECT status FROM workflow_action_executions", "failed")
    attempts = await world.rows(
        "SELECT number, error_class, error_message FROM workflow_action_attempts ORDER BY number"
    )
    assert attempts == [(n, "network_timeout", "timed out") for n in (1, 2, 3, 4)]
    assert await world.rows("SELECT count(*) FROM contact_tags") == [(0,)]


async def test_postponed_work_that_becomes_due_in_a_pause_is_held(
    world: Bench, crm: HandExecutor, scheduler: HandScheduler
) -> None:
    await world.start_engine()
    seeded = await world.seed([Step("add_tag", {"tag_name": "{{ contact.first_name }}"})])
    await world.start(seeded)
    (task,) = await crm.take(1)
    put_off = result_for(task)
    put_off.deferred.not_before.FromDatetime(datetime.now(UTC) + timedelta(hours=8))
    put_off.deferred.reason = "quiet hours until 09:00"
    await crm.answer(put_off)
    delayed = await scheduler.take()
    assert await world.rows(
        "SELECT a.status, a.reason, a.attempt_number, e.state FROM workflow_action_executions a,"
        " workflow_executions e"
    ) == [("scheduled", "quiet hours until 09:00", 1, "waiting")]
    await world.execute("UPDATE workflows SET status = 'paused'")
    await world.execute("UPDATE contacts SET first_name = 'Grace'")
    await crm.answer(due(delayed), due(delayed))
    await world.until("SELECT state FROM workflow_executions", "paused")
    assert await crm.nothing()
    await world.execute("UPDATE workflows SET status = 'active'")
    (again,) = await crm.take(1)
    # With the data of now, not of when it was put off.
    assert orjson.loads(again.context_json)["contact"]["first_name"] == "Grace"
    assert again.attempt_number == 1
    await crm.answer(due(delayed))
    assert await crm.nothing()


async def test_an_unknown_outcome_stays_visible_until_a_sure_word_comes(
    world: Bench, crm: HandExecutor
) -> None:
    await world.start_engine()
    seeded = await world.seed([TAG_A])
    await world.start(seeded)
    (task,) = await crm.take(1)
    await crm.answer(failed(task, execution_pb2.ERROR_CLASS_UNKNOWN_OUTCOME, "no answer"))
    await world.until("SELECT outcome FROM workflow_action_executions", "unknown")
    assert await world.rows("SELECT status FROM workflow_action_executions") == [("running",)]
    assert await crm.nothing()
    await crm.answer(tagged(task))
    await world.until("SELECT state FROM workflow_executions", "completed")
    assert await world.rows("SELECT outcome FROM workflow_action_executions") == [(None,)]


async def test_a_wait_is_recorded_and_its_end_moves_on(world: Bench, crm: HandExecutor) -> None:
    await world.start_engine()
    timing = HandExecutor(world, "timing")
    await timing.start()
    seeded = await world.seed([Step("wait_time", {"duration": 2, "unit": "days"}), TAG_A])
    await world.start(seeded)
    (wait,) = await timing.take(1)
    assert wait.HasField("ready_at")
    resume_at = datetime(2030, 1, 1, tzinfo=UTC)
    parked = result_for(wait)
    parked.waiting.resume_at.FromDatetime(resume_at)
    parked.waiting.reason = "2 days"
    await timing.answer(parked)
    await world.until("SELECT state FROM workflow_executions", "waiting")
    row = await world.rows("SELECT status, scheduled_at, reason FROM workflow_action_executions")
    assert row == [("waiting", resume_at, "2 days")]
    due = result_for(wait)
    due.completed.output_json = b"{}"
    # Parked and due in one batch, as after a long outage: the later word counts.
    await timing.answer(parked, due)
    (task,) = await crm.take(1)
    assert task.config.add_tag.tag_name == "a"
    await timing.stop()


async def tag_id(world: Bench, name: str) -> str:
    ((found,),) = await world.rows("SELECT id::text FROM tags WHERE name = :name", name=name)
    return str(found)


async def test_templates_get_exactly_what_they_read(world: Bench, crm: HandExecutor) -> None:
    await world.start_engine()
    seeded = await world.seed(
        [
            TAG_A,
            Step("add_tag", {"tag_name": "{{ steps.first.tag_name }}-{{ contact.first_name }}"}),
            Step("add_tag", {"tag_name": "{{ event.source }}"}),
            TAG_B,
        ]
    )
    await world.start(seeded, event={"source": "form"})
    contexts: list[dict[str, object]] = []
    for _ in range(4):
        (task,) = await crm.take(1)
        contexts.append(orjson.loads(task.context_json) if task.context_json else {})
        await crm.answer(tagged(task, "x"))
    assert contexts[0] == {}
    assert set(contexts[1]) == {"steps", "contact"}
    steps = contexts[1]["steps"]
    assert isinstance(steps, dict)
    # What the executor said, and what the change of the records added to it.
    assert steps["first"] == {"tag_name": "x", "tag_id": await tag_id(world, "x"), "added": True}
    assert steps[seeded.action_ids[0]] == steps["first"]
    assert contexts[2] == {"event": {"source": "form"}}
    assert contexts[3] == {}


async def test_a_start_that_was_never_rung_is_swept(world: Bench, crm: HandExecutor) -> None:
    seeded = await world.seed([TAG_A], contacts=5)
    await world.start(seeded, ring=False)
    await world.execute("UPDATE workflow_action_executions SET lease_until = now()")
    await world.start_engine()
    tasks = await crm.take(5)
    await crm.answer(*(tagged(task) for task in tasks))
    await world.until("SELECT count(*) FROM workflow_executions WHERE state = 'completed'", 5)
    assert await crm.nothing()


async def test_a_paused_workflow_holds_due_work_until_it_resumes(
    world: Bench, crm: HandExecutor
) -> None:
    await world.start_engine()
    seeded = await world.seed([TAG_A, TAG_B])
    await world.start(seeded)
    (task,) = await crm.take(1)
    await world.execute("UPDATE workflows SET status = 'paused'")
    await crm.answer(tagged(task))
    await world.until("SELECT state FROM workflow_executions", "paused")
    assert await crm.nothing()
    await world.execute("UPDATE workflows SET status = 'active'")
    (following,) = await crm.take(1)
    assert following.config.add_tag.tag_name == "b"


async def test_a_disabled_step_is_logged_as_skipped(world: Bench, crm: HandExecutor) -> None:
    await world.start_engine()
    seeded = await world.seed(
        [TAG_A, Step("add_tag", {"tag_name": "off"}, is_enabled=False), TAG_B]
    )
    await world.start(seeded)
    for expected in ("a", "b"):
        (task,) = await crm.take(1)
        assert task.config.add_tag.tag_name == expected
        await crm.answer(tagged(task))
    await world.until("SELECT state FROM workflow_executions", "completed")
    skipped = await world.rows(
        "SELECT reason FROM workflow_action_executions WHERE status = 'skipped'"
    )
    assert skipped == [("the action is disabled",)]
