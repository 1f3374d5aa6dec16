"""Rings again for work that nobody has answered: the backstop behind every lost message.

A task that is merely queued is not run twice by this: within the stream's de-duplication window the
server drops the second copy. After it the lease has grown, so that a backlog of hours brings a
handful of copies; the attempt's id fences the second answer, and claims or idempotency keys a
second call.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial

import structlog

from action_service.engine.codec import TaskEncoder
from action_service.engine.deliveries import DeliveryProcessor
from action_service.engine.forgetting import Forgetting
from action_service.engine.losses import Losses
from action_service.engine.model import StoreUnavailableError
from action_service.engine.ports import EngineStore, Ringer
from action_service.engine.ringing import tasks_for

_log = structlog.get_logger(__name__)

_BATCH = 500


class Sweeper:
    """Looks every `interval` for lost queues, expired leases, needless holds and spent timers."""

    def __init__(
        self,
        store: EngineStore,
        ringer: Ringer,
        encoder: TaskEncoder,
        deliveries: DeliveryProcessor,
        forgetting: Forgetting,
        losses: Losses,
        *,
        interval: timedelta,
        heard_since: Callable[[], Awaitable[datetime | None]],
    ) -> None:
        """`heard_since` tells when the stream was made that is rung at; None when there is none."""
        self._store = store
        self._ringer = ringer
        self._encoder = encoder
        self._losses = losses
        self._sweeps = (
            self._release,
            self._ring_again,
            deliveries.sweep,
            forgetting.sweep,
        )
        self._interval = interval.total_seconds()
        self._heard_since = heard_since

    async def run(self, stop: asyncio.Event) -> None:
        """Sweeps at once and then at every interval until `stop` is set."""
        while not stop.is_set():
            # Each ring makes the next one later: those that nobody can hear must not count.
            if made_at := await self._heard_since():
                await _guarded(partial(self._losses.sweep, made_at))
                for sweep in self._sweeps:
                    await _guarded(partial(_exhaust, sweep, stop))
            try:
                await asyncio.wait_for(stop.wait(), self._interval)
            except TimeoutError:
                continue

    async def _release(self, limit: int) -> int:
        async with self._store.transaction() as tx:
            return await tx.release_held(limit)

    async def _ring_again(self, limit: int) -> int:
        """Rings for up to so many expired leases; returns how many it found."""
        async with self._store.transaction() as tx:
            standings = await tx.claim_expired(limit)
            tasks = await tasks_for(tx, self._store, self._encoder, standings)
        if tasks:
            _log.info("rung_again", count=len(tasks))
            await self._ringer.ring(tasks)
        return len(standings)


async def _exhaust(sweep: Callable[[int], Awaitable[int]], stop: asyncio.Event) -> None:
    """Sweeps as long as there is a whole batch of work."""
    while await sweep(_BATCH) == _BATCH and not stop.is_set():
        pass


async def _guarded(sweep: Callable[[], Awaitable[None]]) -> None:
    try:
        await sweep()
    except StoreUnavailableError as error:
        _log.warning("sweep_failed", error=str(error))
    except Exception:  # noqa: BLE001 - the backstop must outlive whatever it meets
        _log.exception("sweep_crashed")
