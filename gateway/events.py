"""Server-sent events: an execution's changes, for browsers.

Every event is the whole state as it stands, so a reader that missed some has missed nothing. Ids
count up over reconnections (Last-Event-ID). The last event is `end`; its id tells us that a reader
which reconnects out of habit has seen everything (204, on which an EventSource gives up).
"""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import ExitStack, aclosing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from grpc import aio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from common.errors import ErrorReason, dependency_unavailable, overloaded
from common.grpc.status import from_rpc_error
from gateway.mapping.executions import snapshot
from gateway.problems import RefusedError, from_treadle_error
from treadle.execution.v1.execution_service_pb2 import (
    WatchExecutionRequest,
    WatchExecutionResponse,
)

END_ID: Final = "end"

_RECONNECT: Final = timedelta(seconds=2)
# Passing troubles end the stream without a word: the reader comes back by itself.
_PASSING: Final = frozenset(
    {
        ErrorReason.DEPENDENCY_UNAVAILABLE,
        ErrorReason.DEADLINE_EXCEEDED,
        ErrorReason.OVERLOADED,
        ErrorReason.INTERNAL,
    }
)

Watch = aio.UnaryStreamCall[WatchExecutionRequest, WatchExecutionResponse]


@dataclass(slots=True)
class StreamSettings:
    """How event streams live: comments keep proxies from closing them, `stopping` ends them."""

    heartbeat: timedelta
    stopping: asyncio.Event
    # At once; and how many there are.
    most: int
    number: int = 0

    @contextmanager
    def one_more(self) -> Generator[None]:
        """A block for one stream's life; raises RefusedError when there are enough of them."""
        if self.number >= self.most:
            raise RefusedError(overloaded("too many event streams at once", _RECONNECT))
        self.number += 1
        try:
            yield
        finally:
            self.number -= 1


class EventStream(Response):
    """A response that lasts until its events end or its reader has gone."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[str], place: ExitStack) -> None:
        """`place` is left when it ends."""
        super().__init__(headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._events = events
        self._place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events and listen for the reader's leaving at the same time."""
        with self._place:
            await self._last(receive, send)

    async def _last(self, receive: Receive, send: Send) -> None:
        async with aclosing(self._events) as events:
            sending = asyncio.create_task(self._send_all(events, send))
            leaving = asyncio.create_task(_left(receive))
            try:
                await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                leaving.cancel()
                sending.cancel()
                await asyncio.wait({sending, leaving})
            if not sending.cancelled() and (error := sending.exception()) is not None:
                raise error

    async def _send_all(self, events: AsyncGenerator[str], send: Send) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        async for event in events:
            await send({"type": "http.response.body", "body": event.encode(), "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def open_stream(watch: Watch, settings: StreamSettings, last_id: str) -> EventStream:
    """Begin to stream `watch`; raises RefusedError when it is one too many or refused."""
    with ExitStack() as place:
        try:
            place.enter_context(settings.one_more())
            first = await _next(watch)
        except aio.AioRpcError as error:
            raise RefusedError(from_rpc_error(error)) from error
        except BaseException:
            watch.cancel()
            raise
        if first is None:
            raise RefusedError(dependency_unavailable("the execution's stream", _RECONNECT))
        number = int(last_id) if last_id.isdecimal() and len(last_id) < 10 else 0
        return EventStream(_events(watch, first, settings, number), place.pop_all())


async def _events(
    watch: Watch, first: WatchExecutionResponse, settings: StreamSettings, number: int
) -> AsyncGenerator[str]:
    stopping = asyncio.create_task(settings.stopping.wait())
    message: WatchExecutionResponse | None = first
    try:
        yield f"retry: {_RECONNECT // timedelta(milliseconds=1)}\n\n"
        while message is not None:
            number += 1
            yield _event("execution", str(number), snapshot(message).model_dump_json())
            reading = asyncio.create_task(_next(watch))
            while not reading.done():
                await asyncio.wait(
                    {reading, stopping},
                    timeout=settings.heartbeat.total_seconds(),
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if stopping.done():
                    reading.cancel()
                    return
                if not reading.done():
                    yield ": still here\n\n"
            message = reading.result()
        yield _event("end", END_ID, "{}")
    except aio.AioRpcError as error:
        refusal = from_rpc_error(error)
        if refusal.reason not in _PASSING:
            yield _event("error", None, bytes(from_treadle_error(refusal).body).decode())
    finally:
        stopping.cancel()
        watch.cancel()


async def _next(watch: Watch) -> WatchExecutionResponse | None:
    message = await watch.read()
    return message if isinstance(message, WatchExecutionResponse) else None


def _event(kind: str, event_id: str | None, data: str) -> str:
    head = f"event: {kind}\n" + (f"id: {event_id}\n" if event_id else "")
    return f"{head}data: {data}\n\n"


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
