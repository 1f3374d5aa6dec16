"""Claims of sends, decided by one statement for a whole batch of executors' wishes.

Claims come from services, for any account, so they run outside the accounts' row-level security;
each is matched with the account it names.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from action_service.domain.claims import Claim, ClaimDecision

# The lock on the execution decides between a claim and a cancellation, a migration or the next
# attempt: all of them hold it, and the conditions are checked again once it is had. It is taken in
# the order that the engine keeps. The key of `send_claims` decides between two claims.
#
# What is not claimed yet when its workflow is paused is held. It gets a new attempt: the executor
# gives up this one, and NATS would not take it a second time.
_CLAIM = text(
    """
    WITH asked AS (
        SELECT * FROM unnest(
            CAST(:attempts AS uuid[]), CAST(:actions AS uuid[]), CAST(:accounts AS uuid[])
        ) WITH ORDINALITY AS c(attempt_id, action_id, account_id, place)
    ), current AS (
        SELECT x.id, x.account_id, x.attempt_id, e.id AS execution_id,
               w.status = 'paused' AND x.status <> 'running' AS is_held
        FROM asked c
        JOIN workflow_action_executions x
          ON x.id = c.action_id AND x.attempt_id = c.attempt_id AND x.account_id = c.account_id
        JOIN workflow_executions e
          ON e.id = x.workflow_execution_id AND e.current_attempt_id = x.attempt_id
        JOIN workflows w ON w.id = e.workflow_id
        WHERE x.status IN ('pending', 'scheduled', 'running')
        ORDER BY e.id
        FOR NO KEY UPDATE OF e, x
    ), held AS (
        SELECT id, execution_id, gen_random_uuid() AS attempt_id FROM current WHERE is_held
    ), put_back AS (
        UPDATE workflow_action_executions x
        SET status = 'pending', attempt_id = held.attempt_id, lease_until = NULL
        FROM held WHERE x.id = held.id
    ), stopped AS (
        UPDATE workflow_executions e
        SET state = 'paused', current_attempt_id = held.attempt_id
        FROM held WHERE e.id = held.execution_id
    ), granted AS (
        INSERT INTO send_claims (attempt_id, account_id, action_execution_id)
        SELECT attempt_id, account_id, id FROM current WHERE NOT is_held
        ON CONFLICT DO NOTHING
        RETURNING attempt_id, action_execution_id
    ), started AS (
        UPDATE workflow_action_executions x
        SET status = 'running', started_at = COALESCE(x.started_at, now())
        FROM granted WHERE x.id = granted.action_execution_id
    )
    SELECT COALESCE(NOT current.is_held, false) AS is_current,
           granted.attempt_id IS NOT NULL AS is_granted
    FROM asked
    LEFT JOIN current ON current.attempt_id = asked.attempt_id
                     AND current.id = asked.action_id
                     AND current.account_id = asked.account_id
    LEFT JOIN granted ON granted.attempt_id = current.attempt_id
    ORDER BY asked.place
    """
)
# A delivery's row is its own claim: locked first, so that one of two claims sees the other's.
_CLAIM_DELIVERIES = text(
    """
    WITH asked AS (
        SELECT * FROM unnest(
            CAST(:attempts AS uuid[]), CAST(:deliveries AS uuid[]), CAST(:accounts AS uuid[])
        ) WITH ORDINALITY AS c(attempt_id, delivery_id, account_id, place)
    ), current AS (
        SELECT d.id, d.attempt_id, d.claimed
        FROM asked c
        JOIN deliveries d ON d.id = c.delivery_id AND d.attempt_id = c.attempt_id
                         AND d.account_id = c.account_id
        WHERE d.status = 'pending'
        ORDER BY d.id
        FOR NO KEY UPDATE OF d
    ), granted AS (
        UPDATE deliveries d SET claimed = true
        FROM current WHERE d.id = current.id AND NOT current.claimed
    )
    SELECT current.id IS NOT NULL AS is_current, NOT current.claimed AS is_granted
    FROM asked
    LEFT JOIN current ON current.attempt_id = asked.attempt_id
                     AND current.id = asked.delivery_id
    ORDER BY asked.place
    """
)


class PostgresClaimLedger:
    """The record of sends that a provider cannot de-duplicate."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def claim(self, claims: Sequence[Claim]) -> Sequence[ClaimDecision]:
        """Decides about each claim, in their order, in one transaction."""
        steps = [claim for claim in claims if claim.delivery_id is None]
        deliveries = [claim for claim in claims if claim.delivery_id is not None]
        decided: dict[UUID, ClaimDecision] = {}
        async with self._engine.begin() as connection:
            if steps:
                actions = [claim.action_execution_id for claim in steps]
                decided |= await _claim(connection, _CLAIM, steps, actions=actions)
            if deliveries:
                ids = [claim.delivery_id for claim in deliveries]
                decided |= await _claim(connection, _CLAIM_DELIVERIES, deliveries, deliveries=ids)
        return [decided[claim.attempt_id] for claim in claims]


async def _claim(
    connection: AsyncConnection, statement: TextClause, claims: Sequence[Claim], **ids: object
) -> dict[UUID, ClaimDecision]:
    """The decisions by attempt; `ids` are of what is attempted."""
    values: dict[str, object] = {
        "attempts": [claim.attempt_id for claim in claims],
        "accounts": [claim.account_id for claim in claims],
        **ids,
    }
    rows = (await connection.execute(statement, values)).all()
    return {
        claim.attempt_id: _decision(is_current=row.is_current, is_granted=row.is_granted)
        for claim, row in zip(claims, rows, strict=True)
    }


def _decision(*, is_current: bool, is_granted: bool) -> ClaimDecision:
    if not is_current:
        return ClaimDecision.STALE
    return ClaimDecision.GRANTED if is_granted else ClaimDecision.ALREADY_CLAIMED
