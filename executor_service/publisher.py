"""Results on their way to the engine: many in a message, and tasks acked only after it is stored.

While one message is on its way the next results gather, so the batches grow with the load by
themselves and a lone result does not wait for company.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Final, NamedTuple, Protocol

from nats.js import JetStreamContext

from common.ids import new_id
from common.nats import NATS_TROUBLE, RESULTS_SUBJECT, Delivery, Outgoing, publish_one
from common.telemetry import get_logger
from executor_service.domain.outcome import ErrorClass, Failed
from executor_service.wire import set_failed
from treadle.dispatch.v1.result_pb2 import ActionResult, ActionResultBatch

MAX_RESULTS: Final = 256
# Well under the server's limit for a message (1 MiB unless configured otherwise).
MAX_BYTES: Final = 512 * 1024
# Beyond this many unpublished results no further work is taken on.
HIGH_WATER: Final = 2048
# After so many the engines are looked at: whether they keep up.
LOOK_AFTER: Final = 512

_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 2.0

_log = get_logger(__name__)


class Finished(NamedTuple):
    """A result and the deliveries to ack once it is stored; `settled` is called after that."""

    deliveries: Sequence[Delivery]
    result: ActionResult
    settled: Callable[[], None] | None = None


class BatchPublisher(Protocol):
    """Stores one message of results; raises what NATS raises."""

    async def __call__(self, payload: bytes, message_id: str) -> None:
        """Returns once the message is stored; `message_id` de-duplicates it."""
        ...


class Backlog(Protocol):
    """What engines have not acted upon yet."""

    async def room(self) -> None:
        """Waits while that is too much, a second at most; raises NATS_TROUBLE."""
        ...


def jetstream_publisher(js: JetStreamContext) -> BatchPublisher:
    """Publishes on the results subject and waits for the server's answer."""

    async def publish(payload: bytes, message_id: str) -> None:
        await publish_one(js, Outgoing(RESULTS_SUBJECT, payload, message_id))

    return publish


class ResultPublisher:
    """Takes results in, publishes them in order of arrival, acks their tasks. One per process."""

    def __init__(self, publish: BatchPublisher, backlog: Backlog | None = None) -> None:
        """Without a `backlog` results are published however many wait already."""
        self._publish = publish
        self._backlog = backlog
        self._since_look = 0
        self._queue: deque[Finished] = deque()
        self._arrived = asyncio.Event()
        self._in_flight = 0
        self._progress = asyncio.Event()

    def put_all(self, finished: Iterable[Finished]) -> None:
        """Takes results in; returns at once."""
        self._queue.extend(finished)
        self._arrived.set()

    async def room(self) -> None:
        """Waits while too much is unpublished, or published and not acted upon."""
        while len(self._queue) >= HIGH_WATER:
            await self._next_progress()
        if self._backlog is not None and self._since_look >= LOOK_AFTER:
            self._since_look = 0
            # Who cannot be reached cannot be flooded either.
            with suppress(*NATS_TROUBLE):
                await self._backlog.room()

    async def drained(self) -> None:
        """Waits until everything taken in has been stored and acked."""
        while self._queue or self._in_flight:
            await self._next_progress()

    async def run(self) -> None:
        """Publishes until cancelled."""
        while True:
            while not self._queue:
                self._arrived.clear()
                await self._arrived.wait()
            batch = self._take()
            self._in_flight = len(batch)
            await self._store(batch)
            self._since_look += len(batch)
            for finished in batch:
                for delivery in finished.deliveries:
                    await delivery.ack()
                if finished.settled is not None:
                    finished.settled()
            self._in_flight = 0
            self._progress.set()

    async def _next_progress(self) -> None:
        self._progress.clear()
        await self._progress.wait()

    def _take(self) -> list[Finished]:
        queue = self._queue
        batch: list[Finished] = []
        size = 0
        while queue and len(batch) < MAX_RESULTS:
            result = queue[0].result
            result_size = result.ByteSize()
            if result_size > MAX_BYTES:
                set_failed(result, Failed(ErrorClass.INTERNAL, "the step's output is too large"))
                result_size = result.ByteSize()
            if batch and size + result_size > MAX_BYTES:
                break
            size += result_size
            batch.append(queue.popleft())
        return batch

    async def _store(self, batch: list[Finished]) -> None:
        payload = ActionResultBatch(results=[item.result for item in batch]).SerializeToString()
        message_id = str(new_id())
        pause = _FIRST_PAUSE_S
        while True:
            try:
                await self._publish(payload, message_id)
            except NATS_TROUBLE as error:
                # Held until it works: a claimed send whose result is lost would become unknown.
                _log.warning(
                    "results_not_published", results=len(batch), error=type(error).__name__
                )
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_S)
            else:
                return
