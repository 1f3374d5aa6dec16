"""Unknown sends in Postgres, as the engine and the events of providers see them.

A row's lock puts what is decided about it in an order: whoever comes second finds it decided.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import asyncpg
import orjson

from action_service.adapters.driver import Driver
from action_service.adapters.engine_transactions import bad_items, transaction
from action_service.domain.deliveries import Channel
from action_service.domain.messages import CHANNEL_OF, PROVIDER_OF
from action_service.domain.unknown_sends import (
    LookPlan,
    Resolution,
    Resolver,
    SendState,
    Sent,
    Verdict,
    judge,
)
from action_service.engine.model import Ambiguity, LookupResult
from action_service.engine.reconciling import Decided, DueLook, Waiting

# It comes up at once: the first look's instant is the reconciler's business.
_NOTE = """
    INSERT INTO treadle.unknown_sends AS u (
        id, account_id, workflow_id, execution_id, action_execution_id, action_id, action_type,
        contact_id, delivery_id, channel, provider, recipient, sender, subject, body, claimed_at,
        reason, due_at
    )
    SELECT v.id, x.account_id, e.workflow_id, e.id, x.id, x.action_id, x.action_type,
           CASE WHEN v.delivery_id IS NULL THEN x.contact_id ELSE c.id END, v.delivery_id,
           COALESCE(v.channel, d.channel), v.provider,
           COALESCE(NULLIF(v.recipient, ''), d.recipient, ''), v.sender,
           COALESCE(NULLIF(v.subject, ''), d.subject, ''), v.body,
           COALESCE(s.claimed_at, d.created_at), v.reason, now()
    FROM unnest(
        $1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[],
        $8::text[], $9::text[], $10::text[]
    ) AS v(id, action_execution_id, delivery_id, channel, provider, recipient, sender, subject,
           body, reason)
    JOIN treadle.workflow_action_executions x ON x.id = v.action_execution_id
    JOIN treadle.workflow_executions e ON e.id = x.workflow_execution_id
    LEFT JOIN treadle.deliveries d ON d.id = v.delivery_id
    LEFT JOIN treadle.contacts c ON c.account_id = x.account_id AND c.id = d.contact_id
    LEFT JOIN treadle.send_claims s ON s.attempt_id = v.id
    ORDER BY v.id
    ON CONFLICT (id) DO UPDATE
    SET recipient = EXCLUDED.recipient, sender = EXCLUDED.sender, subject = EXCLUDED.subject,
        body = EXCLUDED.body
    WHERE u.sender = '' AND EXCLUDED.sender <> ''
    """
# Whatever a provider tells of a message, it has taken it.
_HEARD = f"""
    WITH told AS (
        SELECT DISTINCT ON (u.id) u.id, p.provider_message_id, p.kind
        FROM treadle.unknown_sends u
        JOIN treadle.provider_events p
          ON p.account_id = u.account_id AND p.provider = u.provider
         AND COALESCE(p.payload->>'attempt_id', p.payload->'query'->>'attempt_id') = u.id::text
        WHERE u.id = ANY($1::uuid[]) AND u.state = 'open' AND p.provider_message_id IS NOT NULL
          AND NOT EXISTS (
              SELECT FROM treadle.unknown_sends o
              WHERE o.account_id = p.account_id AND o.provider = p.provider
                AND o.provider_message_id = p.provider_message_id
          )
        ORDER BY u.id, p.received_at
    )
    UPDATE treadle.unknown_sends u
    SET state = 'decided', resolution = '{Resolution.SENT}', resolved_by = '{Resolver.CALLBACK}',
        resolved_at = now(), due_at = now(), resolution_reason = told.kind,
        provider_message_id = told.provider_message_id, revision = u.revision + 1
    FROM told WHERE u.id = told.id AND u.state = 'open'
    """  # noqa: S608 - made of constants
_DUE = """
    SELECT u.id::text, u.account_id::text, u.execution_id::text, u.action_execution_id::text,
           u.contact_id::text, u.channel, u.recipient, u.sender, u.subject, u.body, u.claimed_at,
           u.unknown_at, u.looks, now()
    FROM treadle.unknown_sends u
    WHERE u.state = 'open' AND u.due_at <= now()
    ORDER BY u.due_at
    LIMIT $1
    FOR NO KEY UPDATE SKIP LOCKED
    """
_PLAN = """
    UPDATE treadle.unknown_sends u
    SET looks = v.looks, due_at = v.due_at, revision = u.revision + 1
    FROM unnest($1::uuid[], $2::int[], $3::timestamptz[]) AS v(id, looks, due_at)
    WHERE u.id = v.id AND u.state = 'open'
    """
# Taken up again after a while, should it not have been carried out by then.
_DECIDED = """
    WITH due AS (
        SELECT id FROM treadle.unknown_sends
        WHERE state = 'decided' AND due_at <= now()
        ORDER BY due_at
        LIMIT $1
        FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE treadle.unknown_sends u SET due_at = now() + $2::interval
    FROM due WHERE u.id = due.id
    RETURNING u.id::text, u.execution_id::text, u.delivery_id::text, u.channel, u.recipient,
              u.sender, u.subject, u.body, u.resolution, u.resolved_by, u.resolution_reason,
              u.provider_message_id, u.output::text, COALESCE(u.claimed_at, u.unknown_at),
              u.resolved_at
    """
_LOCK = """
    SELECT account_id::text, provider, state, channel FROM treadle.unknown_sends
    WHERE id = $1::uuid AND NOT lookups @> jsonb_build_array(jsonb_build_object('id', $2::text))
    FOR NO KEY UPDATE
    """
# Messages of other attempts: accepted, told of by an event that names another, or decided so.
_TAKEN = """
    SELECT m.provider_message_id FROM treadle.messages m
    WHERE m.provider = $2::text AND m.provider_message_id = ANY($3::text[])
      AND m.action_execution_id IS NOT NULL
    UNION
    SELECT o.provider_message_id FROM treadle.unknown_sends o
    WHERE o.account_id = $4::uuid AND o.provider = $2::text
      AND o.provider_message_id = ANY($3::text[]) AND o.id <> $1::uuid
    UNION
    SELECT p.provider_message_id FROM treadle.provider_events p
    WHERE p.provider = $2::text AND p.provider_message_id = ANY($3::text[])
      AND p.applied_at IS NULL AND p.fact IS NOT NULL
      AND COALESCE(p.payload->>'attempt_id', p.payload->'query'->>'attempt_id') <> $1::uuid::text
    """
# Attempts at the like, of which nobody knows yet whether they have sent what was found: unknown
# themselves, or claimed and not heard of. What names its attempt at the provider has none.
_RIVALS = """
    SELECT (
        SELECT count(*) FROM treadle.unknown_sends o
        WHERE o.account_id = u.account_id AND o.id <> u.id AND o.state = 'open'
          AND o.channel = u.channel AND o.recipient = u.recipient AND o.body = u.body
          AND COALESCE(o.claimed_at, o.unknown_at) BETWEEN w.from_then AND w.until_then
    ) + (
        SELECT count(*) FROM treadle.workflow_action_executions x
        JOIN treadle.send_claims s ON s.attempt_id = x.attempt_id
        WHERE x.account_id = u.account_id AND x.contact_id = u.contact_id
          AND x.action_type = ANY($2::text[]) AND x.status NOT IN ('completed', 'failed', 'skipped')
          AND s.claimed_at BETWEEN w.from_then AND w.until_then AND s.attempt_id <> u.id
          AND NOT EXISTS (SELECT FROM treadle.unknown_sends o WHERE o.id = s.attempt_id)
          AND NOT EXISTS (SELECT FROM treadle.messages m WHERE m.action_execution_id = x.id)
    ) + (
        SELECT count(*) FROM treadle.deliveries d
        WHERE d.account_id = u.account_id AND d.lease_until IS NOT NULL AND d.status = 'pending'
          AND d.channel = u.channel AND d.recipient = u.recipient
          AND d.id IS DISTINCT FROM u.delivery_id
    )
    FROM treadle.unknown_sends u, LATERAL (
        SELECT COALESCE(u.claimed_at, u.unknown_at) - $3::interval AS from_then,
               u.unknown_at + $3::interval AS until_then
    ) w
    WHERE u.id = $1::uuid AND u.channel IN ('sms', 'call')
    """
# As far apart as claims of messages may be that one look finds: clocks differ, calls take long.
_AROUND = timedelta(minutes=10)
_LOOKED = """
    UPDATE treadle.unknown_sends
    SET lookups = lookups || $2::text::jsonb, revision = revision + 1
    WHERE id = $1::uuid
    """
_DECIDE = """
    UPDATE treadle.unknown_sends
    SET state = 'decided', resolution = $2::text, resolved_by = $3::text, resolved_at = now(),
        due_at = now(), resolution_reason = $4::text, provider_message_id = $5::text,
        output = $6::text::jsonb
    WHERE id = $1::uuid AND state = 'open'
    """
_COUNT = """
    SELECT COALESCE(channel, ''), count(*), extract(epoch FROM now() - min(unknown_at))::float8
    FROM treadle.unknown_sends WHERE state <> 'settled' GROUP BY 1
    """


async def note(connection: Driver, unknown: Sequence[Ambiguity]) -> None:
    """Keeps what has become unknown; what its provider has told of already is decided."""
    rows = [
        (
            each.attempt_id,
            each.action_execution_id,
            each.delivery_id,
            each.sent.channel,
            PROVIDER_OF.get(Channel(each.sent.channel)) if each.sent.channel else None,
            each.sent.recipient,
            each.sent.sender,
            each.sent.subject,
            each.sent.body,
            each.reason,
        )
        for each in unknown
    ]
    await connection.execute(_NOTE, *zip(*rows, strict=True))
    await hear(connection, [each.attempt_id for each in unknown])


async def hear(connection: Driver, attempt_ids: Sequence[str]) -> None:
    """Decides that those of the attempts were sent whose messages providers have told of."""
    if attempt_ids:
        await connection.execute(_HEARD, attempt_ids)


class PostgresUnknownSends:
    """`UnknownSendStore` on the engine's pool."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def decided(self, limit: int, lease: timedelta) -> Sequence[Decided]:
        """See UnknownSendStore."""
        async with transaction(self._pool) as connection:
            return [_decided(*row) for row in await connection.fetch(_DECIDED, limit, lease)]

    async def due(self, limit: int, plan: Callable[[DueLook], LookPlan]) -> Sequence[DueLook]:
        """See UnknownSendStore."""
        async with transaction(self._pool) as connection:
            rows = [_due(*row) for row in await connection.fetch(_DUE, limit)]
            if not rows:
                return []
            # An event may have come while its send was being stored, and neither seen the other.
            await hear(connection, [row.id for row in rows])
            plans = [(row, plan(row)) for row in rows]
            values = [(row.id, planned.looks, planned.due_at) for row, planned in plans]
            await connection.execute(_PLAN, *zip(*values, strict=True))
        return [row for row, planned in plans if planned.look]

    async def looked(self, result: LookupResult) -> None:
        """See UnknownSendStore."""
        async with transaction(self._pool) as connection:
            row = await connection.fetchrow(_LOCK, result.attempt_id, result.id)
            if row is None:
                return
            account_id, provider, state, channel = row
            references = [each.reference for each in result.looked.found]
            taken = await connection.fetch(
                _TAKEN, result.attempt_id, provider, references, account_id
            )
            alike = [kind for kind, by in CHANNEL_OF.items() if by == channel]
            rivals = await connection.fetchval(_RIVALS, result.attempt_id, alike, _AROUND)
            judged = judge(
                result.looked, SendState(state), {each[0] for each in taken}, rivals or 0
            )
            entry = {
                "id": result.id,
                "at": result.looked_at,
                "finding": judged.finding,
                "note": judged.note,
            }
            with bad_items():
                await connection.execute(_LOOKED, result.attempt_id, orjson.dumps(entry).decode())
                if judged.verdict is not None:
                    await _decide(connection, result.attempt_id, judged.verdict)

    async def waiting(self) -> Sequence[Waiting]:
        """See UnknownSendStore."""
        async with transaction(self._pool) as connection:
            return [Waiting(*row) for row in await connection.fetch(_COUNT)]


async def _decide(connection: Driver, attempt_id: str, verdict: Verdict) -> None:
    await connection.execute(
        _DECIDE,
        attempt_id,
        verdict.resolution,
        verdict.resolved_by,
        verdict.reason,
        verdict.reference,
        None if verdict.output is None else orjson.dumps(verdict.output).decode(),
    )


def _due(
    attempt_id: str,
    account_id: str,
    execution_id: str,
    action_execution_id: str,
    contact_id: str | None,
    channel: str | None,
    recipient: str,
    sender: str,
    subject: str,
    body: str,
    claimed_at: datetime | None,
    unknown_at: datetime,
    looks: int,
    now: datetime,
) -> DueLook:
    sent = Sent(channel, recipient, sender, subject, body)
    ids = (attempt_id, account_id, execution_id, action_execution_id, contact_id)
    return DueLook(*ids, sent, claimed_at or unknown_at, unknown_at, looks, now)


def _decided(
    attempt_id: str,
    execution_id: str,
    delivery_id: str | None,
    channel: str | None,
    recipient: str,
    sender: str,
    subject: str,
    body: str,
    resolution: str,
    resolved_by: str,
    reason: str | None,
    reference: str | None,
    output_json: str | None,
    began_at: datetime,
    resolved_at: datetime,
) -> Decided:
    output = None if output_json is None else orjson.loads(output_json)
    verdict = Verdict(Resolution(resolution), resolved_by, reason or "", reference, output)
    sent = Sent(channel, recipient, sender, subject, body)
    return Decided(attempt_id, execution_id, delivery_id, sent, verdict, began_at, resolved_at)
