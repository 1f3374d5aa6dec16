"""What befalls messages on their way: copies out of order, and hands that take and give back."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from random import Random
from typing import Final

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from tests.chaos.faults.world import World
from tests.chaos.schedule import Fault

_MARK: Final = "chaos-copy"
_LATEST: Final = 3.0
_SUBJECTS: Final = {
    "TREADLE_ACTIONS": "treadle.actions.>",
    "TREADLE_RESULTS": "treadle.results",
    "TREADLE_DELAY": "treadle.scheduler.>",
}
_AT_ONCE: Final = 20
_WITHIN: Final = 0.5
_LONGEST_NAK: Final = 3.0

Work = Callable[[Client, threading.Event, Random], Awaitable[None]]


@contextmanager
def copied(world: World, fault: Fault) -> Generator[None]:
    """Everything said on a stream is said again, up to three seconds later and in any order."""

    async def work(nc: Client, over: threading.Event, rng: Random) -> None:
        late: set[asyncio.Task[None]] = set()

        async def again(message: Msg) -> None:
            await asyncio.sleep(rng.uniform(0, _LATEST))
            # Without the id by which the server would know it again.
            with suppress(NatsError):
                await nc.publish(message.subject, message.data, headers={_MARK: "1"})

        async def hear(message: Msg) -> None:
            if message.headers and _MARK in message.headers:
                return
            for _ in range(round(fault.strength)):
                task = asyncio.create_task(again(message))
                late.add(task)
                task.add_done_callback(late.discard)

        await nc.subscribe(_SUBJECTS[fault.target], cb=hear)
        await asyncio.to_thread(over.wait)

    with _beside(world, fault, work):
        yield


@contextmanager
def snatched(world: World, fault: Fault) -> Generator[None]:
    """Somebody takes part in a stream's work and gives a share of it back, each when it pleases.

    What is given back comes again after others that were behind it.
    """

    async def work(nc: Client, over: threading.Event, rng: Random) -> None:
        js = nc.jetstream()
        consumers = await js.consumers_info(fault.target)
        while not over.is_set():
            consumer = rng.choice(consumers)
            source = await js.pull_subscribe_bind(consumer.name, fault.target)
            with suppress(TimeoutError):
                for message in await source.fetch(_AT_ONCE, timeout=_WITHIN):
                    await message.nak(delay=rng.uniform(0, _LONGEST_NAK * fault.strength))
            await source.unsubscribe()

    with _beside(world, fault, work):
        yield


@contextmanager
def _beside(world: World, fault: Fault, work: Work) -> Generator[None]:
    """Does `work` in a thread with a connection of its own, as often as NATS goes away from it."""
    over = threading.Event()
    rng = Random(fault.number)

    async def attempt() -> None:
        nc = await nats.connect(
            world.stack.nats.url, max_reconnect_attempts=0, connect_timeout=1, error_cb=_nothing
        )
        try:
            await work(nc, over, rng)
        finally:
            await nc.close()

    def keep_at_it() -> None:
        while not over.is_set():
            with suppress(NatsError, OSError, TimeoutError):
                asyncio.run(attempt())
            over.wait(0.2)

    thread = threading.Thread(target=keep_at_it, name=str(fault))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


async def _nothing(error: Exception) -> None:
    """The client would write of it to standard error."""
