"""What happens around every request, whatever it asks for: identity, limits, headers, log, metrics.

Plain ASGI on purpose: the framework's own middleware base costs a task and a queue per request.
"""

import asyncio
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from prometheus_client import Counter, Gauge, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.errors import overloaded
from common.ids import new_id
from common.telemetry import extract, get_logger, traced
from gateway.problems import from_treadle_error, unexpected

_log = get_logger(__name__)
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_UNKNOWN_ROUTE: Final = "unknown"
# What a caller makes up must not become a label.
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OTHER_METHOD: Final = "other"
_RETRY_AFTER: Final = timedelta(seconds=1)
_ALWAYS: Final = frozenset({"/healthz", "/readyz"})

_SECURITY_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
_DEFAULT_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}

REQUESTS: Final = Histogram(
    "treadle_gateway_request_seconds",
    "Time to the end of a response",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
IN_FLIGHT: Final = Gauge("treadle_gateway_requests_in_flight", "Requests being served")
TURNED_AWAY: Final = Counter("treadle_gateway_turned_away_total", "Requests refused as too many")


class RequestScope:
    """The outermost layer: gives a request its id and trace, and makes sure of an answer.

    What asks how the process is gets its answer however much there is to do: one that is busy is
    not to be restarted. Once `stopping` is set, answers close their connection: the next request
    goes elsewhere.
    """

    def __init__(self, app: ASGIApp, *, max_in_flight: int, stopping: asyncio.Event) -> None:
        self._app = app
        self._max_in_flight = max_in_flight
        self._stopping = stopping
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else str(new_id())
        with traced(extract(headers), request_id=request_id):
            answer = _Answer(send, request_id, self._stopping)
            await self._serve(scope, receive, send, answer)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, answer: "_Answer") -> None:
        began = time.perf_counter()
        self._in_flight += 1
        IN_FLIGHT.inc()
        try:
            if self._in_flight > self._max_in_flight and scope["path"] not in _ALWAYS:
                TURNED_AWAY.inc()
                refusal = overloaded("too many requests at once", _RETRY_AFTER)
                await from_treadle_error(refusal)(scope, receive, answer.send)
            else:
                await self._app(scope, receive, answer.send)
        except Exception:  # noqa: BLE001 - the last resort: a caller gets an answer in any case
            _log.exception("request failed", method=scope["method"], route=_route(scope))
            if not answer.status:
                await unexpected()(scope, receive, answer.send)
        finally:
            self._in_flight -= 1
            IN_FLIGHT.dec()
            self._record(scope, answer.status, time.perf_counter() - began)

    def _record(self, scope: Scope, status: int, took: float) -> None:
        route = _route(scope)
        method = scope["method"] if scope["method"] in _METHODS else _OTHER_METHOD
        REQUESTS.labels(method, route, str(status)).observe(took)
        _log.info(
            "request",
            method=method,
            route=route,
            status=status,
            duration_ms=round(took * 1000, 2),
            client=scope["client"][0] if scope.get("client") else None,
        )


class _Answer:
    """The way out: adds the headers of every response, and knows whether one has begun."""

    def __init__(self, send: Send, request_id: str, stopping: asyncio.Event) -> None:
        self._send = send
        self._request_id = request_id
        self._stopping = stopping
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self._request_id
            headers.update(_SECURITY_HEADERS)
            for name, value in _DEFAULT_HEADERS.items():
                headers.setdefault(name, value)
            if self._stopping.is_set():
                headers["Connection"] = "close"
        await self._send(message)


@dataclass(frozen=True, slots=True)
class BodyLimit:
    """How much of a body is taken, and how long it may take to arrive."""

    max_bytes: int
    max_time: timedelta


class BodyLimits:
    """Counts a body while it arrives: neither more bytes nor more time than allowed.

    `uploads` are the limits of those paths that take files, `below` of all that begin so. A body
    is kept until its request has been answered, but for files, which pass through: all together
    have at most `most_held` bytes, and who brings one more is turned away.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        limit: BodyLimit,
        uploads: Mapping[str, BodyLimit],
        below: Mapping[str, BodyLimit],
        most_held: int,
    ) -> None:
        self._app = app
        self._limit = limit
        self._most_held = most_held
        self._held = 0
        self._uploads = uploads
        self._below = below

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit_of(scope["path"])
        declared = Headers(scope=scope).get("content-length", "0")
        too_large = declared.isdecimal() and int(declared) > limit.max_bytes
        passes_through = scope["path"] in self._uploads
        seen, held, complete = 0, 0, False
        deadline = asyncio.get_running_loop().time() + limit.max_time.total_seconds()

        async def limited() -> Message:
            nonlocal seen, held, complete
            if complete:
                return await receive()
            if too_large:
                raise HTTPException(413, _too_large(limit))
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, "the body took too long to arrive") from None
            seen += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if seen > limit.max_bytes:
                raise HTTPException(413, _too_large(limit))
            if not passes_through:
                self._held += seen - held
                held = seen
                if self._held > self._most_held:
                    TURNED_AWAY.inc()
                    raise _crowded()
            return message

        try:
            await self._app(scope, limited, send)
        finally:
            self._held -= held

    def _limit_of(self, path: str) -> BodyLimit:
        for prefix, limit in self._below.items():
            if path.startswith(prefix):
                return limit
        return self._uploads.get(path, self._limit)


def _crowded() -> HTTPException:
    after = {"Retry-After": str(int(_RETRY_AFTER.total_seconds()))}
    return HTTPException(429, "too many requests with large bodies at once", after)


def _too_large(limit: BodyLimit) -> str:
    return f"a body may have at most {limit.max_bytes} bytes"


def _route(scope: Scope) -> str:
    """The route's template rather than the path, which holds ids."""
    template = getattr(scope.get("route"), "path", None)
    return template if isinstance(template, str) else _UNKNOWN_ROUTE
