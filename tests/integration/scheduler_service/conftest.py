"""What the scheduler's tests share: its database and streams, and the other side of both."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from nats.aio.client import Client
from sqlalchemy.ext.asyncio import AsyncEngine

from common.db import create_engine
from common.nats import RESULTS, ConsumerSpec, PullConsumer, connect, ensure_streams
from scheduler_service.adapters.store import PostgresTimerStore
from tests.support.scheduler import Engine


@pytest.fixture
async def engine(database_url: str) -> AsyncGenerator[AsyncEngine]:
    """The scheduler's database."""
    engine = create_engine(database_url, search_path="scheduler")
    yield engine
    await engine.dispose()


@pytest.fixture
def store(engine: AsyncEngine) -> PostgresTimerStore:
    """The scheduler's timers."""
    return PostgresTimerStore(engine)


@pytest.fixture
async def nc(nats_url: str) -> AsyncGenerator[Client]:
    """A connection to NATS with all streams in place."""
    nc = await connect(nats_url, name="test")
    await ensure_streams(nc.jetstream())  # pyright: ignore[reportUnknownMemberType] - untyped options
    yield nc
    await nc.close()


@pytest.fixture
async def other_side(engine: AsyncEngine, nc: Client) -> AsyncGenerator[Engine]:
    """An engine, in so far as the scheduler knows it."""
    side = Engine(engine, nc)
    js = nc.jetstream()  # pyright: ignore[reportUnknownMemberType] - untyped options
    results = PullConsumer(nc, js, ConsumerSpec(RESULTS, "engine-results", "treadle.results"))
    await results.start()
    listening = asyncio.create_task(side.listen(results))
    yield side
    await results.stop()
    await listening
