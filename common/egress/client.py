"""The guarded client itself: judge, connect, send, read, all under one deadline."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Self

import httpcore
import httpx

from common.egress.addresses import Address, is_loopback, is_public
from common.egress.body import BoundedBody
from common.egress.connect import Pin, PinningBackend, explain
from common.egress.errors import (
    EgressConnectError,
    EgressRefused,
    EgressResponseError,
    EgressTimeout,
    Phase,
    Refusal,
)
from common.egress.headers import Fields, build_fields, check_method
from common.egress.resolver import CachingResolver, Resolver, SystemResolver
from common.egress.target import Target, parse_target

# A name with more addresses than this has all of them judged, but only these tried.
MAX_TRIED_ADDRESSES = 4


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """What guarded calls may do.

    `allow_loopback` lets development reach this machine, 127.0.0.0/8 and ::1 on any port, and
    nothing else that is not public.
    """

    allow_loopback: bool = False
    ports: frozenset[int] = frozenset({80, 443})
    connect_timeout: timedelta = timedelta(seconds=10)
    remember_names: timedelta = timedelta(seconds=10)
    max_connections: int = 256
    idle_timeout: timedelta = timedelta(seconds=15)
    user_agent: str = "Treadle"


@dataclass(frozen=True, slots=True)
class EgressResponse:
    """An answer. Names in `headers` are in lower case; the body is decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Progress:
    """How far a call has come, as httpcore reports it."""

    def __init__(self) -> None:
        self.phase = Phase.CONNECT

    async def trace(self, event: str, info: Mapping[str, object]) -> None:
        if event == "http11.send_request_headers.started":
            self.phase = Phase.READ


class GuardedClient:
    """Calls URLs that users supplied. Safe for many concurrent calls; close it when done."""

    def __init__(
        self,
        policy: EgressPolicy,
        *,
        resolver: Resolver | None = None,
        ssl_context: ssl.SSLContext | None = None,
        network_backend: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._policy = policy
        self._resolver = CachingResolver(resolver or SystemResolver(), policy.remember_names)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl_context or httpx.create_ssl_context(trust_env=False),
            max_connections=policy.max_connections,
            max_keepalive_connections=policy.max_connections // 2,
            keepalive_expiry=policy.idle_timeout.total_seconds(),
            network_backend=PinningBackend(network_backend),
        )

    async def __aenter__(self) -> Self:
        """The client itself."""
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Close."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        self._resolver.close()
        await self._pool.aclose()

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        timeout: timedelta,  # noqa: ASYNC109 - the deadline decides which error it becomes
        max_bytes: int,
    ) -> EgressResponse:
        """Make one request and read its whole answer; a redirect is an answer.

        `timeout` bounds everything, from the lookup of the name to the last byte; `max_bytes`
        bounds the decompressed body. Raises the errors of `common.egress.errors`.
        """
        verb = check_method(method)
        target = parse_target(url)
        fields = build_fields(target, verb, headers or {}, content, self._policy.user_agent)
        outgoing = _Outgoing(target, verb, fields, content)
        progress = _Progress()
        try:
            async with asyncio.timeout(timeout.total_seconds()):
                pins = await self._judge(target)
                response = await self._send(outgoing, pins, progress)
                return await _receive(response, max_bytes)
        except (TimeoutError, httpcore.TimeoutException) as error:
            raise EgressTimeout(progress.phase) from error
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            if progress.phase is Phase.CONNECT:
                raise EgressConnectError(explain(error)) from error
            message = "the connection broke before the whole answer had come"
            raise EgressResponseError(message) from error

    async def _judge(self, target: Target) -> tuple[Pin, ...]:
        """All of the target's addresses, if the policy permits every one of them."""
        ordinary = target.port in self._policy.ports
        if not ordinary and not self._policy.allow_loopback:
            raise self._port_refused()
        if target.address is not None:
            addresses: tuple[Address, ...] = (target.address,)
        else:
            try:
                addresses = await self._resolver.resolve(target.host)
            except OSError as error:
                raise EgressConnectError("the host's name could not be resolved") from error
        loopback = [self._policy.allow_loopback and is_loopback(item) for item in addresses]
        if not all(ok or is_public(item) for item, ok in zip(addresses, loopback, strict=True)):
            raise EgressRefused(Refusal.ADDRESS, "the URL's host is not on the public internet")
        if not ordinary and not all(loopback):
            raise self._port_refused()
        return tuple(Pin(target.host, item) for item in addresses)

    def _port_refused(self) -> EgressRefused:
        allowed = ", ".join(str(port) for port in sorted(self._policy.ports))
        return EgressRefused(Refusal.PORT, f"the URL's port must be one of {allowed}")

    async def _send(
        self, outgoing: "_Outgoing", pins: tuple[Pin, ...], progress: _Progress
    ) -> httpcore.Response:
        """Send to the first address that can be connected to; never twice once sending began."""
        tried = pins[:MAX_TRIED_ADDRESSES]
        connect = self._policy.connect_timeout.total_seconds() / len(tried)
        for number, pin in enumerate(tried, start=1):
            request = outgoing.build(pin, connect, progress)
            try:
                return await self._pool.handle_async_request(request)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if number == len(tried):
                    raise
        raise EgressConnectError("the host's name could not be resolved")


@dataclass(frozen=True, slots=True)
class _Outgoing:
    """A request that was judged, apart from the address it goes to."""

    target: Target
    method: bytes
    fields: Fields
    content: bytes

    def build(self, pin: Pin, connect_seconds: float, progress: _Progress) -> httpcore.Request:
        url = httpcore.URL(
            scheme=self.target.scheme.encode("ascii"),
            host=pin.encode(),
            port=self.target.port,
            target=self.target.path,
        )
        return httpcore.Request(
            self.method,
            url,
            headers=self.fields,
            content=self.content,
            extensions={
                "sni_hostname": self.target.host,
                "timeout": {"connect": connect_seconds},
                "trace": progress.trace,
            },
        )


async def _receive(response: httpcore.Response, max_bytes: int) -> EgressResponse:
    try:
        if response.status == HTTPStatus.SWITCHING_PROTOCOLS:
            raise EgressResponseError("the server changed to another protocol")
        headers = _read_headers(response.headers)
        body = BoundedBody(response.status, headers.get("content-encoding", ""), max_bytes)
        async for chunk in response.aiter_stream():
            body.feed(chunk)
        return EgressResponse(response.status, headers, body.finish())
    finally:
        await response.aclose()


def _read_headers(fields: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """The fields by name in lower case; repeated ones joined (RFC 9110 section 5.3)."""
    headers: dict[str, str] = {}
    for name, value in fields:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers
