"""Events are kept until they have been handled: none is lost, and none is decided about twice."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import pytest

from action_service.adapters.event_outbox import OutboxPublisher, outbox_rows, store_outbox
from action_service.domain.plan import Json
from action_service.engine.effects import ContactEvent
from common.nats import EVENTS, ensure_streams
from tests.support.engine import Bench, Seeded, Step, bench
from tests.support.triggers import ANY_TAG, handled, listen, runs

TAG = Step("add_tag", {"tag_name": "welcomed"})
HOUR = timedelta(hours=1)


@pytest.fixture
async def world(database_url: str, nats_url: str) -> AsyncGenerator[Bench]:
    async with bench(database_url, nats_url) as surroundings:
        yield surroundings


async def tell(world: Bench, seeded: Seeded) -> None:
    """Publishes an event of the only contact as the engine does: stored before, kept after."""
    (contact,) = seeded.contact_ids
    data: dict[str, Json] = {"tag_name": "vip"}
    happened = ContactEvent(seeded.account_id, "tag_added", contact, datetime.now(UTC), data)
    rows = outbox_rows([happened])
    async with world.pool.acquire() as connection:
        await store_outbox(connection, rows)
    publisher, stop = OutboxPublisher(world.pool, world.js), asyncio.Event()
    publisher.offer(rows)
    stop.set()
    await publisher.run(stop, sweep_interval=HOUR)


async def test_events_outlive_the_loss_of_the_stream(world: Bench) -> None:
    """Published, acknowledged and lost before anybody has read them."""
    seeded = await world.seed([TAG])
    await listen(world, seeded, ANY_TAG)
    await ensure_streams(world.js)
    await tell(world, seeded)
    assert (await world.js.stream_info(EVENTS.name)).state.messages == 1
    await world.js.delete_stream(EVENTS.name)

    await world.execute("UPDATE event_outbox SET ring_at = now()")
    await world.start_engine()
    await world.until("SELECT count(*) FROM event_outbox", 0)
    assert await runs(world, seeded) == dict.fromkeys(seeded.contact_ids, 1)


async def test_events_that_no_stream_has_taken_are_not_put_off(world: Bench) -> None:
    seeded = await world.seed([TAG])
    await ensure_streams(world.js)
    await tell(world, seeded)
    await world.js.delete_stream(EVENTS.name)
    await world.execute("UPDATE event_outbox SET ring_at = now()")
    await tell(world, seeded)
    left = "SELECT rings, ring_at <= now() FROM event_outbox ORDER BY created_at LIMIT 1"
    assert await world.rows(left) == [(0, True)]
    await ensure_streams(world.js)
    await tell(world, seeded)
    assert await world.rows(left) == [(1, False)]


async def test_events_that_come_once_more_are_not_decided_about_again(world: Bench) -> None:
    """The contact was under way when it was told of first, and is not any more."""
    seeded = await world.seed([TAG])
    await listen(world, seeded, ANY_TAG)
    engine = await world.start_engine()
    await world.start(seeded)
    await tell(world, seeded)
    await world.until("SELECT count(*) FROM event_outbox", 0)
    await handled(world)
    await engine.stop()
    await world.execute("UPDATE workflow_executions SET state = 'completed', ended_at = now()")
    # Its place in the stream is gone, and it begins anew.
    await world.js.delete_consumer(EVENTS.name, "engine-triggers")
    await world.start_engine()
    await handled(world)
    assert await runs(world, seeded) == dict.fromkeys(seeded.contact_ids, 1)
