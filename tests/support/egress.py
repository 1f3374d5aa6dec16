"""Small servers, a resolver and a dialer for the tests of guarded calls."""

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from ipaddress import ip_address

from common.egress import EgressResponse, GuardedClient
from common.egress.addresses import Address

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class FixedResolver:
    """Answers from a script: each name has its successive answers, the last one repeating."""

    def __init__(self, answers: Mapping[str, list[list[str]]]) -> None:
        self._answers = {name: list(script) for name, script in answers.items()}
        self.asked: list[str] = []

    async def resolve(self, host: str) -> tuple[Address, ...]:
        """The next answer."""
        self.asked.append(host)
        script = self._answers.get(host)
        if not script:
            raise OSError("no such name")
        answer = script.pop(0) if len(script) > 1 else script[0]
        return tuple(ip_address(text) for text in answer)

    def close(self) -> None:
        """Nothing to let go of."""


class HangingResolver(FixedResolver):
    """Answers only once it is told to go on."""

    def __init__(self, answers: Mapping[str, list[list[str]]]) -> None:
        super().__init__(answers)
        self.go_on = asyncio.Event()

    async def resolve(self, host: str) -> tuple[Address, ...]:
        """The next answer, late."""
        await self.go_on.wait()
        return await super().resolve(host)


class FixedDialer:
    """Notes what it was asked to connect to, and connects to a local server instead."""

    def __init__(
        self, port: int, *, refusing: set[str] | None = None, hanging: bool = False
    ) -> None:
        self._port = port
        self._refusing = refusing or set()
        self._hanging = hanging
        self.dialed: list[tuple[str, int]] = []

    async def dial(self, address: Address, port: int) -> socket.socket:
        """A connection to the local server."""
        self.dialed.append((str(address), port))
        if str(address) in self._refusing:
            raise ConnectionRefusedError
        if self._hanging:
            await asyncio.Event().wait()
        connection = socket.socket()
        connection.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(connection, ("127.0.0.1", self._port))
        return connection


@asynccontextmanager
async def serve(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncGenerator[int]:
    """Serve connections with the handler on a free loopback port, and end them afterwards."""
    tasks: set[asyncio.Task[None]] = set()

    async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            return  # the client went away
        finally:
            writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(run(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def respond(
    answer: bytes,
    seen: list[bytes] | None = None,
    *,
    close: bool = False,
    connections: list[int] | None = None,
) -> Handler:
    """Answer every request with the same bytes; `seen` gets the requests' heads."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if connections is not None:
            connections.append(writer.get_extra_info("peername")[1])
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            if seen is not None:
                seen.append(head)
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length or 0))
            writer.write(answer)
            await writer.drain()
            if close:
                return

    return handler


async def call(
    client: GuardedClient,
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    seconds: float = 60,
    max_bytes: int = 100_000,
) -> EgressResponse:
    """A request with the tests' usual bounds."""
    return await client.request(
        method,
        url,
        headers=headers,
        timeout=timedelta(seconds=seconds),
        max_bytes=max_bytes,
    )
