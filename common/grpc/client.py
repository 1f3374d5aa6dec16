"""How processes call each other: channels that put deadline, identity and trace on every call."""

import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias, TypeVar
from uuid import UUID

from grpc import aio
from pydantic import SecretStr

from common.auth import SERVICE_ROLE, issue_token
from common.clock import SYSTEM_CLOCK, Clock
from common.grpc.status import MAX_METADATA_BYTES
from common.telemetry import REQUEST_ID_HEADER, current_request_id, inject

TokenSource: TypeAlias = Callable[[], str]
Details: TypeAlias = aio.ClientCallDetails

Request = TypeVar("Request")
Response = TypeVar("Response")

_CALL_TIMEOUT: Final = timedelta(seconds=10)
_AUTHORIZATION: Final = "authorization"
# Calls spread over all addresses behind a name, so that a scaled service shares its load. The
# health of each is watched: one that says that it cannot serve, or is about to stop, gets no more.
_SERVICE_CONFIG: Final = json.dumps(
    {"loadBalancingConfig": [{"round_robin": {}}], "healthCheckConfig": {"serviceName": ""}}
)
_OPTIONS: Final = (
    ("grpc.service_config", _SERVICE_CONFIG),
    ("grpc.max_metadata_size", MAX_METADATA_BYTES),
    ("grpc.absolute_max_metadata_size", MAX_METADATA_BYTES),
    ("grpc.max_receive_message_length", 16 * 1024 * 1024),
    # A peer that vanished without a FIN is noticed after 30 s; one that restarts is found again
    # within a second.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 500),
    ("grpc.max_reconnect_backoff_ms", 1_000),
)


def connect(
    target: str,
    *,
    token: TokenSource | None = None,
    timeout: timedelta = _CALL_TIMEOUT,
    wait_for_ready: bool = False,
) -> aio.Channel:
    """Open a channel to `host:port`; it connects at the first call and reconnects by itself.

    `token` gives the identity of calls that bring no `authorization` metadata of their own. Unary
    calls without a timeout get `timeout`; streams are left to the server's limit. With
    `wait_for_ready` a call waits, within its deadline, for a peer that is not up; else it fails at
    once. Close the channel with `await channel.close()` or `async with`.
    """
    additions = _Additions(token, timeout.total_seconds(), wait_for_ready)
    return aio.insecure_channel(
        target,
        options=_OPTIONS,
        interceptors=(
            _UnaryInterceptor(additions),
            _StreamInterceptor(additions),
            _UploadInterceptor(additions),
        ),
    )


def bearer(token: str) -> tuple[str, str]:
    """Return the metadata entry that shows `token`: `stub.Get(request, metadata=(bearer(t),))`."""
    return _AUTHORIZATION, f"Bearer {token}"


class ServiceTokens:
    """The identity of a service: tokens it signs for itself and keeps while they are good.

    tokens = ServiceTokens(settings.jwt_secret, "executor")
    channel = connect(settings.api_target, token=tokens.token)
    """

    def __init__(
        self,
        secret: SecretStr,
        name: str,
        *,
        ttl: timedelta = timedelta(minutes=10),
        clock: Clock = SYSTEM_CLOCK,
        cached_accounts: int = 1_024,
    ) -> None:
        self._secret = secret
        self._subject = f"service:{name}"
        self._ttl = ttl
        self._clock = clock
        self._cached_accounts = cached_accounts
        self._cache: OrderedDict[UUID | None, tuple[str, datetime]] = OrderedDict()

    def token(self, account_id: UUID | None = None) -> str:
        """Return a token of the service, acting for `account_id` if one is given."""
        now = self._clock.now()
        cached = self._cache.get(account_id)
        if cached is None or cached[1] <= now:
            token = issue_token(
                self._secret,
                subject=self._subject,
                account_id=account_id,
                roles=(SERVICE_ROLE,),
                ttl=self._ttl,
                clock=self._clock,
            )
            # Renewed with a fifth of its life left, so that it does not expire on the way.
            cached = token, now + self._ttl * 0.8
            self._cache[account_id] = cached
        self._cache.move_to_end(account_id)
        if len(self._cache) > self._cached_accounts:
            self._cache.popitem(last=False)
        return cached[0]


class _Additions:
    """What our channels add to a call, unless the caller has set it."""

    def __init__(
        self,
        token: TokenSource | None,
        timeout: float,
        wait_for_ready: bool,  # noqa: FBT001
    ) -> None:
        self._token = token
        self._timeout = timeout
        self._wait_for_ready = wait_for_ready

    def apply(self, details: Details, *, streams: bool) -> Details:
        """Return `details` with deadline, identity, trace and request id."""
        metadata = aio.Metadata(*(details.metadata or ()))
        if self._token is not None and _AUTHORIZATION not in metadata:
            metadata.add(*bearer(self._token()))
        headers: dict[str, str] = {}
        inject(headers)
        if (request_id := current_request_id()) is not None:
            headers[REQUEST_ID_HEADER] = request_id
        for key, value in headers.items():
            if key not in metadata:
                metadata.add(key, value)
        timeout = details.timeout
        if timeout is None and not streams:
            timeout = self._timeout
        wait = self._wait_for_ready if details.wait_for_ready is None else details.wait_for_ready
        return aio.ClientCallDetails(details.method, timeout, metadata, details.credentials, wait)


class _UnaryInterceptor(aio.UnaryUnaryClientInterceptor):
    def __init__(self, additions: _Additions) -> None:
        self._additions = additions

    async def intercept_unary_unary(
        self,
        continuation: Callable[[Details, Request], Awaitable[Any]],
        client_call_details: Details,
        request: Request,
    ) -> Any:
        return await continuation(
            self._additions.apply(client_call_details, streams=False), request
        )


class _StreamInterceptor(aio.UnaryStreamClientInterceptor):
    def __init__(self, additions: _Additions) -> None:
        self._additions = additions

    async def intercept_unary_stream(
        self,
        continuation: Callable[[Details, Request], Awaitable[Any]],
        client_call_details: Details,
        request: Request,
    ) -> Any:
        return await continuation(self._additions.apply(client_call_details, streams=True), request)


class _UploadInterceptor(aio.StreamUnaryClientInterceptor):
    def __init__(self, additions: _Additions) -> None:
        self._additions = additions

    async def intercept_stream_unary(
        self,
        continuation: Callable[[Details, Request], Awaitable[Any]],
        client_call_details: Details,
        request_iterator: Request,
    ) -> Any:
        details = self._additions.apply(client_call_details, streams=True)
        return await continuation(details, request_iterator)
