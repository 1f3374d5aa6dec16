"""Messages and deliveries as JSON."""

from gateway.mapping.values import instant, optional_instant, text
from gateway.models.messages import (
    CHANNEL,
    DELIVERY_STATE,
    DELIVERY_STATUS,
    Delivery,
    Message,
    MessageList,
)
from treadle.message.v1 import message_pb2, message_service_pb2


def message_resource(message: message_pb2.Message) -> Message:
    """What was sent, as a resource."""
    return Message(
        id=message.id,
        channel=CHANNEL.shown(message.channel),
        contact_id=text(message.contact_id),
        workflow_id=message.workflow_id,
        execution_id=message.execution_id,
        action_id=message.action_id,
        action_execution_id=message.action_execution_id,
        delivery_id=text(message.delivery_id),
        state=DELIVERY_STATE.shown(message.state),
        reason=text(message.reason),
        times={name: instant(at) for name, at in message.times.items()},
        provider=message.provider,
        provider_message_id=message.provider_message_id,
        created_at=optional_instant(message, "created_at"),
        updated_at=optional_instant(message, "updated_at"),
    )


def message_list(message: message_service_pb2.ListMessagesResponse) -> MessageList:
    """A page of messages."""
    return MessageList(
        messages=[message_resource(each) for each in message.messages],
        next_page_token=text(message.next_page_token),
    )


def delivery_resource(message: message_pb2.Delivery) -> Delivery:
    """What goes out beside a step's own work, as a resource."""
    return Delivery(
        id=message.id,
        channel=CHANNEL.shown(message.channel),
        recipient=message.recipient,
        status=DELIVERY_STATUS.shown(message.status),
        reason=text(message.reason),
        attempts=message.attempts,
        finished_at=optional_instant(message, "finished_at"),
    )
