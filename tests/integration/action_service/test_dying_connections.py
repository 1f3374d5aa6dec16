"""Connections that the server has given up, in the moment before they are closed."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
import pytest

from action_service.adapters.engine_transactions import transaction
from action_service.engine.model import StoreUnavailableError
from common.db import create_pool


class Line:
    """A line to a server on which the end of a connection is heard late: when it is used again."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.given_up = asyncio.Event()

    async def serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection("127.0.0.1", self._port)
        back = asyncio.create_task(self._back(server, to_client))
        while (said := await client.read(65536)) and not self.given_up.is_set():
            to_server.write(said)
            await to_server.drain()
        to_client.close()
        to_server.close()
        await back

    async def _back(self, server: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        while said := await server.read(65536):
            to_client.write(said)
            await to_client.drain()
        self.given_up.set()


@asynccontextmanager
async def lined(url: str) -> AsyncGenerator[tuple[Line, str]]:
    """A line to the server of `url`, and the URL by which it is used."""
    port = urlsplit(url).port
    assert port is not None
    line = Line(port)
    async with await asyncio.start_server(line.serve, "127.0.0.1") as listener:
        yield line, url.replace(f":{port}/", f":{listener.sockets[0].getsockname()[1]}/")


async def test_a_connection_that_is_being_closed_is_the_databases_trouble(
    database_url: str,
) -> None:
    """Else whatever was to be written would be taken for what the database refuses."""
    async with (
        lined(database_url) as (line, url),
        create_pool(url, search_path="treadle", size=1) as pool,
    ):
        pid = await pool.fetchval("SELECT pg_backend_pid()")
        other = await asyncpg.connect(database_url)
        await other.execute(f"SELECT pg_terminate_backend({pid})")
        await other.close()
        await line.given_up.wait()
        with pytest.raises(StoreUnavailableError):
            async with transaction(pool):
                pytest.fail("it was given out")
        pool.terminate()
