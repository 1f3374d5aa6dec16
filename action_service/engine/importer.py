"""Imports of contacts go on in the background: batch after batch while there are any."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from action_service.engine.model import StoreUnavailableError

_log = structlog.get_logger(__name__)


class Importer:
    """Looks every `interval` for imports, and does them one batch at a time."""

    def __init__(self, next_batch: Callable[[], Awaitable[bool]], *, interval: timedelta) -> None:
        """`next_batch` does one and tells whether there was one."""
        self._next_batch = next_batch
        self._interval = interval.total_seconds()

    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop` is set; the batch that has begun is finished."""
        while not stop.is_set():
            try:
                if await self._next_batch():
                    continue
            except StoreUnavailableError as error:
                _log.warning("import_batch_failed", error=str(error))
            except Exception:  # noqa: BLE001 - imports must outlive whatever one of them met
                _log.exception("importer_crashed")
            try:
                await asyncio.wait_for(stop.wait(), self._interval)
            except TimeoutError:
                continue
