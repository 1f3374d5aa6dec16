"""Bodies of the endpoints by which other systems tell of contacts."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from gateway.models.base import Body, Instant, JsonObject, ProtoEnum, Resource, UuidText, examples
from treadle.event.v1 import event_service_pb2

FATE = ProtoEnum(event_service_pb2.EventFate)

FateShown = Annotated[str, FATE.documented]


class EventBody(Body):
    """Something that has happened to a contact; give one of contact_id, email and phone."""

    id: str = Field(
        description="Of the system that publishes it, at most 200 characters: the same event has "
        "the same id, and is taken in once.",
        examples=["form-4711"],
    )
    type: str = Field(
        description="`form_submit`, or a type of the account's own.", examples=["form_submit"]
    )
    contact_id: UuidText | None = None
    email: str | None = Field(default=None, examples=["ada@example.com"])
    phone: str | None = Field(default=None, description="E.164.")
    # Strict mode takes no text for an instant, which is all that JSON has.
    occurred_at: Instant | None = Field(
        default=None, description="When it happened; now when left out."
    )
    data: JsonObject | None = Field(
        default=None, description="What workflows may read and ask of it; at most 32 KiB."
    )

    @model_validator(mode="after")
    def _one_contact(self) -> Self:
        if sum(each is not None for each in (self.contact_id, self.email, self.phone)) > 1:
            raise PydanticCustomError(
                "one_contact", "must name the contact once: by contact_id, email or phone"
            )
        return self


class PublishEventsBody(Body):
    """1 to 500 events."""

    model_config = examples(
        {
            "events": [
                {
                    "id": "form-4711",
                    "type": "form_submit",
                    "email": "ada@example.com",
                    "data": {"form_id": "contact-us"},
                }
            ]
        }
    )

    events: list[EventBody] = Field(max_length=500)


class EventReceipt(Resource):
    """What became of an event."""

    id: str
    fate: FateShown = Field(
        description="`repeated`: an event with this id was taken in before. `no_contact`: there is "
        "no such contact, and the event was not taken in."
    )


class EventReceipts(Resource):
    """What became of the events, in their order."""

    receipts: list[EventReceipt]


class EventTypeBody(Body):
    """A type of events of the account's own."""

    model_config = examples({"name": "quote_requested", "description": "Asked for a quote."})

    name: str = Field(
        description="Lower-case letters, digits and _, beginning with a letter.",
        examples=["quote_requested"],
    )
    description: str | None = None


class OwnEventType(Resource):
    """A type of events of the account's own."""

    name: str
    description: str
    created_at: datetime
