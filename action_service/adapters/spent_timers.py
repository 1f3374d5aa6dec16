"""Attempts whose timers are spent, in Postgres: a database trigger notes them."""

from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager

import asyncpg

from action_service.adapters.driver import Driver
from action_service.adapters.engine_transactions import transaction

_TAKE = """
    DELETE FROM treadle.spent_timers WHERE attempt_id IN (
        SELECT attempt_id FROM treadle.spent_timers LIMIT $1 FOR UPDATE SKIP LOCKED
    )
    RETURNING attempt_id::text
    """
_NOTE = """
    INSERT INTO treadle.spent_timers (attempt_id, account_id)
    SELECT v.attempt_id, e.account_id
    FROM unnest($1::uuid[], $2::uuid[]) AS v(attempt_id, execution_id)
    JOIN treadle.workflow_executions e ON e.id = v.execution_id
    ORDER BY v.attempt_id
    ON CONFLICT DO NOTHING
    """


async def note_spent(
    connection: Driver, attempt_ids: Collection[str], execution_ids: Collection[str]
) -> None:
    """Notes that timers of these attempts, at these executions, are spent."""
    await connection.execute(_NOTE, list(attempt_ids), list(execution_ids))


class PostgresSpentTimers:
    """`SpentTimers` on the engine's pool."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    @asynccontextmanager
    async def taken(self, limit: int) -> AsyncGenerator[Sequence[str]]:
        """See SpentTimers."""
        async with transaction(self._pool) as connection:
            yield [row[0] for row in await connection.fetch(_TAKE, limit)]
