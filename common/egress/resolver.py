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
from dataclasses import dataclass
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
    """The operating system's resolver, for so many lookups at a time.

    A lookup cannot be broken off, so it keeps its slot until it ends. There are more slots than the
    calls of one user fill whose name server does not answer. The threads are daemons: such a server
    must not keep a process from ending.
    """

    def __init__(self, at_a_time: int = 128) -> None:
        self._slots = asyncio.Semaphore(at_a_time)

    async def resolve(self, host: str) -> tuple[Address, ...]:
        """All addresses that `getaddrinfo` gives, in its order."""
        await self._slots.acquire()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[str]] = loop.create_future()
        arguments = (host, loop, partial(self._settle, answer))
        try:
            Thread(target=_look_up, args=arguments, name="egress-dns", daemon=True).start()
        except RuntimeError as error:
            self._slots.release()
            raise OSError("there is no thread for another lookup") from error
        found = await answer
        addresses = tuple(dict.fromkeys(parse_address(text) for text in found))
        known = tuple(address for address in addresses if address is not None)
        if not known or len(known) != len(addresses):
            raise OSError("the resolver gave no usable address")
        return known

    def close(self) -> None:
        """Nothing to let go of: lookups under way end by themselves."""

    def _settle(self, answer: asyncio.Future[list[str]], outcome: list[str] | OSError) -> None:
        self._slots.release()
        if answer.done():
            return  # nobody waits any more
        if isinstance(outcome, OSError):
            answer.set_exception(outcome)
        else:
            answer.set_result(outcome)


@dataclass(slots=True)
class _Lookup:
    """One under way, and how many wait for it."""

    task: asyncio.Task[tuple[Address, ...]]
    waiting: int = 0


class CachingResolver:
    """Remembers answers for a short time and asks once for many who ask the same together.

    A remembered answer is judged again at each use, so remembering weakens nothing. A question that
    nobody waits for any more is withdrawn: it would wait in front of those of others.
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
        self._pending: dict[str, _Lookup] = {}

    async def resolve(self, host: str) -> tuple[Address, ...]:
        """The remembered addresses, else the resolver's."""
        known = self._known.get(host)
        if known is not None and self._monotonic() < known[0]:
            return known[1]
        lookup = self._pending.get(host) or self._begin(host)
        lookup.waiting += 1
        try:
            # One caller's deadline must not take the answer from the others.
            return await asyncio.shield(lookup.task)
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if lookup.task.cancelled() and caller is not None and not caller.cancelling():
                raise OSError("the resolver was closed") from None
            raise
        finally:
            lookup.waiting -= 1
            if not lookup.waiting:
                self._end(host, lookup)

    def close(self) -> None:
        """Forget everything and close the resolver."""
        for lookup in self._pending.values():
            lookup.task.cancel()
        self._known.clear()
        self._resolver.close()

    async def _ask(self, host: str) -> tuple[Address, ...]:
        addresses = await self._resolver.resolve(host)
        self._known[host] = (self._monotonic() + self._keep, addresses)
        self._known.move_to_end(host)
        if len(self._known) > MAX_CACHED_NAMES:
            self._known.popitem(last=False)
        return addresses

    def _begin(self, host: str) -> _Lookup:
        lookup = self._pending[host] = _Lookup(asyncio.create_task(self._ask(host)))
        return lookup

    def _end(self, host: str, lookup: _Lookup) -> None:
        lookup.task.cancel()
        if self._pending.get(host) is lookup:
            del self._pending[host]


def _look_up(
    host: str,
    loop: asyncio.AbstractEventLoop,
    settle: Callable[[list[str] | OSError], None],
) -> None:
    outcome: list[str] | OSError
    try:
        infos = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        outcome = [str(info[4][0]) for info in infos]
    except (OSError, UnicodeError) as error:
        outcome = OSError(str(error))
    with suppress(RuntimeError):  # the loop has ended meanwhile, and nobody waits
        loop.call_soon_threadsafe(settle, outcome)
