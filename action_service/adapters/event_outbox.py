"""Events on their way to their readers: stored with the change, published after its commit.

A row holds the events of one account and type that were committed together. It is published under
its own id, so that the server drops a copy within its window, and whoever starts what it sets off
deletes it. A row that stays was not published, or the stream has lost it: a sweep publishes it
again, each time later.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import cast

import asyncpg
import orjson
import structlog
from nats.js import JetStreamContext

from action_service.adapters.driver import Driver
from action_service.domain.plan import Json
from action_service.engine.effects import ContactEvent
from action_service.engine.ports import OutboxRow
from common.db import DATABASE_TROUBLE
from common.ids import new_id_text
from common.nats import NATS_TROUBLE, Outgoing, publish_one
from treadle.dispatch.v1.event_pb2 import EventBatch

_log = structlog.get_logger(__name__)

# Of one message; the server takes 1 MiB.
_MAX_BYTES = 512 * 1024
# What an event takes beside its data, about: its own ids, and each of the executions behind it.
_ENVELOPE = 200
_ORIGIN = 40
# Texts of an event that is larger by itself are cut to this many characters.
_CUT = 1_000
# Rows that wait in memory; what is beyond is left to the sweep.
_MAX_WAITING = 500
_AT_ONCE = 64
_PAUSE_S = 0.5
# The wait for the second publication; the table has the same for new rows.
_AGAIN_AFTER = timedelta(seconds=10)

_STORE = """
    INSERT INTO treadle.event_outbox (id, account_id, event_type, payload)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[])
    """
_CLAIM_LEFT = """
    WITH left_behind AS (
        SELECT id FROM treadle.event_outbox
        WHERE ring_at < now()
        ORDER BY ring_at
        LIMIT $1
        FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE treadle.event_outbox o
    SET ring_at = now() + $2::interval * 2 ^ LEAST(o.rings + 1, 10), rings = o.rings + 1
    FROM left_behind WHERE o.id = left_behind.id
    RETURNING o.id::text, o.account_id::text, o.event_type, o.payload
    """
_STORED = "SELECT id::text FROM treadle.event_outbox WHERE id = ANY($1::uuid[])"
_FORGET = "DELETE FROM treadle.event_outbox WHERE id = ANY($1::uuid[])"


def outbox_rows(events: Sequence[ContactEvent]) -> list[OutboxRow]:
    """The events of one transaction as rows: in their order, of one account and type each."""
    groups: dict[tuple[str, str], list[ContactEvent]] = {}
    for event in events:
        groups.setdefault((event.account_id, event.type), []).append(event)
    return [
        OutboxRow(new_id_text(), account_id, event_type, batch.SerializeToString())
        for (account_id, event_type), group in groups.items()
        for batch in _batches(account_id, event_type, group)
    ]


async def store_outbox(connection: Driver, rows: Sequence[OutboxRow]) -> None:
    """Stores the rows in the transaction of `connection`."""
    if rows:
        await connection.execute(_STORE, *zip(*rows, strict=True))


async def stored_outbox(connection: Driver, row_ids: Sequence[str]) -> set[str]:
    """Those of the rows that are there: their events have not been handled yet."""
    return {row[0] for row in await connection.fetch(_STORED, row_ids)}


async def forget_outbox(connection: Driver, row_ids: Sequence[str]) -> None:
    """Deletes the rows, whose events have been handled."""
    await connection.execute(_FORGET, row_ids)


def subject_of(row: OutboxRow) -> str:
    """Where the row's events are published."""
    return f"treadle.events.{row.account_id}.{row.event_type}"


class OutboxPublisher:
    """Publishes rows in the background; several may run side by side."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", js: JetStreamContext) -> None:
        self._pool = pool
        self._js = js
        self._waiting: list[OutboxRow] = []
        self._offered = asyncio.Event()

    def offer(self, rows: Sequence[OutboxRow]) -> None:
        """See EventPublisher."""
        if rows and len(self._waiting) < _MAX_WAITING:
            self._waiting.extend(rows)
            self._offered.set()

    async def run(self, stop: asyncio.Event, *, sweep_interval: timedelta) -> None:
        """Publishes what is offered, and sweeps at every interval, until `stop` is set."""
        sweep_at = 0.0
        clock = asyncio.get_running_loop().time
        while not stop.is_set() or self._waiting:
            try:
                if clock() >= sweep_at:
                    sweep_at = clock() + sweep_interval.total_seconds()
                    while await self._sweep() == _AT_ONCE and not stop.is_set():
                        pass
                await self._publish_waiting()
            except (*DATABASE_TROUBLE, *NATS_TROUBLE) as error:
                _log.warning("events_not_published", error=type(error).__name__)
                # The sweep has them again; they must not hold up a stop.
                self._waiting.clear()
                await _unless(stop, _PAUSE_S)
            if not self._waiting:
                self._offered.clear()
                await _unless(stop, max(0.0, sweep_at - clock()), self._offered)

    async def _publish_waiting(self) -> None:
        while self._waiting:
            rows, self._waiting = self._waiting[:_AT_ONCE], self._waiting[_AT_ONCE:]
            await self._publish(rows)

    async def _sweep(self) -> int:
        """Publishes rows that nobody has handled; returns how many there were.

        In one transaction: a row is put off only once the server has taken its message.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(_CLAIM_LEFT, _AT_ONCE, _AGAIN_AFTER)
            if rows:
                await self._publish([OutboxRow(*row) for row in rows])
                _log.info("events_published_late", rows=len(rows))
        return len(rows)

    async def _publish(self, rows: Sequence[OutboxRow]) -> None:
        """Publishes the rows and returns when the server has answered for each of them."""
        messages = [
            Outgoing(subject_of(row), row.payload, row.id, {"treadle-account": row.account_id})
            for row in rows
        ]
        # Not a task group: what it raises is no error that anybody here would know.
        answers = await asyncio.gather(
            *(publish_one(self._js, message) for message in messages), return_exceptions=True
        )
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer


async def _unless(
    stop: asyncio.Event, seconds: float, earlier: asyncio.Event | None = None
) -> None:
    """Sleeps for so long, or until one of the events is set."""
    waits = [asyncio.create_task(event.wait()) for event in (stop, earlier) if event is not None]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


def _batches(
    account_id: str, event_type: str, events: Sequence[ContactEvent]
) -> Iterator[EventBatch]:
    """As many batches as it takes to keep each below the bound."""
    batch, size = EventBatch(), 0
    for event in events:
        data = _data(event)
        needed = len(data) + _ENVELOPE + _ORIGIN * len(event.origin)
        if size + needed > _MAX_BYTES:
            yield batch
            batch, size = EventBatch(), 0
        if not size:
            batch.account_id = account_id
            batch.type = event_type
            batch.occurred_at.FromDatetime(event.occurred_at)
        # Field by field, which is the fastest way: this runs for every change.
        message = batch.events.add()
        message.id = new_id_text()
        message.contact_id = event.contact_id
        message.data_json = data
        message.origin_execution_ids.extend(event.origin)
        size += needed
    yield batch


def _data(event: ContactEvent) -> bytes:
    data = orjson.dumps(event.data)
    if len(data) <= _MAX_BYTES // 2:
        return data
    return orjson.dumps({**cast("dict[str, Json]", _cut(event.data)), "truncated": True})


def _cut(value: "Mapping[str, Json] | Json") -> Json:
    match value:
        case str():
            return value[:_CUT]
        case list():
            return [_cut(item) for item in value[:_CUT]]
        case Mapping():
            return {name: _cut(item) for name, item in value.items()}
        case _:
            return value
