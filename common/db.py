"""Connections to Postgres, made one way by every service that has a database."""

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine


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
        connect_args={
            "server_settings": {
                "search_path": search_path,
                "jit": "off",
                "plan_cache_mode": "auto",
                "application_name": "treadle",
            },
            "command_timeout": 60,
        },
    )
