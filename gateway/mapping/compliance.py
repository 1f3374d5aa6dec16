"""Consents and suppressions between JSON and protobuf."""

from gateway.mapping.values import instant, json_object, optional_instant, struct, text
from gateway.models.compliance import (
    CAUSE,
    CHANNEL,
    PURPOSE,
    SCOPE,
    STATUS,
    AddSuppressionBody,
    Consent,
    ConsentBody,
    Suppression,
    SuppressionList,
)
from treadle.compliance.v1 import compliance_pb2
from treadle.compliance.v1 import compliance_service_pb2 as pb


def consent(message: compliance_pb2.Consent) -> Consent:
    """A consent as a resource."""
    return Consent(
        channel=CHANNEL.shown(message.channel),
        purpose=PURPOSE.shown(message.purpose),
        status=STATUS.shown(message.status),
        source=text(message.source),
        evidence=json_object(message.evidence),
        changed_at=instant(message.changed_at),
        changed_by=message.changed_by,
    )


def consent_message(body: ConsentBody) -> compliance_pb2.Consent:
    """The consent that a body describes."""
    return compliance_pb2.Consent(
        channel=CHANNEL.number(body.channel),
        purpose=PURPOSE.number(body.purpose),
        status=STATUS.number(body.status),
        source=body.source or "",
        evidence=struct(body.evidence or {}),
    )


def suppression(message: compliance_pb2.Suppression) -> Suppression:
    """A suppression as a resource."""
    return Suppression(
        id=message.id,
        channel=CHANNEL.shown(message.channel) if message.channel else None,
        address=text(message.address),
        contact_id=text(message.contact_id),
        scope=SCOPE.shown(message.scope),
        cause=CAUSE.shown(message.cause),
        detail=text(message.detail),
        created_at=instant(message.created_at),
        created_by=message.created_by,
        lifted_at=optional_instant(message, "lifted_at"),
        lifted_by=text(message.lifted_by),
    )


def suppression_list(message: pb.ListSuppressionsResponse) -> SuppressionList:
    """A page of suppressions."""
    return SuppressionList(
        suppressions=[suppression(each) for each in message.suppressions],
        next_page_token=text(message.next_page_token),
    )


def suppression_message(body: AddSuppressionBody) -> compliance_pb2.Suppression:
    """The suppression that a body describes."""
    return compliance_pb2.Suppression(
        channel=CHANNEL.number(body.channel),
        address=body.address or "",
        contact_id=body.contact_id or "",
        scope=SCOPE.number(body.scope),
        cause=CAUSE.number(body.cause),
        detail=body.detail or "",
    )
