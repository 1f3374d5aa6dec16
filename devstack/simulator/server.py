"""Runs the simulator's application under uvicorn, in this process or inside a test's event loop."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from devstack.simulator.app import Simulator

# Calls that hang end at once on shutdown; this is for the ones being answered.
STOP_SECONDS = 2
BACKLOG = 2_048
# As long as providers do; uvicorn's own 5 s end while callers still have use for a connection.
KEEP_ALIVE_SECONDS = 75


class _Protocol(H11Protocol):
    """Lets the application reach its connection, to reset it."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class _Server(uvicorn.Server):
    """Leaves the signals to whoever runs the event loop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


@asynccontextmanager
async def serving(simulator: Simulator, host: str, port: int) -> AsyncGenerator[str]:
    """Serve while the context lasts; gives the base URL. Port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family, backlog=BACKLOG) as listener:
        config = uvicorn.Config(
            simulator.app,
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            server_header=False,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        server = _Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        bound = listener.getsockname()
        name = f"[{bound[0]}]" if family == socket.AF_INET6 else bound[0]
        try:
            yield f"http://{name}:{bound[1]}"
        finally:
            simulator.stopping.set()
            server.should_exit = True
            await task
