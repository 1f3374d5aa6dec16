"""Carries one provider call over HTTP: reads it, applies the failure told for it, answers it.

A cut connection and an answer that never comes cannot be said in HTTP, so two of the answers here
act on the connection itself. The server puts its transport into the request's state for that.
"""

import asyncio
import socket
import struct
from dataclasses import replace

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from common.clock import Clock
from devstack.simulator.bodies import Truncated, huge, trickling
from devstack.simulator.call import Answer, Call, Provider
from devstack.simulator.failures import Failure, FailurePlan, Kind

HTML = b"<!doctype html><title>Sign in</title><p>Please sign in to the network."
GARBAGE = b'<!doctype html><title>\xff\xfe bad gateway</title>\x00{"id": \x80\x81\x82'

# SO_LINGER with zero seconds makes close() send RST instead of FIN.
_NO_LINGER = struct.pack("ii", 1, 0)


class Cut:
    """Resets the connection instead of answering."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send RST and wait until the server has taken note."""
        transport: asyncio.Transport = scope["state"]["transport"]
        if not transport.is_closing():
            connection: socket.socket = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        transport.abort()
        await _disconnected(receive)


class Silence:
    """Never answers: ends when the client goes away or the simulator stops."""

    def __init__(self, stopping: asyncio.Event) -> None:
        self._stopping = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait for the end of the connection, or bring it about on shutdown."""
        gone = asyncio.ensure_future(_disconnected(receive))
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({gone, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            stopping.cancel()
        if self._stopping.is_set():
            await Cut()(scope, receive, send)


class Exchange:
    """Serves a provider's calls under the failure plan."""

    def __init__(self, plan: FailurePlan, stopping: asyncio.Event, clock: Clock) -> None:
        self._plan = plan
        self._stopping = stopping
        self._clock = clock

    async def serve(self, provider: Provider, request: Request) -> ASGIApp:
        """What to send back for a request to the provider."""
        try:
            body = await _read(request, provider.max_body)
        except ClientDisconnect:
            return Cut()
        if body is None:
            return _respond(provider.failure(413))
        call = Call(
            method=request.method,
            path=request.url.path,
            params=request.path_params,
            query=request.query_params,
            headers=request.headers,
            body=body,
            received_at=self._clock.now(),
        )
        failure = self._plan.take(provider.name, lambda: provider.recipients(call))
        if failure is None:
            return _respond(provider.handle(call))
        return await self._fail(provider, call, failure)

    async def _fail(self, provider: Provider, call: Call, failure: Failure) -> ASGIApp:
        if failure.delay_seconds:
            await self._pause(failure.delay_seconds)
        match failure.kind:
            case Kind.STATUS:
                return _respond(_with_retry_after(provider.failure(failure.status), failure))
            case Kind.HANG:
                return Silence(self._stopping)
            case Kind.RESET:
                return Cut()
            case Kind.GARBAGE:
                return _respond(Answer(200, GARBAGE, "text/html"))
            case Kind.HTML:
                return _respond(Answer(200, HTML, "text/html"))
            case Kind.HUGE:
                return huge()
            case Kind.TRUNCATED:
                return Truncated(Cut())
            case Kind.TRICKLE:
                return trickling(self._stopping)
            case Kind.SLOW:
                return _respond(provider.handle(call))
            case Kind.ACCEPT_THEN_RESET:
                answer = provider.handle(call)
                return Cut() if answer.accepted else _respond(answer)
            case Kind.ACCEPT_THEN_HANG:
                answer = provider.handle(call)
                return Silence(self._stopping) if answer.accepted else _respond(answer)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return


async def _read(request: Request, limit: int) -> bytes | None:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
    return b"".join(chunks) if size <= limit else None


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _with_retry_after(answer: Answer, failure: Failure) -> Answer:
    if failure.retry_after is None:
        return answer
    return replace(answer, headers={**answer.headers, "Retry-After": str(failure.retry_after)})


def _respond(answer: Answer) -> Response:
    return Response(
        answer.body,
        status_code=answer.status,
        media_type=answer.content_type,
        headers=dict(answer.headers),
    )
