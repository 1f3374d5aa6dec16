"""Pulls events, has them start what listens and end what waits; forgets and acks after that."""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC
from typing import NamedTuple, cast
from uuid import UUID

import orjson
import structlog
from google.protobuf.message import DecodeError

from action_service.domain.plan import Json
from action_service.engine.event_arrivals import EventWaits
from action_service.engine.triggers import (
    Candidate,
    Event,
    Listener,
    TriggerProcessor,
    TriggerStore,
)
from common.nats import (
    EVENTS,
    MESSAGE_ID,
    ConsumerSpec,
    Delivery,
    Poison,
    PullConsumer,
    run_lane,
)
from treadle.dispatch.v1 import event_pb2

_log = structlog.get_logger(__name__)

# It begins at the start of the stream, as durable consumers do unless told otherwise: one that is
# made after the first events were published, on a new installation or when the stream was lost,
# must not miss them. What a workflow was not active for it does not hear, however late it comes.
CONSUMER = ConsumerSpec(EVENTS, "engine-triggers", "treadle.events.>")

# Decided about in one transaction; and messages taken at once, which hold up to half a MiB each.
_MAX_CANDIDATES = 500
_MAX_MESSAGES = 16


class _MalformedEventError(ValueError):
    """An event that cannot be acted upon."""


class _Message(NamedTuple):
    """A batch of events, known by its subject."""

    account_id: str
    event_type: str
    # What it is stored under until it has been handled.
    batch_id: str | None
    payload: bytes
    delivery: Delivery


class _Unusable(NamedTuple):
    """A message that cannot be acted upon, wholly or in part."""

    delivery: Delivery
    reason: str


class TriggerWorker:
    """Batch after batch of events, each committed before it is acked."""

    def __init__(
        self,
        consumer: PullConsumer,
        store: TriggerStore,
        processor: TriggerProcessor,
        waits: EventWaits,
        poison: Poison,
    ) -> None:
        self._consumer = consumer
        self._store = store
        self._processor = processor
        self._waits = waits
        self._poison = poison
        self._bury = poison.bury

    async def run(self) -> None:
        """Works until the consumer is stopped; what it has begun it finishes."""
        await run_lane(
            self._consumer, self._handle, max_messages=_MAX_MESSAGES, poison=self._poison
        )

    async def _handle(self, batch: Sequence[Delivery]) -> None:
        unusable: dict[str, _Unusable] = {}
        messages = [found for each in batch if (found := _message(each, unusable)) is not None]
        candidates = await self._candidates(messages, unusable)
        for start in range(0, len(candidates), _MAX_CANDIDATES):
            await self._processor.process(candidates[start : start + _MAX_CANDIDATES])
            await _in_progress(batch)
        awaited = await self._awaited(messages, unusable)
        for start in range(0, len(awaited), _MAX_CANDIDATES):
            await self._waits.handle(awaited[start : start + _MAX_CANDIDATES])
            await _in_progress(batch)
        for each in unusable.values():
            await self._bury(each.delivery, each.reason)
        if handled := [batch_id for each in batch if (batch_id := _batch_id(each))]:
            await self._store.forget(handled)
        for delivery in batch:
            await delivery.ack()

    async def _awaited(
        self, messages: Sequence[_Message], unusable: dict[str, _Unusable]
    ) -> list[Event]:
        """The events that runs may wait for."""
        if not messages:
            return []
        heard = await self._waits.heard(
            {each.account_id for each in messages}, {each.event_type for each in messages}
        )
        return [
            event
            for message in messages
            if (message.account_id, message.event_type) in heard
            for event in _events(message, unusable)
        ]

    async def _candidates(
        self, messages: Sequence[_Message], unusable: dict[str, _Unusable]
    ) -> list[Candidate]:
        """What the events may start. Of those that nobody listens to not even the body is read."""
        if not messages:
            return []
        listeners: dict[tuple[str, str], list[Listener]] = {}
        for listener in await self._store.listeners(
            {each.account_id for each in messages}, {each.event_type for each in messages}
        ):
            for event_type in {trigger.event_type for trigger in listener.triggers}:
                listeners.setdefault((listener.account_id, event_type), []).append(listener)
        heard = [each for each in messages if (each.account_id, each.event_type) in listeners]
        handled = await self._handled(heard)
        return [
            Candidate(event, listener.workflow_id)
            for message in heard
            if message.batch_id not in handled
            for event in _events(message, unusable)
            for listener in listeners[message.account_id, message.event_type]
            if listener.hears(event)
        ]

    async def _handled(self, messages: Sequence[_Message]) -> Collection[str]:
        """The batches that come once more: what they started then is all that they start."""
        batch_ids = [each.batch_id for each in messages if each.batch_id is not None]
        return await self._store.handled(batch_ids) if batch_ids else ()


async def _in_progress(batch: Sequence[Delivery]) -> None:
    for delivery in batch:
        await delivery.in_progress()


def _message(delivery: Delivery, unusable: dict[str, _Unusable]) -> _Message | None:
    """What the subject, `treadle.events.<account>.<type>`, says of a message."""
    try:
        _, _, account_id, event_type = delivery.subject.split(".")
        account_id = _uuid(account_id)
    except ValueError:
        _log.error("events_of_nobody", subject=delivery.subject)
        unusable[delivery.reply] = _Unusable(delivery, "its subject names no account")
        return None
    return _Message(account_id, event_type, _batch_id(delivery), delivery.data, delivery)


def _batch_id(delivery: Delivery) -> str | None:
    """See _Message; None when whoever published it does not store events."""
    try:
        return _uuid((delivery.headers or {}).get(MESSAGE_ID, ""))
    except ValueError:
        return None


def _events(message: _Message, unusable: dict[str, _Unusable]) -> Iterator[Event]:
    """The events in a message; what cannot be read is left out, and noted."""
    delivery = message.delivery
    try:
        batch = event_pb2.EventBatch.FromString(message.payload)
        occurred_at = batch.occurred_at.ToDatetime(tzinfo=UTC)
    except (DecodeError, ValueError):
        _log.error("events_unreadable", account_id=message.account_id, type=message.event_type)
        unusable[delivery.reply] = _Unusable(delivery, "not a batch of events")
        return
    for event in batch.events:
        try:
            yield Event(
                _uuid(event.id),
                message.account_id,
                message.event_type,
                _uuid(event.contact_id),
                occurred_at,
                _data(event.data_json),
                tuple(_uuid(each) for each in event.origin_execution_ids),
            )
        except ValueError:
            _log.error("event_malformed", account_id=message.account_id, event_id=event.id[:64])
            unusable[delivery.reply] = _Unusable(delivery, "an event in it is malformed")


def _data(encoded: bytes) -> dict[str, Json]:
    data: object = orjson.loads(encoded) if encoded else {}
    if not isinstance(data, dict):
        raise _MalformedEventError("its data is not an object")
    return cast("dict[str, Json]", data)


def _uuid(text: str) -> str:
    """In the spelling in which the database shows it."""
    return str(UUID(text))
