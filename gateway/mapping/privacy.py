"""Erasures of contacts between protobuf and JSON."""

from gateway.mapping.values import instant, optional_instant
from gateway.models.privacy import ERASURE_STATUS, Erasure
from treadle.compliance.v1 import privacy_service_pb2 as pb


def erasure(message: pb.Erasure) -> Erasure:
    """An erasure as a resource."""
    return Erasure(
        id=message.id,
        contact_id=message.contact_id,
        status=ERASURE_STATUS.shown(message.status),
        requested_by=message.requested_by,
        requested_at=instant(message.requested_at),
        completed_at=optional_instant(message, "completed_at"),
        cancelled_executions=message.cancelled_executions,
        erased=dict(message.erased),
    )
