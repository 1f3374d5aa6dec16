"""Turns names into addresses, off the event loop and in threads of its own.

A name server that does not answer blocks a thread for many seconds; so it must not be one that
something else waits for.
"""

import asyncio
import socket
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from threading import Thread
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
    """The operating system's resolver, for a few lookups at a time.

    The threads are daemons: a name server that does not answer must not keep a process from ending.
    """

    def __init__(self, at_a_time: int = 16) -> None:
        self._slots = asyncio.Semaphore(at_a_time)

    async def resolve(self, host: str) -> tuple[Address, ...]:
        """All addresses that `getaddrinfo` gives, in its order."""
        async with self._slots:
            answer: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()
            arguments = (host, answer, asyncio.get_running_loop())
            Thread(target=_look_up, args=arguments, name="egress-dns", daemon=True).start()
            found = await answer
        addresses = tuple(dict.fromkeys(parse_address(text) for text in found))
        known = tuple(address for address in addresses if address is not None)
        if not known or len(known) != len(addresses):
            raise OSError("the resolver gave no usable address")
        return known

    def close(self) -> None:
        """Nothing to let go of: lookups under way end by themselves."""


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
            task.add_done_callback(partial(self._forget, host))
        try:
            # One caller's deadline must not take the answer from the others.
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if task.cancelled() and caller is not None and not caller.cancelling():
                raise OSError("the resolver was closed") from None
            raise

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

    def _forget(self, host: str, task: asyncio.Task[tuple[Address, ...]]) -> None:
        self._pending.pop(host, None)
        if not task.cancelled():
            task.exception()  # whoever still waits has it; nobody need wait


def _look_up(host: str, answer: asyncio.Future[list[str]], loop: asyncio.AbstractEventLoop) -> None:
    try:
        infos = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        settle = partial(_settle, answer, [str(info[4][0]) for info in infos])
    except (OSError, UnicodeError) as error:
        settle = partial(_settle, answer, OSError(str(error)))
    with suppress(RuntimeError):  # the loop has ended meanwhile, and nobody waits
        loop.call_soon_threadsafe(settle)


def _settle(answer: asyncio.Future[list[str]], outcome: list[str] | OSError) -> None:
    if answer.done():
        return
    if isinstance(outcome, OSError):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)
