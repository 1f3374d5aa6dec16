"""Executions and their logs as messages."""

from uuid import UUID

from action_service.domain.execution import Attempt, Execution, Pause, StepCounts, Summary
from action_service.domain.states import ActionStatus, ExecutionState
from action_service.domain.unknown_sends import explain
from action_service.servicers.message_messages import delivery_message, message_message
from action_service.servicers.workflow_messages import struct_message
from action_service.use_cases.executions import LogEntry, Snapshot
from treadle.execution.v1 import execution_pb2
from treadle.execution.v1 import execution_service_pb2 as pb


def execution_message(execution: Execution) -> execution_pb2.Execution:
    """The execution on the wire."""
    return execution_pb2.Execution(
        id=str(execution.id),
        workflow_id=str(execution.workflow_id),
        workflow_version=execution.workflow_version,
        contact_id=_text(execution.contact_id),
        state=f"EXECUTION_STATE_{execution.state.value.upper()}",
        current_action_id=_text(execution.current_action_id),
        started_at=execution.started_at,
        ended_at=execution.ended_at,
        reason=execution.reason,
        event=struct_message(execution.event),
        pause=pause_message(execution.pause),
    )


def log_message(entry: LogEntry) -> execution_pb2.ActionExecution:
    """The action execution on the wire."""
    run, send = entry.run, entry.unknown_send
    return execution_pb2.ActionExecution(
        id=str(run.id),
        execution_id=str(run.execution_id),
        action_id=str(run.action_id),
        action_name=entry.action_name,
        contact_id=_text(run.contact_id),
        action_type=run.action_type,
        action_config=struct_message(entry.config),
        position=entry.position,
        status=f"ACTION_EXECUTION_STATUS_{run.status.value.upper()}",
        outcome=run.outcome,
        created_at=run.created_at,
        scheduled_at=run.scheduled_at,
        started_at=run.started_at,
        completed_at=run.completed_at,
        duration=run.duration,
        result=struct_message(run.result),
        error=error_message(run.error_class, run.error_message),
        reason=run.reason,
        retry_count=run.retry_count,
        attempts=[_attempt_message(attempt) for attempt in run.attempts],
        messages=[message_message(message) for message in entry.messages],
        deliveries=[delivery_message(delivery) for delivery in entry.deliveries],
        explanation=None if send is None else explain(send),
        unknown_send_id=None if send is None else str(send.id),
        dead_letter_id=_text(entry.dead_letter_id),
    )


def snapshot_message(snapshot: Snapshot) -> pb.WatchExecutionResponse:
    """The execution and its log on the wire."""
    return pb.WatchExecutionResponse(
        execution=execution_message(snapshot.execution),
        action_executions=[log_message(entry) for entry in snapshot.log],
    )


def summary_message(summary: Summary) -> pb.SummarizeExecutionsResponse:
    """The counts on the wire."""
    return pb.SummarizeExecutionsResponse(
        executions=execution_pb2.ExecutionCounts(
            **{state.value: summary.by_state.get(state, 0) for state in ExecutionState}
        ),
        steps=[_step_message(step) for step in summary.steps],
    )


def _step_message(step: StepCounts) -> execution_pb2.StepSummary:
    message = execution_pb2.StepSummary(
        action_id=str(step.action_id),
        action_name=step.action_name,
        action_type=step.action_type,
        position=step.position,
        branch_id=_text(step.branch_id),
        retries=step.retries,
        p50_duration=step.p50,
        p99_duration=step.p99,
        messages={state.value: number for state, number in step.by_state.items()},
    )
    for status in ActionStatus:
        setattr(message, status.value, step.by_status.get(status, 0))
    return message


def _attempt_message(attempt: Attempt) -> execution_pb2.Attempt:
    return execution_pb2.Attempt(
        id=str(attempt.id),
        number=attempt.number,
        started_at=attempt.started_at,
        finished_at=attempt.finished_at,
        error=error_message(attempt.error_class, attempt.error_message),
        provider_reference=attempt.provider_reference,
    )


def error_message(error_class: str | None, message: str | None) -> execution_pb2.ActionError | None:
    """Why an action failed; None when it did not."""
    if error_class is None:
        return None
    return execution_pb2.ActionError(
        error_class=f"ERROR_CLASS_{error_class.upper()}",
        message=message,
    )


def pause_message(pause: Pause | None) -> execution_pb2.ExecutionPause | None:
    """The pause on the wire."""
    if pause is None:
        return None
    return execution_pb2.ExecutionPause(paused_at=pause.at, paused_by=pause.by, reason=pause.reason)


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
