"""Events published by hand, and workflows that listen to them."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import orjson
from nats.js.errors import NotFoundError

from action_service.domain.plan import Json
from action_service.domain.triggers import Condition, ReEntry, Trigger, triggers_json
from common.ids import new_id
from common.nats import EVENTS
from tests.support.engine import Bench, Seeded
from treadle.dispatch.v1.event_pb2 import Event, EventBatch

ANY_TAG = Trigger("tag_added")


def tagged_with(name: str) -> Trigger:
    """A trigger for one tag."""
    return Trigger("tag_added", (Condition("tag_name", value=name),))


async def listen(
    bench: Bench,
    seeded: Seeded,
    *triggers: Trigger,
    re_entry: ReEntry = ReEntry.AFTER_FINISHED,
    status: str = "active",
) -> None:
    """Gives the workflow these triggers and a status, as of now."""
    await bench.execute(
        "UPDATE workflows SET triggers = CAST(:triggers AS jsonb), re_entry = :re_entry,"
        " status = :status, updated_at = now() WHERE id = :id",
        triggers=orjson.dumps(triggers_json(triggers)).decode(),
        re_entry=re_entry.value,
        status=status,
        id=seeded.workflow_id,
    )


def event(
    contact_id: str, data: Mapping[str, Json] | None = None, *, origin: Sequence[str] = ()
) -> Event:
    """A new event; of a tag when no data is given."""
    return Event(
        id=str(new_id()),
        contact_id=contact_id,
        data_json=orjson.dumps({"tag_name": "vip"} if data is None else data),
        origin_execution_ids=origin,
    )


def batch_of(
    account_id: str,
    events: Iterable[Event],
    *,
    event_type: str = "tag_added",
    occurred_at: datetime | None = None,
) -> EventBatch:
    """Events that were committed together."""
    batch = EventBatch(account_id=account_id, type=event_type, events=events)
    batch.occurred_at.FromDatetime(occurred_at or datetime.now(UTC))
    return batch


async def publish(bench: Bench, batch: EventBatch, *, times: int = 1) -> None:
    """Publishes a batch, each time as a message that the server does not know."""
    for _ in range(times):
        await bench.js.publish(
            f"treadle.events.{batch.account_id}.{batch.type}", batch.SerializeToString()
        )


async def handled(bench: Bench) -> None:
    """Waits until the engines have acked every event."""
    # What is pending is counted a moment after a message was stored; sequence numbers are exact.
    last = (await bench.js.stream_info(EVENTS.name)).state.last_seq
    async with asyncio.timeout(60):
        while True:
            try:
                state = await bench.js.consumer_info(EVENTS.name, "engine-triggers")
            except NotFoundError:
                state = None
            if state is not None and state.ack_floor and state.ack_floor.stream_seq >= last:
                return
            await asyncio.sleep(0.02)


async def runs(bench: Bench, seeded: Seeded) -> dict[str, int]:
    """How many executions of the workflow each contact has."""
    rows = await bench.rows(
        "SELECT contact_id::text, count(*) FROM workflow_executions"
        " WHERE workflow_id = :id GROUP BY 1",
        id=seeded.workflow_id,
    )
    return {str(contact): int(str(count)) for contact, count in rows}
