"""Work that goes on beside the engine's own, piece after piece while there is any."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from action_service.engine.model import StoreUnavailableError

_log = structlog.get_logger(__name__)


class Background:
    """Looks every `interval` for work, and does it one piece at a time."""

    def __init__(
        self, next_piece: Callable[[], Awaitable[bool]], *, name: str, interval: timedelta
    ) -> None:
        """`next_piece` does one and tells whether there was one; `name` is for the log."""
        self._next_piece = next_piece
        self._name = name
        self._interval = interval.total_seconds()

    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop` is set; the piece that has begun is finished."""
        while not stop.is_set():
            try:
                if await self._next_piece():
                    continue
            except StoreUnavailableError as error:
                _log.warning("background_work_failed", work=self._name, error=str(error))
            except Exception:  # noqa: BLE001 - the work must outlive whatever one piece met
                _log.exception("background_work_crashed", work=self._name)
            try:
                await asyncio.wait_for(stop.wait(), self._interval)
            except TimeoutError:
                continue
