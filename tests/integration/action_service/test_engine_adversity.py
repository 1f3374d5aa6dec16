"""The engine against answers that contradict each other, poison, and claims of runs that died."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from action_service.adapters.ringer import NatsRinger
from action_service.bootstrap import engine_stores
from action_service.domain.retry import RetryTiming
from action_service.engine.codec import TaskEncoder
from action_service.engine.deliveries import DeliveryProcessor
from action_service.engine.forgetting import Forgetting
from action_service.engine.losses import Losses
from action_service.engine.sweeper import Sweeper
from common.nats import RESULTS
from tests.support.engine import (
    Bench,
    HandExecutor,
    HandScheduler,
    Step,
    bench,
    result_for,
    tagged,
)
from treadle.catalog.v1.update_contact_pb2 import UpdateMode
from treadle.dispatch.v1.result_pb2 import ActionResult
from treadle.dispatch.v1.task_pb2 import ActionTask
from treadle.execution.v1 import execution_pb2

TAG = Step("add_tag", {"tag_name": "a"}, name="first")
NEXT = Step("add_tag", {"tag_name": "b"})


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


def unknown(task: ActionTask) -> ActionResult:
    result = result_for(task)
    result.failed.error_class = execution_pb2.ERROR_CLASS_UNKNOWN_OUTCOME
    result.failed.message = "claimed before"
    return result


def unavailable(task: ActionTask) -> ActionResult:
    result = result_for(task)
    result.failed.error_class = execution_pb2.ERROR_CLASS_SERVICE_UNAVAILABLE
    result.failed.message = "503"
    return result


def put_off(task: ActionTask) -> ActionResult:
    result = result_for(task)
    result.deferred.not_before.FromDatetime(datetime.now(UTC) + timedelta(hours=8))
    result.deferred.reason = "quiet hours"
    return result


@pytest.mark.parametrize("unknown_first", [True, False])
async def test_of_two_answers_in_a_batch_the_sure_one_counts(
    world: Bench, crm: HandExecutor, unknown_first: bool
) -> None:
    await world.start_engine()
    await world.start(await world.seed([TAG]))
    (task,) = await crm.take(1)
    answers = [unknown(task), tagged(task)]
    await crm.answer(*(answers if unknown_first else reversed(answers)))
    await world.until("SELECT state FROM workflow_executions", "completed")
    assert await world.rows("SELECT outcome FROM workflow_action_executions") == [(None,)]


async def test_a_stale_answer_in_the_batch_does_not_hide_the_current_one(
    world: Bench, crm: HandExecutor
) -> None:
    await world.start_engine()
    await world.start(await world.seed([TAG, NEXT]))
    (first,) = await crm.take(1)
    await crm.answer(tagged(first))
    (second,) = await crm.take(1)
    await crm.answer(tagged(second), tagged(first))
    await world.until("SELECT state FROM workflow_executions", "completed")


def late_answers(task: ActionTask) -> list[ActionResult]:
    """One of each kind, from somebody who says to hold the claim."""
    results = [tagged(task, "late"), unknown(task), unavailable(task), put_off(task)]
    later = datetime.now(UTC) + timedelta(hours=8)
    for kind in ("skipped", "waiting", "accepted", "due"):
        result = result_for(task)
        getattr(result, kind).SetInParent()
        results.append(result)
    results[5].waiting.resume_at.FromDatetime(later)
    results[6].accepted.provider_reference = "CA1"
    results[6].accepted.look_again_at.FromDatetime(later)
    for result in results:
        result.claimant = True
    return results


@pytest.mark.parametrize("meanwhile", ["went on", "was cancelled", "was tried again"])
async def test_whoever_wakes_up_late_changes_nothing(
    world: Bench, crm: HandExecutor, meanwhile: str
) -> None:
    await world.start_engine()
    (run,) = await world.start(await world.seed([TAG, NEXT]))
    (task,) = await crm.take(1)
    if meanwhile == "went on":
        await crm.answer(tagged(task))
        await crm.take(1)
    elif meanwhile == "was cancelled":
        async with engine_stores(world.pool).executions.transaction() as tx:
            await tx.cancel({run: "enough"})
    else:
        await crm.answer(unavailable(task))
        await world.until("SELECT status FROM workflow_action_executions", "scheduled")

    async def all_there_is() -> dict[str, object]:
        # A lease says when somebody looks again, and nothing of what has happened.
        what = "(to_jsonb(t) - 'lease_until' - 'rings')::text"
        return {
            table: await world.rows(f"SELECT {what} FROM {table} t ORDER BY 1")
            for table in (
                "workflow_executions",
                "workflow_action_executions",
                "workflow_action_attempts",
                "contact_tags",
                "unknown_sends",
                "messages",
            )
        }

    before = await all_there_is()
    await crm.answer(*late_answers(task))
    for late in late_answers(task):
        await crm.answer(late)
    async with asyncio.timeout(30):
        while (await world.js.stream_info(RESULTS.name)).state.messages:  # noqa: ASYNC110 - a stream sets no event
            await asyncio.sleep(0.02)
    assert await all_there_is() == before


@pytest.mark.parametrize("answer", [unavailable, put_off])
async def test_a_claimed_attempt_is_never_tried_again_on_a_strangers_word(
    world: Bench, crm: HandExecutor, answer: type[ActionResult]
) -> None:
    """Another run holds the claim and may have sent: only its word, or a person's, goes on."""
    await world.start_engine()
    await world.start(await world.seed([TAG]))
    scheduler = HandScheduler(world)
    await scheduler.start()
    (task,) = await crm.take(1)
    await world.execute(
        "INSERT INTO send_claims (attempt_id, account_id, action_execution_id)"
        " SELECT attempt_id, account_id, id FROM workflow_action_executions"
    )
    await crm.answer(answer(task))  # pyright: ignore[reportArgumentType] - a function by shape
    await world.until("SELECT outcome FROM workflow_action_executions", "unknown")
    assert await crm.nothing()
    # The claimant itself knows that nothing was sent.
    own = unavailable(task)
    own.claimant = True
    await crm.answer(own)
    delayed = await scheduler.take()
    assert delayed.task.attempt_id != task.attempt_id
    await scheduler.stop()


@pytest.mark.parametrize("answer", [unavailable, put_off, unknown])
async def test_of_two_answers_in_a_batch_the_claimants_counts(
    world: Bench, crm: HandExecutor, answer: Callable[[ActionTask], ActionResult]
) -> None:
    """Whoever comes too late for the claim may answer before whoever has it."""
    await world.start_engine()
    await world.start(await world.seed([TAG]))
    (task,) = await crm.take(1)
    await world.execute(
        "INSERT INTO send_claims (attempt_id, account_id, action_execution_id)"
        " SELECT attempt_id, account_id, id FROM workflow_action_executions"
    )
    own = tagged(task)
    own.claimant = True
    await crm.answer(answer(task), own)
    await world.until("SELECT state FROM workflow_executions", "completed")
    assert await world.rows("SELECT count(*) FROM unknown_sends") == [(0,)]


async def test_a_number_that_would_fill_the_memory_fails_its_own_step_only(
    world: Bench, crm: HandExecutor
) -> None:
    await world.start_engine()
    seeded = await world.seed([TAG], contacts=6)
    await world.execute(
        "UPDATE contacts SET custom_fields = jsonb_build_object('n', '1e999990')"
        " WHERE id = CAST(:id AS uuid)",
        id=seeded.contact_ids[2],
    )
    await world.start(seeded)
    results: list[ActionResult] = []
    for task in await crm.take(6):
        result = tagged(task)
        if task.contact_id == seeded.contact_ids[2]:
            update = result.completed.effects.add().update_contact
            update.contact_id = task.contact_id
            update.mode = UpdateMode.UPDATE_MODE_INCREMENT
            update.changes.add(field="custom_fields.n").value.number_value = 1
        results.append(result)
    await crm.answer(*results)
    await world.until("SELECT count(*) FROM workflow_executions WHERE ended_at IS NOT NULL", 6)
    assert await world.states() == {"completed": 5, "failed": 1}


async def test_no_step_ends_before_it_began_whatever_its_executors_clock_says(
    world: Bench, crm: HandExecutor
) -> None:
    await world.start_engine()
    await world.start(await world.seed([TAG], contacts=2))
    results = [tagged(task) for task in await crm.take(2)]
    # As a claim does.
    await world.execute("UPDATE workflow_action_executions SET started_at = now()")
    results[1].failed.error_class = execution_pb2.ERROR_CLASS_REJECTED
    for result in results:
        result.finished_at.FromDatetime(datetime.now(UTC) - timedelta(minutes=1))
    await crm.answer(*results)
    await world.until("SELECT count(*) FROM workflow_executions WHERE ended_at IS NOT NULL", 2)
    assert await world.rows(
        "SELECT status, completed_at >= started_at FROM workflow_action_executions ORDER BY status"
    ) == [("completed", True), ("failed", True)]


async def test_a_fault_of_ours_stops_one_result_only(world: Bench, crm: HandExecutor) -> None:
    await world.start_engine()
    seeded = await world.seed([TAG], contacts=5)
    await world.start(seeded)
    results = [tagged(task) for task in await crm.take(5)]
    update = results[3].completed.effects.add().update_contact
    update.contact_id = seeded.contact_ids[0]
    # No release of ours sends such a mode: looking it up is a plain KeyError.
    update.MergeFromString(b"\x10\x4d")
    await crm.answer(*results)
    await world.until("SELECT count(*) FROM workflow_executions WHERE ended_at IS NOT NULL", 5)
    assert await world.states() == {"completed": 4, "failed": 1}
    (row,) = await world.rows(
        "SELECT error_class, error_message FROM workflow_action_executions WHERE status = 'failed'"
    )
    assert row[0] == "internal"
    assert "KeyError" not in str(row[1])


async def test_a_task_too_large_for_the_stream_fails_its_step_in_words(
    world: Bench, crm: HandExecutor
) -> None:
    await world.start_engine()
    seeded = await world.seed(
        [TAG, Step("add_tag", {"tag_name": "{{ steps.first.tag_name }}"})], contacts=3
    )
    await world.start(seeded)
    results = [tagged(task) for task in await crm.take(3)]
    results[1].completed.output_json = b'{"tag_name": "' + b"x" * 999_000 + b'"}'
    for result in results:
        await crm.answer(result)
    await world.until("SELECT count(*) FROM workflow_executions WHERE state = 'failed'", 1)
    assert len(await crm.take(2)) == 2
    (row,) = await world.rows(
        "SELECT error_class, error_message FROM workflow_action_executions WHERE status = 'failed'"
    )
    assert row[0] == "invalid_config"
    assert "KiB" in str(row[1])


async def test_a_wait_rung_again_counts_from_when_it_was_reached(
    world: Bench, crm: HandExecutor
) -> None:
    timing = HandExecutor(world, "timing")
    await timing.start()
    await world.start(await world.seed([Step("wait_time", {"duration": 7, "unit": "days"}), TAG]))
    (first,) = await timing.take(1)
    await world.execute("UPDATE workflow_action_executions SET lease_until = now()")
    # The stream would take it for a copy within its window.
    await world.js.purge_stream("TREADLE_ACTIONS")
    await world.js.delete_stream("TREADLE_ACTIONS")
    await world.start_engine()
    (again,) = await timing.take(1)
    assert again.attempt_id == first.attempt_id
    reached = first.ready_at.ToDatetime(tzinfo=UTC)
    assert abs(again.ready_at.ToDatetime(tzinfo=UTC) - reached) < timedelta(milliseconds=1)
    await timing.stop()


async def test_a_type_of_a_newer_release_is_left_to_it(world: Bench, crm: HandExecutor) -> None:
    seeded = await world.seed([TAG])
    newer = await world.seed([TAG])
    await world.start(seeded, ring=False)
    await world.start(newer, ring=False)
    await world.execute(
        "UPDATE workflow_versions"
        " SET plan = jsonb_set(plan, '{steps,0,action_type}', to_jsonb('teleport'::text))"
        " WHERE id = CAST(:id AS uuid)",
        id=newer.version_id,
    )
    await world.execute("UPDATE workflow_action_executions SET lease_until = now()")
    await world.start_engine()
    (task,) = await crm.take(1)
    assert task.workflow_id == seeded.workflow_id
    await crm.answer(tagged(task))
    await world.until("SELECT count(*) FROM workflow_executions WHERE state = 'completed'", 1)
    assert await world.states() == {"completed": 1, "running": 1}


async def test_the_sweeper_rings_ever_more_rarely(world: Bench, crm: HandExecutor) -> None:
    await world.start(await world.seed([TAG]))
    leases: list[float] = []
    for rings in (1, 2, 3):
        await world.execute("UPDATE workflow_action_executions SET lease_until = now()")
        engine = await world.start_engine(sweep_every=timedelta(hours=1))
        await world.until("SELECT rings FROM workflow_action_executions", rings)
        ((lease,),) = await world.rows(
            "SELECT extract(epoch FROM lease_until - now())::float8 FROM workflow_action_executions"
        )
        leases.append(float(str(lease)))
        await engine.stop()
    assert leases[0] < leases[1] < leases[2]
    assert leases[2] > 100
    (task,) = await crm.take(1)
    assert await crm.nothing()
    assert task.attempt_number == 1


async def test_a_late_wait_that_was_rung_for_keeps_the_lease_of_the_ring(
    world: Bench, crm: HandExecutor
) -> None:
    timing = HandExecutor(world, "timing")
    await timing.start()
    await world.start_engine(sweep_every=timedelta(hours=1))
    steps = [Step("wait_time", {"duration": 7, "unit": "days"}), TAG]
    await world.start(await world.seed(steps, contacts=2))
    late, other = await timing.take(2)
    parked = [result_for(task) for task in (late, other)]
    for result in parked:
        result.waiting.resume_at.FromDatetime(datetime.now(UTC) - timedelta(minutes=1))
        result.waiting.reason = "7 days"
    await timing.answer(*parked)
    await world.until("SELECT count(*) FROM workflow_executions WHERE state = 'waiting'", 2)
    await world.execute(
        "UPDATE workflow_action_executions SET rings = 3, lease_until = now() + interval '4 hours'"
    )
    ended = result_for(other)
    ended.completed.output_json = b"{}"
    await timing.answer(parked[0], ended)
    await crm.take(1)
    assert await world.rows(
        "SELECT rings, lease_until > now() + interval '3 hours' FROM workflow_action_executions"
        " WHERE status = 'waiting'"
    ) == [(3, True)]
    await timing.stop()


async def test_the_sweeper_spends_nothing_on_rings_that_nobody_hears(world: Bench) -> None:
    """After an hour without NATS work goes on at once, and not when a lease of an hour runs out."""
    await world.start(await world.seed([TAG]))
    await world.execute("UPDATE workflow_action_executions SET lease_until = now()")
    for heard in (False, True):
        stop = asyncio.Event()

        async def once(*, heard: bool = heard, stop: asyncio.Event = stop) -> datetime | None:
            stop.set()
            return datetime.now(UTC) if heard else None

        stores, ringer = engine_stores(world.pool), NatsRinger(world.nc, world.js)
        deliveries = DeliveryProcessor(
            stores.deliveries, ringer, timing=RetryTiming(), rng=Random(7)
        )
        sweeper = Sweeper(
            stores.executions,
            ringer,
            TaskEncoder(),
            deliveries,
            Forgetting(stores.spent_timers, ringer),
            Losses(stores.losses),
            interval=timedelta(hours=1),
            heard_since=once,
        )
        await sweeper.run(stop)
        rings = await world.rows("SELECT rings FROM workflow_action_executions")
        assert rings == [(int(heard),)]


async def test_an_execution_that_somebody_holds_stops_nobody_else(
    world: Bench, crm: HandExecutor
) -> None:
    await world.start_engine()
    seeded = await world.seed([TAG], contacts=20)
    executions = await world.start(seeded)
    results = [tagged(task) for task in await crm.take(20)]
    async with world.pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "SELECT FROM treadle.workflow_executions WHERE id = $1::uuid FOR UPDATE", executions[7]
        )
        await crm.answer(*results)
        await world.until("SELECT count(*) FROM workflow_executions WHERE state = 'completed'", 19)
    await world.until("SELECT count(*) FROM workflow_executions WHERE state = 'completed'", 20)
    assert await world.rows("SELECT count(*) FROM workflow_action_attempts") == [(20,)]
