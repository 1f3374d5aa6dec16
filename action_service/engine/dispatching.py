"""Rings for attempts that wait for their turn, as room appears: the accounts' one by one."""

import asyncio
from typing import Final

import structlog

from action_service.engine.codec import TaskEncoder
from action_service.engine.model import StoreUnavailableError
from action_service.engine.ports import EngineStore, Ringer
from action_service.engine.ringing import tasks_for
from action_service.engine.turns import Turns
from common.catalogue import catalogue

_log = structlog.get_logger(__name__)

_BATCH: Final = 500
# How soon an engine sees what others have left waiting, and how soon room that has appeared.
_IDLE_S: Final = 0.25
_BUSY_S: Final = 0.02


class Dispatcher:
    """Any number may run: what one has locked the others pass over."""

    def __init__(
        self, store: EngineStore, ringer: Ringer, encoder: TaskEncoder, turns: Turns
    ) -> None:
        self._store = store
        self._ringer = ringer
        self._encoder = encoder
        self._turns = turns

    async def run(self, stop: asyncio.Event) -> None:
        """Rings until `stop` is set."""
        while not stop.is_set():
            pause = _IDLE_S
            try:
                if await self._ring():
                    pause = _BUSY_S
            except StoreUnavailableError as error:
                _log.warning("dispatch_failed", error=str(error))
            except Exception:  # noqa: BLE001 - it must outlive whatever it meets
                _log.exception("dispatch_crashed")
            try:
                await asyncio.wait_for(stop.wait(), pause)
            except TimeoutError:
                continue

    async def _ring(self) -> bool:
        """Rings for as many of each category as there is room for; whether any wait."""
        async with self._store.transaction() as tx:
            waiting = await tx.waiting_types()
        known = catalogue().types
        by_category: dict[str, list[str]] = {}
        for each in waiting:
            # A type that this release does not know waits for an engine that does.
            if each in known:
                by_category.setdefault(known[each].category, []).append(each)
        for category, types in by_category.items():
            while room := self._turns.take_turns(category, _BATCH):
                if await self._ring_for(types, room) < room:
                    break
        return bool(waiting)

    async def _ring_for(self, types: list[str], limit: int) -> int:
        async with self._store.transaction() as tx:
            standings = await tx.claim_turns(types, limit)
            tasks = await tasks_for(tx, self._store, self._encoder, standings)
        await self._ringer.ring(tasks)
        return len(standings)
