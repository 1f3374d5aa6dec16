"""Runs a service's Alembic migrations in its own Postgres schema, and tells whether they have run.

Several pods may start at once: an advisory lock lets one of them migrate while the others wait and
then find nothing to do. The version table lives inside the schema, so that services which share a
database do not share a history.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

import asyncpg
import structlog
from alembic import command, context
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from common.db import connect_driver, create_engine
from common.runtime import CannotStartError

_log = structlog.get_logger(__name__)

AfterUpgrade = Callable[[Connection], None]

_INSUFFICIENT_PRIVILEGE: Final = "42501"
_LOCK_NOT_AVAILABLE: Final = "55P03"
# Somebody else was faster: duplicate object, unique violation.
_EXISTS_BY_NOW: Final = frozenset({"42710", "23505"})
_RETRY_S: Final = 0.5
_NOT_UP_YET: Final = (
    asyncpg.CannotConnectNowError,
    asyncpg.PostgresConnectionError,
    asyncpg.TooManyConnectionsError,
    OSError,
    TimeoutError,
)


class MigrationError(SystemExit):
    """The database cannot be migrated as things are; says what to do.

    A `SystemExit`, because nothing can be done about it inside the process: uncaught, it ends the
    process with status 1 and its message on stderr, without a traceback.
    """


def run_upgrade(url: str, *, schema: str, scripts: Path, after: AfterUpgrade | None = None) -> None:
    """Brings `schema` of the database at `url` to the newest revision under `scripts`.

    `after` runs in the same transaction, for what is derived from code and not from history.
    """
    asyncio.run(_upgrade(url, schema, scripts, after))


async def _upgrade(url: str, schema: str, scripts: Path, after: AfterUpgrade | None) -> None:
    # A change of a large table takes the time that it takes.
    engine = create_engine(url, search_path=schema, pool_size=1, command_timeout=None)
    try:
        async with engine.begin() as connection:
            await connection.execute(
                text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"),
                {"key": f"treadle-migrate-{schema}"},
            )
            # Who waits for an exclusive lock holds up everybody who comes after.
            await connection.execute(text("SET LOCAL lock_timeout = '10s'"))
            await connection.run_sync(_run, schema, scripts, after)
    except DBAPIError as error:
        if _sqlstate(error) != _LOCK_NOT_AVAILABLE:
            raise
        raise MigrationError(
            "another transaction holds a lock that the migration needs; nothing was changed, "
            "run it again"
        ) from error
    finally:
        await engine.dispose()


def _run(connection: Connection, schema: str, scripts: Path, after: AfterUpgrade | None) -> None:
    # Even `IF NOT EXISTS` demands the right to create schemas.
    if not connection.scalar(
        text("SELECT to_regnamespace(:schema) IS NOT NULL"), {"schema": schema}
    ):
        connection.execute(text(f'CREATE SCHEMA "{schema}"'))
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


def ensure_role(connection: Connection, role: str) -> None:
    """Sees to it that there is the role `role` and that this login may act as it.

    Roles belong to the cluster: another database, a parallel run or an administrator may have made
    it. So no more is done, and no more rights are needed, than is missing. Raises MigrationError
    with what an administrator has to run when the login may not.
    """
    quoted = '"' + str(connection.scalar(text("SELECT current_user"))).replace('"', '""') + '"'
    grant = f"GRANT {role} TO {quoted} WITH SET TRUE"
    remedy = [f"{grant};"]
    known = text("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :role)")
    if not connection.scalar(known, {"role": role}):
        _attempt(
            connection, f"CREATE ROLE {role} NOLOGIN", [f"CREATE ROLE {role} NOLOGIN;", *remedy]
        )
    # Who has made a role does not have it, and who inherits its rights may not take it on.
    if not connection.scalar(text("SELECT pg_has_role(:role, 'SET')"), {"role": role}):
        _attempt(connection, grant, remedy)


def _attempt(connection: Connection, statement: str, remedy: list[str]) -> None:
    try:
        with connection.begin_nested():
            connection.execute(text(statement))
    except DBAPIError as error:
        state = _sqlstate(error)
        if state in _EXISTS_BY_NOW:
            return
        if state != _INSUFFICIENT_PRIVILEGE:
            raise
        raise MigrationError(
            "the login of TREADLE_DATABASE_URL has not the rights to set up the roles of row-level "
            "security. Have a database administrator run\n  " + "\n  ".join(remedy) + "\n"
            "and then migrate again."
        ) from error


def _sqlstate(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)


async def require_schema(
    url: str, *, schema: str, scripts: Path, migrate: str, within: timedelta = timedelta(seconds=30)
) -> None:
    """Waits for the database and makes sure that `schema` is not older than `scripts`.

    A newer one is for the release that is about to replace this one, and does. `migrate` is the
    command that brings it up to date. Raises CannotStartError.
    """
    found = await _revisions(url, schema, within)
    history = ScriptDirectory(scripts.as_posix())
    heads = set(history.get_heads())
    outdated = {script.revision for script in history.walk_revisions()} - heads
    if not found or found & outdated:
        raise CannotStartError(
            f"the database's schema {schema} is "
            f"{'older than this release' if found else 'not there'}; run: {migrate}"
        )


async def _revisions(url: str, schema: str, within: timedelta) -> set[str]:
    """The revisions that the database is at; none without a schema."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within.total_seconds()
    while True:
        try:
            connection = await connect_driver(url, search_path=schema)
            try:
                rows = await connection.fetch(f'SELECT version_num FROM "{schema}".alembic_version')  # noqa: S608 - a constant
            finally:
                await connection.close()
        except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
            return set()
        except _NOT_UP_YET as error:
            if loop.time() >= deadline:
                raise CannotStartError(_unreachable(error)) from error
            _log.warning("database_not_up_yet", error=type(error).__name__)
            await asyncio.sleep(_RETRY_S)
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise CannotStartError(_unreachable(error)) from error
        else:
            return {row[0] for row in rows}


def _unreachable(error: Exception) -> str:
    return f"the database of TREADLE_DATABASE_URL cannot be used: {type(error).__name__}: {error}"
