"""What has been rung for and not begun, in Postgres: due again when its messages are lost."""

from datetime import datetime

import asyncpg

from action_service.adapters.engine_transactions import transaction

# Windows let far fewer be rung for at a time; without them the rest waits for its leases.
_MOST = 50_000

_LOST = """
    WITH lost AS (
        SELECT a.id
        FROM treadle.workflow_action_executions a
        JOIN treadle.workflow_executions e
          ON e.id = a.workflow_execution_id AND e.current_action_execution_id = a.id
        WHERE {}
        LIMIT $2
        FOR NO KEY UPDATE OF e SKIP LOCKED
    )
    UPDATE treadle.workflow_action_executions a SET lease_until = now(), rings = 0
    FROM lost WHERE a.id = lost.id
"""
# Whose send has been claimed, and so is running, may be at work still: its lease protects it.
_STEPS = _LOST.format(
    """
    a.status = 'pending' AND a.created_at < $1
    AND a.lease_until > now() AND a.lease_until < 'infinity'
    """
)
# Word from the scheduler that their instant has come. Those whose instant is yet to come it keeps.
_INSTANTS = _LOST.format(
    """
    a.status IN ('scheduled', 'waiting') AND a.scheduled_at < $1
    AND a.lease_until > now() AND a.lease_until < $1 + INTERVAL '30 seconds'
    """
)
# A lease without a ring is the pause before a retry.
_DELIVERIES = """
    WITH lost AS (
        SELECT id FROM treadle.deliveries
        WHERE status = 'pending' AND NOT claimed AND created_at < $1 AND lease_until > now()
          AND (attempts = 0 OR rings > 0)
        LIMIT $2
        FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE treadle.deliveries d SET lease_until = now(), rings = 0
    FROM lost WHERE d.id = lost.id
"""
_EVENTS = """
    WITH lost AS (
        SELECT id FROM treadle.event_outbox
        WHERE created_at < $1 AND ring_at > now()
        LIMIT $2
        FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE treadle.event_outbox o SET ring_at = now(), rings = 0
    FROM lost WHERE o.id = lost.id
"""


class PostgresLosses:
    """`LossStore` on the engine's pool."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def make_due(self, before: datetime) -> int:
        """See LossStore."""
        count = 0
        for statement in (_STEPS, _INSTANTS, _DELIVERIES, _EVENTS):
            async with transaction(self._pool) as connection:
                tag = await connection.execute(statement, before, _MOST)
            # The driver answers with the command tag, such as `UPDATE 3`.
            count += int(tag.split()[-1])
        return count
