"""Forgets what need not be kept, so that tables do not grow for ever and people are forgotten."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from common.telemetry import get_logger

_BATCH = 1_000
_FIRST = datetime.fromtimestamp(0, UTC)
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
# An event stays while a run is open that may still come to wait for it, or to look back for it: one
# that started before. Each batch goes on behind the last one, so that those that stay are looked at
# once; what is gone counts as new when it is published again.
_FORGET_HEARD = text(
    """
    WITH old AS (
        SELECT id, contact_id, event_type, heard_at FROM heard_events
        WHERE heard_at < now() - CAST(:age AS interval)
          AND (heard_at, id) > (CAST(:after_at AS timestamptz), CAST(:after_id AS uuid))
        ORDER BY heard_at, id LIMIT :batch
    ), unneeded AS (
        SELECT h.id FROM heard_events h JOIN old ON old.id = h.id
        WHERE NOT EXISTS (
            SELECT FROM workflow_executions e JOIN workflow_versions v ON v.id = e.version_id
            WHERE e.contact_id = old.contact_id AND e.state IN ('running', 'waiting', 'paused')
              AND e.started_at <= old.heard_at AND old.event_type = ANY(v.heard_types)
        )
        FOR UPDATE OF h SKIP LOCKED
    ), forgotten AS (
        DELETE FROM heard_events h USING unneeded WHERE h.id = unneeded.id RETURNING h.id
    )
    SELECT heard_at, id, (SELECT count(*) FROM forgotten) AS number FROM old
    ORDER BY heard_at DESC, id DESC LIMIT 1
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
_FORGET_LETTERS = text(
    """
    DELETE FROM dead_letters WHERE id IN (
        SELECT id FROM dead_letters WHERE died_at < now() - CAST(:age AS interval)
        ORDER BY died_at LIMIT :batch
        FOR UPDATE SKIP LOCKED
    )
    """
)
# As long as their stream keeps those of nobody.
_LETTERS_AFTER = timedelta(days=30)

_log = get_logger(__name__)


async def forget_answers(db: AsyncEngine, *, older_than: timedelta) -> int:
    """Deletes the answers to requests given longer ago than `older_than`; returns how many."""
    async with db.begin() as connection:
        return (await connection.execute(_FORGET_ANSWERS, {"age": older_than})).rowcount


async def strip_events(db: AsyncEngine, *, older_than: timedelta) -> int:
    """Empties providers' events that came longer ago than `older_than`; returns how many."""
    return await _in_batches(db, _STRIP_EVENTS, older_than)


async def forget_events(db: AsyncEngine, *, older_than: timedelta) -> int:
    """Deletes events that no run may wait for, and the ids of other systems' ones; how many."""
    heard = await _forget_heard(db, older_than)
    return heard + await _in_batches(db, _FORGET_PUBLISHED, older_than)


async def _forget_heard(db: AsyncEngine, older_than: timedelta) -> int:
    """A transaction for each batch, behind the one before."""
    forgotten = 0
    place: dict[str, object] = {"after_at": _FIRST, "after_id": UUID(int=0)}
    while True:
        async with db.begin() as connection:
            values = {"age": older_than, "batch": _BATCH, **place}
            last = (await connection.execute(_FORGET_HEARD, values)).first()
        if last is None:
            return forgotten
        forgotten += last.number
        place = {"after_at": last.heard_at, "after_id": last.id}


async def forget_letters(db: AsyncEngine, *, older_than: timedelta = _LETTERS_AFTER) -> int:
    """Deletes dead letters, whatever has become of them; returns how many."""
    return await _in_batches(db, _FORGET_LETTERS, older_than)


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
            "dead letters": lambda: forget_letters(db),
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
