"""Rings for work over JetStream."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from typing import Final, NamedTuple

import structlog
from nats.aio.client import Client
from nats.js import JetStreamContext

from action_service.domain.progress import LEASE
from action_service.engine.model import StoreUnavailableError, Task
from common.nats import NATS_TROUBLE, Outgoing, publish_all, publish_one

_log = structlog.get_logger(__name__)

_AGAIN_S: Final = 0.25
_AT_ONCE: Final = 500
# Of tasks that are kept; what is beyond is left to the sweeper at once.
_MOST_BYTES: Final = 16 * 1024 * 1024
# By then the sweeper has rung.
_KEPT_S: Final = LEASE.total_seconds()


class _Missed(NamedTuple):
    """A task that may not have been heard, and until when to ring for it, by the loop's clock."""

    task: Task
    until: float


class NatsRinger:
    """`Ringer` on NATS. What fails is rung for again, then left to the sweeper: the row is truth.

    A task that the stream has taken after all is dropped there, by its id.
    """

    def __init__(self, nc: Client, js: JetStreamContext) -> None:
        """Use `ringing`: without it nothing is rung for again."""
        self._nc = nc
        self._js = js
        self._missed: deque[_Missed] = deque()
        self._missed_bytes = 0
        self._has_missed = asyncio.Event()
        self._stopped = False

    async def ring(self, tasks: Sequence[Task]) -> None:
        """See Ringer."""
        try:
            await self._publish(tasks)
        except NATS_TROUBLE as error:
            _log.warning("ring_failed", count=len(tasks), error=type(error).__name__)
            self._keep(tasks)

    async def hand_over(self, task: Task) -> None:
        """See Ringer."""
        try:
            await publish_one(self._js, Outgoing(*task))
        except NATS_TROUBLE as error:
            raise StoreUnavailableError(type(error).__name__) from error

    async def run(self) -> None:
        """Rings again for what has failed, as soon as the stream is there, until `stop`."""
        while not self._stopped:
            await self._has_missed.wait()
            await asyncio.sleep(_AGAIN_S)
            self._forget_late()
            if self._missed and self._nc.is_connected:
                await self._ring_again()
            if not self._missed:
                self._has_missed.clear()

    def stop(self) -> None:
        """Has `run` end once it is cancelled or its waiting is over."""
        self._stopped = True

    async def _ring_again(self) -> None:
        batch = [missed.task for missed in islice(self._missed, _AT_ONCE)]
        try:
            await self._publish(batch)
        except NATS_TROUBLE:
            return
        _log.info("rung_after_failure", count=len(batch))
        for _ in batch:
            self._drop()

    async def _publish(self, tasks: Sequence[Task]) -> None:
        await publish_all(self._nc, self._js, [Outgoing(*task) for task in tasks])

    def _keep(self, tasks: Sequence[Task]) -> None:
        until = asyncio.get_running_loop().time() + _KEPT_S
        for task in tasks:
            if self._missed_bytes + len(task.payload) > _MOST_BYTES:
                break
            self._missed.append(_Missed(task, until))
            self._missed_bytes += len(task.payload)
        self._has_missed.set()

    def _forget_late(self) -> None:
        now = asyncio.get_running_loop().time()
        while self._missed and self._missed[0].until < now:
            self._drop()

    def _drop(self) -> None:
        self._missed_bytes -= len(self._missed.popleft().task.payload)


@asynccontextmanager
async def ringing(nc: Client, js: JetStreamContext) -> AsyncGenerator[NatsRinger]:
    """A ringer that rings again, during the block, for what has failed."""
    ringer = NatsRinger(nc, js)
    running = asyncio.create_task(ringer.run())
    try:
        yield ringer
    finally:
        # Told twice: a wait for an answer that comes at that instant swallows a cancellation.
        ringer.stop()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
