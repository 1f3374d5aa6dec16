"""Whose turn it is, of the attempts that have not been rung for yet.

The index holds nothing but these, by type and account. A recursion finds the accounts that have
any, each at the cost of one look, however many attempts one of them has.
"""

from collections.abc import Sequence
from uuid import UUID

from action_service.adapters.driver import Driver
from action_service.adapters.standings import STANDING, standing
from action_service.engine.model import Standing

_BEFORE_ALL = UUID(int=0)

_TYPES = """
    WITH RECURSIVE line AS (
        (SELECT action_type FROM treadle.workflow_action_executions
         WHERE lease_until = 'infinity' ORDER BY action_type LIMIT 1)
        UNION ALL
        SELECT (SELECT a.action_type FROM treadle.workflow_action_executions a
                WHERE a.lease_until = 'infinity' AND a.action_type > line.action_type
                ORDER BY a.action_type LIMIT 1)
        FROM line WHERE line.action_type IS NOT NULL
    )
    SELECT action_type FROM line WHERE action_type IS NOT NULL
"""

# The first of each account come before the second of any.
_CLAIM = f"""
    WITH RECURSIVE line AS (
        SELECT t.action_type, $3::uuid AS account_id FROM unnest($1::text[]) AS t(action_type)
        UNION ALL
        SELECT line.action_type, next.account_id
        FROM line CROSS JOIN LATERAL (
            SELECT a.account_id FROM treadle.workflow_action_executions a
            WHERE a.lease_until = 'infinity' AND a.action_type = line.action_type
              AND a.account_id > line.account_id
            ORDER BY a.account_id LIMIT 1
        ) next
    ), waiting AS (
        SELECT action_type, account_id FROM line WHERE account_id <> $3::uuid
    ), turns AS (
        SELECT c.id, c.workflow_execution_id,
               row_number() OVER (PARTITION BY w.account_id ORDER BY c.id) AS turn
        FROM waiting w CROSS JOIN LATERAL (
            SELECT a.id, a.workflow_execution_id FROM treadle.workflow_action_executions a
            WHERE a.lease_until = 'infinity' AND a.action_type = w.action_type
              AND a.account_id = w.account_id
            ORDER BY a.id
            LIMIT (SELECT ceil($2::float8 / count(*))::bigint FROM waiting)
        ) c
    ), chosen AS (
        SELECT id, workflow_execution_id, turn FROM turns ORDER BY turn, id LIMIT $2::int
    )
    SELECT {STANDING}
    FROM chosen c
    JOIN treadle.workflow_executions e
      ON e.id = c.workflow_execution_id AND e.current_action_execution_id = c.id
    JOIN treadle.workflows w ON w.id = e.workflow_id
    JOIN treadle.workflow_action_executions a ON a.id = c.id
    LEFT JOIN treadle.send_claims s ON s.attempt_id = e.current_attempt_id
    WHERE a.lease_until = 'infinity'
    ORDER BY c.turn, c.id
    FOR NO KEY UPDATE OF e SKIP LOCKED
    """  # noqa: S608 - made of constants


async def waiting_types(connection: Driver) -> Sequence[str]:
    """The types of which there are attempts that wait for their turn."""
    return [row[0] for row in await connection.fetch(_TYPES)]


async def claim_turns(
    connection: Driver, action_types: Sequence[str], limit: int
) -> Sequence[Standing]:
    """See EngineTransaction."""
    rows = await connection.fetch(_CLAIM, action_types, limit, _BEFORE_ALL)
    return [standing(*row) for row in rows]
