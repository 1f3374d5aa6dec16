"""Connections to Postgres, made one way by every service that has a database."""

from typing import Final

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

_SERVER_SETTINGS: Final = {"jit": "off", "application_name": "treadle"}
_COMMAND_TIMEOUT_S: Final = 60


def create_engine(url: str, *, search_path: str, pool_size: int = 10) -> AsyncEngine:
    """An engine on asyncpg; `url` is a plain `postgresql://` URL.

    Statements are compiled by the server once per connection: plans of the hot statements, whose
    arrays differ in length only, must not be made anew for every batch.
    """
    return create_async_engine(
        url.replace("postgresql://", "postgresql+asyncpg://", 1),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_pre_ping=False,
        # Errors end up in logs, and parameters are payloads.
        hide_parameters=True,
        connect_args={
            "server_settings": _SERVER_SETTINGS | {"search_path": search_path},
            "command_timeout": _COMMAND_TIMEOUT_S,
        },
    )


class _Connection(asyncpg.Connection):
    """Goes back to the pool as it is: nothing here changes a session's settings."""

    def get_reset_query(self) -> str:
        return ""


def create_pool(url: str, *, search_path: str, size: int) -> "asyncpg.Pool[asyncpg.Record]":
    """A pool of the driver's own connections, for paths that cannot pay for more.

    Use it as an async context manager, which opens and closes it.
    """
    return asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        connection_class=_Connection,
        server_settings=_SERVER_SETTINGS | {"search_path": search_path},
        command_timeout=_COMMAND_TIMEOUT_S,
    )
