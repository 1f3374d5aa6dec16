"""Unknown sends as JSON."""

from gateway.mapping.values import instant, optional_instant, text
from gateway.models.unknown_sends import (
    FINDING,
    RESOLUTION,
    STATE,
    SendLookup,
    UnknownSend,
    UnknownSendList,
)
from treadle.ledger.v1 import unknown_send_pb2, unknown_send_service_pb2


def unknown_send(message: unknown_send_pb2.UnknownSend) -> UnknownSend:
    """An unknown send as a resource."""
    return UnknownSend(
        id=message.id,
        workflow_id=message.workflow_id,
        execution_id=message.execution_id,
        action_execution_id=message.action_execution_id,
        action_id=message.action_id,
        action_type=message.action_type,
        contact_id=text(message.contact_id),
        delivery_id=text(message.delivery_id),
        channel=text(message.channel),
        provider=text(message.provider),
        recipient=text(message.recipient),
        sender=text(message.sender),
        subject=text(message.subject),
        text=text(message.text),
        claimed_at=optional_instant(message, "claimed_at"),
        unknown_at=optional_instant(message, "unknown_at"),
        reason=text(message.reason),
        state=STATE.shown(message.state),
        lookups=[_lookup(each) for each in message.lookups],
        next_lookup_at=optional_instant(message, "next_lookup_at"),
        resolution=RESOLUTION.name(message.resolution),
        resolved_by=text(message.resolved_by),
        resolved_at=optional_instant(message, "resolved_at"),
        resolution_reason=text(message.resolution_reason),
        provider_message_id=text(message.provider_message_id),
        explanation=message.explanation,
        etag=message.etag,
    )


def unknown_send_list(
    message: unknown_send_service_pb2.ListUnknownSendsResponse,
) -> UnknownSendList:
    """A page of unknown sends."""
    return UnknownSendList(
        unknown_sends=[unknown_send(each) for each in message.unknown_sends],
        next_page_token=text(message.next_page_token),
    )


def _lookup(message: unknown_send_pb2.SendLookup) -> SendLookup:
    return SendLookup(
        looked_at=instant(message.looked_at),
        finding=FINDING.shown(message.finding),
        note=message.note,
    )
