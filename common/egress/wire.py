"""The bytes of one connection, with just enough buffering.

Streams of the standard library would do but for one thing: between two requests nothing may come
in, and they cannot tell. A server that sends too much would have its surplus taken for the answer
to the next caller's request.
"""

import asyncio
from typing import cast

BUFFER_LIMIT = 256 * 1024


class Wire(asyncio.Protocol):
    """One connection's incoming bytes and its transport."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._ended = False
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._paused = False

    @property
    def quiet(self) -> bool:
        """Whether the connection is open with nothing having come in unread."""
        return not self._ended and not self._buffer

    def write(self, data: bytes) -> None:
        """Send; what the network does not take at once waits in memory."""
        if self._transport is not None:
            self._transport.write(data)

    async def read(self) -> bytes:
        """The next bytes, empty at the end. Raises OSError when the connection broke."""
        while not self._buffer and not self._ended:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        if self._buffer:
            data = bytes(self._buffer)
            self._buffer.clear()
            self._resume()
            return data
        if self._error is not None:
            raise ConnectionResetError("the connection broke") from self._error
        return b""

    def close(self) -> None:
        """Close at once; nothing unsent is worth waiting for."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Buffer, and hold the sender back when it is too fast."""
        self._buffer += data
        if len(self._buffer) > BUFFER_LIMIT and self._transport is not None and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        """The other side is done; so are we."""
        self._ended = True
        self._wake()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        self._ended = True
        self._error = exc
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _resume(self) -> None:
        if self._paused and self._transport is not None and not self._ended:
            self._paused = False
            self._transport.resume_reading()
