"""Bodies of the endpoints for sends whose outcome nobody knows."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from gateway.models.base import Body, Etag, Id, ProtoEnum, Resource, UuidText, examples
from treadle.ledger.v1 import unknown_send_pb2

STATE = ProtoEnum(unknown_send_pb2.UnknownSendState)
RESOLUTION = ProtoEnum(unknown_send_pb2.UnknownSendResolution)
FINDING = ProtoEnum(unknown_send_pb2.LookupFinding)

StateName = Annotated[str, STATE]
StateShown = Annotated[str, STATE.documented]
ResolutionName = Annotated[str, RESOLUTION]
ResolutionShown = Annotated[str, RESOLUTION.documented]
FindingShown = Annotated[str, FINDING.documented]

_RESOLUTION = Field(
    description="`sent`: the provider has the message, so the step completes. `retry`: it has not, "
    "so it is sent once more. `fail`: it has not, and the step fails."
)
_REASON = Field(
    min_length=1, max_length=500, description="Why you hold that to be so; for the audit log."
)


class ResolveUnknownSendBody(Body):
    """What you hold to be true of the message, and answer for."""

    model_config = examples(
        {"resolution": "retry", "reason": "Twilio's console has no such message"},
        {
            "resolution": "sent",
            "reason": "the customer has it",
            "provider_message_id": "SM0123456789abcdef0123456789abcdef",
        },
    )

    resolution: ResolutionName = _RESOLUTION
    reason: str = _REASON
    provider_message_id: str | None = Field(
        default=None,
        max_length=200,
        description="With `sent`: the provider's id, so that what it tells of the message finds "
        "the step.",
    )
    etag: Etag | None = None


class ResolveUnknownSendsBody(Body):
    """The same for many; those that are decided already stay as they are."""

    model_config = examples(
        {
            "ids": ["0199d2a4-6f0e-7cc1-9f2b-0c5c1a7f3d10"],
            "resolution": "fail",
            "reason": "the offer has ended",
        }
    )

    ids: list[UuidText] = Field(min_length=1, max_length=200)
    resolution: ResolutionName = _RESOLUTION
    reason: str = _REASON


class SendLookup(Resource):
    """A look at the provider."""

    looked_at: datetime
    finding: FindingShown
    note: str


class UnknownSend(Resource):
    """An attempt that may have handed its message over; it is not sent again by itself."""

    id: Id = Field(description="The attempt's.")
    workflow_id: Id
    execution_id: Id
    action_execution_id: Id
    action_id: Id
    action_type: str
    contact_id: Id | None = Field(
        description="Whom the run is for; a notification goes to somebody else."
    )
    delivery_id: Id | None = Field(
        description="Of a message that goes beside the step's own work, such as a notification."
    )
    channel: str | None
    provider: str | None
    recipient: str | None = Field(description="null when it is not known, as all of what was sent.")
    sender: str | None
    subject: str | None
    text: str | None
    claimed_at: datetime | None
    unknown_at: datetime | None
    reason: str | None = Field(description="Why it is not known whether it was sent.")
    state: StateShown
    lookups: list[SendLookup] = Field(description="What the provider answered, oldest first.")
    next_lookup_at: datetime | None = Field(
        description="null when the provider is not asked any more."
    )
    resolution: ResolutionShown | None
    resolved_by: str | None = Field(
        description="`user:<id>`; or `lookup`: the provider was asked, `callback`: it told of the "
        "message, `result`: an answer came late, or the run ended."
    )
    resolved_at: datetime | None
    resolution_reason: str | None
    provider_message_id: str | None
    explanation: str = Field(description="All of it in plain words, and what can be done.")
    etag: str


class UnknownSendList(Resource):
    """Unknown sends, oldest first."""

    unknown_sends: list[UnknownSend]
    next_page_token: str | None = Field(description="null on the last page.")


class ResolvedUnknownSends(Resource):
    """What became of the wish."""

    resolved_ids: list[Id]
    left_ids: list[Id] = Field(description="Decided before, or not there.")
