"""Forgets what need not be kept, so that tables do not grow for ever and people are forgotten."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from sqlalchemy import TextClause, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from common.telemetry import get_logger

_BATCH = 1_000
_FORGET_ANSWERS = text("DELETE FROM request_log WHERE created_at < now() - CAST(:age AS interval)")
# Its id stays: the same request, however late it is made again, must find it.
_STRIP_EVENTS = text(
    """
    UPDATE provider_events SET payload = '{}', detail = '{}'
    WHERE id IN (
        SELECT id FROM provider_events
        WHERE payload <> '{}' AND received_at < now() - CAST(:age AS interval)
        ORDER BY received_at LIMIT :batch
        FOR NO KEY UPDATE SKIP LOCKED
    )
    """
)
# A wait that is stored later than that finds its event no more, and an event that is published
# again counts as new.
_FORGET_HEARD = text(
    """
    DELETE FROM heard_events WHERE id IN (
        SELECT id FROM heard_events WHERE heard_at < now() - CAST(:age AS interval)
        ORDER BY heard_at LIMIT :batch
        FOR UPDATE SKIP LOCKED
    )
    """
)
_FORGET_PUBLISHED = text(
    """
    DELETE FROM published_events WHERE (account_id, source_id) IN (
        SELECT account_id, source_id FROM published_events
        WHERE received_at < now() - CAST(:age AS interval)
        ORDER BY received_at LIMIT :batch
        FOR UPDATE SKIP LOCKED
    )
    """
)

_log = get_logger(__name__)


async def forget_answers(db: AsyncEngine, *, older_than: timedelta) -> int:
    """Deletes the answers to requests given longer ago than `older_than`; returns how many."""
    async with db.begin() as connection:
        return (await connection.execute(_FORGET_ANSWERS, {"age": older_than})).rowcount


async def strip_events(db: AsyncEngine, *, older_than: timedelta) -> int:
    """Empties providers' events that came longer ago than `older_than`; returns how many."""
    return await _in_batches(db, _STRIP_EVENTS, older_than)


async def forget_events(db: AsyncEngine, *, older_than: timedelta) -> int:
    """Deletes what runs may wait for, and the ids of other systems' events; returns how many."""
    heard = await _in_batches(db, _FORGET_HEARD, older_than)
    return heard + await _in_batches(db, _FORGET_PUBLISHED, older_than)


async def _in_batches(db: AsyncEngine, statement: TextClause, older_than: timedelta) -> int:
    """A transaction for each batch, so that nobody waits for it."""
    done = 0
    while True:
        async with db.begin() as connection:
            values = {"age": older_than, "batch": _BATCH}
            found = (await connection.execute(statement, values)).rowcount
        done += found
        if found < _BATCH:
            return done


@asynccontextmanager
async def forgetting(
    db: AsyncEngine,
    *,
    answers_after: timedelta,
    posts_after: timedelta,
    events_after: timedelta,
    every: timedelta = timedelta(hours=1),
) -> AsyncGenerator[None]:
    """Forgets them at intervals during the block; any number of processes may."""
    tasks = [
        asyncio.create_task(_repeat(what, work, every))
        for what, work in {
            "answers": lambda: forget_answers(db, older_than=answers_after),
            "posts": lambda: strip_events(db, older_than=posts_after),
            "events": lambda: forget_events(db, older_than=events_after),
        }.items()
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()


async def _repeat(what: str, work: Callable[[], Awaitable[int]], every: timedelta) -> None:
    while True:
        await asyncio.sleep(every.total_seconds())
        try:
            forgotten = await work()
        except (SQLAlchemyError, OSError) as error:
            _log.warning("not_forgotten", what=what, error=type(error).__name__)
        else:
            _log.info("forgotten", what=what, count=forgotten)
