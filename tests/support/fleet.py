"""An executor in the test's own process."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry

from executor_service.bootstrap import serve_until
from executor_service.fleet import FINISH_S
from executor_service.settings import ExecutorSettings


@asynccontextmanager
async def running_executor(
    settings: ExecutorSettings, categories: Sequence[str], *, finish_s: float = FINISH_S
) -> AsyncGenerator[asyncio.Event]:
    """Serves during the block; gives the event that stops it earlier."""
    stop, ready = asyncio.Event(), asyncio.Event()
    job = asyncio.create_task(
        serve_until(
            stop,
            settings,
            categories,
            registry=CollectorRegistry(),
            on_ready=lambda _: ready.set(),
            finish_s=finish_s,
        )
    )
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait({job, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    try:
        yield stop
    finally:
        stop.set()
        await job
