"""Operations as JSON, and filters of executions off it."""

from gateway.mapping.values import optional_instant, text
from gateway.models.executions import EXECUTION_STATE
from gateway.models.operations import (
    KIND,
    SKIP_REASON,
    STATUS,
    ExecutionFilter,
    ExecutionFilterBody,
    Operation,
    OperationFailure,
    OperationList,
    SkippedCount,
)
from treadle.operation.v1 import operation_pb2, operation_service_pb2


def filter_message(body: ExecutionFilterBody) -> operation_pb2.ExecutionFilter:
    """The filter on the wire."""
    return operation_pb2.ExecutionFilter(
        workflow_id=body.workflow_id,
        version=body.version,
        action_id=body.action_id,
        states=[EXECUTION_STATE.number(state) for state in body.states or ()],
        started_after=body.started_after,
        started_before=body.started_before,
        tags=body.tags or (),
        contact_ids=body.contact_ids or (),
    )


def operation(message: operation_pb2.Operation) -> Operation:
    """An operation as a resource."""
    return Operation(
        id=message.id,
        kind=KIND.shown(message.kind),
        filter=_filter(message.filter),
        reason=text(message.reason),
        status=STATUS.shown(message.status),
        matched=message.matched,
        done=message.done,
        skipped=message.skipped,
        failed=message.failed,
        skipped_by_reason=[
            SkippedCount(reason=SKIP_REASON.shown(each.reason), count=each.count)
            for each in message.skipped_by_reason
        ],
        failures=[
            OperationFailure(execution_id=each.execution_id, reason=each.reason)
            for each in message.failures
        ],
        started_by=message.started_by,
        created_at=optional_instant(message, "created_at"),
        finished_at=optional_instant(message, "finished_at"),
    )


def operation_list(message: operation_service_pb2.ListOperationsResponse) -> OperationList:
    """A page of operations."""
    return OperationList(
        operations=[operation(each) for each in message.operations],
        next_page_token=text(message.next_page_token),
    )


def _filter(message: operation_pb2.ExecutionFilter) -> ExecutionFilter:
    return ExecutionFilter(
        workflow_id=text(message.workflow_id),
        version=message.version or None,
        action_id=text(message.action_id),
        states=[EXECUTION_STATE.shown(state) for state in message.states],
        started_after=optional_instant(message, "started_after"),
        started_before=optional_instant(message, "started_before"),
        tags=list(message.tags),
        contact_ids=list(message.contact_ids),
    )
