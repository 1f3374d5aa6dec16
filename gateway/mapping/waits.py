"""Waits as JSON."""

from gateway.mapping.executions import action_error
from gateway.mapping.explanations import hold
from gateway.mapping.values import instant, optional_instant, text
from gateway.models.executions import EXECUTION_STATE
from gateway.models.waits import KIND, Wait, WaitList
from treadle.execution.v1 import wait_pb2, wait_service_pb2


def wait(message: wait_pb2.Wait) -> Wait:
    """A wait as a resource."""
    return Wait(
        id=message.id,
        kind=KIND.shown(message.kind),
        execution_id=message.execution_id,
        execution_state=EXECUTION_STATE.shown(message.execution_state),
        workflow_id=message.workflow_id,
        workflow_version=message.workflow_version,
        action_id=message.action_id,
        action_name=text(message.action_name),
        action_type=message.action_type,
        contact_id=text(message.contact_id),
        since=instant(message.since),
        due_at=optional_instant(message, "due_at"),
        reason=text(message.reason),
        set_by_operator=message.set_by_operator,
        event_type=text(message.event_type),
        related_action_id=text(message.related_action_id),
        error=action_error(message.error) if message.HasField("error") else None,
        retry_count=message.retry_count,
        hold=hold(message.hold) if message.HasField("hold") else None,
        etag=message.etag,
    )


def wait_list(message: wait_service_pb2.ListWaitsResponse) -> WaitList:
    """A page of waits."""
    return WaitList(
        waits=[wait(each) for each in message.waits],
        next_page_token=text(message.next_page_token),
    )
