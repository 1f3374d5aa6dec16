"""Deliveries in Postgres: each statement serves a whole batch."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import asyncpg

from action_service.adapters.driver import Driver
from action_service.adapters.engine_transactions import bad_items, transaction
from action_service.adapters.event_outbox import outbox_rows, store_outbox
from action_service.adapters.messages import accept
from action_service.adapters.unknown_sends import note
from action_service.domain.deliveries import Channel, DeliveryStatus, Position
from action_service.domain.progress import LEASE
from action_service.domain.unknown_sends import Sent
from action_service.engine.deliveries import Decide, Delivery, Settled, Standing, delivery_task
from action_service.engine.effects import Applied
from action_service.engine.model import Ambiguity, Send

# What is skipped is done with before it begins.
_INSERT = """
    INSERT INTO treadle.deliveries (
        id, account_id, contact_id, action_execution_id, channel, recipient, recipient_name,
        subject, body, template_id, context, attempt_id, attempts, sender, notification_id,
        course_access_id, reason, status, lease_until, finished_at
    )
    SELECT v.id, v.account_id, v.contact_id, v.action_execution_id, v.channel, v.recipient,
           v.recipient_name, v.subject, v.body, v.template_id, v.context::jsonb, v.attempt_id,
           v.attempts, v.sender, v.notification_id, v.course_access_id, v.skipped,
           CASE WHEN v.skipped IS NULL THEN 'pending' ELSE 'skipped' END,
           CASE WHEN v.skipped IS NULL THEN now() + $18::interval END,
           CASE WHEN v.skipped IS NOT NULL THEN now() END
    FROM unnest(
        $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[],
        $8::text[], $9::text[], $10::uuid[], $11::text[], $12::uuid[], $13::int[],
        $14::text[], $15::uuid[], $16::uuid[], $17::text[]
    ) AS v(id, account_id, contact_id, action_execution_id, channel, recipient, recipient_name,
           subject, body, template_id, context, attempt_id, attempts, sender, notification_id,
           course_access_id, skipped)
    """
_LOCK = """
    SELECT id::text, attempt_id::text, status, attempts, claimed, now()
    FROM treadle.deliveries
    WHERE id = ANY($1::uuid[])
    ORDER BY id
    FOR NO KEY UPDATE
    """
_SETTLE = """
    UPDATE treadle.deliveries d
    SET attempt_id = v.attempt_id, claimed = d.claimed AND d.attempt_id = v.attempt_id,
        status = v.status, attempts = v.attempts, reason = v.reason,
        provider_reference = v.reference, lease_until = v.again_at, rings = 0,
        finished_at = CASE WHEN v.status <> 'pending' THEN now() END
    FROM unnest(
        $1::uuid[], $2::uuid[], $3::text[], $4::int[], $5::text[], $6::text[], $7::timestamptz[]
    ) AS v(id, attempt_id, status, attempts, reason, reference, again_at)
    WHERE d.id = v.id
    RETURNING d.account_id::text, d.contact_id::text, d.action_execution_id::text, d.id::text,
              d.channel, d.provider_reference
    """
# What is merely queued for long is rung for ever more rarely.
_CLAIM_EXPIRED = """
    WITH expired AS (
        SELECT id FROM treadle.deliveries
        WHERE lease_until < now()
        ORDER BY lease_until
        LIMIT $1
        FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE treadle.deliveries d
    SET lease_until = now() + $2::interval * 2 ^ LEAST(d.rings, 10), rings = d.rings + 1
    FROM expired WHERE d.id = expired.id
    RETURNING d.id::text, d.account_id::text, d.contact_id::text, d.action_execution_id::text,
              d.channel, d.recipient, d.recipient_name, d.subject, d.body, d.template_id::text,
              d.context::text, d.attempt_id::text, d.attempts, d.sender
    """


class NewDelivery(NamedTuple):
    """A delivery that comes to be, and what it goes with."""

    delivery: Delivery
    notification_id: str | None = None
    course_access_id: str | None = None
    # Why it is not sent at all.
    skipped: str | None = None


async def bring_about(
    connection: Driver, deliveries: Sequence[NewDelivery], applied: Applied
) -> None:
    """Stores the deliveries in this transaction, and has them rung for after its commit."""
    if not deliveries:
        return
    rows = [(*new.delivery, *new[1:]) for new in deliveries]
    await connection.execute(_INSERT, *zip(*rows, strict=True), LEASE)
    for new in deliveries:
        if new.skipped is None:
            applied.ring(delivery_task(new.delivery))


class PostgresDeliveryStore:
    """`DeliveryStore` on the engine's pool."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def settle(self, delivery_ids: Sequence[str], decide: Decide) -> None:
        """See DeliveryStore."""
        async with transaction(self._pool) as connection:
            standings = {
                row[0]: Standing(row[1], Position(DeliveryStatus(row[2]), *row[3:5]), row[5])
                for row in await connection.fetch(_LOCK, delivery_ids)
            }
            if settled := decide(standings):
                by_id = {each.delivery_id: each for each in settled}
                with bad_items():
                    rows = await connection.fetch(_SETTLE, *_columns(settled))
                    unknown = [
                        _ambiguity(each, row[2], row[4])
                        for row in rows
                        if (each := by_id[row[3]]).settlement.status is DeliveryStatus.UNKNOWN
                    ]
                    if unknown:
                        await note(connection, unknown)
                    sends = [_send(*row) for row in rows if row[-1]]
                    # What providers have told before goes out with the next sweep of events.
                    heard = await accept(connection, sends) if sends else ()
                    await store_outbox(connection, outbox_rows(heard))

    async def claim_expired(self, limit: int) -> Sequence[Delivery]:
        """See DeliveryStore."""
        async with transaction(self._pool) as connection:
            rows = await connection.fetch(_CLAIM_EXPIRED, limit, LEASE)
        return [Delivery._make(row)._replace(channel=Channel(row[4])) for row in rows]


def _send(
    account_id: str,
    contact_id: str | None,
    action_execution_id: str,
    delivery_id: str,
    channel: str,
    reference: str,
) -> Send:
    return Send(
        account_id, contact_id, action_execution_id, delivery_id, Channel(channel), reference
    )


def _ambiguity(settled: Settled, action_execution_id: str, channel: str) -> Ambiguity:
    return Ambiguity(
        settled.attempt_id,
        action_execution_id,
        settled.delivery_id,
        settled.settlement.reason or "",
        settled.sent or Sent(channel),
    )


def _columns(settled: Sequence[Settled]) -> Iterable[Sequence[object]]:
    return zip(
        *(
            (
                each.delivery_id,
                each.attempt_id,
                each.settlement.status,
                each.settlement.attempts,
                each.settlement.reason,
                each.settlement.provider_reference,
                each.settlement.again_at,
            )
            for each in settled
        ),
        strict=True,
    )
