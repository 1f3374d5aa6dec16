"""Events of providers: stored once each, then acted on, in one transaction.

They come from the gateway, for any account, so this runs outside the accounts' row-level security,
as claims do. Which message an event is about is what the provider has signed, and its row says
whose that is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from action_service.adapters.conversations import Meeting, meet, messages_meant
from action_service.adapters.driver import Driver, driver_of
from action_service.adapters.event_outbox import outbox_rows, store_outbox
from action_service.adapters.messages import Heard, Told, advance
from action_service.adapters.payments import find_payers, follow_payments, of_erased
from action_service.adapters.privacy.forgetting import STORING, about_erased, emptied
from action_service.adapters.provider_compliance import comply, foresee
from action_service.adapters.unknown_sends import hear
from action_service.domain.deliveries import Channel
from action_service.domain.messages import EVENT_OF, Fact
from action_service.domain.provider_events import ProviderEvent
from action_service.engine.codec import ended_task
from action_service.engine.effects import ContactEvent
from action_service.engine.ports import EventPublisher, OutboxRow, Ringer
from action_service.use_cases.inbound.events import Provider, Recorded
from common.contact_fields import e164
from common.contact_links import LinkKeys
from common.errors import not_found
from common.ids import new_id_text

# Of what a provider tells of unless it says of what.
_CHANNELS: Mapping[str, Channel] = {
    Provider.SENDGRID: Channel.EMAIL,
    Provider.TWILIO: Channel.SMS,
    Provider.META: Channel.MESSENGER,
}

_FIND_ACCOUNT = text(f"SELECT {STORING} FROM accounts WHERE id = :account")  # noqa: S608 - a constant
_FIND_ACCOUNTS = text("SELECT id FROM accounts WHERE id = ANY(CAST(:accounts AS uuid[]))")
# Batches that share events meet at the first of them, in the same order.
_STORE = """
    INSERT INTO treadle.provider_events (
        id, account_id, of_account, provider, provider_event_id, kind, provider_message_id, fact,
        detail, payload, occurred_at
    )
    SELECT v.id, $1::uuid, $11::uuid, $2::text, v.event_id, v.kind, v.message_id, v.fact,
           v.detail::jsonb, v.payload::jsonb, v.occurred_at
    FROM unnest(
        $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
        $10::timestamptz[]
    ) AS v(id, event_id, kind, message_id, fact, detail, payload, occurred_at)
    ORDER BY v.event_id
    ON CONFLICT (provider, provider_event_id) DO NOTHING
    RETURNING id::text, provider_event_id
    """
# Of several with the number it is whom we have written to last. Twilio's calls are no messages, and
# a notification has gone to a user.
_FIND_SENDER = """
    SELECT c.id::text, m.provider_message_id
    FROM treadle.contacts c
    LEFT JOIN LATERAL (
        SELECT sent.id, sent.provider_message_id FROM treadle.messages sent
        LEFT JOIN treadle.deliveries d ON d.id = sent.delivery_id
        WHERE sent.account_id = c.account_id AND sent.contact_id = c.id
          AND sent.provider = $3 AND sent.channel = $4 AND sent.action_execution_id IS NOT NULL
          AND d.notification_id IS NULL
        ORDER BY sent.id DESC LIMIT 1
    ) m ON true
    WHERE c.account_id = $1::uuid AND c.phone = $2
    ORDER BY m.id DESC NULLS LAST, c.created_at DESC
    LIMIT 1
    """
_APPLIED = "UPDATE treadle.provider_events SET applied_at = now() WHERE id = $1::uuid"


class PostgresProviderEvents:
    """`ProviderEventLog` on Postgres."""

    def __init__(
        self,
        engine: AsyncEngine,
        keys: LinkKeys,
        publisher: EventPublisher | None = None,
        ringer: Ringer | None = None,
    ) -> None:
        """Without a ringer, steps that wait for an end look for it when their time is up.

        `keys` are those by which erased addresses are known.
        """
        self._engine = engine
        self._keys = keys
        self._publisher = publisher
        self._ringer = ringer

    async def record(
        self,
        account_id: UUID,
        provider: Provider,
        events: Sequence[ProviderEvent],
        *,
        of_account_alone: bool = False,
    ) -> Recorded:
        """See ProviderEventLog."""
        if of_account_alone:
            # An id that another account's event has, or is yet to have, is not taken by this.
            own = [replace(event, id=f"{account_id}:{event.id}") for event in events]
            return await self._record(account_id, provider, own, alone=str(account_id))
        parts = [
            await self._record(of_account, provider, theirs, alone=None)
            for of_account, theirs in (await self._by_account(account_id, events)).items()
        ]
        return Recorded(*map(sum, zip(*parts, strict=True)))

    async def _by_account(
        self, account_id: UUID, events: Sequence[ProviderEvent]
    ) -> Mapping[UUID, Sequence[ProviderEvent]]:
        """The events by the account that each names; those that name none are `account_id`'s.

        Accounts that share a provider's have all its events posted for one of them.
        """
        others = {event.account_id for event in events} - {None, account_id}
        if not others:
            return {account_id: events}
        async with self._engine.connect() as connection:
            rows = await connection.execute(_FIND_ACCOUNTS, {"accounts": list(others)})
            present = set(rows.scalars())
        parts: dict[UUID, list[ProviderEvent]] = {}
        for event in events:
            named = event.account_id
            of_account = named if named is not None and named in present else account_id
            parts.setdefault(of_account, []).append(event)
        return parts

    async def _record(
        self,
        account_id: UUID,
        provider: Provider,
        events: Sequence[ProviderEvent],
        *,
        alone: str | None,
    ) -> Recorded:
        """The same of events of one account; `alone` is the only one that they may speak of."""
        rows: Sequence[OutboxRow] = ()
        new: dict[str, str] = {}
        async with self._engine.begin() as connection:
            found = (await connection.execute(_FIND_ACCOUNT, {"account": account_id})).first()
            if found is None:
                raise not_found("account", str(account_id))
            driver = await driver_of(connection)
            forgotten = await about_erased(driver, str(account_id), provider, events, self._keys)
            known = [event for event in events if event.id not in forgotten]
            following = await foresee(driver, str(account_id), provider, known, alone=alone)
            payers = await find_payers(driver, events, alone=alone)
            forgotten |= of_erased(payers)
            kept = [emptied(event) if event.id in forgotten else event for event in events]
            new = await _store(driver, str(account_id), provider, kept, alone)
            await comply(driver, provider, [each for each in following if each.event_id in new])
            # Before the messages are locked: the engine takes the two in the same order.
            await hear(driver, [e.attempt_id for e in events if e.id in new and e.attempt_id])
            heard = await _act(driver, str(account_id), provider, known, new, alone)
            fresh = [(new[event.id], event) for event in events if event.id in new]
            paid = await follow_payments(driver, fresh, payers, alone=alone)
            rows = outbox_rows([*heard.events, *paid])
            await store_outbox(driver, rows)
        if self._publisher is not None:
            self._publisher.offer(rows)
        if self._ringer is not None and heard.ended:
            await self._ringer.ring([ended_task(each) for each in heard.ended])
        return Recorded(len(new), len(events) - len(new))


async def _store(
    driver: Driver,
    account_id: str,
    provider: Provider,
    events: Sequence[ProviderEvent],
    alone: str | None,
) -> dict[str, str]:
    """Our ids of the events that are new, by the provider's."""
    if not events:
        return {}
    rows = [
        (
            new_id_text(),
            event.id,
            event.kind,
            event.message_id,
            event.fact,
            orjson.dumps(event.detail).decode(),
            orjson.dumps(event.payload).decode(),
            event.occurred_at,
        )
        for event in events
    ]
    stored = await driver.fetch(_STORE, account_id, provider, *zip(*rows, strict=True), alone)
    return {event_id: row_id for row_id, event_id in stored}


async def _act(
    driver: Driver,
    account_id: str,
    provider: Provider,
    events: Sequence[ProviderEvent],
    new: Mapping[str, str],
    alone: str | None,
) -> Heard:
    """Has the new events take effect; returns what is to be heard of them."""
    told: list[Told] = []
    heard: list[ContactEvent] = []
    fresh = [(new[event.id], event) for event in events if event.id in new]
    meetings = await meet(driver, account_id, [each for each in fresh if each[1].conversation])
    for row_id, event in fresh:
        if event.fact is None or provider not in _CHANNELS:
            continue
        if event.conversation is not None:
            if (meeting := meetings.get(row_id)) is not None:
                told_of, answers = await _converse(
                    driver, account_id, meeting, event, event.fact, row_id
                )
                told += told_of
                heard += answers
            continue
        message_id = event.message_id
        if event.sender is not None:
            message_id, contact_id = await _sender(driver, account_id, provider, event.sender)
            if message_id is None and contact_id is not None:
                heard += await _answer(driver, account_id, contact_id, provider, event, row_id)
        if message_id is not None:
            key = (provider.value, message_id)
            channel = event.channel or _CHANNELS[provider]
            told.append(
                Told(row_id, key, event.fact, event.occurred_at, event.detail, channel, alone)
            )
    moved = await advance(driver, account_id, told)
    return Heard([*heard, *moved.events], moved.ended)


async def _converse(
    driver: Driver,
    account_id: str,
    meeting: Meeting,
    event: ProviderEvent,
    fact: Fact,
    row_id: str,
) -> tuple[list[Told], list[ContactEvent]]:
    """What is told of messages of a conversation; else what a contact writes of their own."""
    said = replace(event, detail={**event.detail, "messenger_page_id": meeting.page_id})
    references = await messages_meant(driver, meeting.conversation_id, fact, event.occurred_at)
    told = [
        Told(
            row_id,
            (Provider.META.value, reference),
            fact,
            event.occurred_at,
            said.detail,
            Channel.MESSENGER,
        )
        for reference in references
    ]
    if told or fact is not Fact.REPLIED or meeting.contact_id is None:
        return told, []
    contact_id = meeting.contact_id
    return [], await _answer(driver, account_id, contact_id, Provider.META, said, row_id)


async def _sender(
    driver: Driver, account_id: str, provider: Provider, sender: str
) -> tuple[str | None, str | None]:
    """The last message to whoever has written, and the contact."""
    number = e164(sender)
    row = None
    if number is not None:
        row = await driver.fetchrow(_FIND_SENDER, account_id, number, provider, _CHANNELS[provider])
    return (None, None) if row is None else (row[1], row[0])


async def _answer(
    driver: Driver,
    account_id: str,
    contact_id: str,
    provider: Provider,
    event: ProviderEvent,
    row_id: str,
) -> list[ContactEvent]:
    """What a contact writes to whom we have not written."""
    await driver.execute(_APPLIED, row_id)
    now = await driver.fetchval("SELECT now()")
    data = {**event.detail, "occurred_at": event.occurred_at.isoformat()}
    event_type = EVENT_OF[_CHANNELS[provider], Fact.REPLIED]
    return [ContactEvent(account_id, event_type, contact_id, now, data)]
