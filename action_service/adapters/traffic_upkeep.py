"""Shows how many circuits are not closed, and forgets those that nothing happens to any more."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from prometheus_client import Gauge
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from action_service.domain.peers import PROVIDERS, WEBHOOK, kind_of
from common.telemetry import get_logger

# A host that nobody has called for so long has no circuit any more.
FORGET_AFTER: Final = timedelta(days=1)

_COUNT = text(
    "SELECT peer, state, count(*) AS number FROM provider_circuits"
    " WHERE state <> 'closed' GROUP BY peer, state"
)
_FORGET = text(
    "DELETE FROM provider_circuits WHERE state = 'closed'"
    " AND updated_at < now() - CAST(:age AS interval)"
)
_STATES: Final = ("open", "half_open")
_CIRCUITS = Gauge(
    "treadle_provider_circuits",
    "Circuits of accounts that are not closed; the same from every API.",
    ("provider", "state"),
)

_log = get_logger(__name__)


async def show_circuits(db: AsyncEngine) -> None:
    """Sets the gauge to what is stored."""
    numbers: Counter[tuple[str, str]] = Counter()
    async with db.connect() as connection:
        for row in await connection.execute(_COUNT):
            numbers[kind_of(row.peer), row.state] += row.number
    for provider in (*PROVIDERS, WEBHOOK):
        for state in _STATES:
            _CIRCUITS.labels(provider, state).set(numbers[provider, state])


async def forget_circuits(db: AsyncEngine, *, older_than: timedelta = FORGET_AFTER) -> int:
    """Deletes closed circuits that have not changed since; returns how many."""
    async with db.begin() as connection:
        return (await connection.execute(_FORGET, {"age": older_than})).rowcount


@asynccontextmanager
async def watching_circuits(
    db: AsyncEngine, *, every: timedelta = timedelta(seconds=15)
) -> AsyncGenerator[None]:
    """Does both at intervals during the block; any number of processes may."""
    task = asyncio.create_task(_keep_watching(db, every))
    try:
        yield
    finally:
        task.cancel()


async def _keep_watching(db: AsyncEngine, every: timedelta) -> None:
    while True:
        try:
            await show_circuits(db)
            await forget_circuits(db)
        except (SQLAlchemyError, OSError) as error:
            _log.warning("circuits_not_read", error=type(error).__name__)
        await asyncio.sleep(every.total_seconds())
