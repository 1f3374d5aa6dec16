"""The little of asyncpg that the engine's adapters use, and the way to it from SQLAlchemy."""

from typing import TypeAlias, cast

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from sqlalchemy.ext.asyncio import AsyncConnection

# A connection of asyncpg, from a pool or not; parameters are `$1`, `$2`, …
Driver: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"


async def driver_of(connection: AsyncConnection) -> Driver:
    """The driver's connection under SQLAlchemy's, in the same transaction.

    Something must have been executed before: SQLAlchemy begins a transaction with the first
    statement, not before.
    """
    raw = await connection.get_raw_connection()
    return cast("asyncpg.Connection[asyncpg.Record]", raw.driver_connection)
