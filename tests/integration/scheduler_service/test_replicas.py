"""Two schedulers and an engine: what runs notice when one dies with timers in hand."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.engine import Bench, HandExecutor, Step, bench, tagged
from tests.support.scheduler import run_replica

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


@asynccontextmanager
async def nobody_may_delete(engine: AsyncEngine) -> AsyncGenerator[None]:
    """Timers can be claimed meanwhile, but a batch that was published stays in hand."""
    async with engine.begin() as connection:
        await connection.execute(text("LOCK TABLE timers IN SHARE MODE"))
        yield


async def test_a_scheduler_that_dies_with_a_batch_in_hand_costs_nothing(
    world: Bench, crm: HandExecutor, engine: AsyncEngine, service_env: dict[str, str]
) -> None:
    seeded = await world.seed(
        [
            Step("wait_time", {"duration": 3, "unit": "seconds"}),
            Step("add_tag", {"tag_name": "went on"}),
        ],
        contacts=COUNT,
    )
    await world.start_engine()
    settings = {"fire_batch": str(BATCH)}
    async with run_replica(service_env, **settings) as one, run_replica(service_env, **settings):
        await world.start(seeded)
        await world.until(WAITING, COUNT)
        async with nobody_may_delete(engine):
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
        " AND completed_at < created_at + interval '3 seconds'"
    )
    assert await world.rows(early) == [(0,)]
