"""Explanations of executions as messages."""

from action_service.domain.explanation.answer import (
    AwaitedEvent,
    ExplainedStep,
    Explanation,
    Retries,
)
from action_service.domain.explanation.words import sentences
from action_service.domain.holds import Hold
from action_service.domain.unknown_sends import UnknownSend
from action_service.servicers.execution_messages import error_message, pause_message
from treadle.execution.v1 import explanation_pb2 as pb
from treadle.execution.v1 import hold_pb2


def explanation_message(explained: Explanation) -> pb.Explanation:
    """The explanation on the wire, with its words."""
    error = explained.last_error
    return pb.Explanation(
        execution_id=str(explained.execution.id),
        state=f"EXECUTION_STATE_{explained.execution.state.name}",
        reason=f"EXPLANATION_REASON_{explained.reason.name}",
        sentences=sentences(explained),
        explained_at=explained.at,
        step=None if explained.step is None else _step(explained.step),
        since=explained.since,
        goes_on_at=explained.goes_on_at,
        is_overdue=explained.is_overdue,
        rule=explained.rule,
        hold=None if explained.hold is None else hold_message(explained.hold),
        event=None if explained.event is None else _event(explained.event),
        retries=None if explained.retries is None else _retries(explained.retries),
        last_error=None if error is None else error_message(error.error_class, error.message),
        unknown_outcome=_unknown(explained.unknown_send),
        ending=explained.execution.reason,
        is_workflow_paused=explained.is_workflow_paused,
        dead_letter_id=None if explained.dead_letter_id is None else str(explained.dead_letter_id),
        pause=pause_message(explained.execution.pause),
    )


def _step(step: ExplainedStep) -> pb.ExplainedStep:
    named = step.named
    return pb.ExplainedStep(
        action_id=named.action_id,
        action_execution_id=str(step.action_execution_id),
        action_name=named.name,
        action_type=named.action_type,
        position=named.position,
        branch_id=named.branch_id,
        branch_name=named.branch_name,
        status=f"ACTION_EXECUTION_STATUS_{step.status.name}",
        attempt_id=str(step.attempt_id),
        attempt_number=step.attempt_number,
        reached_at=step.reached_at,
        lease_until=step.lease_until,
        times_handed_out_again=step.rings,
        claimed_at=step.claimed_at,
    )


def hold_message(hold: Hold) -> hold_pb2.Hold:
    """The rule by which a step does not go on, on the wire."""
    source, change = hold.zone_source, hold.clock_change
    return hold_pb2.Hold(
        cause=f"HOLD_CAUSE_{hold.cause.name}",
        zones=hold.zones,
        zone_source=None if source is None else f"ZONE_SOURCE_{source.name}",
        clock_change=None if change is None else f"CLOCK_CHANGE_{change.name}",
        peer=hold.peer or None,
        hours=hold.hours or None,
        per_second=hold.per_second or None,
    )


def _event(event: AwaitedEvent) -> pb.AwaitedEvent:
    message = pb.AwaitedEvent(
        event_type=event.event_type,
        ignores_automatic=event.ignores_automatic,
        ignored=event.ignored.number,
        last_ignored_at=event.ignored.last_at,
        timeout_at=event.timeout_at,
        timeout_outcome=f"TIMEOUT_OUTCOME_{event.timeout_outcome.name}",
        timeout_branch_id=event.timeout_branch_id,
        timeout_branch_name=event.timeout_branch_name,
    )
    if event.related is not None:
        message.related_action_id = event.related.action_id
        message.related_action_name = event.related.name or ""
        message.related_action_type = event.related.action_type
    if event.following is not None:
        message.timeout_action_id = event.following.action_id
    return message


def _retries(retries: Retries) -> pb.Retries:
    return pb.Retries(
        made=retries.made,
        allowed=retries.allowed,
        left=retries.left,
        next_backoff_at_most=retries.next_backoff,
    )


def _unknown(send: UnknownSend | None) -> pb.UnknownOutcome | None:
    if send is None:
        return None
    return pb.UnknownOutcome(
        unknown_send_id=str(send.id),
        provider=send.provider,
        times_asked=len(send.lookups),
        next_asked_at=send.next_look_at,
    )
