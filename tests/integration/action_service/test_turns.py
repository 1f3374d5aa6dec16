"""Accounts take turns: a flood of one stands in nobody's way, on real Postgres and NATS."""

from collections import Counter
from collections.abc import AsyncGenerator

import pytest

from action_service.adapters.queue_watch import watching_queues
from action_service.engine.turns import Turns
from tests.support.engine import Bench, HandExecutor, HandScheduler, Step, bench, result_for, tagged
from treadle.execution.v1 import execution_pb2

WINDOW = 20
FLOOD = 300
WAITING = "SELECT count(*) FROM workflow_action_executions WHERE lease_until = 'infinity'"
HELD = """
    SELECT count(*) FROM workflow_action_executions x
    JOIN workflow_executions e ON e.id = x.workflow_execution_id
    WHERE e.state = 'paused' AND x.lease_until IS NULL
    """
TAG = Step("add_tag", {"tag_name": "a"})
TAG_AGAIN = Step("add_tag", {"tag_name": "b"})


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
async def turns(world: Bench, crm: HandExecutor) -> AsyncGenerator[Turns]:
    """What the engine and the caller of a test know of the queues."""
    turns = Turns(effects=WINDOW, calls=WINDOW)
    async with watching_queues(world.nc, world.js, turns):
        yield turns


async def serve(crm: HandExecutor, count: int) -> list[str]:
    """Answers so many tasks as they come; the accounts they belong to, in that order."""
    accounts: list[str] = []
    while len(accounts) < count:
        (task,) = await crm.take(1)
        accounts.append(task.account_id)
        await crm.answer(tagged(task))
    return accounts


async def queued(world: Bench) -> int:
    """How many tasks are in the stream."""
    return (await world.js.stream_info("TREADLE_ACTIONS")).state.messages


async def test_a_flood_waits_in_the_database(world: Bench, turns: Turns) -> None:
    flood = await world.seed([TAG], contacts=FLOOD)
    await world.start(flood, turns=turns)
    await world.until(WAITING, FLOOD - WINDOW)
    assert await queued(world) == WINDOW


async def test_the_few_of_another_account_come_soon(
    world: Bench, crm: HandExecutor, turns: Turns
) -> None:
    flood = await world.seed([TAG, TAG_AGAIN], contacts=FLOOD)
    few = await world.seed([TAG, TAG_AGAIN], contacts=3)
    await world.start(flood, turns=turns)
    await world.start(few, turns=turns)
    await world.start_engine(turns=turns)
    served: list[str] = []
    while served.count(few.account_id) < 6:
        served += await serve(crm, 10)
    # Of 606 tasks, a few windows' worth; in the order of their coming it would be nearly all.
    assert len(served) <= 8 * WINDOW
    served += await serve(crm, 2 * (FLOOD + 3) - len(served))
    await world.until("SELECT count(*) FROM workflow_executions WHERE state = 'completed'", 303)
    assert Counter(served) == {flood.account_id: 2 * FLOOD, few.account_id: 6}
    assert await world.rows(WAITING) == [(0,)]


async def test_accounts_are_served_one_by_one(
    world: Bench, crm: HandExecutor, turns: Turns
) -> None:
    floods = [await world.seed([TAG], contacts=100) for _ in range(4)]
    for flood in floods:
        await world.start(flood, turns=turns)
    await world.start_engine(turns=turns)
    # The first account had the window for itself; what came later takes turns.
    served = await serve(crm, 200)
    shares = Counter(served[2 * WINDOW :])
    assert set(shares) == {flood.account_id for flood in floods}
    assert max(shares.values()) - min(shares.values()) <= WINDOW
    await serve(crm, 200)
    await world.until("SELECT count(*) FROM workflow_executions WHERE state = 'completed'", 400)


async def test_what_waits_outlives_its_engine(
    world: Bench, crm: HandExecutor, turns: Turns
) -> None:
    flood = await world.seed([TAG], contacts=FLOOD)
    await world.start(flood, turns=turns)
    engine = await world.start_engine(turns=turns)
    await serve(crm, 50)
    await engine.stop()
    world.engines.clear()
    # Another that knows nothing of windows.
    await world.start_engine()
    await serve(crm, FLOOD - 50)
    await world.until("SELECT count(*) FROM workflow_executions WHERE state = 'completed'", FLOOD)


async def test_a_paused_workflow_stands_in_nobodys_way(
    world: Bench, crm: HandExecutor, turns: Turns
) -> None:
    paused = await world.seed([TAG], contacts=FLOOD)
    await world.start(paused, turns=turns)
    await world.execute(
        "UPDATE workflows SET status = 'paused' WHERE id = CAST(:id AS uuid)",
        id=paused.workflow_id,
    )
    other = await world.seed([TAG], contacts=2 * WINDOW, account_id=paused.account_id)
    await world.start(other, turns=turns)
    await world.start_engine(turns=turns)
    served = 0
    taken = 0
    while served < 2 * WINDOW:
        (task,) = await crm.take(1)
        await crm.answer(tagged(task))
        taken += 1
        served += task.workflow_id == other.workflow_id
    # What was in the stream before the pause, and the others.
    assert taken == 3 * WINDOW
    await world.until(WAITING, 0)


async def test_what_a_pause_has_held_takes_its_turn_at_once_when_it_is_over(
    world: Bench, crm: HandExecutor, turns: Turns
) -> None:
    flood = await world.seed([TAG], contacts=FLOOD)
    await world.start(flood, turns=turns)
    await world.execute("UPDATE workflows SET status = 'paused'")
    engine = await world.start_engine(turns=turns)
    await serve(crm, WINDOW)
    await world.until(HELD, FLOOD - WINDOW)
    await engine.stop()
    world.engines.clear()
    await world.execute("UPDATE workflows SET status = 'active'")
    await world.start_engine(turns=turns)
    await world.until(HELD, 0)
    assert await queued(world) < FLOOD / 3
    await serve(crm, FLOOD - WINDOW)
    await world.until("SELECT count(*) FROM workflow_executions WHERE state = 'completed'", FLOOD)


async def test_a_run_that_somebody_has_paused_loses_its_turn_and_nothing_else(
    world: Bench, crm: HandExecutor, turns: Turns
) -> None:
    flood = await world.seed([TAG], contacts=WINDOW + 1)
    await world.start(flood, turns=turns)
    await world.until(WAITING, 1)
    await world.execute(
        "UPDATE workflow_executions SET state = 'paused', paused_at = now(), paused_by = 'user:ada'"
    )
    await world.start_engine(turns=turns)
    await world.until(WAITING, 0)
    # Nobody has it in hand, as a lease would say; and nobody lets it go but who resumes it.
    assert await world.rows(
        "SELECT e.state, e.paused_by, x.status, x.lease_until"
        " FROM workflow_action_executions x"
        " JOIN workflow_executions e ON e.id = x.workflow_execution_id"
        " WHERE x.lease_until IS NULL"
    ) == [("paused", "user:ada", "pending", None)]


async def test_a_cancelled_execution_waits_for_no_turn(world: Bench, turns: Turns) -> None:
    flood = await world.seed([TAG], contacts=WINDOW + 1)
    await world.start(flood, turns=turns)
    await world.until(WAITING, 1)
    # As CancelExecution does.
    await world.execute(
        "UPDATE workflow_action_executions SET status = 'cancelled', lease_until = NULL"
        " WHERE lease_until = 'infinity'"
    )
    await world.start_engine(turns=turns)
    assert await world.rows(WAITING) == [(0,)]


async def test_a_retry_that_is_due_takes_its_turn(
    world: Bench, crm: HandExecutor, turns: Turns
) -> None:
    scheduler = HandScheduler(world)
    await scheduler.start()
    seeded = await world.seed([TAG])
    await world.start(seeded, turns=turns)
    await world.start_engine(turns=turns)
    (task,) = await crm.take(1)
    refused = result_for(task)
    refused.failed.error_class = execution_pb2.ERROR_CLASS_NETWORK_TIMEOUT
    await crm.answer(refused)
    delayed = await scheduler.take()
    flood = await world.seed([TAG], contacts=FLOOD)
    await world.start(flood, turns=turns)
    due = result_for(delayed.task)
    due.due.SetInParent()
    await crm.answer(due)
    served = await serve(crm, FLOOD + 1)
    assert served.count(seeded.account_id) == 1
    assert served.index(seeded.account_id) <= 4 * WINDOW
    await scheduler.stop()
