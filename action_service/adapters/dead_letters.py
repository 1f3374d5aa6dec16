"""Dead letters in Postgres, as the engine stores them."""

from collections.abc import Collection, Sequence

import asyncpg

from action_service.adapters.engine_transactions import single_statement
from action_service.engine.dead_letters import Letter

# What a letter names counts as far as it exists in the account that it names.
_KEEP = """
    WITH given AS (
        SELECT v.* FROM unnest(
            $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int[],
            $8::timestamptz[], $9::bytea[], $10::uuid[], $11::uuid[], $12::uuid[]
        ) AS v(id, account_id, kind, source, subject, reason, deliveries, died_at, payload,
               attempt_id, action_execution_id, execution_id)
        JOIN treadle.accounts a ON a.id = v.account_id
    ), stored AS (
        INSERT INTO treadle.dead_letters AS t (
            id, account_id, kind, source, subject, reason, deliveries, died_at, payload, attempt_id,
            action_execution_id, action_type, execution_id, workflow_id, contact_id
        )
        SELECT DISTINCT ON (given.id)
               given.id, given.account_id, given.kind, given.source, given.subject, given.reason,
               given.deliveries, given.died_at, given.payload, given.attempt_id, x.id,
               x.action_type, e.id, e.workflow_id, e.contact_id
        FROM given
        LEFT JOIN treadle.workflow_action_executions x
          ON x.id = given.action_execution_id AND x.account_id = given.account_id
        LEFT JOIN treadle.workflow_executions e
          ON e.id = COALESCE(x.workflow_execution_id, given.execution_id)
         AND e.account_id = given.account_id
        ORDER BY given.id, given.died_at DESC
        ON CONFLICT (id) DO UPDATE
        SET state = 'open', reason = excluded.reason, deliveries = excluded.deliveries,
            died_at = excluded.died_at, payload = excluded.payload, deaths = t.deaths + 1,
            closed_by = NULL, closed_at = NULL, closing_reason = NULL, revision = t.revision + 1
        WHERE t.died_at < excluded.died_at AND t.account_id = excluded.account_id
    )
    SELECT id::text FROM given
    """


class PostgresDeadLetters:
    """`DeadLetterStore` on the engine's pool."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def keep(self, letters: Sequence[Letter]) -> Collection[str]:
        """See DeadLetterStore."""
        if not letters:
            return ()
        async with single_statement(self._pool) as connection:
            rows = await connection.fetch(_KEEP, *zip(*letters, strict=True))
        return {row[0] for row in rows}
