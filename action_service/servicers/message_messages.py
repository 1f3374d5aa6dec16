"""Messages and deliveries on the wire."""

from uuid import UUID

from action_service.domain.messages import Message, StepDelivery
from treadle.message.v1 import message_pb2


def message_message(message: Message) -> message_pb2.Message:
    """What was sent."""
    shown = message_pb2.Message(
        id=str(message.id),
        channel=f"CHANNEL_{message.channel.value.upper()}",
        contact_id=_text(message.contact_id),
        workflow_id=str(message.workflow_id),
        execution_id=str(message.execution_id),
        action_id=str(message.action_id),
        action_execution_id=str(message.action_execution_id),
        delivery_id=_text(message.delivery_id),
        state=f"DELIVERY_STATE_{message.state.value.upper()}",
        reason=message.reason,
        provider=message.provider,
        provider_message_id=message.provider_message_id,
        created_at=message.created_at,
        updated_at=message.updated_at,
    )
    for name, at in message.times.items():
        shown.times[name].FromDatetime(at)
    return shown


def delivery_message(delivery: StepDelivery) -> message_pb2.Delivery:
    """What goes out beside a step's own work."""
    return message_pb2.Delivery(
        id=str(delivery.id),
        channel=f"CHANNEL_{delivery.channel.value.upper()}",
        recipient=delivery.recipient,
        status=f"DELIVERY_STATUS_{delivery.status.value.upper()}",
        reason=delivery.reason,
        attempts=delivery.attempts,
        finished_at=delivery.finished_at,
    )


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
