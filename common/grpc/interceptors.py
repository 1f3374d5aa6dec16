"""What happens around every RPC, so that servicers hold only their own matter.

From the outside in: the call gets its request id and trace; it is measured and logged; errors
become status; its time and the server's load are bounded; its caller is authenticated and must have
the permission that the contract declares. A method that declares none is refused to all.
"""

import asyncio
import inspect
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, TypeAlias, cast

import grpc
from google.protobuf.message import DecodeError
from grpc import aio
from prometheus_client import Counter, Histogram

from common.auth import Principal, TokenVerifier, acting_as, bearer_token
from common.errors import (
    ErrorReason,
    TreadleError,
    malformed,
    overloaded,
    permission_denied,
)
from common.grpc.permissions import required_permission
from common.grpc.status import CODES, STATUS_METADATA_KEY, to_status
from common.telemetry import REQUEST_ID_HEADER, extract, get_logger, request_id_of, traced

# Messages pass through here unseen; only servicers know their types.
Context: TypeAlias = aio.ServicerContext[Any, Any]
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Lookup: TypeAlias = "Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]]"
Translate: TypeAlias = Callable[[Exception], TreadleError | None]

OPEN_SERVICES: Final = frozenset(
    {
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
    }
)

_RETRY_AFTER: Final = timedelta(seconds=1)
_SERVER_FAULTS: Final = frozenset(
    {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNAVAILABLE}
)
_FACTORIES: Final = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, False): grpc.stream_unary_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}

_HANDLED = Counter(
    "grpc_server_handled",
    "RPCs completed, by status code.",
    ("grpc_service", "grpc_method", "grpc_code"),
)
_SECONDS = Histogram(
    "grpc_server_handling_seconds",
    "Time from the arrival of an RPC to its completion.",
    ("grpc_service", "grpc_method"),
)

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a server takes on; the timeouts bound calls that bring no deadline of their own."""

    call_timeout: timedelta = timedelta(seconds=30)
    stream_timeout: timedelta = timedelta(hours=1)
    concurrent_calls: int = 2_000
    concurrent_streams: int = 2_000
    # Of all requests under way.
    request_bytes: int = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Method:
    """What is the same for all calls of an RPC."""

    service: str
    name: str
    permission: str | None
    streams: bool

    @classmethod
    def of(cls, path: str, *, streams: bool) -> "Method":
        """Describe the RPC at `path`, such as `/treadle.ledger.v1.LedgerService/ClaimAttempts`."""
        service, _, name = path.removeprefix("/").rpartition("/")
        return cls(service, name, required_permission(service, name), streams)


@dataclass(slots=True)
class Call:
    """One RPC being served, and what becomes known of it on the way."""

    method: Method
    context: Context
    headers: Mapping[str, str] = field(repr=False)
    request_id: str
    peer: str
    # Of the request in bytes; a stream of them passes by one by one.
    size: int
    principal: Principal | None = None
    reason: ErrorReason | None = None

    @classmethod
    def of(cls, method: Method, context: Context, request: object) -> "Call":
        """Read what the caller sent beside the message."""
        metadata = context.invocation_metadata() or ()
        headers = {key: value for key, value in metadata if isinstance(value, str)}
        size = len(request) if isinstance(request, bytes) else 0
        return cls(method, context, headers, request_id_of(headers), context.peer(), size)


class CallInterceptor(aio.ServerInterceptor):
    """The one interceptor of a server; wraps each handler once, at its first call."""

    def __init__(
        self,
        verifier: TokenVerifier,
        *,
        limits: Limits | None = None,
        translate: Translate | None = None,
    ) -> None:
        self._verifier = verifier
        self._limits = limits or Limits()
        self._translate = translate
        self._handlers: dict[str, Handler] = {}
        # By whether they stream; who only watches our health counts for none.
        self._under_way = {False: 0, True: 0}
        self._request_bytes = 0
        self._streams: set[asyncio.Timeout] = set()
        self._draining = False

    def drain(self) -> None:
        """End the open streams; their callers are told to come back, to another server."""
        self._draining = True
        now = asyncio.get_running_loop().time()
        for timeout in self._streams:
            if not timeout.expired():
                timeout.reschedule(now)

    async def intercept_service(
        self, continuation: Lookup, handler_call_details: grpc.HandlerCallDetails
    ) -> "Handler | None":
        """Return the wrapped handler of the method called (see `grpc.aio.ServerInterceptor`)."""
        path = handler_call_details.method
        if path not in self._handlers:
            handler = await continuation(handler_call_details)
            if handler is None:
                return None
            self._handlers[path] = self._wrap(path, handler)
        return self._handlers[path]

    def _wrap(self, path: str, handler: Handler) -> Handler:
        kind = handler.request_streaming, handler.response_streaming
        method = Method.of(path, streams=any(kind))
        # A single request is parsed by us, not by the runtime: after authentication, and with an
        # answer that says what is wrong. A single response is serialized by us for the second.
        parse = _no_parser if handler.request_streaming else _parser(handler)
        serialize = handler.response_serializer or bytes
        serve = cast(
            "Callable[[Any, Context], Any]",
            handler.unary_unary
            or handler.unary_stream
            or handler.stream_unary
            or handler.stream_stream,
        )

        async def respond(request: Any, context: Context) -> bytes:
            async with self._around(Call.of(method, context, request)):
                return serialize(await serve(parse(request), context))

        async def stream(request: Any, context: Context) -> None:
            async with self._around(Call.of(method, context, request)):
                served = serve(parse(request), context)
                if not inspect.isasyncgen(served):
                    await served
                    return
                async with aclosing(served) as responses:
                    async for response in responses:
                        await context.write(response)

        return _FACTORIES[kind](
            stream if handler.response_streaming else respond,
            request_deserializer=handler.request_deserializer if kind[0] else None,
            response_serializer=handler.response_serializer if kind[1] else None,
        )

    @asynccontextmanager
    async def _around(self, call: Call) -> AsyncGenerator[None, None]:
        if call.method.service in OPEN_SERVICES:
            async with self._errors_translated(call), self._bounded(call):
                yield
            return
        with traced(extract(call.headers), request_id=call.request_id), _observed(call):
            async with self._errors_translated(call), self._admitted(call), self._bounded(call):
                with self._authorized(call):
                    yield

    @asynccontextmanager
    async def _errors_translated(self, call: Call) -> AsyncGenerator[None, None]:
        request_id = (REQUEST_ID_HEADER, call.request_id)
        call.context.set_trailing_metadata((request_id,))
        try:
            yield
        except aio.BaseError:
            raise  # the runtime's own: the call is already aborted, or its caller has gone
        except TreadleError as raised:
            error = raised
        except Exception as raised:  # noqa: BLE001 - logged, and told to the caller as INTERNAL
            error = self._translated(call, raised)
        else:
            return
        call.reason = error.reason
        status = to_status(error, request_id=call.request_id)
        details = (STATUS_METADATA_KEY, status.SerializeToString())
        await call.context.abort(CODES[error.reason], status.message, (details, request_id))

    def _translated(self, call: Call, raised: Exception) -> TreadleError:
        error = self._translate(raised) if self._translate else None
        if error is None:
            _log.error("rpc_crashed", rpc=_name(call), request_id=call.request_id, exc_info=raised)
            error = TreadleError(
                ErrorReason.INTERNAL,
                f"internal error; the log has it under request {call.request_id}",
                metadata={"request_id": call.request_id},
            )
        elif CODES[error.reason] in _SERVER_FAULTS:
            _log.warning("rpc_failed", rpc=_name(call), exc_info=raised)
        return error

    @asynccontextmanager
    async def _admitted(self, call: Call) -> AsyncGenerator[None, None]:
        limits, streams = self._limits, call.method.streams
        limit = limits.concurrent_streams if streams else limits.concurrent_calls
        if self._under_way[streams] >= limit:
            what = "too many open streams" if streams else "too many calls at once"
            raise overloaded(what, _RETRY_AFTER)
        if self._request_bytes + call.size > limits.request_bytes:
            raise overloaded("too many large requests at once", _RETRY_AFTER)
        self._under_way[streams] += 1
        self._request_bytes += call.size
        try:
            yield
        finally:
            self._under_way[streams] -= 1
            self._request_bytes -= call.size

    @asynccontextmanager
    async def _bounded(self, call: Call) -> AsyncGenerator[None, None]:
        limits, streams = self._limits, call.method.streams
        seconds: float | None = None
        # The runtime itself cancels a call whose own deadline passes.
        if call.context.time_remaining() is None:  # pyright: ignore[reportUnnecessaryComparison]
            limit = limits.stream_timeout if streams else limits.call_timeout
            seconds = limit.total_seconds()
        timeout = asyncio.timeout(seconds)
        try:
            async with timeout:
                if streams:
                    self._streams.add(timeout)
                yield
        except TimeoutError:
            if not timeout.expired():
                raise
            raise self._out_of_time() from None
        finally:
            self._streams.discard(timeout)

    def _out_of_time(self) -> TreadleError:
        if self._draining:
            return TreadleError(
                ErrorReason.DEPENDENCY_UNAVAILABLE,
                "the server is shutting down; call again",
                retry_after=_RETRY_AFTER,
            )
        return TreadleError(
            ErrorReason.DEADLINE_EXCEEDED, "the call took longer than the server allows"
        )

    @contextmanager
    def _authorized(self, call: Call) -> Generator[None, None, None]:
        principal = self._verifier.verify(bearer_token(call.headers.get("authorization")))
        call.principal = principal
        permission = call.method.permission
        if permission is None or permission not in principal.permissions:
            raise permission_denied(permission or "none: its contract declares no permission")
        with acting_as(principal):
            yield


@contextmanager
def _observed(call: Call) -> Generator[None, None, None]:
    started = time.perf_counter()
    code = grpc.StatusCode.UNKNOWN
    try:
        yield
        code = call.context.code() or grpc.StatusCode.OK
    except aio.AbortError:
        code = call.context.code()
        raise
    except asyncio.CancelledError:
        expired = call.context.time_remaining() == 0
        code = grpc.StatusCode.DEADLINE_EXCEEDED if expired else grpc.StatusCode.CANCELLED
        raise
    finally:
        _record(call, code, time.perf_counter() - started)


def _record(call: Call, code: grpc.StatusCode, seconds: float) -> None:
    method, principal = call.method, call.principal
    _HANDLED.labels(method.service, method.name, code.name).inc()
    _SECONDS.labels(method.service, method.name).observe(seconds)
    log = _log.warning if code in _SERVER_FAULTS else _log.info
    log(
        "rpc",
        rpc=_name(call),
        code=code.name,
        reason=call.reason,
        ms=round(seconds * 1_000, 2),
        actor=principal.actor if principal else None,
        account_id=principal.account_id if principal else None,
        peer=call.peer,
    )


def _name(call: Call) -> str:
    return f"{call.method.service}/{call.method.name}"


def _parser(handler: Handler) -> Callable[[bytes], Any]:
    deserialize = handler.request_deserializer or bytes

    def parse(request: bytes) -> Any:
        try:
            return deserialize(request)
        except DecodeError:
            raise malformed("request", "the message cannot be decoded") from None

    return parse


def _no_parser(requests: Any) -> Any:
    return requests
