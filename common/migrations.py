"""Runs a service's Alembic migrations in its own Postgres schema.

Several pods may start at once: an advisory lock lets one of them migrate while the others wait and
then find nothing to do. The version table lives inside the schema, so that services which share a
database do not share a history.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection, text

from common.db import create_engine

AfterUpgrade = Callable[[Connection], None]


def run_upgrade(url: str, *, schema: str, scripts: Path, after: AfterUpgrade | None = None) -> None:
    """Brings `schema` of the database at `url` to the newest revision under `scripts`.

    `after` runs in the same transaction, for what is derived from code and not from history.
    """
    asyncio.run(_upgrade(url, schema, scripts, after))


async def _upgrade(url: str, schema: str, scripts: Path, after: AfterUpgrade | None) -> None:
    engine = create_engine(url, search_path=schema, pool_size=1)
    try:
        async with engine.begin() as connection:
            await connection.execute(
                text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"),
                {"key": f"treadle-migrate-{schema}"},
            )
            await connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
            await connection.run_sync(_run, schema, scripts, after)
    finally:
        await engine.dispose()


def _run(connection: Connection, schema: str, scripts: Path, after: AfterUpgrade | None) -> None:
    config = Config()
    config.set_main_option("script_location", scripts.as_posix())
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["schema"] = schema
    command.upgrade(config, "head")
    if after is not None:
        after(connection)


def run_env() -> None:
    """The whole of a service's Alembic `env.py`: migrates on the connection `run_upgrade` made."""
    attributes = context.config.attributes
    context.configure(
        connection=attributes["connection"], version_table_schema=attributes["schema"]
    )
    context.run_migrations()
