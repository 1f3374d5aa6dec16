"""Dead letters as JSON."""

from typing import Any

import orjson

from gateway.mapping.values import instant, optional_instant, text
from gateway.models.dead_letters import (
    KIND,
    STATE,
    DeadLetter,
    DeadLetterDetails,
    DeadLetterList,
)
from treadle.deadletter.v1 import dead_letter_pb2, dead_letter_service_pb2


def dead_letter(message: dead_letter_pb2.DeadLetter) -> DeadLetter:
    """A dead letter as a resource."""
    return DeadLetter(**_shared(message))


def dead_letter_details(message: dead_letter_pb2.DeadLetter) -> DeadLetterDetails:
    """The same with what it says."""
    payload = orjson.loads(message.payload_json) if message.payload_json else None
    return DeadLetterDetails(**_shared(message), payload=payload)


def dead_letter_list(message: dead_letter_service_pb2.ListDeadLettersResponse) -> DeadLetterList:
    """A page of dead letters."""
    return DeadLetterList(
        dead_letters=[dead_letter(each) for each in message.dead_letters],
        next_page_token=text(message.next_page_token),
    )


def _shared(message: dead_letter_pb2.DeadLetter) -> dict[str, Any]:
    return {
        "id": message.id,
        "kind": KIND.shown(message.kind),
        "state": STATE.shown(message.state),
        "source": message.source,
        "reason": message.reason,
        "deliveries": message.deliveries,
        "deaths": message.deaths,
        "died_at": instant(message.died_at),
        "workflow_id": text(message.workflow_id),
        "execution_id": text(message.execution_id),
        "action_execution_id": text(message.action_execution_id),
        "action_type": text(message.action_type),
        "contact_id": text(message.contact_id),
        "attempt_id": text(message.attempt_id),
        "closed_by": text(message.closed_by),
        "closed_at": optional_instant(message, "closed_at"),
        "closing_reason": text(message.closing_reason),
        "payload_bytes": message.payload_bytes,
        "etag": message.etag,
    }
