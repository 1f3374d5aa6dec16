"""The gRPC server of every process: interceptor, health, reflection, limits, a graceful end."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, TypeVar, cast

import grpc
from grpc import aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from common.auth import TokenVerifier
from common.grpc.interceptors import CallInterceptor, Limits, Translate

S = TypeVar("S")

# Of a service that never stops saying that the process lives, for whoever restarts those that hang:
# one that cannot serve for want of a database is to be left alone.
LIVENESS: Final = "liveness"

# How long before the end of a server its clients are told: they watch its health all the time.
NOTICE: Final = timedelta(seconds=0.25)
# With the notice well below the ten seconds after which operators' tools tend to kill.
_GRACE: Final = timedelta(seconds=6)
_Status = health_pb2.HealthCheckResponse


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """What an operator may want to change."""

    max_receive_bytes: int = 4 * 1024 * 1024
    # Several processes of one machine may share a port only when this is asked for: otherwise a
    # port taken by mistake goes unnoticed.
    reuse_port: bool = False
    limits: Limits = field(default_factory=Limits)


class GrpcServer:
    """Serves the servicers added to it, each reported by health and reflection under its name.

        server = GrpcServer(TokenVerifier(settings.jwt_secret))
        server.add(add_LedgerServiceServicer_to_server, LedgerServicer(...))
        async with server.running(settings.listen) as address:
            await stop.wait()

    `translate` turns exceptions of a service's own into TreadleErrors, or returns None.
    """

    def __init__(
        self,
        verifier: TokenVerifier,
        *,
        options: ServerOptions | None = None,
        translate: Translate | None = None,
    ) -> None:
        options = options or ServerOptions()
        self._interceptor = CallInterceptor(verifier, limits=options.limits, translate=translate)
        self._server = aio.server(
            interceptors=(self._interceptor,), options=_channel_options(options)
        )
        self._health = health.aio.HealthServicer()
        self._services: list[str] = []
        self._stopping = False

    def add(self, register: Callable[[S, aio.Server], None], servicer: S) -> None:
        """Serve `servicer`; `register` is the generated `add_…Servicer_to_server`."""
        registration = _Registration()
        register(servicer, cast("aio.Server", registration))
        for name, handlers in registration.services.items():
            self._server.add_registered_method_handlers(name, handlers)
            self._services.append(name)

    async def start(self, listen: str) -> str:
        """Listen on `host:port` and serve; return the address with the real port.

        Raises OSError when the address cannot be had.
        """
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reported = (*self._services, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(reported, self._server)
        host, _, _ = listen.rpartition(":")
        try:
            port = self._server.add_insecure_port(listen)
        except RuntimeError as error:
            raise OSError(f"cannot listen on {listen}") from error
        await self._server.start()
        await self._health.set(LIVENESS, _Status.SERVING)
        await self.set_serving(True)
        return f"{host}:{port}"

    async def set_serving(self, serving: bool) -> None:  # noqa: FBT001 - the name says it
        """Report the process, and each of its services, as able to serve or not.

        One that is stopping is not any more.
        """
        if self._stopping:
            return
        status = _Status.SERVING if serving else _Status.NOT_SERVING
        for name in ("", *self._services):
            await self._health.set(name, status)

    async def report(self, name: str, serving: bool) -> None:  # noqa: FBT001 - as above
        """Have health report something beside the services, by this name."""
        await self._health.set(name, _Status.SERVING if serving else _Status.NOT_SERVING)

    async def stop(self, grace: timedelta = _GRACE, *, notice: timedelta = timedelta()) -> None:
        """Report NOT_SERVING, take no new calls, let calls under way finish within `grace`.

        During `notice` calls are still taken: those who watch our health turn to others meanwhile,
        so that no call meets a closing door. Streams end at once after it: they would use up the
        grace, and their callers come back anyway.
        """
        await self.set_serving(False)
        self._stopping = True
        await asyncio.sleep(notice.total_seconds())
        await self._health.enter_graceful_shutdown()
        self._interceptor.drain()
        await self._server.stop(grace.total_seconds())

    @asynccontextmanager
    async def running(
        self, listen: str, *, grace: timedelta = _GRACE, notice: timedelta = timedelta()
    ) -> AsyncGenerator[str, None]:
        """Serve on `listen` during the block; yield the address with the real port."""
        address = await self.start(listen)
        try:
            yield address
        finally:
            await self.stop(grace, notice=notice)


class _Registration:
    """Stands in for the server while a servicer is registered, to learn the service's name."""

    def __init__(self) -> None:
        self.services: dict[str, Mapping[str, grpc.RpcMethodHandler[Any, Any]]] = {}

    def add_generic_rpc_handlers(self, handlers: object) -> None:
        """Ignore the older way of registering: the generated code does both."""

    def add_registered_method_handlers(
        self, service_name: str, method_handlers: Mapping[str, "grpc.RpcMethodHandler[Any, Any]"]
    ) -> None:
        """Note the service's name and handlers."""
        self.services[service_name] = method_handlers


def _channel_options(options: ServerOptions) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", options.max_receive_bytes),
        ("grpc.so_reuseport", int(options.reuse_port)),
        # Find dead peers, and let idle clients ask whether we live.
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 20_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ]
