"""Answers of other services, remembered for a while.

A campaign asks the same for thousands of contacts; asking again each time would double the calls.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from common.clock import Clock

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """Values by key: each is asked for once by many, and kept for `keep`; at most `limit` are."""

    def __init__(
        self,
        ask: Callable[[K], Coroutine[Any, Any, V]],
        clock: Clock,
        *,
        keep: timedelta,
        limit: int,
    ) -> None:
        self._ask = ask
        self._clock = clock
        self._keep = keep
        self._limit = limit
        self._known: OrderedDict[K, tuple[V, datetime]] = OrderedDict()
        self._asked: dict[K, asyncio.Task[V]] = {}

    async def get(self, key: K) -> V:
        """The value; raises what asking for it raises, which is not remembered."""
        known = self._known.get(key)
        if known is not None and self._clock.now() < known[1]:
            self._known.move_to_end(key)
            return known[0]
        task = self._asked.get(key)
        if task is None:
            task = asyncio.create_task(self._learn(key))
            self._asked[key] = task
            task.add_done_callback(lambda done: self._answered(key, done))
        # One step that is cut off must not take the answer from the others.
        return await asyncio.shield(task)

    def forget(self, key: K) -> None:
        """Has the value asked for anew when it is next wanted."""
        self._known.pop(key, None)

    async def _learn(self, key: K) -> V:
        value = await self._ask(key)
        self._known[key] = (value, self._clock.now() + self._keep)
        self._known.move_to_end(key)
        if len(self._known) > self._limit:
            self._known.popitem(last=False)
        return value

    def _answered(self, key: K, task: asyncio.Task[V]) -> None:
        self._asked.pop(key, None)
        if not task.cancelled():
            task.exception()  # whoever waits has it; nobody need wait
