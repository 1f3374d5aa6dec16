"""Decides why an execution is where it is."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from action_service.domain.event_waits import (
    WAIT_FOR_EVENT,
    WAIT_UNTIL_DATE,
    awaited_type,
    ends_run,
    ignores_automatic,
    related_action,
    timeout_branch,
)
from action_service.domain.explanation.answer import (
    AwaitedEvent,
    ExplainedStep,
    Explanation,
    LastError,
    Reason,
    Retries,
    StepName,
    TimeoutOutcome,
)
from action_service.domain.explanation.facts import Facts, StepFacts, last_failure
from action_service.domain.explanation.rules import rule_of
from action_service.domain.holds import Hold, HoldCause
from action_service.domain.plan import PlanStep
from action_service.domain.progress import steps_from
from action_service.domain.retry import ErrorClass, allowed_retries, longest_delay
from action_service.domain.states import ActionStatus, ExecutionState
from action_service.domain.turns import UNRUNG

# So late nobody is before something is wrong.
GRACE: Final = timedelta(seconds=5)

_WAIT_TIME: Final = "wait_time"
_WAITS: Final[Mapping[str, Reason]] = MappingProxyType(
    {
        _WAIT_TIME: Reason.WAITING_FOR_TIME,
        WAIT_UNTIL_DATE: Reason.WAITING_FOR_DATE,
        WAIT_FOR_EVENT: Reason.WAITING_FOR_EVENT,
    }
)
_HOLDS: Final[Mapping[HoldCause, Reason]] = MappingProxyType(
    {
        HoldCause.QUIET_HOURS: Reason.QUIET_HOURS,
        HoldCause.RATE_LIMIT: Reason.RATE_LIMITED,
        HoldCause.CIRCUIT_OPEN: Reason.CIRCUIT_OPEN,
        HoldCause.PROVIDER_PAUSE: Reason.PROVIDER_PAUSED,
        HoldCause.PROVIDER_SLOW: Reason.PROVIDER_SLOW,
        HoldCause.SERVICE_AWAY: Reason.SERVICE_AWAY,
    }
)
_ENDS: Final[Mapping[ExecutionState, Reason]] = MappingProxyType(
    {
        ExecutionState.COMPLETED: Reason.COMPLETED,
        ExecutionState.FAILED: Reason.FAILED,
        ExecutionState.CANCELLED: Reason.CANCELLED,
    }
)


def explain(facts: Facts) -> Explanation:
    """Why the execution is where it is."""
    reason = next(found for rule in _REASONS if (found := rule(facts)) is not None)
    known = Explanation(
        execution=facts.execution,
        workflow_name=facts.workflow_name,
        reason=reason,
        at=facts.now,
        since=_since(facts, reason),
        is_workflow_paused=facts.workflow_paused,
    )
    if facts.step is None:
        return known
    return _with_step(known, facts, facts.step)


def _with_step(known: Explanation, facts: Facts, step: StepFacts) -> Explanation:
    goes_on_at, hold, event = None, None, None
    if known.reason in _TIMED:
        goes_on_at, hold = step.run.scheduled_at, step.hold
    planned = facts.planned
    if known.reason is Reason.WAITING_FOR_EVENT and planned is not None:
        event = _event(facts, planned, goes_on_at)
    return replace(
        known,
        step=_step(facts, step),
        goes_on_at=goes_on_at,
        is_overdue=goes_on_at is not None and goes_on_at < facts.now - GRACE,
        rule=_rule(goes_on_at, hold, planned),
        hold=hold,
        event=event,
        retries=_retries(facts, step, known.reason),
        last_error=_last_error(step, known.reason),
        dead_letter_id=facts.dead_letter_id,
        unknown_send=facts.unknown_send if known.reason is Reason.UNKNOWN_OUTCOME else None,
        ended_by_timeout=known.reason is Reason.COMPLETED and _timed_out(step, planned),
    )


def _ended(facts: Facts) -> Reason | None:
    return _ENDS.get(facts.execution.state)


def _held(facts: Facts) -> Reason | None:
    """A workflow that has been resumed releases what it holds within seconds."""
    if facts.execution.state is not ExecutionState.PAUSED:
        return None
    if facts.execution.pause is not None:
        return Reason.PAUSED if _is_kept_back(facts) else None
    return Reason.WORKFLOW_PAUSED if facts.workflow_paused else Reason.NOT_DISPATCHED


def _is_kept_back(facts: Facts) -> bool:
    """Whether the step's turn has come; it may also wait on, or be under way."""
    step = facts.step
    return step is None or (
        step.run.status is ActionStatus.PENDING
        and (step.lease_until is None or step.lease_until < facts.now)
    )


def _unknown(facts: Facts) -> Reason | None:
    is_unknown = facts.step is not None and facts.step.run.outcome is not None
    return Reason.UNKNOWN_OUTCOME if is_unknown else None


def _waiting(facts: Facts) -> Reason | None:
    if facts.step is None or facts.step.run.status is not ActionStatus.WAITING:
        return None
    return _WAITS.get(facts.step.run.action_type, Reason.WAITING_FOR_PROVIDER)


def _put_off(facts: Facts) -> Reason | None:
    step = facts.step
    if step is None or step.run.status is not ActionStatus.SCHEDULED:
        return None
    if step.run.error_class is not None:
        return Reason.RETRYING
    return Reason.PUT_OFF if step.hold is None else _HOLDS.get(step.hold.cause, Reason.PUT_OFF)


def _handed_out(facts: Facts) -> Reason:
    lease = None if facts.step is None else facts.step.lease_until
    if lease == UNRUNG:
        return Reason.WAITING_FOR_TURN
    if lease is None or lease < facts.now:
        return Reason.NOT_DISPATCHED
    return Reason.ATTEMPT_UNDER_WAY


# The first that knows an answer gives it.
_REASONS: Final[tuple[Callable[[Facts], Reason | None], ...]] = (
    _ended,
    _held,
    _unknown,
    _waiting,
    _put_off,
    _handed_out,
)
# Those that an instant ends.
_TIMED: Final = frozenset(
    {
        *_WAITS.values(),
        *_HOLDS.values(),
        Reason.RETRYING,
        Reason.PUT_OFF,
        Reason.WAITING_FOR_PROVIDER,
    }
)


def _since(facts: Facts, reason: Reason) -> datetime:
    execution, step = facts.execution, facts.step
    if execution.ended_at is not None:
        return execution.ended_at
    if reason is Reason.PAUSED and execution.pause is not None:
        return execution.pause.at
    if step is None:
        return execution.started_at
    if reason is Reason.UNKNOWN_OUTCOME and facts.unknown_send is not None:
        return facts.unknown_send.unknown_at
    if reason is Reason.RETRYING and step.run.attempts:
        return step.run.attempts[-1].finished_at
    if reason is Reason.ATTEMPT_UNDER_WAY and step.claimed_at is not None:
        return step.claimed_at
    return step.run.created_at


def _step(facts: Facts, step: StepFacts) -> ExplainedStep:
    run, planned = step.run, facts.planned
    named = StepName(str(run.action_id), run.action_type)
    return ExplainedStep(
        named=named if planned is None else _name(facts, planned),
        action_execution_id=run.id,
        status=run.status,
        attempt_id=step.attempt_id,
        attempt_number=step.attempt_number,
        reached_at=run.created_at,
        lease_until=None if _counts_for_nothing(facts, step) else step.lease_until,
        rings=step.rings,
        claimed_at=step.claimed_at,
        said=run.reason,
    )


def _counts_for_nothing(facts: Facts, step: StepFacts) -> bool:
    return facts.execution.has_ended or step.lease_until == UNRUNG


def _name(facts: Facts, step: PlanStep) -> StepName:
    branch = None if step.branch_id is None else facts.branch_names.get(step.branch_id)
    return StepName(step.id, step.action_type, step.name, step.position, step.branch_id, branch)


def _rule(goes_on_at: datetime | None, hold: Hold | None, planned: PlanStep | None) -> str:
    return "" if goes_on_at is None else rule_of(goes_on_at, hold, planned)


def _event(facts: Facts, step: PlanStep, timeout_at: datetime | None) -> AwaitedEvent:
    related = facts.plan.by_id.get(related_action(step) or "")
    branch_id = timeout_branch(step)
    following = None
    if ends_run(step):
        outcome = TimeoutOutcome.END
    elif branch_id is not None:
        outcome, following = TimeoutOutcome.BRANCH, facts.plan.first(branch_id)
    else:
        outcome, following = TimeoutOutcome.CONTINUE, facts.plan.after(step.id)
    runs = None if following is None else steps_from(facts.plan, following.id)[1]
    return AwaitedEvent(
        event_type=awaited_type(step),
        related=None if related is None else _name(facts, related),
        ignores_automatic=ignores_automatic(step),
        ignored=facts.ignored,
        timeout_at=timeout_at,
        timeout_outcome=outcome,
        timeout_branch_id=branch_id,
        timeout_branch_name=facts.branch_names.get(branch_id or ""),
        following=None if runs is None else _name(facts, runs),
    )


def _last_error(step: StepFacts, reason: Reason) -> LastError | None:
    failed = last_failure(step)
    if reason is Reason.COMPLETED or failed is None or failed.error_class is None:
        return None
    return LastError(failed.number, failed.error_class, failed.error_message or "")


def _retries(facts: Facts, step: StepFacts, reason: Reason) -> Retries | None:
    error = _last_error(step, reason)
    if error is None:
        return None
    made, error_class = step.run.retry_count - step.retry_base, ErrorClass(error.error_class)
    return Retries(
        made=made,
        allowed=allowed_retries(error_class, facts.max_retries),
        next_backoff=longest_delay(
            error_class, made, timing=facts.timing, max_retries=facts.max_retries
        ),
    )


def _timed_out(step: StepFacts, planned: PlanStep | None) -> bool:
    if planned is None or planned.action_type != WAIT_FOR_EVENT:
        return False
    return step.run.result.get("ended_by") == "timeout" and ends_run(planned)
