"""Claims of sends, decided by one statement for a whole batch of executors' wishes.

Claims come from services, for any account, so they run outside the accounts' row-level security;
each is matched with the account it names.

Before it, a batch takes a lock of each account that it claims for, shared with other batches. Who
suppresses an address or withdraws a consent takes the same lock alone. So a claim is decided either
before that transaction, which then waits for the claim's commit, or after it, and then sees what it
has stored. The account's lock comes before every other on both sides.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from action_service.adapters.compliance import CLAIMS_LOCK
from action_service.domain.claims import Claim, ClaimDecision, Verdict
from action_service.domain.compliance import refusal_reason
from action_service.domain.erasure import digest_address
from common.contact_links import LinkKeys

_LOCK_ACCOUNTS = text(
    f"""
    SELECT pg_advisory_xact_lock_shared({CLAIMS_LOCK}, key)
    FROM (SELECT DISTINCT hashtext(a::text) AS key
          FROM unnest(CAST(:accounts AS uuid[])) a ORDER BY 1) keys
    """  # noqa: S608 - made of a constant
)
# What stands against each message that is asked for, the weightiest of it first.
_OBJECTED = """
        SELECT c.place, found.objection, found.since
        FROM asked c
        CROSS JOIN LATERAL (
            SELECT 1 AS weight, s.cause AS objection, s.created_at AS since
            FROM suppressions s
            WHERE s.account_id = c.account_id AND s.channel = 'contact'
              AND s.address = CAST(c.contact_id AS text) AND s.lifted_at IS NULL
              AND (s.scope = 'all' OR c.purpose = 'marketing')
            UNION ALL
            SELECT 2, s.cause, s.created_at
            FROM suppressions s
            WHERE s.account_id = c.account_id AND s.channel = c.channel
              AND s.address = ANY(string_to_array(c.addresses, E'\\n'))
              AND s.lifted_at IS NULL AND (s.scope = 'all' OR c.purpose = 'marketing')
            UNION ALL
            SELECT 3, 'withdrawn', k.changed_at
            FROM consents k
            WHERE k.account_id = c.account_id AND k.contact_id = c.contact_id
              AND k.channel = c.channel AND k.purpose = c.purpose AND k.status = 'withdrawn'
            UNION ALL
            SELECT 4, 'no_consent', NULL
            FROM accounts a
            WHERE a.id = c.account_id AND c.purpose = 'marketing'
              AND c.channel = ANY(a.explicit_consent_channels)
              AND NOT EXISTS (
                  SELECT FROM consents k
                  WHERE k.account_id = c.account_id AND k.contact_id = c.contact_id
                    AND k.channel = c.channel AND k.purpose = c.purpose AND k.status = 'granted'
              )
            ORDER BY weight, since
            LIMIT 1
        ) found
        WHERE c.channel IS NOT NULL
"""

# The lock on the execution decides between a claim and a cancellation, a migration or the next
# attempt: all of them hold it, and the conditions are checked again once it is had. It is taken in
# the order that the engine keeps. The key of `send_claims` decides between two claims.
#
# What is not claimed yet when its run or its workflow is paused is held. It gets a new attempt: the
# executor gives up this one, and NATS would not take it a second time.
_CLAIM = text(
    f"""
    WITH asked AS (
        SELECT * FROM unnest(
            CAST(:attempts AS uuid[]), CAST(:actions AS uuid[]), CAST(:accounts AS uuid[]),
            CAST(:channels AS text[]), CAST(:addresses AS text[]), CAST(:purposes AS text[]),
            CAST(:contacts AS uuid[])
        ) WITH ORDINALITY AS c(
            attempt_id, action_id, account_id, channel, addresses, purpose, contact_id, place
        )
    ), objected AS ({_OBJECTED}), current AS (
        SELECT x.id, x.account_id, x.attempt_id, e.id AS execution_id,
               (w.status = 'paused' OR e.state = 'paused') AND x.status <> 'running' AS is_held,
               o.place IS NOT NULL AS is_refused, o.objection, o.since,
               EXISTS (SELECT FROM send_claims s WHERE s.attempt_id = x.attempt_id) AS was_claimed
        FROM asked c
        LEFT JOIN objected o ON o.place = c.place
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
        SELECT attempt_id, account_id, id FROM current WHERE NOT is_held AND NOT is_refused
        ON CONFLICT DO NOTHING
        RETURNING attempt_id, action_execution_id
    ), started AS (
        UPDATE workflow_action_executions x
        SET status = 'running', started_at = COALESCE(x.started_at, now())
        FROM granted WHERE x.id = granted.action_execution_id
    )
    SELECT COALESCE(NOT current.is_held, false) AS is_current,
           granted.attempt_id IS NOT NULL AS is_granted,
           current.is_refused AND NOT current.was_claimed AS is_refused,
           current.objection, current.since
    FROM asked
    LEFT JOIN current ON current.attempt_id = asked.attempt_id
                     AND current.id = asked.action_id
                     AND current.account_id = asked.account_id
    LEFT JOIN granted ON granted.attempt_id = current.attempt_id
    ORDER BY asked.place
    """  # noqa: S608 - made of constants
)
# A delivery's row is its own claim: locked first, so that one of two claims sees the other's. A
# notification is about a contact, and goes to a user.
_CLAIM_DELIVERIES = text(
    f"""
    WITH asked AS (
        SELECT c.attempt_id, c.delivery_id, c.account_id, c.channel, c.addresses, c.purpose,
               CASE WHEN n.notification_id IS NULL THEN c.contact_id END AS contact_id, c.place
        FROM unnest(
            CAST(:attempts AS uuid[]), CAST(:deliveries AS uuid[]), CAST(:accounts AS uuid[]),
            CAST(:channels AS text[]), CAST(:addresses AS text[]), CAST(:purposes AS text[]),
            CAST(:contacts AS uuid[])
        ) WITH ORDINALITY AS c(
            attempt_id, delivery_id, account_id, channel, addresses, purpose, contact_id, place
        )
        LEFT JOIN deliveries n ON n.id = c.delivery_id AND n.account_id = c.account_id
    ), objected AS ({_OBJECTED}), current AS (
        SELECT d.id, d.attempt_id, d.claimed, o.place IS NOT NULL AS is_refused, o.objection,
               o.since
        FROM asked c
        LEFT JOIN objected o ON o.place = c.place
        JOIN deliveries d ON d.id = c.delivery_id AND d.attempt_id = c.attempt_id
                         AND d.account_id = c.account_id
        WHERE d.status = 'pending'
        ORDER BY d.id
        FOR NO KEY UPDATE OF d
    ), granted AS (
        UPDATE deliveries d SET claimed = true
        FROM current WHERE d.id = current.id AND NOT current.claimed AND NOT current.is_refused
    )
    SELECT current.id IS NOT NULL AS is_current,
           NOT current.claimed AND NOT current.is_refused AS is_granted,
           current.is_refused AND NOT current.claimed AS is_refused,
           current.objection, current.since
    FROM asked
    LEFT JOIN current ON current.attempt_id = asked.attempt_id
                     AND current.id = asked.delivery_id
    ORDER BY asked.place
    """  # noqa: S608 - made of constants
)


class PostgresClaimLedger:
    """The record of sends that a provider cannot de-duplicate."""

    def __init__(self, engine: AsyncEngine, keys: LinkKeys) -> None:
        """`keys` give what stands for addresses that were erased."""
        self._engine = engine
        self._keys = keys

    async def claim(self, claims: Sequence[Claim]) -> Sequence[Verdict]:
        """Decides about each claim, in their order, in one transaction."""
        steps = [claim for claim in claims if claim.delivery_id is None]
        deliveries = [claim for claim in claims if claim.delivery_id is not None]
        addressed = [claim.account_id for claim in claims if claim.recipient is not None]
        decided: dict[UUID, Verdict] = {}
        async with self._engine.begin() as connection:
            if addressed:
                # A statement of its own: what follows sees all that was committed before.
                await connection.execute(_LOCK_ACCOUNTS, {"accounts": addressed})
            if steps:
                actions = [claim.action_execution_id for claim in steps]
                decided |= await self._claim(connection, _CLAIM, steps, actions=actions)
            if deliveries:
                ids = [claim.delivery_id for claim in deliveries]
                decided |= await self._claim(
                    connection, _CLAIM_DELIVERIES, deliveries, deliveries=ids
                )
        return [decided[claim.attempt_id] for claim in claims]

    async def _claim(
        self,
        connection: AsyncConnection,
        statement: TextClause,
        claims: Sequence[Claim],
        **ids: object,
    ) -> dict[UUID, Verdict]:
        """The decisions by attempt; `ids` are of what is attempted."""
        recipients = [claim.recipient for claim in claims]
        values: dict[str, object] = {
            "attempts": [claim.attempt_id for claim in claims],
            "accounts": [claim.account_id for claim in claims],
            "channels": [each and each.channel.value for each in recipients],
            "addresses": [self._addresses(claim) for claim in claims],
            "purposes": [each and each.purpose.value for each in recipients],
            "contacts": [each and each.contact_id for each in recipients],
            **ids,
        }
        rows = (await connection.execute(statement, values)).all()
        return {
            claim.attempt_id: _verdict(claim, row) for claim, row in zip(claims, rows, strict=True)
        }

    def _addresses(self, claim: Claim) -> str | None:
        """What suppressions of the recipient are kept by, one a line."""
        if claim.recipient is None:
            return None
        address = claim.recipient.address
        digests = self._keys.digests(claim.account_id, address)
        return "\n".join([address, *(digest_address(each) for each in digests)])


def _verdict(claim: Claim, row: Row[Any]) -> Verdict:
    if not row.is_current:
        return Verdict(ClaimDecision.STALE)
    if row.is_granted:
        return Verdict(ClaimDecision.GRANTED)
    if row.is_refused and claim.recipient is not None:
        reason = refusal_reason(row.objection, claim.recipient, row.since)
        return Verdict(ClaimDecision.REFUSED, reason)
    return Verdict(ClaimDecision.ALREADY_CLAIMED)
