"""Turns names into addresses, off the event loop and in threads of its own.

A name server that does not answer blocks a thread for many seconds. With threads of its own, it
cannot starve whatever else uses the event loop's default executor.
"""

import asyncio
import socket
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Protocol

from common.egress.addresses import Address, parse_address

MAX_CACHED_NAMES = 4_096


class Resolver(Protocol):
    """Looks names up."""

    async def resolve(self, host: str) -> tuple[Address, ...]:
        """All addresses of the name, best first. Raises OSError when there are none."""
        ...

    def close(self) -> None:
        """Let go of what it holds."""
        ...


class SystemResolver:
    """The operating system's resolver."""

    def __init__(self, threads: int = 16) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="egress-dns")

    async def resolve(self, host: str) -> tuple[Address, ...]:
        """All addresses that `getaddrinfo` gives, in its order."""
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, _lookup, host)
        addresses = tuple(dict.fromkeys(parse_address(text) for text in found))
        known = tuple(address for address in addresses if address is not None)
        if not known or len(known) != len(addresses):
            raise OSError("the resolver gave no usable address")
        return known

    def close(self) -> None:
        """Take no more lookups; those under way end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class CachingResolver:
    """Remembers answers for a short time and asks once for many who ask the same together.

    A remembered answer is judged again at each use, so remembering weakens nothing.
    """

    def __init__(
        self,
        resolver: Resolver,
        keep: timedelta,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._resolver = resolver
        self._keep = keep.total_seconds()
        self._monotonic = monotonic
        self._known: OrderedDict[str, tuple[float, tuple[Address, ...]]] = OrderedDict()
        self._pending: dict[str, asyncio.Task[tuple[Address, ...]]] = {}

    async def resolve(self, host: str) -> tuple[Address, ...]:
        """The remembered addresses, else the resolver's."""
        known = self._known.get(host)
        if known is not None and self._monotonic() < known[0]:
            return known[1]
        task = self._pending.get(host)
        if task is None:
            task = asyncio.create_task(self._ask(host))
            self._pending[host] = task
            task.add_done_callback(lambda done: self._settle(host, done))
        # One caller's deadline must not take the answer from the others.
        return await asyncio.shield(task)

    def close(self) -> None:
        """Forget everything and close the resolver."""
        for task in self._pending.values():
            task.cancel()
        self._known.clear()
        self._resolver.close()

    async def _ask(self, host: str) -> tuple[Address, ...]:
        addresses = await self._resolver.resolve(host)
        self._known[host] = (self._monotonic() + self._keep, addresses)
        self._known.move_to_end(host)
        if len(self._known) > MAX_CACHED_NAMES:
            self._known.popitem(last=False)
        return addresses

    def _settle(self, host: str, task: asyncio.Task[tuple[Address, ...]]) -> None:
        self._pending.pop(host, None)
        if not task.cancelled():
            task.exception()  # whoever still waits has it; nobody need wait


def _lookup(host: str) -> list[str]:
    infos = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(info[4][0]) for info in infos]
