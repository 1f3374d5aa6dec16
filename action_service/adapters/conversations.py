"""Conversations of Messenger in Postgres: with whom, since when, and which messages are part of it.

Meta tells of a conversation up to an instant: all that was sent before it has been read. Whoever
stores a message, or what is told of its conversation, holds the row of the identity first, so that
the second of the two sees what the first has left.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

import orjson

from action_service.adapters.driver import Driver
from action_service.domain.deliveries import Channel
from action_service.domain.messages import Fact
from action_service.domain.plan import Json
from action_service.domain.provider_events import ProviderEvent
from action_service.engine.model import Send
from common.catalogue.kinds import check_kind
from common.ids import new_id_text

# Said of everything up to an instant.
_UP_TO: Final = (Fact.DELIVERED, Fact.READ)

_FIND_PAGES = """
    SELECT facebook_page_id, id::text FROM treadle.messenger_pages
    WHERE account_id = $1::uuid AND facebook_page_id = ANY($2::text[])
    """
# Who is known stays the contact that they are; a link names one for whoever is not.
_MEET = """
    INSERT INTO treadle.messenger_identities AS i (
        id, account_id, messenger_page_id, psid, contact_id, last_message_at
    )
    SELECT v.id, $1::uuid, v.page_id, v.psid, c.id, v.wrote_at
    FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::timestamptz[])
        AS v(id, page_id, psid, contact_id, wrote_at)
    LEFT JOIN treadle.contacts c ON c.account_id = $1::uuid AND c.id = v.contact_id
    ORDER BY v.page_id, v.psid
    ON CONFLICT (messenger_page_id, psid) DO UPDATE
    SET last_message_at = GREATEST(i.last_message_at, EXCLUDED.last_message_at),
        contact_id = COALESCE(i.contact_id, EXCLUDED.contact_id), updated_at = now()
    RETURNING messenger_page_id::text, psid, id::text, contact_id::text
    """
_KEEP = """
    UPDATE treadle.provider_events e SET conversation_id = v.conversation_id
    FROM unnest($1::uuid[], $2::uuid[]) AS v(id, conversation_id) WHERE e.id = v.id
    """
_SENT_BEFORE = """
    SELECT provider_message_id FROM treadle.messages
    WHERE conversation_id = $1::uuid AND sent_at <= $2 AND NOT times ? $3
    """
_LAST_SENT = """
    SELECT provider_message_id FROM treadle.messages
    WHERE conversation_id = $1::uuid AND sent_at <= $2 ORDER BY sent_at DESC LIMIT 1
    """
# The step's output says whom it has written to. It was sent after its attempt began, and Meta's
# own instant, which is what Meta compares with, is not told.
_HOLD = """
    SELECT v.reference, i.id::text, a.started_at
    FROM unnest($1::text[], $2::uuid[]) AS v(reference, action_execution_id)
    JOIN treadle.workflow_action_executions x ON x.id = v.action_execution_id
    JOIN treadle.workflow_action_attempts a
      ON a.action_execution_id = x.id AND a.provider_reference = v.reference
    JOIN treadle.messenger_identities i
      ON i.account_id = x.account_id AND i.psid = x.result_data ->> 'recipient_id'
     AND i.messenger_page_id::text = x.result_data ->> 'page_id'
    ORDER BY i.messenger_page_id, i.psid
    FOR NO KEY UPDATE OF i
    """
_JOIN = """
    UPDATE treadle.messages m SET conversation_id = v.conversation_id, sent_at = v.sent_at
    FROM unnest($1::text[], $2::uuid[], $3::timestamptz[])
        AS v(reference, conversation_id, sent_at)
    WHERE m.provider = 'meta' AND m.provider_message_id = v.reference
    """
_TOLD_BEFORE = """
    SELECT e.id::text, v.reference, e.fact, e.occurred_at, e.detail::text
    FROM unnest($1::text[], $2::uuid[], $3::timestamptz[])
        AS v(reference, conversation_id, sent_at)
    JOIN treadle.provider_events e
      ON e.conversation_id = v.conversation_id AND e.occurred_at >= v.sent_at
    WHERE e.fact = ANY($4::text[])
    """


class Meeting(NamedTuple):
    """The identity behind an event, which is held, and who that is."""

    conversation_id: str
    contact_id: str | None
    page_id: str


class Part(NamedTuple):
    """A message that belongs to a conversation, which is held."""

    reference: str
    conversation_id: str
    sent_at: datetime


class ToldBefore(NamedTuple):
    """What was told of a message's conversation before the message was stored."""

    event_id: str
    reference: str
    fact: Fact
    occurred_at: datetime
    detail: dict[str, Json]


async def meet(
    connection: Driver, account_id: str, events: Sequence[tuple[str, ProviderEvent]]
) -> dict[str, Meeting]:
    """The identities behind new events, by our ids of these; who was not known is from now on.

    Events of pages that the account has not named are nobody's.
    """
    if not events:
        return {}
    places = {event.conversation.page for _, event in events if event.conversation is not None}
    rows = await connection.fetch(_FIND_PAGES, account_id, sorted(places))
    pages: dict[str, str] = {row[0]: row[1] for row in rows}
    known = [
        (row_id, (pages[event.conversation.page], event.conversation.psid), event)
        for row_id, event in events
        if event.conversation is not None and event.conversation.page in pages
    ]
    if not known:
        return {}
    people: dict[tuple[str, str], tuple[str | None, datetime | None]] = {}
    for _, key, event in known:
        people[key] = _latest(people.get(key, (None, None)), event)
    new = [(new_id_text(), *key, *told) for key, told in people.items()]
    met = {
        (page_id, psid): Meeting(identity, contact, page_id)
        for page_id, psid, identity, contact in await connection.fetch(
            _MEET, account_id, *zip(*new, strict=True)
        )
    }
    meetings = {row_id: met[key] for row_id, key, _ in known}
    ids = [each.conversation_id for each in meetings.values()]
    await connection.execute(_KEEP, list(meetings), ids)
    return meetings


def _latest(
    so_far: tuple[str | None, datetime | None], event: ProviderEvent
) -> tuple[str | None, datetime | None]:
    """The contact that a link has named, and when the person has last done something."""
    contact, wrote_at = so_far
    said = event.conversation
    if said is None:
        return so_far
    if contact is None and check_kind("uuid", said.ref) is None:
        contact = str(UUID(said.ref))
    if said.by_person and (wrote_at is None or event.occurred_at > wrote_at):
        wrote_at = event.occurred_at
    return contact, wrote_at


async def messages_meant(
    connection: Driver, conversation_id: str, fact: Fact, at: datetime
) -> list[str]:
    """Meta's ids of the messages that something said of their conversation is news of."""
    if fact in _UP_TO:
        rows = await connection.fetch(_SENT_BEFORE, conversation_id, at, fact.value)
    else:
        rows = await connection.fetch(_LAST_SENT, conversation_id, at)
    return [row[0] for row in rows]


async def hold_conversations(connection: Driver, sends: Sequence[Send]) -> list[Part]:
    """The conversations that accepted messages are part of, kept from hearing more for now."""
    sent = [send for send in sends if send.channel is Channel.MESSENGER]
    if not sent:
        return []
    references = [send.provider_reference for send in sent]
    steps = [send.action_execution_id for send in sent]
    return [Part._make(row) for row in await connection.fetch(_HOLD, references, steps)]


async def join_conversations(connection: Driver, parts: Sequence[Part]) -> list[ToldBefore]:
    """Makes stored messages part of their conversations; returns what was told of these before."""
    if not parts:
        return []
    columns = [*zip(*parts, strict=True)]
    await connection.execute(_JOIN, *columns)
    facts = [fact.value for fact in _UP_TO]
    return [
        ToldBefore(event_id, reference, Fact(fact), occurred_at, orjson.loads(detail))
        for event_id, reference, fact, occurred_at, detail in await connection.fetch(
            _TOLD_BEFORE, *columns, facts
        )
    ]
