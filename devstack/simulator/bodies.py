"""Answers whose bodies are bad: far too long, cut off, or one byte at a time."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from starlette.responses import StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

HUGE_BYTES: Final = 100 * 1024 * 1024

_CHUNK: Final = b'{"padding": "' + b"x" * (64 * 1024)
_BETWEEN_BYTES_S: Final = 0.02


def huge() -> StreamingResponse:
    """200, and 100 MB that begin as JSON does."""
    return StreamingResponse(_padding(), media_type="application/json")


def trickling(stopping: asyncio.Event) -> StreamingResponse:
    """200, and a body that never ends, a byte at a time."""
    return StreamingResponse(_drops(stopping), media_type="application/json")


class Truncated:
    """200, and the first bytes of a body that was announced as longer."""

    def __init__(self, cut: ASGIApp) -> None:
        """`cut` resets the connection."""
        self._cut = cut

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say that there is more, and hang up."""
        headers = [(b"content-type", b"application/json"), (b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"id": "', "more_body": True})
        await self._cut(scope, receive, send)


async def _padding() -> AsyncIterator[bytes]:
    for _ in range(HUGE_BYTES // len(_CHUNK)):
        yield _CHUNK


async def _drops(stopping: asyncio.Event) -> AsyncIterator[bytes]:
    while not stopping.is_set():
        yield b" "
        await asyncio.sleep(_BETWEEN_BYTES_S)
