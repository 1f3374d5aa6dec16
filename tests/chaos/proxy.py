"""A TCP proxy that can be told to misbehave: it lies on a line between a service and a server.

A partition of TCP loses nothing that is sent again in time, so bytes are held back and not dropped:
what was said before the line heals arrives when it does, unless somebody has hung up by then.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self, TypeVar

from devstack.ports import LOOPBACK

_CHUNK: Final = 64 * 1024
# SO_LINGER with zero seconds makes close() send RST instead of FIN.
_NO_LINGER: Final = struct.pack("ii", 1, 0)

T = TypeVar("T")


@dataclass(slots=True)
class _Way:
    """One direction of a line."""

    open: asyncio.Event = field(default_factory=asyncio.Event)
    delay: float = 0.0
    """Seconds that each piece of up to 64 KiB takes longer."""
    rate: float = 0.0
    """Bytes a second of each connection; 0 for as many as go through."""

    async def carry(self, size: int) -> None:
        """Returns when so many bytes may go on."""
        if self.delay:
            await asyncio.sleep(self.delay)
        if self.rate:
            await asyncio.sleep(size / self.rate)
        await self.open.wait()


class Line:
    """One proxied address. Its methods may be called from any thread, and return when done."""

    def __init__(self, proxy: "Proxy", name: str, target: tuple[str, int]) -> None:
        self.name = name
        self.port = 0
        self._proxy = proxy
        self._target = target
        self._there, self._back = _Way(), _Way()
        self._connections: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    def delay(self, seconds: float) -> None:
        """Slows each piece down, both ways; 0 ends it."""
        self._proxy.call(lambda: self._set("delay", seconds))

    def throttle(self, bytes_a_second: float) -> None:
        """Lets no more through, each way; 0 ends it."""
        self._proxy.call(lambda: self._set("rate", bytes_a_second))

    def block(self, *, there: bool, back: bool) -> None:
        """Holds back what goes to the server, or what comes from it; two times False heals."""

        def change() -> None:
            for way, blocked in ((self._there, there), (self._back, back)):
                way.open.clear() if blocked else way.open.set()

        self._proxy.call(change)

    def reset(self) -> None:
        """Resets every connection, as a router that has lost its memory does."""
        self._proxy.call(self._reset)

    def heal(self) -> None:
        """Makes it an ordinary line again."""
        self.delay(0)
        self.throttle(0)
        self.block(there=False, back=False)

    async def listen(self) -> None:
        """Begins to serve, on a port of its own."""
        self._there.open.set()
        self._back.open.set()
        self._server = await asyncio.start_server(self._serve, LOOPBACK, 0, limit=_CHUNK)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Cuts everything off."""
        if self._server is not None:
            self._server.close()
        self._reset()
        for pump in tuple(self._pumps):
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    def _set(self, name: str, value: float) -> None:
        setattr(self._there, name, value)
        setattr(self._back, name, value)

    def _reset(self) -> None:
        for writer in tuple(self._connections):
            _cut(writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._pumps.add(task)
        self._connections.add(writer)
        try:
            await self._join(reader, writer)
        except OSError:
            # One side is gone; the other is told as it would be without us.
            _cut(writer)
        finally:
            self._connections.discard(writer)
            self._pumps.discard(task)
            writer.close()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Nobody is connected to a server that cannot be reached.
        await self._there.open.wait()
        from_server, to_server = await asyncio.open_connection(*self._target, limit=_CHUNK)
        self._connections.add(to_server)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_pump(reader, to_server, self._there))
                both.create_task(_pump(from_server, writer, self._back))
        except* OSError:
            _cut(writer)
        finally:
            self._connections.discard(to_server)
            _cut(to_server)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: _Way) -> None:
    while data := await reader.read(_CHUNK):
        await way.carry(len(data))
        writer.write(data)
        await writer.drain()
    await way.open.wait()
    with suppress(OSError, RuntimeError):
        writer.write_eof()


def _cut(writer: asyncio.StreamWriter) -> None:
    transport = writer.transport
    if not transport.is_closing():
        connection: socket.socket = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()


class Proxy:
    """Any number of lines in a thread of their own. A context manager."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy")
        self.lines: dict[str, Line] = {}
        """By name."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for line in self.lines.values():
            asyncio.run_coroutine_threadsafe(line.close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def line(self, name: str, port: int) -> Line:
        """A new line to a server on loopback."""
        line = self.lines[name] = Line(self, name, (LOOPBACK, port))
        asyncio.run_coroutine_threadsafe(line.listen(), self._loop).result()
        return line

    def call(self, change: Callable[[], T]) -> T:
        """What `change` returns, called in the thread of the lines."""

        async def run() -> T:
            return change()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result()
