"""Asks NATS how many tasks of each category wait to be taken up."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from action_service.engine.turns import Turns
from common.nats import ACTIONS, NATS_TROUBLE

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def watching_queues(
    nc: Client,
    js: JetStreamContext,
    turns: Turns,
    *,
    every: timedelta = timedelta(milliseconds=50),
) -> AsyncGenerator[None]:
    """Keeps `turns` informed during the block; asks nothing while nothing can be queued."""
    if not turns.is_limited:
        yield
        return
    task = asyncio.create_task(_watch(nc, js, turns, every.total_seconds()))
    try:
        yield
    finally:
        task.cancel()


async def _watch(nc: Client, js: JetStreamContext, turns: Turns, pause: float) -> None:
    while True:
        await asyncio.sleep(pause)
        if not nc.is_connected:
            turns.lose()
        elif turns.wants_to_know:
            turns.ask()
            try:
                turns.learn(await _queued(js))
            except NATS_TROUBLE:
                turns.lose()
            except Exception:  # noqa: BLE001 - without it nobody would ever be rung for again
                _log.exception("queues_not_read")
                turns.lose()


async def _queued(js: JetStreamContext) -> Counter[str]:
    """Tasks in the stream by category, those included that executors have in hand."""
    queued: Counter[str] = Counter()
    try:
        info = await js.stream_info(ACTIONS.name, subjects_filter=ACTIONS.subjects[0])
    except NotFoundError:
        # Whoever pulls creates it anew, and it will be empty.
        return queued
    for subject, count in (info.state.subjects or {}).items():
        queued[subject.split(".")[2]] += count
    return queued
