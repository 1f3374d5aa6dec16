"""Dead letters off their stream: read as far as they can be, and kept for people.

What is given up anywhere is first stored in a stream, where nobody can find the letters of an
account. The engine moves them: a letter is deleted there once it is stored here. One that names no
account that there is stays in the stream, for those who run the whole.
"""

import hashlib
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

import structlog
from google.protobuf.message import DecodeError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from action_service.domain.dead_letters import LetterKind
from common.nats import (
    ACCOUNT_HEADER,
    DEAD,
    DEAD_EVENTS,
    DEAD_RESULTS,
    DELAY_SUBJECT,
    DELIVERIES_HEADER,
    ORIGIN_HEADER,
    REASON_HEADER,
    RESULTS_SUBJECT,
    ConsumerSpec,
    Delivery,
    PullConsumer,
    run_lane,
    stored_at,
)
from treadle.dispatch.v1.event_pb2 import EventBatch
from treadle.dispatch.v1.result_pb2 import ActionResult, ActionResultBatch
from treadle.dispatch.v1.task_pb2 import ActionTask, DelayedTask

_log = structlog.get_logger(__name__)

CONSUMER = ConsumerSpec(DEAD, "engine-dead-letters", DEAD.subjects[0])
_MAX_MESSAGES = 64
_TIMING_SUBJECT = "treadle.actions.timing.wait_time"
_ACTIONS = "treadle.dead.actions."


class Letter(NamedTuple):
    """A dead letter off the wire. Ids are None where it names none that could be one."""

    # The same whenever the same message dies, so that a replay in vain opens its letter again.
    id: str
    account_id: str
    kind: LetterKind
    source: str
    subject: str
    reason: str
    deliveries: int
    died_at: datetime
    payload: bytes
    attempt_id: str | None = None
    action_execution_id: str | None = None
    execution_id: str | None = None


class DeadLetterStore(Protocol):
    """Where letters are kept."""

    async def keep(self, letters: Sequence[Letter]) -> Collection[str]:
        """Stores letters, or opens them again; returns the ids of those whose account there is.

        Raises StoreUnavailableError.
        """
        ...


class DeadLetterWorker:
    """Moves letters, batch after batch."""

    def __init__(
        self, consumer: PullConsumer, store: DeadLetterStore, js: JetStreamContext
    ) -> None:
        self._consumer = consumer
        self._store = store
        self._js = js

    async def run(self) -> None:
        """Works until the consumer is stopped."""
        await run_lane(self._consumer, self._handle, max_messages=_MAX_MESSAGES)

    async def _handle(self, batch: Sequence[Delivery]) -> None:
        read = [(delivery, read_letter(delivery)) for delivery in batch]
        kept = await self._store.keep([letter for _, letter in read if letter is not None])
        for delivery, letter in read:
            sequence, _ = stored_at(delivery)
            if letter is not None and letter.id in kept:
                _log.warning("dead_letter_kept", dead_letter_id=letter.id, kind=letter.kind.value)
                await self._delete(sequence)
            else:
                _log.error("dead_letter_of_nobody", subject=delivery.subject, sequence=sequence)
            await delivery.ack()

    async def _delete(self, sequence: int) -> None:
        # An erasure may have been there, or the stream be another one by now.
        with suppress(NotFoundError):
            await self._js.delete_msg(DEAD.name, sequence)


def read_letter(delivery: Delivery) -> Letter | None:
    """What a message says of what died; None when it names no account."""
    headers = delivery.headers or {}
    kind, source, origin = _origin(delivery.subject)
    named = _named(kind, delivery.data)
    subject = headers.get(ORIGIN_HEADER) or origin
    # Events come by a subject that has the account in it.
    known = (named.account_id, headers.get(ACCOUNT_HEADER, ""), *subject.split("."))
    account_id = next((found for each in known if (found := _uuid(each)) is not None), None)
    if account_id is None:
        return None
    _, died_at = stored_at(delivery)
    deliveries = headers.get(DELIVERIES_HEADER, "")
    return Letter(
        id=_letter_id(source, delivery.data),
        account_id=account_id,
        kind=kind,
        source=source,
        subject=subject,
        reason=headers.get(REASON_HEADER) or "given up",
        deliveries=int(deliveries) if deliveries.isdecimal() else 1,
        died_at=died_at,
        payload=delivery.data,
        attempt_id=_uuid(named.attempt_id),
        action_execution_id=_uuid(named.action_execution_id),
        execution_id=_uuid(named.execution_id),
    )


class _Named(NamedTuple):
    """Whom a message says that it is about."""

    account_id: str = ""
    attempt_id: str = ""
    action_execution_id: str = ""
    execution_id: str = ""


def _origin(subject: str) -> tuple[LetterKind, str, str]:
    """What dies on a subject, what that is called, and where it came from by default."""
    if subject == DEAD_RESULTS:
        return LetterKind.RESULT, "results", RESULTS_SUBJECT
    if subject == DEAD_EVENTS:
        return LetterKind.EVENT, "events", ""
    if subject.startswith(_ACTIONS):
        return LetterKind.ACTION, subject.removeprefix(_ACTIONS), ""
    if subject == "treadle.dead.timing":
        return LetterKind.ACTION, "timing", _TIMING_SUBJECT
    return LetterKind.DELAY, "delay", DELAY_SUBJECT


def _of_step(task: ActionTask | ActionResult) -> _Named:
    return _Named(task.account_id, task.attempt_id, task.action_execution_id, task.execution_id)


def _of_look(task: ActionTask | ActionResult) -> _Named:
    """A question to a provider is no attempt at the step: none is to be made for it again."""
    return _Named(account_id=task.account_id, execution_id=task.execution_id)


def _of_task(data: bytes) -> _Named:
    task = ActionTask.FromString(data)
    return _of_look(task) if task.HasField("lookup") else _of_step(task)


def _of_results(data: bytes) -> _Named:
    results = ActionResultBatch.FromString(data).results
    if len(results) != 1:
        return _Named()
    return _of_look(results[0]) if results[0].HasField("looked") else _of_step(results[0])


def _of_events(data: bytes) -> _Named:
    return _Named(EventBatch.FromString(data).account_id)


_READERS: dict[LetterKind, Callable[[bytes], _Named]] = {
    LetterKind.ACTION: _of_task,
    LetterKind.RESULT: _of_results,
    LetterKind.DELAY: lambda data: _of_step(DelayedTask.FromString(data).task),
    LetterKind.EVENT: _of_events,
}


def _named(kind: LetterKind, data: bytes) -> _Named:
    try:
        return _READERS[kind](data)
    except DecodeError:
        return _Named()


def _letter_id(source: str, payload: bytes) -> str:
    digest = hashlib.sha256(source.encode() + b"\0" + payload).digest()
    return str(UUID(bytes=digest[:16], version=5))


def _uuid(given: str) -> str | None:
    try:
        return str(UUID(given))
    except ValueError:
        return None
