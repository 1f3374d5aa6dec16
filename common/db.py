"""Connections to Postgres, made one way by every service that has a database.

asyncpg parses the URL for all of them, so that what it says of TLS holds for an engine as it does
for a pool.
"""

from datetime import timedelta
from typing import Final, TypeAlias

import asyncpg
import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from common.readiness import Check, NotReadyError

_SERVER_SETTINGS: Final = {
    "jit": "off",
    "application_name": "treadle",
    # A process that is stopped in the middle of a transaction keeps its locks from the others for
    # no longer than this. When it wakes up its transaction is gone, with all that it wanted.
    "idle_in_transaction_session_timeout": "30s",
}
# Of a look at the database.
_PROBE: Final = "SELECT NOT pg_is_in_recovery()"
_COMMAND_TIMEOUT: Final = timedelta(seconds=60)

# What the driver raises when the database is not there, or is going. With an internal error it
# meets a connection that the server has just given up, and that is not closed yet.
DATABASE_TROUBLE: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
DriverConnection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def connect_driver(
    url: str, *, search_path: str, command_timeout: timedelta | None = _COMMAND_TIMEOUT
) -> DriverConnection:
    """One connection of the driver; `url` is a plain `postgresql://` URL."""
    return await asyncpg.connect(
        url,
        server_settings=_SERVER_SETTINGS | {"search_path": search_path},
        command_timeout=None if command_timeout is None else command_timeout.total_seconds(),
    )


def create_engine(
    url: str,
    *,
    search_path: str,
    pool_size: int = 10,
    command_timeout: timedelta | None = _COMMAND_TIMEOUT,
) -> AsyncEngine:
    """An engine on asyncpg; `url` is a plain `postgresql://` URL.

    Statements are compiled by the server once per connection: plans of the hot statements, whose
    arrays differ in length only, must not be made anew for every batch.
    """

    async def connect() -> DriverConnection:
        return await connect_driver(url, search_path=search_path, command_timeout=command_timeout)

    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_pre_ping=False,
        # Errors end up in logs, and parameters are payloads.
        hide_parameters=True,
        # As the driver's own connections read it, and so that it can be written again: a number
        # beyond 64 bits, which jsonb writes out, is a float.
        json_deserializer=orjson.loads,
    )


class _Connection(asyncpg.Connection):
    """Goes back to the pool as it is: nothing here changes a session's settings."""

    def get_reset_query(self) -> str:
        return ""


def create_pool(url: str, *, search_path: str, size: int) -> Pool:
    """A pool of the driver's own connections, for paths that cannot pay for more.

    Use it as an async context manager, which opens and closes it.
    """
    return asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        connection_class=_Connection,
        server_settings=_SERVER_SETTINGS | {"search_path": search_path},
        command_timeout=_COMMAND_TIMEOUT.total_seconds(),
    )


def engine_check(engine: AsyncEngine) -> Check:
    """Asks the database through the pool that serves calls.

    Of a server that was restarted the first connection to fail has the pool forget them all, so no
    call after the next look meets one that is dead.
    """

    async def check() -> None:
        async with engine.connect() as connection:
            _must_write(await connection.scalar(text(_PROBE)))

    return check


def pool_check(pool: Pool) -> Check:
    """The same for a pool of the driver's."""

    async def check() -> None:
        try:
            async with pool.acquire() as connection:
                _must_write(await connection.fetchval(_PROBE))
        except DATABASE_TROUBLE:
            await pool.expire_connections()
            raise

    return check


def _must_write(is_primary: object) -> None:
    if not is_primary:
        raise NotReadyError("the database is a standby and takes no writes")
