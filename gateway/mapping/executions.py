"""Executions and their log as JSON."""

from gateway.mapping.messages import delivery_resource, message_resource
from gateway.mapping.values import json_object, optional_instant, optional_seconds, text
from gateway.models.executions import (
    ACTION_EXECUTION_STATUS,
    ERROR_CLASS,
    EXECUTION_STATE,
    ActionError,
    ActionExecution,
    ActionExecutionList,
    Attempt,
    Execution,
    ExecutionCounts,
    ExecutionList,
    ExecutionPause,
    ExecutionSnapshot,
    ExecutionsSummary,
    StepSummary,
)
from treadle.execution.v1 import execution_pb2, execution_service_pb2


def execution(message: execution_pb2.Execution) -> Execution:
    """An execution as a resource."""
    return Execution(
        id=message.id,
        workflow_id=message.workflow_id,
        workflow_version=message.workflow_version,
        contact_id=text(message.contact_id),
        state=EXECUTION_STATE.shown(message.state),
        current_action_id=text(message.current_action_id),
        started_at=optional_instant(message, "started_at"),
        ended_at=optional_instant(message, "ended_at"),
        reason=text(message.reason),
        event=json_object(message.event),
        pause=execution_pause(message.pause) if message.HasField("pause") else None,
    )


def execution_pause(message: execution_pb2.ExecutionPause) -> ExecutionPause:
    """A pause as a resource."""
    return ExecutionPause(
        paused_at=optional_instant(message, "paused_at"),
        paused_by=message.paused_by,
        reason=text(message.reason),
    )


def execution_list(message: execution_service_pb2.ListExecutionsResponse) -> ExecutionList:
    """A page of executions."""
    return ExecutionList(
        executions=[execution(e) for e in message.executions],
        next_page_token=text(message.next_page_token),
    )


def action_execution(message: execution_pb2.ActionExecution) -> ActionExecution:
    """The log of one action."""
    return ActionExecution(
        id=message.id,
        execution_id=message.execution_id,
        action_id=message.action_id,
        action_name=text(message.action_name),
        contact_id=text(message.contact_id),
        action_type=message.action_type,
        action_config=json_object(message.action_config),
        position=message.position,
        status=ACTION_EXECUTION_STATUS.shown(message.status),
        outcome=text(message.outcome),
        created_at=optional_instant(message, "created_at"),
        scheduled_at=optional_instant(message, "scheduled_at"),
        started_at=optional_instant(message, "started_at"),
        completed_at=optional_instant(message, "completed_at"),
        duration_seconds=optional_seconds(message, "duration"),
        result=json_object(message.result),
        error=_error(message),
        reason=text(message.reason),
        retry_count=message.retry_count,
        attempts=[_attempt(a) for a in message.attempts],
        messages=[message_resource(each) for each in message.messages],
        deliveries=[delivery_resource(each) for each in message.deliveries],
        explanation=text(message.explanation),
        unknown_send_id=text(message.unknown_send_id),
        dead_letter_id=text(message.dead_letter_id),
    )


def action_execution_list(
    message: execution_service_pb2.ListActionExecutionsResponse,
) -> ActionExecutionList:
    """A page of an execution's log."""
    return ActionExecutionList(
        action_executions=[action_execution(a) for a in message.action_executions],
        next_page_token=text(message.next_page_token),
    )


def snapshot(message: execution_service_pb2.WatchExecutionResponse) -> ExecutionSnapshot:
    """What a watcher is told at each change."""
    return ExecutionSnapshot(
        execution=execution(message.execution),
        action_executions=[action_execution(a) for a in message.action_executions],
    )


def summary(message: execution_service_pb2.SummarizeExecutionsResponse) -> ExecutionsSummary:
    """Counts by state and by step."""
    counts = message.executions
    return ExecutionsSummary(
        executions=ExecutionCounts(
            running=counts.running,
            waiting=counts.waiting,
            paused=counts.paused,
            completed=counts.completed,
            failed=counts.failed,
            cancelled=counts.cancelled,
        ),
        steps=[_step(s) for s in message.steps],
    )


def _step(message: execution_pb2.StepSummary) -> StepSummary:
    return StepSummary(
        action_id=message.action_id,
        action_name=text(message.action_name),
        action_type=message.action_type,
        position=message.position,
        branch_id=text(message.branch_id),
        pending=message.pending,
        scheduled=message.scheduled,
        running=message.running,
        waiting=message.waiting,
        completed=message.completed,
        failed=message.failed,
        skipped=message.skipped,
        cancelled=message.cancelled,
        retries=message.retries,
        p50_duration_seconds=optional_seconds(message, "p50_duration"),
        p99_duration_seconds=optional_seconds(message, "p99_duration"),
        messages=dict(message.messages),
    )


def _attempt(message: execution_pb2.Attempt) -> Attempt:
    return Attempt(
        id=message.id,
        number=message.number,
        started_at=optional_instant(message, "started_at"),
        finished_at=optional_instant(message, "finished_at"),
        error=_error(message),
        provider_reference=text(message.provider_reference),
    )


def action_error(message: execution_pb2.ActionError) -> ActionError:
    """Why an attempt failed."""
    return ActionError(error_class=ERROR_CLASS.shown(message.error_class), message=message.message)


def _error(message: execution_pb2.ActionExecution | execution_pb2.Attempt) -> ActionError | None:
    return action_error(message.error) if message.HasField("error") else None
