"""Waiting for what happens beside a test, in its own event loop."""

import asyncio
from collections.abc import Callable

_POLL = 0.01


async def until(condition: Callable[[], bool], *, seconds: float = 60) -> None:
    """Raises TimeoutError when it is not so in time."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - any condition, so nothing could set an event
            await asyncio.sleep(_POLL)
