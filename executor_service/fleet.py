"""Runs a process's workers together, and brings them to an end within a bounded time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from common.telemetry import get_logger
from executor_service.publisher import ResultPublisher
from executor_service.worker import CategoryWorker

# Together under 10 s, after which an operator's tools tend to kill.
FINISH_S: Final = 6.5
PUBLISH_S: Final = 1.5

_log = get_logger(__name__)


async def run_fleet(
    workers: Sequence[CategoryWorker],
    publisher: ResultPublisher,
    stop: asyncio.Event,
    *,
    ready: Callable[[], Awaitable[None]] | None = None,
    finish_s: float = FINISH_S,
) -> None:
    """Works until `stop` is set, then drains: no new tasks, those begun finish, results go out.

    `ready` is awaited once they work. What is not finished after `finish_s` is given back. Raises
    what a worker dies of.
    """
    for worker in workers:
        await worker.start()
    async with asyncio.TaskGroup() as group:
        publishing = group.create_task(publisher.run())
        running = [group.create_task(worker.run()) for worker in workers]
        if ready is not None:
            await ready()
        await stop.wait()
        for worker in workers:
            await worker.stop()
        _, late = await asyncio.wait(running, timeout=finish_s)
        if late:
            for worker in workers:
                await worker.abandon()
        await _publish_rest(publisher)
        for job in (*late, publishing):
            job.cancel()


async def _publish_rest(publisher: ResultPublisher) -> None:
    try:
        async with asyncio.timeout(PUBLISH_S):
            await publisher.drained()
    except TimeoutError:
        _log.warning("results_left_behind")
