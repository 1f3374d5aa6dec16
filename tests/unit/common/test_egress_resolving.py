"""Lookups of names: those that nobody answers hold nobody else up."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from ipaddress import IPv4Address
from threading import Semaphore

import pytest

from common.egress.resolver import CachingResolver, SystemResolver

ADDRESS = IPv4Address("93.184.215.14")


class NameServers:
    """Answer for good.example, and for other names nothing until they are told to give up."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.give_up = Semaphore(0)
        self._loop = asyncio.get_running_loop()
        self._heard = asyncio.Condition()

    def getaddrinfo(self, host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        """In the place of the system's, in a thread of the resolver."""
        asyncio.run_coroutine_threadsafe(self._hear(host), self._loop).result()
        if host != "good.example":
            self.give_up.acquire()
            raise OSError("no answer")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (str(ADDRESS), 0))]

    async def have_heard(self, number: int) -> None:
        """Returns when so many names have been asked for."""
        async with self._heard:
            await self._heard.wait_for(lambda: len(self.asked) == number)

    async def _hear(self, host: str) -> None:
        async with self._heard:
            self.asked.append(host)
            self._heard.notify_all()


@asynccontextmanager
async def servers(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[NameServers]:
    """They are asked in the block, and all lookups end with it."""
    made = NameServers()
    monkeypatch.setattr(socket, "getaddrinfo", made.getaddrinfo)
    try:
        async with asyncio.timeout(30):
            yield made
    finally:
        made.give_up.release(1000)


def ask(resolver: CachingResolver, host: str) -> asyncio.Task[tuple[object, ...]]:
    """A caller, who waits."""
    return asyncio.create_task(resolver.resolve(host))


async def leave(callers: list[asyncio.Task[tuple[object, ...]]]) -> None:
    """They wait no longer."""
    await asyncio.sleep(0)
    for caller in callers:
        caller.cancel()
    await asyncio.gather(*callers, return_exceptions=True)


async def test_a_name_that_nobody_waits_for_is_not_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with servers(monkeypatch) as names:
        resolver = CachingResolver(SystemResolver(at_a_time=1), timedelta(seconds=10))
        first = ask(resolver, "silent.example")
        await names.have_heard(1)
        await leave([ask(resolver, f"silent-{n}.example") for n in range(100)])
        good = ask(resolver, "good.example")
        names.give_up.release()

        assert await good == (ADDRESS,)
        assert names.asked == ["silent.example", "good.example"]
        with pytest.raises(OSError, match="no answer"):
            await first


async def test_a_lookup_that_goes_on_keeps_its_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    async with servers(monkeypatch) as names:
        resolver = CachingResolver(SystemResolver(at_a_time=2), timedelta(seconds=10))
        left = [ask(resolver, f"silent-{n}.example") for n in range(2)]
        await names.have_heard(2)
        await leave(left)
        good = [ask(resolver, "good.example") for _ in range(3)]
        for _ in range(10):
            await asyncio.sleep(0)
        assert len(names.asked) == 2
        names.give_up.release()

        assert await asyncio.gather(*good) == [(ADDRESS,)] * 3
        assert len(names.asked) == 3


async def test_a_name_that_was_left_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with servers(monkeypatch) as names:
        resolver = CachingResolver(SystemResolver(at_a_time=2), timedelta(seconds=10))
        left = ask(resolver, "silent.example")
        await names.have_heard(1)
        await leave([left])
        again = ask(resolver, "silent.example")
        await names.have_heard(2)
        names.give_up.release(2)

        with pytest.raises(OSError, match="no answer"):
            await again
