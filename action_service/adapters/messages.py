"""Messages in Postgres: those that are accepted, and what events make of them.

Both the engine, whose steps send, and the API, which hears of what becomes of it, take the rows of
a batch's messages first, in one order; whoever comes second finds what the first has left.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import orjson

from action_service.adapters.conversations import hold_conversations, join_conversations
from action_service.adapters.driver import Driver
from action_service.domain.deliveries import Channel
from action_service.domain.messages import (
    CALL_OVER,
    PROVIDER_OF,
    Fact,
    Progress,
    events_of,
    marks_of,
)
from action_service.domain.plan import Json
from action_service.engine.effects import ContactEvent
from action_service.engine.model import Ended, Send
from common.ids import new_id_text

# An event may have been faster: then the row is there, and has no step yet.
_ACCEPT = """
    INSERT INTO treadle.messages AS m (
        id, account_id, provider, provider_message_id, channel, contact_id, action_execution_id,
        delivery_id, times
    )
    SELECT v.id, v.account_id, v.provider, v.message_id, v.channel, v.contact_id,
           v.action_execution_id, v.delivery_id, jsonb_build_object('queued', now())
    FROM unnest(
        $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::uuid[],
        $8::uuid[]
    ) AS v(id, account_id, provider, message_id, channel, contact_id, action_execution_id,
           delivery_id)
    ORDER BY v.provider, v.message_id
    ON CONFLICT (provider, provider_message_id) DO UPDATE
    SET account_id = EXCLUDED.account_id, channel = EXCLUDED.channel,
        contact_id = EXCLUDED.contact_id, action_execution_id = EXCLUDED.action_execution_id,
        delivery_id = EXCLUDED.delivery_id, times = EXCLUDED.times
    WHERE m.action_execution_id IS NULL
    RETURNING m.provider, m.provider_message_id, m.xmax <> 0
    """
_EARLY = """
    SELECT e.id::text, e.provider, e.provider_message_id, e.fact, e.occurred_at, e.detail::text,
           e.of_account::text
    FROM treadle.provider_events e
    JOIN unnest($1::text[], $2::text[]) AS v(provider, message_id)
      ON v.provider = e.provider AND v.message_id = e.provider_message_id
    WHERE e.applied_at IS NULL AND e.fact IS NOT NULL
    """
# The update that changes nothing locks what is there already, in the same order as what is not.
_HOLD = """
    INSERT INTO treadle.messages (id, account_id, provider, provider_message_id, channel)
    SELECT v.id, v.account_id, v.provider, v.message_id, v.channel
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[])
        AS v(id, account_id, provider, message_id, channel)
    ORDER BY v.provider, v.message_id
    ON CONFLICT (provider, provider_message_id) DO UPDATE SET provider = EXCLUDED.provider
    """
# A notification is about a contact, and who opens it is a user.
_READ = """
    SELECT m.provider, m.provider_message_id, m.id::text, m.account_id::text, m.channel,
           CASE WHEN d.notification_id IS NULL THEN m.contact_id::text END, m.times::text,
           m.details::text, m.action_execution_id::text, m.delivery_id::text,
           x.action_id::text, x.action_type, e.workflow_id::text, e.id::text,
           e.origin_execution_ids::text[], c.attempt_id::text, now()
    FROM unnest($1::text[], $2::text[]) AS v(provider, message_id)
    JOIN treadle.messages m
      ON m.provider = v.provider AND m.provider_message_id = v.message_id
    JOIN treadle.workflow_action_executions x ON x.id = m.action_execution_id
    JOIN treadle.workflow_executions e ON e.id = x.workflow_execution_id
    LEFT JOIN treadle.deliveries d ON d.id = m.delivery_id
    LEFT JOIN treadle.send_claims c
      ON c.attempt_id = e.current_attempt_id AND c.provider_reference = m.provider_message_id
    """
_UPDATE = """
    UPDATE treadle.messages m
    SET state = v.state, times = v.times::jsonb,
        details = CASE WHEN m.erased_at IS NULL THEN v.details::jsonb ELSE m.details END,
        reason = CASE WHEN m.erased_at IS NULL THEN COALESCE(v.reason, m.reason) END,
        updated_at = now()
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[])
        AS v(id, state, times, details, reason)
    WHERE m.id = v.id
    """
_OVER = """
    SELECT provider_message_id FROM treadle.messages
    WHERE provider = $1 AND provider_message_id = ANY($2::text[]) AND state = ANY($3::text[])
    """
_APPLIED = """
    UPDATE treadle.provider_events SET applied_at = now() WHERE id = ANY($1::uuid[])
    """
_FAILURES = frozenset({Fact.UNDELIVERED, Fact.BOUNCED, Fact.FAILED})

_META = PROVIDER_OF[Channel.MESSENGER]

# A provider and its id of a message.
Key = tuple[str, str]


class Told(NamedTuple):
    """What a stored event says of a message."""

    event_id: str
    key: Key
    fact: Fact
    occurred_at: datetime
    detail: Mapping[str, Json]
    channel: Channel
    # Whose messages alone it may speak of.
    of_account: str | None = None


class Heard(NamedTuple):
    """What came of events: for workflows to hear, and for steps to go on."""

    events: Sequence[ContactEvent] = ()
    ended: Sequence[Ended] = ()


class _Message(NamedTuple):
    """A message of ours, locked."""

    id: str
    account_id: str
    channel: Channel
    # Whom it went to.
    contact_id: str | None
    progress: Progress
    details: Mapping[str, Json]
    action_execution_id: str
    delivery_id: str | None
    action_id: str
    action_type: str
    workflow_id: str
    execution_id: str
    # The current attempt of the execution, when the message is what it has begun.
    attempt_id: str | None
    # The executions that led to it, and its own last.
    origin: tuple[str, ...]
    now: datetime


async def accept(connection: Driver, sends: Sequence[Send]) -> Sequence[ContactEvent]:
    """Stores messages that were accepted; returns what events that came before have told."""
    by_key = {(PROVIDER_OF[send.channel], send.provider_reference): send for send in sends}
    rows = [
        (
            new_id_text(),
            send.account_id,
            *key,
            send.channel,
            send.contact_id,
            send.action_execution_id,
            send.delivery_id,
        )
        for key, send in by_key.items()
    ]
    parts = await hold_conversations(connection, sends)
    stored = await connection.fetch(_ACCEPT, *zip(*rows, strict=True))
    early = [
        Told(told.event_id, (_META, told.reference), *told[2:], Channel.MESSENGER)
        for told in await join_conversations(connection, parts)
    ]
    known = [(provider, message_id) for provider, message_id, was_known in stored if was_known]
    if known:
        channels = {key: by_key[key].channel for key in known}
        early += await _told_early(connection, channels)
    return (await _apply(connection, early)).events


async def _told_early(connection: Driver, channels: Mapping[Key, Channel]) -> list[Told]:
    return [
        Told(
            event_id,
            (provider, message_id),
            Fact(fact),
            at,
            orjson.loads(detail),
            channels[provider, message_id],
            of_account,
        )
        for event_id, provider, message_id, fact, at, detail, of_account in await connection.fetch(
            _EARLY, *zip(*channels, strict=True)
        )
    ]


async def advance(connection: Driver, account_id: str, told: Sequence[Told]) -> Heard:
    """Has messages know what is told of them; returns what is to be heard of it.

    What is told of messages that are not ours, or not yet, is left as it is.
    """
    channels = {each.key: each.channel for each in told}
    if not channels:
        return Heard()
    rows = [(new_id_text(), account_id, *key, channel) for key, channel in channels.items()]
    await connection.execute(_HOLD, *zip(*rows, strict=True))
    return await _apply(connection, told)


async def calls_over(connection: Driver, call_ids: Sequence[str]) -> frozenset[str]:
    """Those of the calls that have ended, as far as their provider has told."""
    provider = PROVIDER_OF[Channel.CALL]
    rows = await connection.fetch(_OVER, provider, call_ids, sorted(CALL_OVER))
    return frozenset(row[0] for row in rows)


async def _apply(connection: Driver, told: Sequence[Told]) -> Heard:
    """The work on messages that are locked."""
    if not told:
        return Heard()
    messages = await _read(connection, {each.key for each in told})
    by_key: dict[Key, list[Told]] = defaultdict(list)
    for each in told:
        message = messages.get(each.key)
        if message is not None and each.of_account in {None, message.account_id}:
            by_key[each.key].append(each)
    changes: list[tuple[str, str, str, str, str | None]] = []
    heard: list[ContactEvent] = []
    ended: list[Ended] = []
    for key, group in by_key.items():
        message = messages[key]
        progress, details, reason = message.progress, message.details, None
        for each in sorted(group, key=lambda one: one.occurred_at):
            if progress.is_news(each.fact):
                heard += _news(message, each)
            progress = progress.after(each.fact, each.occurred_at)
            if message.channel is Channel.CALL:
                details = {**details, **each.detail}
            if each.fact in _FAILURES:
                reason = _reason(each.detail) or reason
        if progress != message.progress or details != message.details or reason:
            known = orjson.dumps(details).decode()
            changes.append((message.id, progress.state, _times(progress), known, reason))
        if message.attempt_id is not None and progress.state in CALL_OVER:
            place = (message.execution_id, message.action_execution_id, message.attempt_id)
            ended.append(Ended(message.account_id, *place))
    if changes:
        await connection.execute(_UPDATE, *zip(*changes, strict=True))
    await connection.execute(
        _APPLIED, [each.event_id for group in by_key.values() for each in group]
    )
    return Heard(heard, ended)


async def _read(connection: Driver, keys: set[Key]) -> dict[Key, _Message]:
    rows = await connection.fetch(_READ, *zip(*keys, strict=True))
    return {(row[0], row[1]): _message(*row[2:]) for row in rows}


def _message(
    message_id: str,
    account_id: str,
    channel: str,
    contact_id: str | None,
    times_json: str,
    details_json: str,
    action_execution_id: str,
    delivery_id: str | None,
    action_id: str,
    action_type: str,
    workflow_id: str,
    execution_id: str,
    origin: Sequence[str] | None,
    attempt_id: str | None,
    now: datetime,
) -> _Message:
    times = orjson.loads(times_json)
    return _Message(
        message_id,
        account_id,
        Channel(channel),
        contact_id,
        Progress({Fact(name): datetime.fromisoformat(at) for name, at in times.items()}),
        orjson.loads(details_json),
        action_execution_id,
        delivery_id,
        action_id,
        action_type,
        workflow_id,
        execution_id,
        attempt_id,
        (*(origin or ()), execution_id),
        now,
    )


def _news(message: _Message, told: Told) -> list[ContactEvent]:
    if message.contact_id is None:
        return []
    data: dict[str, Json] = {
        "message_id": message.id,
        "workflow_id": message.workflow_id,
        "action_id": message.action_id,
        "action_execution_id": message.action_execution_id,
        "delivery_id": message.delivery_id,
        "occurred_at": told.occurred_at.isoformat(),
        **marks_of(told.fact),
        **told.detail,
    }
    return [
        ContactEvent(
            message.account_id, event_type, message.contact_id, message.now, data, message.origin
        )
        for event_type in events_of(
            message.channel, told.fact, message.action_type, {**message.details, **told.detail}
        )
    ]


def _times(progress: Progress) -> str:
    return orjson.dumps({fact.value: at for fact, at in progress.times.items()}).decode()


def _reason(detail: Mapping[str, Json]) -> str | None:
    words = [
        str(value) for name in ("status", "reason", "error_code") if (value := detail.get(name))
    ]
    return " ".join(words) or None
