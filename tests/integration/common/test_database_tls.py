"""What the database's URL says of TLS holds for every connection, checked on a real Postgres.

The server in the tests speaks no TLS, so a relay in front of it does, the way Postgres would.
"""

import asyncio
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from action_service.adapters import migrations
from common.db import create_engine, create_pool
from tests.support.authority import Authority

_ASKS_FOR_TLS = bytes.fromhex("0000000804d2162f")


class Relay:
    """Passes connections on to Postgres; counts those that came with TLS and without."""

    def __init__(self, url: str, context: ssl.SSLContext) -> None:
        self._target = urlsplit(url)
        self._context = context
        self.encrypted = 0
        self.plain = 0

    def url(self, port: int, query: str) -> str:
        """The URL of the same database through the relay."""
        credentials = self._target.netloc.partition("@")[0]
        return f"postgresql://{credentials}@localhost:{port}{self._target.path}?{query}"

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """One connection."""
        try:
            first = await reader.readexactly(8)
            if first == _ASKS_FOR_TLS:
                writer.write(b"S")
                await writer.start_tls(self._context)
                self.encrypted += 1
                first = b""
            else:
                self.plain += 1
            up_reader, up = await asyncio.open_connection(self._target.hostname, self._target.port)
            up.write(first)
            await asyncio.gather(_copy(reader, up), _copy(up_reader, writer))
        except (OSError, asyncio.IncompleteReadError):
            writer.close()


async def _copy(reader: StreamReader, writer: StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    writer.close()


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """The file of an authority that vouches for `localhost`, beside the server's key."""
    issuer = Authority()
    (tmp_path / "ca.pem").write_text(issuer.certificate_pem)
    (tmp_path / "other.pem").write_text(Authority().certificate_pem)
    issuer.server_context("localhost", tmp_path / "server.pem")
    return tmp_path


@pytest.fixture
async def relay(database_url: str, authority: Path) -> AsyncGenerator[tuple[Relay, int]]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "server.pem")
    running = Relay(database_url, context)
    server = await asyncio.start_server(running.serve, "127.0.0.1", 0)
    yield running, server.sockets[0].getsockname()[1]
    server.close()


async def _by_engine(url: str) -> None:
    engine = create_engine(url, search_path="treadle")
    try:
        async with engine.connect() as connection:
            assert await connection.exec_driver_sql("SELECT 1")
    finally:
        await engine.dispose()


async def _by_pool(url: str) -> None:
    async with create_pool(url, search_path="treadle", size=1) as pool:
        assert await pool.fetchval("SELECT 1") == 1


async def _by_migration(url: str) -> None:
    await asyncio.to_thread(migrations.upgrade, url)


@pytest.mark.parametrize("connect", [_by_engine, _by_pool, _by_migration, migrations.require])
async def test_tls_is_used_by_every_way_to_connect(
    relay: tuple[Relay, int], authority: Path, connect: Callable[[str], Awaitable[None]]
) -> None:
    through, port = relay
    for query in ("sslmode=require", f"sslmode=verify-full&sslrootcert={authority / 'ca.pem'}"):
        await connect(through.url(port, query))
    assert through.encrypted >= 2
    assert through.plain == 0
    await connect(through.url(port, "sslmode=disable"))
    assert through.plain >= 1


@pytest.mark.parametrize("connect", [_by_engine, _by_pool])
async def test_an_unknown_authority_is_refused(
    relay: tuple[Relay, int], authority: Path, connect: Callable[[str], Awaitable[None]]
) -> None:
    through, port = relay
    with pytest.raises(ssl.SSLCertVerificationError):
        await connect(through.url(port, f"sslmode=verify-ca&sslrootcert={authority / 'other.pem'}"))


@pytest.mark.parametrize("connect", [_by_engine, _by_pool])
async def test_tls_that_is_demanded_is_not_done_without(
    database_url: str, connect: Callable[[str], Awaitable[None]]
) -> None:
    with pytest.raises((ConnectionError, asyncpg.PostgresError)):
        await connect(f"{database_url}?sslmode=require")
