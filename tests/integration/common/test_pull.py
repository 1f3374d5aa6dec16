"""A pull consumer whose server is restarted, hangs, or loses what it had."""

import asyncio
import os
import shutil
import signal
import time
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import ConnectionReconnectingError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from common.nats import (
    ACTIONS,
    Delivery,
    Outgoing,
    PullConsumer,
    action_consumer,
    connect,
    ensure_streams,
    publish_all,
    publish_one,
)
from common.readiness import NotReadyError
from devstack.nats import NatsServer
from tests.support.waiting import until

SPEC = action_consumer("executor-crm", "crm")
SUBJECT = "treadle.actions.crm.add_tag"


class Puller:
    """A consumer that is asked for one message after the other."""

    def __init__(self, nc: Client, js: JetStreamContext, consumer: PullConsumer) -> None:
        self.nc = nc
        self.js = js
        self.consumer = consumer
        self._sent = 0

    async def works(self) -> None:
        """Publishes a message, which must come."""
        self._sent += 1
        payload = str(self._sent).encode()
        await publish_one(self.js, Outgoing(SUBJECT, payload, payload.decode()))
        # What a server that was killed had not stored yet of our answers it asks for again.
        came = b""
        async with asyncio.timeout(60):
            while came != payload:
                (delivery,) = await self.consumer.next_batch(1)
                await delivery.ack()
                came = delivery.data

    async def until_lost(self) -> None:
        await until(lambda: self.consumer.problem != "")
        with pytest.raises(NotReadyError):
            await self.consumer.standing()

    async def until_there(self) -> None:
        """Waits until the server has the consumer."""
        async with asyncio.timeout(30):
            while True:
                with suppress(NotFoundError):
                    await self.js.consumer_info(ACTIONS.name, SPEC.durable)
                    return
                await asyncio.sleep(0.02)

    async def until_found(self) -> None:
        await until(lambda: self.consumer.problem == "")
        await self.consumer.standing()


@pytest.fixture
async def puller(nats_url: str) -> AsyncGenerator[Puller]:
    nc = await connect(nats_url, name="test")
    js = nc.jetstream()
    consumer = PullConsumer(nc, js, SPEC, heartbeat=timedelta(seconds=0.2))
    await consumer.start()
    yield Puller(nc, js, consumer)
    await consumer.stop()
    await nc.close()


@pytest.mark.parametrize("loses", ["nothing", "its store"])
async def test_a_server_is_restarted(puller: Puller, nats_server: NatsServer, loses: str) -> None:
    await puller.works()
    nats_server.kill()
    if loses == "its store":
        shutil.rmtree(nats_server.log.parent / "store")
    await puller.until_lost()
    nats_server.start()
    await puller.until_found()
    await puller.works()


async def test_a_server_hangs_and_goes_on(puller: Puller, nats_server: NatsServer) -> None:
    """The connection stands, and nothing comes: only missing heartbeats tell."""
    os.kill(nats_server.pid, signal.SIGSTOP)
    await puller.until_lost()
    os.kill(nats_server.pid, signal.SIGCONT)
    await puller.until_found()
    await puller.works()


async def test_a_process_that_stood_still_does_not_blame_the_server(puller: Puller) -> None:
    """What came meanwhile would be left in the socket for the ack wait."""
    await puller.works()
    with structlog.testing.capture_logs() as said:
        time.sleep(1.5)  # noqa: ASYNC251 - as on a machine that has no processor for it
        await puller.works()
    assert "pull_rebuilt" not in {line["event"] for line in said}


@pytest.mark.parametrize("deleted", ["stream", "consumer"])
async def test_what_is_deleted_is_made_anew(puller: Puller, deleted: str) -> None:
    if deleted == "stream":
        await puller.js.delete_stream(ACTIONS.name)
    else:
        await puller.js.delete_consumer(ACTIONS.name, SPEC.durable)
    # The loss itself may be over before anybody has looked.
    await puller.until_there()
    await puller.until_found()
    await puller.works()


async def test_what_is_acknowledged_and_still_there_is_taken_away(nats_url: str) -> None:
    nc = await connect(nats_url, name="test")
    js = nc.jetstream()
    await ensure_streams(js)
    # Whoever acknowledges all of something else leaves the first message behind: below what the
    # consumer has got to, where a full disk leaves some.
    other = PullConsumer(nc, js, replace(SPEC, filter_subject="treadle.actions.internal.>"))
    await other.start()
    await publish_one(js, Outgoing(SUBJECT, b"left", "1"))
    await publish_one(js, Outgoing("treadle.actions.internal.webhook_call", b"", "2"))
    (delivery,) = await other.next_batch(1)
    await delivery.ack()
    await other.stop()
    async with asyncio.timeout(30):
        while (await js.stream_info(ACTIONS.name)).state.messages > 1:  # noqa: ASYNC110 - a stream sets no event
            await asyncio.sleep(0.02)
    await publish_one(js, Outgoing(SUBJECT, b"queued", "3"))
    consumer = PullConsumer(nc, js, SPEC)
    await consumer.start()
    assert (await js.stream_info(ACTIONS.name)).state.messages == 1
    (delivery,) = await consumer.next_batch(1)
    assert delivery.data == b"queued"
    await consumer.stop()
    await nc.close()


async def test_what_is_given_back_comes_to_who_starts_next(puller: Puller) -> None:
    """And does not wait for its ack wait, which here is longer than the test."""
    spec = replace(SPEC, ack_wait=timedelta(minutes=10))
    await puller.consumer.stop()
    before = PullConsumer(puller.nc, puller.js, spec)
    await before.start()
    await publish_all(puller.nc, puller.js, [Outgoing(SUBJECT, b"x", str(n)) for n in range(2)])
    taken: list[Delivery] = []
    while len(taken) < 2:
        taken += await before.next_batch(2)
    await before.stop()
    await taken[0].ack()
    await taken[1].nak()
    after = PullConsumer(puller.nc, puller.js, spec)
    await after.start()
    async with asyncio.timeout(60):
        (delivery,) = await after.next_batch(1)
    await delivery.ack()
    await after.stop()


async def test_a_request_ends_with_the_connection_that_its_answer_was_to_come_by(
    puller: Puller, nats_server: NatsServer
) -> None:
    """The client library itself would have it wait for its timeout."""
    os.kill(nats_server.pid, signal.SIGSTOP)
    message = Outgoing(SUBJECT, b"", "lost")
    publishing = asyncio.create_task(publish_one(puller.js, message, answer_within=600))
    # Let it begin to wait.
    await asyncio.sleep(0)
    nats_server.kill()
    with pytest.raises(ConnectionReconnectingError):
        await publishing
    nats_server.start()
    await puller.until_found()
    await puller.works()


async def test_a_stop_is_heard_at_the_very_instant_of_a_lost_answer(
    puller: Puller, nats_server: NatsServer
) -> None:
    """A wait that is cancelled when it ends says how it ended, and nothing of the cancellation."""
    asks = cast("dict[str, asyncio.Future[Msg]]", puller.nc._resp_map)  # pyright: ignore[reportPrivateUsage]
    os.kill(nats_server.pid, signal.SIGSTOP)
    await until(lambda: any(not waiting.done() for waiting in asks.values()))
    for waiting in list(asks.values()):
        waiting.set_exception(ConnectionReconnectingError())
    async with asyncio.timeout(10):
        await puller.consumer.stop()
    os.kill(nats_server.pid, signal.SIGCONT)


async def test_what_waits_here_is_bounded_in_bytes(nats_url: str) -> None:
    most, size, count = 64 * 1024, 4 * 1024, 200
    nc = await connect(nats_url, name="test")
    js = nc.jetstream()
    await ensure_streams(js)
    large = [Outgoing(SUBJECT, b"x" * size, str(number)) for number in range(count)]
    await publish_all(nc, js, large)
    consumer = PullConsumer(nc, js, SPEC, max_bytes=most)
    await consumer.start()
    first = await consumer.next_batch(1)

    async def handed_out() -> int:
        return (await js.consumer_info(ACTIONS.name, SPEC.durable)).num_ack_pending or 0

    # It asks again and again, and no more comes than there is room for.
    for _ in range(4):
        await consumer._look_after()  # pyright: ignore[reportPrivateUsage] - sooner than by itself
        assert await handed_out() <= 3 * most // size
    taken = len(first)
    async with asyncio.timeout(30):
        while taken < count:
            taken += len(await consumer.next_batch(16))
    await consumer.stop()
    await nc.close()
