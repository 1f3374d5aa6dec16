"""What a result does to an execution: the engine's one decision, without I/O.

`decide` takes where an execution stands and what an attempt answered, and says what to write: how
the action execution ends (or is put off), which steps come next, and the execution's state. The
engine carries decisions out hundreds at a time.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import TypeAlias

from action_service.domain.holds import Hold
from action_service.domain.plan import OnError, Plan, PlanStep
from action_service.domain.retry import ErrorClass, RetryTiming, retry_delay
from action_service.domain.states import (
    ActionEvent,
    ActionStatus,
    ExecutionEvent,
    ExecutionState,
    after_action_event,
    after_execution_event,
)

# How long a dispatched attempt may go without a result before it is rung again.
LEASE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Completed:
    """The action did its work; `output_json` is its output as JSON text."""

    output_json: str = "{}"
    provider_reference: str | None = None
    # Where the run goes on when not with the next action: in a branch, or nowhere.
    branch_id: str | None = None
    ends_run: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """The attempt failed."""

    error_class: ErrorClass
    message: str
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """The action decided that there was nothing to do, or an operator that it is passed over."""

    reason: str
    # What is known of the attempt that is given up.
    error: Failed | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """The scheduler has parked the step until `resume_at`."""

    resume_at: datetime
    reason: str
    hold: Hold | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has taken it and is not done: a call that rings.

    The attempt stays the current one. It is looked after again at `look_again_at`, or once the
    provider has told how it ended.
    """

    provider_reference: str
    look_again_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """Held back until `not_before` without spending an attempt."""

    not_before: datetime
    reason: str
    hold: Hold | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """The instant of a postponed attempt has come, or word of what an accepted one came to."""


@dataclass(frozen=True, slots=True)
class SendAgain:
    """Somebody has decided that what may have been sent was not: another attempt, at once."""

    reason: str


Outcome: TypeAlias = Completed | Failed | Skipped | Waiting | Accepted | Deferred | Due | SendAgain


@dataclass(frozen=True, slots=True)
class Position:
    """Where an execution stands when a result for its current attempt arrives."""

    plan: Plan
    step_id: str
    status: ActionStatus
    state: ExecutionState
    attempt_number: int
    retry_count: int
    workflow_paused: bool
    # The step's own retry limit, where its configuration sets one.
    max_retries: int | None = None

    @property
    def is_paused(self) -> bool:
        """Whether nothing more begins, because its workflow or the run itself is paused."""
        return self.workflow_paused or self.state is ExecutionState.PAUSED


@dataclass(frozen=True, slots=True)
class Decision:
    """What to write for one result.

    `status` is the action execution's. With `again_at` the same action execution gets another
    attempt then; with `rings_at` the present one is looked after then, and with `dispatches` it is
    run now. `skipped` are disabled steps passed over on the way to `next_step`. `held` says that
    nothing must be dispatched before what is paused resumes.
    """

    status: ActionStatus
    state: ExecutionState
    ends_attempt: bool = True
    error: Failed | None = None
    output_json: str | None = None
    provider_reference: str | None = None
    reason: str | None = None
    # The rule by which it goes no further before its instant.
    hold: Hold | None = None
    unknown: bool = False
    waits_until: datetime | None = None
    again_at: datetime | None = None
    rings_at: datetime | None = None
    spends_retry: bool = False
    dispatches: bool = False
    skipped: tuple[PlanStep, ...] = ()
    next_step: PlanStep | None = None
    held: bool = False
    execution_reason: str | None = field(default=None)


def decide(
    at: Position, outcome: Outcome, *, now: datetime, timing: RetryTiming, rng: Random
) -> Decision:
    """The decision for `outcome`; raises IllegalTransitionError when the action has ended."""
    match outcome:
        case Completed():
            return _go_on(
                at,
                after_action_event(at.status, ActionEvent.COMPLETE),
                _after_completion(at, outcome),
                output_json=outcome.output_json,
                provider_reference=outcome.provider_reference,
            )
        case Failed():
            return _fail(at, outcome, now=now, timing=timing, rng=rng)
        case Skipped():
            return _go_on(
                at,
                after_action_event(at.status, ActionEvent.SKIP),
                _following(at),
                error=outcome.error,
                reason=outcome.reason,
            )
        case Waiting():
            return Decision(
                status=after_action_event(at.status, ActionEvent.PARK),
                state=_parked(at.state),
                ends_attempt=False,
                reason=outcome.reason,
                hold=outcome.hold,
                waits_until=outcome.resume_at,
            )
        case Accepted():
            return Decision(
                status=after_action_event(at.status, ActionEvent.PARK),
                state=_parked(at.state),
                ends_attempt=False,
                provider_reference=outcome.provider_reference,
                reason=outcome.reason,
                waits_until=outcome.look_again_at,
                rings_at=outcome.look_again_at,
            )
        case Deferred():
            return Decision(
                status=after_action_event(at.status, ActionEvent.POSTPONE),
                state=_parked(at.state),
                ends_attempt=False,
                reason=outcome.reason,
                hold=outcome.hold,
                again_at=outcome.not_before,
            )
        case SendAgain():
            return Decision(
                status=after_action_event(at.status, ActionEvent.POSTPONE),
                state=after_execution_event(at.state, ExecutionEvent.ADVANCE),
                error=Failed(ErrorClass.UNKNOWN_OUTCOME, outcome.reason),
                reason=outcome.reason,
                again_at=now,
                spends_retry=True,
            )
        case Due() if at.status is ActionStatus.WAITING:
            # What has begun is finished, also while it is paused.
            return Decision(
                status=after_action_event(at.status, ActionEvent.BECOME_DUE),
                state=_parked(at.state),
                ends_attempt=False,
                dispatches=True,
            )
        case Due():
            event = ExecutionEvent.HOLD if at.is_paused else ExecutionEvent.ADVANCE
            return Decision(
                status=after_action_event(at.status, ActionEvent.BECOME_DUE),
                state=after_execution_event(at.state, event),
                ends_attempt=False,
                dispatches=not at.is_paused,
                held=at.is_paused,
            )


def steps_from(
    plan: Plan, action_id: str | None = None
) -> tuple[tuple[PlanStep, ...], PlanStep | None]:
    """The disabled steps at the beginning of a run, and the first one to run.

    A run begins with the plan's first step, or with `action_id`; raises KeyError when the plan has
    no such action.
    """
    return _pass_disabled(plan, plan.first() if action_id is None else plan.by_id[action_id])


def lease_for(timeout_seconds: int) -> timedelta:
    """How long an attempt that may take so long by itself goes without an answer at most."""
    return LEASE + timedelta(seconds=timeout_seconds)


def _fail(
    at: Position, failed: Failed, *, now: datetime, timing: RetryTiming, rng: Random
) -> Decision:
    if failed.error_class is ErrorClass.UNKNOWN_OUTCOME:
        return Decision(
            status=after_action_event(at.status, ActionEvent.LOSE_TRACK),
            state=at.state,
            ends_attempt=False,
            error=failed,
            unknown=True,
        )
    delay = retry_delay(
        failed.error_class,
        at.retry_count,
        timing=timing,
        rng=rng,
        retry_after=failed.retry_after,
        max_retries=at.max_retries,
    )
    if delay is not None:
        return Decision(
            status=after_action_event(at.status, ActionEvent.POSTPONE),
            state=after_execution_event(at.state, ExecutionEvent.ADVANCE),
            error=failed,
            again_at=now + delay,
            spends_retry=True,
        )
    status = after_action_event(at.status, ActionEvent.FAIL)
    step = at.plan.by_id.get(at.step_id)
    on_error = OnError.STOP if step is None else step.on_error
    if on_error is OnError.CONTINUE:
        return _go_on(at, status, _following(at), error=failed)
    if on_error is OnError.FALLBACK and step is not None and step.fallback_action_id is not None:
        return _go_on(at, status, at.plan.by_id.get(step.fallback_action_id), error=failed)
    return Decision(
        status=status,
        state=after_execution_event(at.state, ExecutionEvent.FAIL),
        error=failed,
        execution_reason=failed.message,
    )


def _go_on(
    at: Position,
    status: ActionStatus,
    following: PlanStep | None,
    *,
    error: Failed | None = None,
    output_json: str | None = None,
    provider_reference: str | None = None,
    reason: str | None = None,
) -> Decision:
    skipped, next_step = _pass_disabled(at.plan, following)
    held = next_step is not None and at.is_paused
    if next_step is None:
        event = ExecutionEvent.COMPLETE
    elif held:
        event = ExecutionEvent.HOLD
    else:
        event = ExecutionEvent.ADVANCE
    return Decision(
        status=status,
        state=after_execution_event(at.state, event),
        error=error,
        output_json=output_json,
        provider_reference=provider_reference,
        reason=reason,
        skipped=skipped,
        next_step=next_step,
        held=held,
    )


def _after_completion(at: Position, completed: Completed) -> PlanStep | None:
    if completed.ends_run:
        return None
    if completed.branch_id is not None:
        return at.plan.first(completed.branch_id)
    return _following(at)


def _following(at: Position) -> PlanStep | None:
    return at.plan.after(at.step_id)


def _pass_disabled(
    plan: Plan, step: PlanStep | None
) -> tuple[tuple[PlanStep, ...], PlanStep | None]:
    if step is None or step.is_enabled:
        return (), step
    skipped: list[PlanStep] = []
    while step is not None and not step.is_enabled:
        skipped.append(step)
        step = plan.after(step.id)
    return tuple(skipped), step


def _parked(state: ExecutionState) -> ExecutionState:
    return after_execution_event(state, ExecutionEvent.PARK)
