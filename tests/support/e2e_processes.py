"""What befalls processes, and what they have in hand when it does."""

import asyncio
import os
import signal

import nats

from devstack.processes import Service, ServiceSpec
from devstack.stack import Stack

SOON = {"TREADLE_NATS_ACK_WAIT_SECONDS": "6"}
"""For a stack whose processes are killed: what they had in hand comes again soon."""


FEW_SLOTS = 8
"""How many calls an executor makes at a time in such a stack, where few are to be unknown."""


def freeze(service: Service) -> None:
    """Stop a process in its tracks: what is sent to it from now on it holds without any answer."""
    os.kill(service.pid, signal.SIGSTOP)


def second_engine(stack: Stack) -> Service:
    """One more engine beside the stack's own; not started yet."""
    spec = ServiceSpec(
        "engine-2",
        ["-m", "action_service", "--roles", "engine"],
        stack.shared_env(),
        "TREADLE_ACTION_LISTEN",
    )
    return Service(spec, stack.data.logs)


def in_hand(stack: Stack, stream: str, consumer: str) -> int:
    """How many of a stream's messages have been handed to a consumer and not been answered yet."""

    async def ask() -> int:
        nc = await nats.connect(stack.nats.url)
        try:
            info = await nc.jetstream().consumer_info(stream, consumer)
            return info.num_ack_pending or 0
        finally:
            await nc.close()

    # With a loop of its own making the runner leaves the thread's current one as it is.
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(ask())
