"""The gateway as a process: names what is concrete, and serves until told to stop."""

import asyncio
import socket
from collections.abc import Callable, Generator
from contextlib import AsyncExitStack, contextmanager
from typing import Final

import uvicorn
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from common.grpc.client import connect
from common.telemetry import announce_ready, metrics_endpoint
from gateway.app import create_app
from gateway.events import StreamSettings
from gateway.settings import GatewaySettings
from gateway.upstream import Upstream

SERVICE: Final = "gateway"
_BACKLOG: Final = 2048


class _Server(uvicorn.Server):
    """A server that tells when it listens, and leaves signals to the process's own runtime."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        self.listening.set()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave signals alone."""
        yield


def _announce(listen: str, metrics: str | None) -> None:
    announce_ready(SERVICE, listen=listen, metrics=metrics)


async def serve(
    settings: GatewaySettings,
    stop: asyncio.Event,
    *,
    ready: Callable[[str, str | None], None] = _announce,
) -> None:
    """Serve until `stop`; then end the event streams and finish the requests under way.

    In between, while load balancers notice that the gateway is not ready any more, it takes
    requests and asks callers not to come back over the same connection.

    `ready` is told the address, and that of the metrics if any, once requests are taken.
    """
    async with AsyncExitStack() as stack:
        metrics = stack.enter_context(metrics_endpoint(settings.metrics_listen))
        api, scheduler = [
            await stack.enter_async_context(connect(target, timeout=settings.call_timeout))
            for target in (settings.api_target, settings.scheduler_target)
        ]
        streams = StreamSettings(settings.heartbeat, stop, most=settings.max_event_streams)
        app = create_app(settings, Upstream(api, scheduler), streams)
        _build_routes(app)
        listener = stack.enter_context(_listener(settings.listen))
        server = _Server(_config(app, settings))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await _first(serving, server.listening)
        if server.listening.is_set():
            host, port = listener.getsockname()[:2]
            ready(f"{host}:{port}", metrics)
        await _first(serving, stop)
        await asyncio.wait({serving}, timeout=settings.drain_seconds)
        server.should_exit = True
        await serving


def _build_routes(app: FastAPI) -> None:
    """Have FastAPI make of the routes what it would make when the first request has come."""
    for _ in iter_route_contexts(app.routes):
        pass


async def _first(task: asyncio.Task[None], event: asyncio.Event) -> None:
    """Wait until the task has ended or the event is set."""
    waiting = asyncio.create_task(event.wait())
    try:
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()


def _listener(listen: str) -> socket.socket:
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, int(port)), family=family, backlog=_BACKLOG)


def _config(app: FastAPI, settings: GatewaySettings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        lifespan="off",
        timeout_graceful_shutdown=max(1, round(settings.stop_grace_seconds)),
    )
