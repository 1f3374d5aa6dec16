"""Transactions of the engine, and what the driver's failures in them mean to it."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

import asyncpg

from action_service.adapters.driver import Driver
from action_service.engine.model import BadItemError, StoreUnavailableError
from common.db import DATABASE_TROUBLE


@asynccontextmanager
async def transaction(pool: "asyncpg.Pool[asyncpg.Record]") -> AsyncGenerator[Driver]:
    """Commits when the block ends well; raises StoreUnavailableError."""
    async with single_statement(pool) as connection, connection.transaction():
        yield connection


@asynccontextmanager
async def single_statement(pool: "asyncpg.Pool[asyncpg.Record]") -> AsyncGenerator[Driver]:
    """For a statement that is a transaction by itself; raises StoreUnavailableError."""
    try:
        async with pool.acquire() as connection:
            yield connection
    except DATABASE_TROUBLE as error:
        raise StoreUnavailableError(type(error).__name__) from error


@contextmanager
def bad_items() -> Generator[None]:
    """Tells a value that the database refuses from a database that is in trouble."""
    try:
        yield
    except asyncpg.PostgresError as error:
        # Class 22 is bad data, 23 a broken constraint, and 54 more of something than there may be.
        if (error.sqlstate or "")[:2] in {"22", "23", "54"}:
            raise BadItemError(_say(error)) from error
        raise
    except ValueError as error:
        # What the driver cannot encode.
        raise BadItemError(_say(error)) from error


def _say(cause: object) -> str:
    """What the user may know of the database's refusal."""
    constraint = getattr(cause, "constraint_name", None)
    if constraint == "idx_contacts_email":
        return "another contact has this email address"
    if isinstance(cause, asyncpg.ForeignKeyViolationError):
        return "a record that this step is about has been deleted meanwhile"
    return "a value of this step cannot be stored"
