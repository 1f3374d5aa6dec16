"""Texts and instants that no record can have: refused with their place, whatever they are for."""

from collections.abc import Awaitable
from typing import Any

import pytest
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from common.errors import ErrorReason
from tests.support.action_api import Client, fields, refused
from treadle.contact.v1 import contact_service_pb2
from treadle.event.v1 import event_service_pb2
from treadle.event.v1.event_service_pb2_grpc import EventServiceStub
from treadle.ledger.v1 import unknown_send_service_pb2
from treadle.record.v1 import crm_service_pb2, task_pb2

NUL = "a\0b"
NO_INSTANT = Timestamp(seconds=2**62)


async def call(client: Client, request: Message) -> Message:
    """Sends a request to the method that takes it."""
    stubs = (client.contacts, client.unknown_sends, client.crm, EventServiceStub(client.channel))
    method = type(request).__name__.removesuffix("Request")
    stub = next(stub for stub in stubs if hasattr(stub, method))
    return await getattr(stub, method)(request)


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (contact_service_pb2.ListContactsRequest(email=NUL), "email"),
        (contact_service_pb2.ListContactsRequest(tag=NUL), "tag"),
        (event_service_pb2.DeleteEventTypeRequest(name=NUL), "name"),
        (unknown_send_service_pb2.ListUnknownSendsRequest(channel=NUL), "channel"),
        (
            unknown_send_service_pb2.ListUnknownSendsRequest(unknown_before=NO_INSTANT),
            "unknown_before",
        ),
    ],
    ids=["email", "tag", "name", "channel", "unknown_before"],
)
async def test_what_nothing_can_be_found_by(client: Client, request_: Message, field: str) -> None:
    error = await refused(call(client, request_), ErrorReason.MALFORMED_REQUEST)

    assert fields(error) == [field]


async def test_an_instant_of_a_record(client: Client) -> None:
    request = crm_service_pb2.CreateTaskRequest(task=task_pb2.Task(title="Call", due_at=NO_INSTANT))

    error = await refused(call(client, request), ErrorReason.VALIDATION_FAILED)

    assert "task.due_at" in fields(error)


async def test_the_data_of_an_event(client: Client) -> None:
    contact = await client.contact(email="ann@example.com")

    def publish(data: dict[str, Any]) -> Awaitable[Message]:
        event = event_service_pb2.PublishedEvent(id="1", type="form_submit", contact_id=contact.id)
        event.data.update(data)
        return call(client, event_service_pb2.PublishEventsRequest(events=[event]))

    for unusable in (NUL, float("nan"), {NUL: 1}):
        error = await refused(publish({"note": unusable}), ErrorReason.VALIDATION_FAILED)
        assert fields(error) == ["events[0].data"]
    # How JSON writes the character is not the character.
    await publish({"path": r"C:\u0000"})


async def test_an_event_type_that_there_is_already(client: Client) -> None:
    request = event_service_pb2.CreateEventTypeRequest(name="order_paid")
    await call(client, request)

    error = await refused(call(client, request), ErrorReason.ALREADY_EXISTS)

    assert fields(error) == ["name"]
