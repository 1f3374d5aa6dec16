"""The connection to NATS, and the streams, on a real server."""

import asyncio
from datetime import timedelta

import pytest
from nats.js.api import RetentionPolicy, StreamConfig
from nats.js.errors import APIError, NotFoundError

from common.nats import ACTIONS, EVENTS, connect, ensure_streams
from common.runtime import CannotStartError, StoppedWhileStartingError
from devstack.nats import NatsServer

NOWHERE = "nats://user:hunter2@127.0.0.1:1"


async def test_a_first_connection_that_fails_ends_in_words() -> None:
    with pytest.raises(CannotStartError) as refused:
        await connect(NOWHERE, name="test", within=timedelta(seconds=0.5))
    assert "TREADLE_NATS_URL" in str(refused.value)
    assert "Connect call failed" in str(refused.value)
    assert "hunter2" not in str(refused.value)


async def test_a_url_that_is_none_is_refused_at_once() -> None:
    async with asyncio.timeout(20):
        with pytest.raises(CannotStartError, match="TREADLE_NATS_URL"):
            await connect("nats://127.0.0.1:port", name="test")


async def test_a_first_connection_is_given_up_when_told_to_stop() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(0.3, stop.set)
    async with asyncio.timeout(20):
        with pytest.raises(StoppedWhileStartingError):
            await connect(NOWHERE, name="test", stop=stop)


async def test_a_connection_that_stands_outlives_the_stop(nats_url: str) -> None:
    stop = asyncio.Event()
    client = await connect(nats_url, name="test", stop=stop)
    # Told to stop, a process still has to hand over what it has begun.
    stop.set()
    await asyncio.sleep(0)
    assert client.is_connected
    await client.close()


@pytest.mark.parametrize("turns", range(2, 7))
async def test_a_connection_is_closed_while_it_is_being_lost(
    nats_url: str, nats_server: NatsServer, turns: int
) -> None:
    before = asyncio.all_tasks()
    client = await connect(nats_url, name="test")
    nats_server.kill()
    for _ in range(turns):
        await asyncio.sleep(0)
    await client.close()
    async with asyncio.timeout(30):
        while asyncio.all_tasks() - before:  # noqa: ASYNC110 - ends of tasks set no event
            await asyncio.sleep(0.01)


async def test_streams_are_made_and_brought_up_to_date_by_many_at_once(nats_url: str) -> None:
    client = await connect(nats_url, name="test")
    js = client.jetstream()
    await asyncio.gather(*(ensure_streams(js) for _ in range(5)))
    made = (await js.stream_info(EVENTS.name)).config
    # As an earlier release may have left it, with a limit that the operators have set.
    await js.update_stream(made.evolve(max_age=60, duplicate_window=30, max_bytes=1_000_000_000))
    await js.publish("treadle.events.x", b"kept")
    await asyncio.gather(*(ensure_streams(js) for _ in range(5)))
    info = await js.stream_info(EVENTS.name)
    assert (info.config.max_age, info.config.duplicate_window) == (made.max_age, 120)
    assert info.config.max_bytes == 1_000_000_000
    assert info.state.messages == 1
    await client.close()


async def test_a_change_that_the_server_refuses_keeps_nobody_from_starting(nats_url: str) -> None:
    client = await connect(nats_url, name="test")
    js = client.jetstream()
    old = StreamConfig(
        name=ACTIONS.name, subjects=list(ACTIONS.subjects), retention=RetentionPolicy.LIMITS
    )
    await js.add_stream(old)
    await ensure_streams(js)
    # One server cannot hold three copies: nothing changes for the streams that are there.
    await ensure_streams(js, replicas=3)
    assert (await js.stream_info(EVENTS.name)).config.num_replicas == 1
    await client.close()


async def test_more_copies_than_servers_are_refused_when_a_stream_is_made(nats_url: str) -> None:
    client = await connect(nats_url, name="test")
    js = client.jetstream()
    with pytest.raises(APIError, match="replicas"):
        await ensure_streams(js, replicas=3)
    with pytest.raises(NotFoundError):
        await js.stream_info(ACTIONS.name)
    await client.close()
