"""What workflows hear of contacts that people create and change over the API."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from google.protobuf.timestamp_pb2 import Timestamp
from nats.js import JetStreamContext

from action_service.adapters.event_outbox import OutboxPublisher
from common.db import create_pool
from common.errors import ErrorReason
from common.nats import EVENTS, connect, ensure_streams
from devstack.nats import NatsServer
from tests.support.action_api import Api, Client, refused, running_api
from treadle.contact.v1 import contact_pb2
from treadle.contact.v1 import contact_service_pb2 as pb
from treadle.dispatch.v1.event_pb2 import Event, EventBatch


@dataclass(frozen=True)
class Emitted:
    """An event of the outbox."""

    type: str
    occurred_at: Timestamp
    event: Event

    @property
    def contact_id(self) -> str:
        return self.event.contact_id

    @property
    def data(self) -> dict[str, Any]:
        return orjson.loads(self.event.data_json)


async def emitted(api: Api) -> list[Emitted]:
    """The events in the outbox, in the order in which they came."""
    rows = await api.rows("SELECT account_id, event_type, payload FROM event_outbox ORDER BY id")
    events: list[Emitted] = []
    for account_id, event_type, payload in rows:
        assert isinstance(payload, bytes)
        batch = EventBatch.FromString(payload)
        assert (batch.account_id, batch.type) == (str(account_id), event_type)
        for event in batch.events:
            assert UUID(event.id)
            assert not event.origin_execution_ids
            events.append(Emitted(batch.type, batch.occurred_at, event))
    return events


async def update(client: Client, contact_id: str, **changes: Any) -> None:
    request = pb.UpdateContactRequest(contact_id=contact_id, contact=contact_pb2.Contact(**changes))
    await client.contacts.UpdateContact(request)


async def test_a_contact_that_comes_to_be(api: Api, client: Client) -> None:
    contact = await client.contact(
        email="ada@example.com", first_name="Ada", custom_fields={"plan": "pro"}
    )
    (event,) = await emitted(api)
    assert (event.type, event.contact_id) == ("contact_created", contact.id)
    assert event.occurred_at == contact.created_at
    assert event.data == {
        "source": "api",
        "email": "ada@example.com",
        "phone": None,
        "first_name": "Ada",
        "last_name": None,
        "custom_fields": {"plan": "pro"},
    }


async def test_a_thousand_contacts_fit_into_messages(api: Api, client: Client) -> None:
    contacts = [contact_pb2.Contact(custom_fields={"text": "x" * 2_000}) for _ in range(1_000)]
    answer = await client.contacts.CreateContacts(pb.CreateContactsRequest(contacts=contacts))
    events = await emitted(api)
    assert [event.contact_id for event in events] == list(answer.contact_ids)
    assert len({each.event.id for each in events}) == 1_000
    ((count, largest),) = await api.rows("SELECT count(*), max(length(payload)) FROM event_outbox")
    assert isinstance(largest, int)
    assert (count, largest < 600_000) == (5, True)


async def test_a_change_tells_before_and_after(api: Api, client: Client) -> None:
    contact = await client.contact(first_name="Ada", custom_fields={"plan": "free", "visits": 1})
    await update(client, contact.id, first_name="Eda", custom_fields={"plan": None, "city": "Ely"})
    created, changed = await emitted(api)
    assert created.type == "contact_created"
    assert (changed.type, changed.contact_id) == ("contact_updated", contact.id)
    assert changed.data == {
        "source": "api",
        "changes": {
            "first_name": {"before": "Ada", "after": "Eda"},
            "custom_fields.plan": {"before": "free", "after": None},
            "custom_fields.city": {"before": None, "after": "Ely"},
        },
    }


async def test_what_changes_nothing_tells_nothing(api: Api, client: Client) -> None:
    contact = await client.contact(email="ada@example.com")
    await update(client, contact.id, email="ada@example.com")
    await refused(client.contact(email="ADA@example.com"), ErrorReason.ALREADY_EXISTS)
    assert len(await emitted(api)) == 1


@asynccontextmanager
async def publishing(
    database_url: str, nats_url: str
) -> AsyncGenerator[tuple[Api, JetStreamContext]]:
    """An api that hands its events on, and the server that they are handed to."""
    nc = await connect(nats_url, name="test")
    js = nc.jetstream()
    await ensure_streams(js)
    stop = asyncio.Event()
    async with create_pool(database_url, search_path="treadle", size=1) as pool:
        publisher = OutboxPublisher(pool, js)
        running = asyncio.create_task(
            publisher.run(stop, sweep_interval=timedelta(milliseconds=100))
        )
        try:
            async with running_api(database_url, publisher) as api:
                yield api, js
        finally:
            stop.set()
            await running
            await nc.close()


async def heard(js: JetStreamContext, count: int) -> list[str]:
    """The subjects of the stream's messages, once there are so many."""

    async def complete() -> bool:
        return (await js.stream_info(EVENTS.name)).state.messages >= count

    await until(complete)
    messages = [await js.get_msg(EVENTS.name, seq) for seq in range(1, count + 1)]
    return [str(message.subject) for message in messages]


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await condition():  # noqa: ASYNC110 - rows set no event
            await asyncio.sleep(0.02)


async def test_events_are_published_at_once_and_kept_for_the_engine(
    database_url: str, nats_url: str
) -> None:
    async with publishing(database_url, nats_url) as (api, js):
        client = await api.client()
        contact = await client.contact(first_name="Ada")
        await update(client, contact.id, first_name="Eda")
        assert await heard(js, 2) == [
            f"treadle.events.{client.account_id}.contact_created",
            f"treadle.events.{client.account_id}.contact_updated",
        ]
        assert len(await emitted(api)) == 2


async def test_events_outlive_a_failure_of_the_stream(
    database_url: str, nats_server: NatsServer
) -> None:
    async with publishing(database_url, nats_server.url) as (api, js):
        client = await api.client()
        nats_server.kill()
        await client.contact(first_name="Ada")
        nats_server.start()
        # As if it had been a while: fresh ones are the publisher's own.
        await api.execute("UPDATE event_outbox SET ring_at = now() - interval '1 hour'")
        assert await heard(js, 1) == [f"treadle.events.{client.account_id}.contact_created"]
