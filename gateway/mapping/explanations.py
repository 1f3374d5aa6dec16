"""Explanations of executions as JSON."""

from gateway.mapping.executions import action_error, execution_pause
from gateway.mapping.values import optional_instant, optional_seconds, text
from gateway.models.executions import ACTION_EXECUTION_STATUS, EXECUTION_STATE
from gateway.models.explanations import (
    CLOCK_CHANGE,
    EXPLANATION_REASON,
    HOLD_CAUSE,
    TIMEOUT_OUTCOME,
    ZONE_SOURCE,
    AwaitedEvent,
    ExplainedStep,
    Explanation,
    Hold,
    Retries,
    UnknownOutcome,
)
from treadle.execution.v1 import explanation_pb2, hold_pb2


def explanation(message: explanation_pb2.Explanation) -> Explanation:
    """An explanation as a resource."""
    return Explanation(
        execution_id=message.execution_id,
        state=EXECUTION_STATE.shown(message.state),
        reason=EXPLANATION_REASON.shown(message.reason),
        sentences=list(message.sentences),
        explained_at=optional_instant(message, "explained_at"),
        step=_step(message.step) if message.HasField("step") else None,
        since=optional_instant(message, "since"),
        goes_on_at=optional_instant(message, "goes_on_at"),
        is_overdue=message.is_overdue,
        rule=text(message.rule),
        hold=hold(message.hold) if message.HasField("hold") else None,
        event=_event(message.event) if message.HasField("event") else None,
        retries=_retries(message.retries) if message.HasField("retries") else None,
        last_error=action_error(message.last_error) if message.HasField("last_error") else None,
        unknown_outcome=(
            _unknown(message.unknown_outcome) if message.HasField("unknown_outcome") else None
        ),
        ending=text(message.ending),
        is_workflow_paused=message.is_workflow_paused,
        dead_letter_id=text(message.dead_letter_id),
        pause=execution_pause(message.pause) if message.HasField("pause") else None,
    )


def _step(message: explanation_pb2.ExplainedStep) -> ExplainedStep:
    return ExplainedStep(
        action_id=message.action_id,
        action_execution_id=message.action_execution_id,
        action_name=text(message.action_name),
        action_type=message.action_type,
        position=message.position,
        branch_id=text(message.branch_id),
        branch_name=text(message.branch_name),
        status=ACTION_EXECUTION_STATUS.shown(message.status),
        attempt_id=message.attempt_id,
        attempt_number=message.attempt_number,
        reached_at=optional_instant(message, "reached_at"),
        lease_until=optional_instant(message, "lease_until"),
        times_handed_out_again=message.times_handed_out_again,
        claimed_at=optional_instant(message, "claimed_at"),
    )


def hold(message: hold_pb2.Hold) -> Hold:
    """The rule by which a step does not go on."""
    return Hold(
        cause=HOLD_CAUSE.shown(message.cause),
        zones=list(message.zones),
        zone_source=ZONE_SOURCE.name(message.zone_source),
        clock_change=CLOCK_CHANGE.name(message.clock_change),
        peer=text(message.peer),
        hours=text(message.hours),
        per_second=message.per_second or None,
    )


def _event(message: explanation_pb2.AwaitedEvent) -> AwaitedEvent:
    return AwaitedEvent(
        event_type=message.event_type,
        related_action_id=text(message.related_action_id),
        related_action_name=text(message.related_action_name),
        related_action_type=text(message.related_action_type),
        ignores_automatic=message.ignores_automatic,
        ignored=message.ignored,
        last_ignored_at=optional_instant(message, "last_ignored_at"),
        timeout_at=optional_instant(message, "timeout_at"),
        timeout_outcome=TIMEOUT_OUTCOME.shown(message.timeout_outcome),
        timeout_branch_id=text(message.timeout_branch_id),
        timeout_branch_name=text(message.timeout_branch_name),
        timeout_action_id=text(message.timeout_action_id),
    )


def _retries(message: explanation_pb2.Retries) -> Retries:
    return Retries(
        made=message.made,
        allowed=message.allowed,
        left=message.left,
        next_backoff_at_most_seconds=optional_seconds(message, "next_backoff_at_most"),
    )


def _unknown(message: explanation_pb2.UnknownOutcome) -> UnknownOutcome:
    return UnknownOutcome(
        unknown_send_id=message.unknown_send_id,
        provider=text(message.provider),
        times_asked=message.times_asked,
        next_asked_at=optional_instant(message, "next_asked_at"),
    )
