"""Forgets the answers kept for repeated requests, so that their log does not grow for ever."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from common.telemetry import get_logger

_FORGET = text("DELETE FROM request_log WHERE created_at < now() - CAST(:age AS interval)")

_log = get_logger(__name__)


async def forget_answers(db: AsyncEngine, *, older_than: timedelta) -> int:
    """Deletes the answers given longer ago than `older_than`; returns how many."""
    async with db.begin() as connection:
        return (await connection.execute(_FORGET, {"age": older_than})).rowcount


@asynccontextmanager
async def forgetting_answers(
    db: AsyncEngine, *, older_than: timedelta, every: timedelta = timedelta(hours=1)
) -> AsyncGenerator[None]:
    """Forgets old answers at intervals during the block; any number of processes may."""
    task = asyncio.create_task(_keep_forgetting(db, older_than, every))
    try:
        yield
    finally:
        task.cancel()


async def _keep_forgetting(db: AsyncEngine, older_than: timedelta, every: timedelta) -> None:
    while True:
        await asyncio.sleep(every.total_seconds())
        try:
            forgotten = await forget_answers(db, older_than=older_than)
        except (SQLAlchemyError, OSError) as error:
            _log.warning("answers_not_forgotten", error=type(error).__name__)
        else:
            _log.info("answers_forgotten", count=forgotten)
