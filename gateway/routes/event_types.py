"""Events of other systems: published here, they start workflows and end waits."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Response

from gateway.headers import CallerDep, UpstreamDep
from gateway.mapping.values import instant, struct
from gateway.models.event_types import (
    FATE,
    EventBody,
    EventReceipt,
    EventReceipts,
    EventTypeBody,
    OwnEventType,
    PublishEventsBody,
)
from gateway.openapi import CREATES
from gateway.pointers import BodyFields
from gateway.requests import StrictRoute
from treadle.event.v1 import event_service_pb2 as pb

router: Final = APIRouter(prefix="/api/v1", tags=["events"], route_class=StrictRoute)
_EVENTS: Final = BodyFields.of(PublishEventsBody)
_TYPE: Final = BodyFields.of(EventTypeBody)

EventTypeName = Annotated[str, Path(max_length=64)]


@router.post("/events", operation_id="publishEvents")
async def publish_events(
    body: PublishEventsBody, caller: CallerDep, upstream: UpstreamDep
) -> EventReceipts:
    """Tell what has happened to contacts: all are taken in or none, each once by its id."""
    request = pb.PublishEventsRequest(events=[_event(each) for each in body.events])
    answer = await caller.call(upstream.events.PublishEvents, request, fields=_EVENTS)
    return EventReceipts(
        receipts=[EventReceipt(id=each.id, fate=FATE.shown(each.fate)) for each in answer.receipts]
    )


@router.post("/event-types", status_code=201, operation_id="createEventType", responses=CREATES)
async def create_event_type(
    body: EventTypeBody, caller: CallerDep, upstream: UpstreamDep, response: Response
) -> OwnEventType:
    """Make a type of events of the account's own known, for triggers and waits to name."""
    request = pb.CreateEventTypeRequest(name=body.name, description=body.description or "")
    answer = await caller.call(upstream.events.CreateEventType, request, fields=_TYPE)
    response.headers["Location"] = "/api/v1/event-types"
    made = answer.event_type
    return OwnEventType(
        name=made.name, description=made.description, created_at=instant(made.created_at)
    )


@router.delete("/event-types/{name}", status_code=204, operation_id="deleteEventType")
async def delete_event_type(name: EventTypeName, caller: CallerDep, upstream: UpstreamDep) -> None:
    """Forget a type of the account's own."""
    await caller.call(upstream.events.DeleteEventType, pb.DeleteEventTypeRequest(name=name))


def _event(body: EventBody) -> pb.PublishedEvent:
    event = pb.PublishedEvent(id=body.id, type=body.type)
    if body.contact_id is not None:
        event.contact_id = body.contact_id
    if body.email is not None:
        event.email = body.email
    if body.phone is not None:
        event.phone = body.phone
    if body.occurred_at is not None:
        event.occurred_at.FromDatetime(body.occurred_at)
    if body.data is not None:
        event.data.CopyFrom(struct(body.data))
    return event
