"""EventService: what other systems tell of contacts."""

from collections.abc import Mapping

from action_service.servicers.requests import parse_instant, parse_text
from action_service.servicers.rpc import Rpc
from action_service.use_cases.event_ports import By
from action_service.use_cases.events import (
    Fate,
    GivenEvent,
    create_event_type,
    delete_event_type,
    publish_events,
)
from action_service.use_cases.ports import Database, Writer
from common.catalogue.convert import read_struct
from common.clock import SYSTEM_CLOCK, Clock
from treadle.event.v1 import event_service_pb2 as pb
from treadle.event.v1.event_service_pb2_grpc import EventServiceServicer

_FATES: Mapping[Fate, pb.EventFate] = {
    Fate.ACCEPTED: pb.EVENT_FATE_ACCEPTED,
    Fate.REPEATED: pb.EVENT_FATE_REPEATED,
    Fate.NO_CONTACT: pb.EVENT_FATE_NO_CONTACT,
}


class EventServicer(EventServiceServicer):
    """Serves EventService."""

    def __init__(self, database: Database, clock: Clock = SYSTEM_CLOCK) -> None:
        self._rpc = Rpc(database)
        self._clock = clock

    async def PublishEvents(
        self, request: pb.PublishEventsRequest, context: object
    ) -> pb.PublishEventsResponse:
        """Takes in events, each once."""
        given = [_given(event, index) for index, event in enumerate(request.events)]

        async def work(tx: Writer) -> pb.PublishEventsResponse:
            fates = await publish_events(tx, given, self._clock.now())
            receipts = [
                pb.EventReceipt(id=event.id, fate=_FATES[fate])
                for event, fate in zip(given, fates, strict=True)
            ]
            return pb.PublishEventsResponse(receipts=receipts)

        return await self._rpc.write(work)

    async def CreateEventType(
        self, request: pb.CreateEventTypeRequest, context: object
    ) -> pb.CreateEventTypeResponse:
        """Makes a type known."""

        async def work(tx: Writer) -> pb.CreateEventTypeResponse:
            made = await create_event_type(tx, request.name, request.description)
            event_type = pb.OwnEventType(
                name=made.name, description=made.description, created_at=made.created_at
            )
            return pb.CreateEventTypeResponse(event_type=event_type)

        return await self._rpc.write(work)

    async def DeleteEventType(
        self, request: pb.DeleteEventTypeRequest, context: object
    ) -> pb.DeleteEventTypeResponse:
        """Forgets a type."""
        name = parse_text("name", request.name)

        async def work(tx: Writer) -> None:
            await delete_event_type(tx, name)

        await self._rpc.write(work)
        return pb.DeleteEventTypeResponse()


def _given(event: pb.PublishedEvent, index: int) -> GivenEvent:
    by = event.WhichOneof("contact")
    occurred_at = None
    if event.HasField("occurred_at"):
        occurred_at = parse_instant(f"events[{index}].occurred_at", event.occurred_at)
    return GivenEvent(
        id=event.id,
        type=event.type,
        by=None if by is None else By(by),
        contact="" if by is None else str(getattr(event, by)),
        occurred_at=occurred_at,
        data=read_struct(event.data),
    )
