"""What befalls processes, and what they have in hand when it does."""

import asyncio
import os
import signal

from common.nats import connect
from devstack.processes import Service
from devstack.stack import Stack


def freeze(service: Service) -> None:
    """Stop a process in its tracks: what is sent to it from now on it holds without any answer."""
    os.kill(service.pid, signal.SIGSTOP)


def wait_until_in_hand(stack: Stack, stream: str, consumer: str, count: int) -> None:
    """Wait until so many of a stream's messages are with a consumer that has not answered yet."""

    async def watch() -> None:
        nc = await connect(stack.nats.url, name="test")
        try:
            js = nc.jetstream()
            async with asyncio.timeout(30):
                while True:
                    info = await js.consumer_info(stream, consumer)
                    if (info.num_ack_pending or 0) >= count:
                        return
                    await asyncio.sleep(0.02)
        finally:
            await nc.close()

    # With a loop of its own making the runner leaves the thread's current one as it is.
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(watch())
