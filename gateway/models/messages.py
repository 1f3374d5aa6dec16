"""What was sent, and what has become of it."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from gateway.models.base import Id, ProtoEnum, Resource
from treadle.message.v1 import message_pb2

CHANNEL = ProtoEnum(message_pb2.Channel)
DELIVERY_STATE = ProtoEnum(message_pb2.DeliveryState)
DELIVERY_STATUS = ProtoEnum(message_pb2.DeliveryStatus)

ChannelShown = Annotated[str, CHANNEL.documented]
DeliveryStateName = Annotated[str, DELIVERY_STATE]
DeliveryStateShown = Annotated[str, DELIVERY_STATE.documented]
DeliveryStatusShown = Annotated[str, DELIVERY_STATUS.documented]


class Message(Resource):
    """A message that a provider has accepted, and what is known of it since."""

    id: Id
    channel: ChannelShown
    contact_id: Id | None
    workflow_id: Id
    execution_id: Id
    action_id: Id
    action_execution_id: Id
    delivery_id: Id | None = Field(
        description="Of what goes out beside the step's own work, such as a notification by email."
    )
    state: DeliveryStateShown = Field(
        description="How far it has come; it only ever goes up, in the order of these values."
    )
    reason: str | None = Field(description="Why it has not come.")
    times: dict[str, datetime] = Field(
        description="The first instant of each thing known of it: of the states, and"
        " `complained` and `unsubscribed`, and of what programs did by themselves:"
        " `machine_opened` and `machine_clicked`."
    )
    provider: str
    provider_message_id: str
    created_at: datetime | None
    updated_at: datetime | None


class MessageList(Resource):
    """Messages, newest first."""

    messages: list[Message]
    next_page_token: str | None = Field(description="null on the last page.")


class Delivery(Resource):
    """An email or SMS that a step brings about beside its own work."""

    id: Id
    channel: ChannelShown
    recipient: str
    status: DeliveryStatusShown = Field(
        description="`sent` once a provider has accepted it; then there is a message."
    )
    reason: str | None = Field(description="Why it was put off, skipped, or failed.")
    attempts: int
    finished_at: datetime | None
