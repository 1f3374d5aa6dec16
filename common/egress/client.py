"""The guarded client itself: judge, connect, send, read, all under one deadline."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

import httpx

from common.egress.addresses import Address, is_loopback, is_public
from common.egress.connection import Connection, EgressResponse, Outgoing
from common.egress.dial import Dialer, Origin, SystemDialer, explain, open_wire
from common.egress.errors import (
    EgressConnectError,
    EgressRefused,
    EgressTimeout,
    Phase,
    Refusal,
)
from common.egress.headers import build_fields, check_method
from common.egress.pool import IdleConnections
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
    idle_timeout: timedelta = timedelta(seconds=4)
    user_agent: str = "Treadle"


class GuardedClient:
    """Calls URLs that users supplied. Safe for many concurrent calls; close it when done."""

    def __init__(
        self,
        policy: EgressPolicy,
        *,
        resolver: Resolver | None = None,
        dialer: Dialer | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._policy = policy
        self._resolver = CachingResolver(resolver or SystemResolver(), policy.remember_names)
        self._dialer = dialer or SystemDialer()
        # The certificates that come with httpx, whatever the environment says.
        self._tls = ssl_context or httpx.create_ssl_context(trust_env=False)
        self._turns = asyncio.Semaphore(policy.max_connections)
        self._idle = IdleConnections(policy.max_connections, policy.idle_timeout)

    async def __aenter__(self) -> Self:
        """The client itself."""
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Close."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close all idle connections; requests under way end by themselves."""
        self._resolver.close()
        self._idle.close()
        await asyncio.sleep(0)  # lets the transports finish closing

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        timeout: timedelta,  # noqa: ASYNC109 - where it strikes decides which error it becomes
        max_bytes: int,
    ) -> EgressResponse:
        """Make one request and read its whole answer; a redirect is an answer.

        `timeout` bounds everything, from the lookup of the name to the last byte; `max_bytes`
        bounds the decompressed body. Raises the errors of `common.egress.errors`.
        """
        verb = check_method(method)
        target = parse_target(url)
        fields = build_fields(target, verb, headers or {}, content, self._policy.user_agent)
        outgoing = Outgoing(verb, target.path, fields, content)
        phase = Phase.CONNECT
        try:
            async with asyncio.timeout(timeout.total_seconds()), self._turns:
                connection = await self._connect(await self._judge(target))
                phase = Phase.READ
                response = await connection.exchange(outgoing, max_bytes)
                self._idle.put(connection)
                return response
        except TimeoutError as error:
            raise EgressTimeout(phase) from error

    async def _judge(self, target: Target) -> tuple[Origin, ...]:
        """The target at each of its addresses, if the policy permits every one of them."""
        ordinary = target.port in self._policy.ports
        if not ordinary and not self._policy.allow_loopback:
            raise self._port_refused()
        addresses = await self._addresses(target)
        loopback = [self._policy.allow_loopback and is_loopback(item) for item in addresses]
        if not all(ok or is_public(item) for item, ok in zip(addresses, loopback, strict=True)):
            raise EgressRefused(Refusal.ADDRESS, "the URL's host is not on the public internet")
        if not ordinary and not all(loopback):
            raise self._port_refused()
        return tuple(Origin(target.scheme, target.host, target.port, item) for item in addresses)

    async def _addresses(self, target: Target) -> tuple[Address, ...]:
        if target.address is not None:
            return (target.address,)
        try:
            return await self._resolver.resolve(target.host)
        except OSError as error:
            raise EgressConnectError("the host's name could not be resolved") from error

    def _port_refused(self) -> EgressRefused:
        allowed = ", ".join(str(port) for port in sorted(self._policy.ports))
        return EgressRefused(Refusal.PORT, f"the URL's port must be one of {allowed}")

    async def _connect(self, origins: tuple[Origin, ...]) -> Connection:
        """A kept connection to any of the origins, else a new one to the first that answers."""
        for origin in origins:
            if (kept := self._idle.take(origin)) is not None:
                return kept
        tried = origins[:MAX_TRIED_ADDRESSES]
        seconds = self._policy.connect_timeout.total_seconds() / len(tried)
        failure: OSError = OSError("no address")
        for origin in tried:
            try:
                async with asyncio.timeout(seconds):
                    wire = await open_wire(self._dialer, origin, self._tls)
                return Connection(origin, wire)
            except OSError as error:  # TimeoutError is one
                failure = error
        if isinstance(failure, TimeoutError):
            raise failure
        raise EgressConnectError(explain(failure)) from failure
