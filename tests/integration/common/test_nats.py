"""The connection to NATS, and the streams, on a real server."""

import asyncio
from datetime import timedelta

import pytest

from common.nats import connect
from common.runtime import CannotStartError, StoppedWhileStartingError

NOWHERE = "nats://user:hunter2@127.0.0.1:1"


async def test_a_first_connection_that_fails_ends_in_words() -> None:
    with pytest.raises(CannotStartError) as refused:
        await connect(NOWHERE, name="test", within=timedelta(seconds=0.5))
    assert "TREADLE_NATS_URL" in str(refused.value)
    assert "Connect call failed" in str(refused.value)
    assert "hunter2" not in str(refused.value)


async def test_a_url_that_is_none_is_refused_at_once() -> None:
    async with asyncio.timeout(5):
        with pytest.raises(CannotStartError, match="TREADLE_NATS_URL"):
            await connect("nats://127.0.0.1:port", name="test")


async def test_a_first_connection_is_given_up_when_told_to_stop() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(0.3, stop.set)
    async with asyncio.timeout(5):
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
