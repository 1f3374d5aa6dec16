"""What was rung for and not heard is rung for again long before its lease has run out."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncGenerator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from nats.errors import Error as NatsError

from action_service.adapters.losses import PostgresLosses
from action_service.adapters.ringer import NatsRinger, ringing
from action_service.engine.model import Task
from common.ids import new_id, new_id_text
from common.nats import ACTIONS, ensure_streams, made_at
from devstack.nats import NatsServer
from tests.support.engine import Bench, HandExecutor, Step, bench

TAG = Step("add_tag", {"tag_name": "a"})
# As what has been queued for long: by then it is rung for ever more rarely.
LONG = "UPDATE workflow_action_executions SET lease_until = now() + INTERVAL '1 hour', rings = 5"
DUE = "SELECT count(*) FROM {} WHERE {} <= now() AND rings = 0"


@pytest.fixture
async def world(database_url: str, nats_url: str) -> AsyncGenerator[Bench]:
    async with bench(database_url, nats_url) as surroundings:
        await ensure_streams(surroundings.js)
        yield surroundings


@pytest.fixture
async def ringer(world: Bench) -> AsyncGenerator[NatsRinger]:
    async with ringing(world.nc, world.js) as ringer:
        yield ringer


def tasks(count: int, size: int = 10) -> list[Task]:
    return [
        Task("treadle.actions.crm.add_tag", bytes(size), new_id_text(), {}) for _ in range(count)
    ]


async def queued(world: Bench) -> int:
    """How many tasks are in the stream, once it can be asked."""
    while True:
        # The connection may be found lost only now.
        with suppress(NatsError):
            return (await world.js.stream_info(ACTIONS.name)).state.messages
        await asyncio.sleep(0.02)


async def until_queued(world: Bench, count: int) -> None:
    async with asyncio.timeout(30):
        while await queued(world) < count:  # noqa: ASYNC110 - a stream sets no event
            await asyncio.sleep(0.02)


async def until_made_anew(world: Bench, before: datetime | None) -> None:
    async with asyncio.timeout(30):
        while await made_at(world.nc, world.js, ACTIONS) in {None, before}:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)


async def test_what_no_stream_has_taken_is_rung_for_once_there_is_one(
    world: Bench, ringer: NatsRinger
) -> None:
    await world.js.delete_stream(ACTIONS.name)
    await ringer.ring(tasks(3))
    await ringer.ring(tasks(2))
    await ensure_streams(world.js)
    await until_queued(world, 5)


@pytest.mark.parametrize("heard", [True, False], ids=["heard", "unheard"])
async def test_what_a_broken_connection_had_on_it_is_in_the_stream_once(
    world: Bench, ringer: NatsRinger, nats_server: NatsServer, heard: bool
) -> None:
    given = tasks(3)
    if heard:
        # As if only the server's answer had been lost.
        await ringer.ring(given)
    os.kill(nats_server.pid, signal.SIGSTOP)
    ring = asyncio.create_task(ringer.ring(given))
    # The tasks are on the wire once the client has nothing left to send.
    await asyncio.sleep(0)
    while world.nc.pending_data_size:  # noqa: ASYNC110 - as above
        await asyncio.sleep(0)
    nats_server.kill()
    await ring
    nats_server.start()
    await until_queued(world, 3)
    await ringer.ring(tasks(1))
    await until_queued(world, 4)
    assert await queued(world) == 4


async def test_of_what_cannot_be_rung_for_memory_holds_so_much(
    world: Bench, ringer: NatsRinger
) -> None:
    await world.js.delete_stream(ACTIONS.name)
    await ringer.ring(tasks(20, 1_000_000))
    await ensure_streams(world.js)
    await until_queued(world, 16)
    await ringer.ring(tasks(1))
    await until_queued(world, 17)
    assert await queued(world) == 17


async def test_what_a_lost_stream_held_is_rung_for_again_unless_it_may_have_begun(
    world: Bench, nats_server: NatsServer
) -> None:
    seeded = await world.seed([TAG], contacts=4)
    await world.start(seeded)
    claimed, put_off, *lost = seeded.contact_ids
    await world.execute(LONG)
    await world.execute(
        "UPDATE workflow_action_executions SET status = 'running' WHERE contact_id = :id",
        id=claimed,
    )
    await world.execute(
        "UPDATE workflow_action_executions SET status = 'scheduled',"
        " scheduled_at = now() + INTERVAL '1 hour' WHERE contact_id = :id",
        id=put_off,
    )
    for _ in range(2):
        await world.start_engine()
    assert await queued(world) == 4
    before = await made_at(world.nc, world.js, ACTIONS)
    nats_server.kill()
    shutil.rmtree(nats_server.log.parent / "store")
    nats_server.start()
    await until_made_anew(world, before)
    executor = HandExecutor(world)
    await executor.start()
    taken = await executor.take(2)
    assert {task.contact_id for task in taken} == set(lost)
    assert await executor.nothing()
    await executor.stop()


async def test_deliveries_events_and_instants_are_due_again_too(world: Bench) -> None:
    seeded = await world.seed([TAG], contacts=3)
    await world.start(seeded)
    fired, to_come, _ = seeded.contact_ids
    for contact, offset in ((fired, -1), (to_come, 20)):
        await world.execute(
            "UPDATE workflow_action_executions SET status = 'waiting',"
            " scheduled_at = now() + :offset, lease_until = now() + :offset + INTERVAL '30 s'"
            " WHERE contact_id = :id",
            id=contact,
            offset=timedelta(seconds=offset),
        )
    # Of deliveries: rung for, being sent, between two attempts, and rung for in the second.
    for claimed, attempts, rings in (
        (False, 0, 0),
        (True, 0, 0),
        (False, 1, 0),
        (False, 1, 3),
    ):
        await world.execute(
            "INSERT INTO deliveries (id, account_id, action_execution_id, channel, recipient,"
            " attempt_id, claimed, attempts, rings, lease_until) VALUES (:id, :account, :id,"
            " 'sms', '+15550100', :id, :claimed, :attempts, :rings, now() + INTERVAL '1 hour')",
            id=new_id(),
            account=seeded.account_id,
            claimed=claimed,
            attempts=attempts,
            rings=rings,
        )
    await world.execute(
        "INSERT INTO event_outbox (id, account_id, event_type, payload, rings)"
        " VALUES (:id, :account, 'tag_added', '', 4)",
        id=new_id(),
        account=seeded.account_id,
    )
    losses = PostgresLosses(world.pool)
    assert await losses.make_due(datetime.now(UTC) - timedelta(hours=1)) == 0
    assert await losses.make_due(datetime.now(UTC)) == 5
    for table, column, count in (
        ("workflow_action_executions", "lease_until", 2),
        ("deliveries", "lease_until", 2),
        ("event_outbox", "ring_at", 1),
    ):
        assert await world.rows(DUE.format(table, column)) == [(count,)]
