"""Two schedulers and an engine: what runs notice when one dies with timers in hand."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.engine import Bench, HandExecutor, Step, bench, tagged
from tests.support.scheduler import BRING_FORWARD, run_replica

COUNT = 600
BATCH = 100
ENDED = "SELECT count(*) FROM workflow_executions WHERE ended_at IS NOT NULL"
WAITING = "SELECT count(*) FROM workflow_executions WHERE state = 'waiting'"


@pytest.fixture
async def world(database_url: str, nats_url: str) -> AsyncGenerator[Bench]:
    """The engine's side."""
    async with bench(database_url, nats_url) as surroundings:
        yield surroundings


@pytest.fixture
async def crm(world: Bench) -> AsyncGenerator[HandExecutor]:
    """Takes what the waits are followed by."""
    executor = HandExecutor(world)
    await executor.start()
    yield executor
    await executor.stop()


# Schedulers that hold a batch and cannot remove it.
IN_HAND = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
    AND wait_event_type = 'Lock' AND query LIKE 'DELETE FROM timers%'
"""


WANTS_TO_LOCK = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
    AND wait_event_type = 'Lock' AND query LIKE 'LOCK TABLE%'
"""


@asynccontextmanager
async def all_due_and_nobody_may_delete(world: Bench, engine: AsyncEngine) -> AsyncGenerator[None]:
    """Timers can be claimed meanwhile, but a batch that was published stays in hand."""

    async def lock() -> None:
        await locking.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        await locking.execute(text("LOCK TABLE timers IN SHARE MODE"))

    async with engine.begin() as locking:
        async with engine.begin() as moving:
            await moving.execute(text(BRING_FORWARD))
            locked = asyncio.create_task(lock())
            # First in the queue for the lock when this change is seen.
            await world.until(WANTS_TO_LOCK, 1)
        await locked
        yield


async def test_a_scheduler_that_dies_with_a_batch_in_hand_costs_nothing(
    world: Bench, crm: HandExecutor, engine: AsyncEngine, service_env: dict[str, str]
) -> None:
    seeded = await world.seed(
        [
            Step("wait_time", {"duration": 1, "unit": "hours"}),
            Step("add_tag", {"tag_name": "went on"}),
        ],
        contacts=COUNT,
    )
    await world.start_engine()
    settings = {"fire_batch": str(BATCH)}
    async with run_replica(service_env, **settings) as one, run_replica(service_env, **settings):
        await world.start(seeded)
        await world.until(WAITING, COUNT)
        began = await world.rows("SELECT clock_timestamp()")
        async with all_due_and_nobody_may_delete(world, engine):
            await world.until(IN_HAND, 2)
            await one.kill()
        tasks = await crm.take(COUNT)
        assert {task.contact_id for task in tasks} == set(seeded.contact_ids)
        await crm.answer(*map(tagged, tasks))
        await world.until(
            "SELECT count(*) FROM workflow_executions WHERE ended_at IS NOT NULL", COUNT
        )
        await world.until("SELECT count(*) FROM scheduler.timers", 0)
        assert await crm.nothing(0.2)
    assert await world.rows(
        "SELECT action_type, status, count(*), max(attempt_number)"
        " FROM workflow_action_executions GROUP BY 1, 2 ORDER BY 1"
    ) == [("add_tag", "completed", COUNT, 1), ("wait_time", "completed", COUNT, 1)]
    assert await world.rows("SELECT count(*) FROM workflow_action_attempts") == [(2 * COUNT,)]
    early = (
        "SELECT count(*) FROM workflow_action_executions WHERE action_type = 'wait_time'"
        " AND completed_at < :began"
    )
    assert await world.rows(early, began=began[0][0]) == [(0,)]
