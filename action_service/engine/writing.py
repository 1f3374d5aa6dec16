"""Turns a decision into rows, and into the attempt that is to be run next."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

import orjson

from action_service.domain.holds import Hold
from action_service.domain.messages import CHANNEL_OF
from action_service.domain.plan import Json, Plan, PlanStep
from action_service.domain.progress import LEASE, Decision, Due, lease_for
from action_service.domain.retry import ErrorClass
from action_service.domain.states import ActionStatus, ExecutionState
from action_service.domain.unknown_sends import Sent
from action_service.engine.model import (
    ActionWrite,
    Advance,
    Ambiguity,
    AttemptWrite,
    Begun,
    Dispatch,
    Move,
    NewAction,
    Result,
    Send,
    Standing,
    UnderWay,
    Writes,
)
from common.catalogue import catalogue
from common.ids import new_id_text
from treadle.options.v1.options_pb2 import RETRY_CLASS_CONFIGURED, RETRY_CLASS_NEVER


def record(
    writes: Writes,
    at: Standing,
    result: Result,
    decision: Decision,
    plan: Plan,
    output: Mapping[str, Json] | None = None,
) -> Dispatch | None:
    """Adds the decision's rows to `writes`; returns the attempt to be dispatched, if any.

    `output` is what the effects add to the step's own output.
    """
    output_json = decision.output_json or "{}"
    if output:
        output_json = orjson.dumps({**orjson.loads(output_json), **output}).decode()
    if at.provider_reference is not None:
        # The attempt is what began it, not the look at how it ended.
        result = result._replace(started_at=at.claimed_at or result.started_at)
        decision = replace(decision, provider_reference=at.provider_reference)
    elif decision.provider_reference:
        _accepted(writes, at, plan, decision.provider_reference)
    if decision.unknown:
        _ambiguous(writes, at, result, decision, plan)
    is_plain = not (decision.held or decision.skipped or at.state is ExecutionState.PAUSED)
    if decision.status is ActionStatus.COMPLETED and is_plain:
        return _advance(writes, at, result, decision, output_json)
    error = decision.error
    number = at.attempt_number
    attempt_id = at.attempt_id
    if decision.ends_attempt:
        writes.attempts.append(
            AttemptWrite(
                attempt_id,
                at.account_id,
                at.action_execution_id,
                number,
                result.started_at,
                result.finished_at,
                error.error_class.value if error else None,
                error.message if error else None,
                decision.provider_reference,
            )
        )
    if isinstance(result.outcome, Due):
        return _due(writes, at, decision, plan)
    if decision.again_at is not None:
        return _again(writes, at, result, decision, decision.again_at, plan)
    ended = decision.status in _ENDED
    writes.actions.append(
        ActionWrite(
            at.action_execution_id,
            decision.status,
            attempt_id,
            number,
            at.retry_count,
            result.started_at,
            result.finished_at if ended else None,
            output_json,
            error.error_class.value if error else None,
            error.message if error else None,
            decision.waits_until,
            _lease_beyond(decision.waits_until) if decision.waits_until else None,
            "unknown" if decision.unknown else None,
            decision.reason,
            hold_json(decision.hold),
        )
    )
    if not ended:
        writes.moves.append(
            Move(at.execution_id, decision.state, at.action_id, at.action_execution_id, attempt_id)
        )
        return _look_again(writes, at, decision, plan)
    return _next(writes, at, decision)


def hold_json(hold: Hold | None) -> str | None:
    """The rule as it is stored beside the instant that it gives."""
    return None if hold is None else orjson.dumps(hold.to_json()).decode()


def _look_again(writes: Writes, at: Standing, decision: Decision, plan: Plan) -> Dispatch | None:
    """The same attempt once more, when what it has begun is looked after."""
    reference, step = decision.provider_reference, plan.by_id.get(at.action_id)
    if decision.rings_at is None or reference is None or step is None:
        return None
    writes.begun.append(Begun(at.attempt_id, reference))
    there = at._replace(provider_reference=reference, waits_until=decision.rings_at)
    return dispatch_of(
        there, step, at.action_execution_id, at.attempt_id, at.attempt_number, decision.rings_at
    )


def _accepted(writes: Writes, at: Standing, plan: Plan, reference: str) -> None:
    """Only what was accepted has a reference; of what has one, only some are messages."""
    channel = CHANNEL_OF.get(plan.by_id[at.action_id].action_type)
    if channel is not None:
        send = Send(at.account_id, at.contact_id, at.action_execution_id, None, channel, reference)
        writes.sends.append(send)


def _ambiguous(
    writes: Writes, at: Standing, result: Result, decision: Decision, plan: Plan
) -> None:
    step = plan.by_id.get(at.action_id)
    channel = None if step is None else CHANNEL_OF.get(step.action_type)
    reason = decision.error.message if decision.error else ""
    writes.unknown.append(
        Ambiguity(at.attempt_id, at.action_execution_id, None, reason, result.sent or Sent(channel))
    )


def _advance(
    writes: Writes, at: Standing, result: Result, decision: Decision, output_json: str
) -> Dispatch | None:
    step = decision.next_step
    if step is None:
        writes.advances.append(
            Advance(
                at.action_execution_id,
                result.started_at,
                result.finished_at,
                output_json,
                decision.provider_reference,
            )
        )
        return None
    next_id, attempt_id = new_id_text(), new_id_text()
    writes.advances.append(
        Advance(
            at.action_execution_id,
            result.started_at,
            result.finished_at,
            output_json,
            decision.provider_reference,
            next_id,
            attempt_id,
            step.id,
            step.action_type,
            at.now + lease_of(step),
        )
    )
    return dispatch_of(at, step, next_id, attempt_id, 1)


def lease_of(step: PlanStep) -> timedelta:
    """How long an attempt at the step may go without an answer before it is rung again."""
    timeout = step.config.get("timeout_seconds")
    return lease_for(timeout if isinstance(timeout, int) else _default_timeout(step.action_type))


def _lease_beyond(instant: datetime) -> datetime:
    """Until when word that an instant has come is waited for."""
    try:
        return instant + LEASE
    except OverflowError:
        # The calendar ends before that.
        return instant


@cache
def _default_timeout(action_type: str) -> int:
    spec = catalogue().types.get(action_type)
    timeout = spec.defaults().get("timeout_seconds") if spec is not None else None
    return timeout if isinstance(timeout, int) else 0


def retry_limit(plan: Plan, action_id: str, error_class: ErrorClass) -> int | None:
    """How often the action's own configuration lets it be retried; None leaves it to the table."""
    step = plan.by_id.get(action_id)
    if step is None:
        return None
    spec = catalogue().get(step.action_type)
    if spec.retry == RETRY_CLASS_NEVER:
        return 0
    if error_class is ErrorClass.LINE_BUSY:
        wanted = "retry_on_busy"
    elif spec.retry == RETRY_CLASS_CONFIGURED:
        wanted = "retry_on_failure"
    else:
        return None
    config = spec.defaults() | step.config
    limit = config.get("max_retries")
    return limit if config.get(wanted) and isinstance(limit, int) else 0


_ENDED = frozenset({ActionStatus.COMPLETED, ActionStatus.FAILED, ActionStatus.SKIPPED})


def _again(
    writes: Writes, at: Standing, result: Result, decision: Decision, again_at: datetime, plan: Plan
) -> Dispatch | None:
    """Another attempt of the same action execution, at its instant."""
    attempt_id = new_id_text()
    number = at.attempt_number + (1 if decision.spends_retry else 0)
    error = decision.error
    writes.actions.append(
        ActionWrite(
            at.action_execution_id,
            decision.status,
            attempt_id,
            number,
            at.retry_count + (1 if decision.spends_retry else 0),
            result.started_at,
            None,
            "{}",
            error.error_class.value if error else None,
            error.message if error else None,
            again_at,
            _lease_beyond(again_at),
            None,
            decision.reason,
            hold_json(decision.hold),
        )
    )
    writes.moves.append(
        Move(at.execution_id, decision.state, at.action_id, at.action_execution_id, attempt_id)
    )
    step = plan.by_id.get(at.action_id)
    if step is None:
        return None
    return dispatch_of(at, step, at.action_execution_id, attempt_id, number, again_at)


def _due(writes: Writes, at: Standing, decision: Decision, plan: Plan) -> Dispatch | None:
    """The postponed attempt itself, now or when what is paused resumes."""
    step = plan.by_id.get(at.action_id)
    if decision.status is ActionStatus.WAITING:
        # Nothing changes by a look; the lease that runs on has it repeated.
        return None if step is None else same_attempt(at, step)
    lease = at.now + lease_of(step) if step is not None and decision.dispatches else None
    writes.actions.append(
        ActionWrite(
            at.action_execution_id,
            decision.status,
            at.attempt_id,
            at.attempt_number,
            at.retry_count,
            lease_until=lease,
        )
    )
    writes.moves.append(
        Move(at.execution_id, decision.state, at.action_id, at.action_execution_id, at.attempt_id)
    )
    if step is None or not decision.dispatches:
        return None
    return same_attempt(at, step)


def _next(writes: Writes, at: Standing, decision: Decision) -> Dispatch | None:
    """The steps passed over and the next one to run, or the execution's end."""
    for step in decision.skipped:
        writes.new.append(skipped_action(at.account_id, at.execution_id, at.contact_id, step))
    step = decision.next_step
    if step is None:
        writes.moves.append(
            Move(
                at.execution_id,
                decision.state,
                None,
                None,
                None,
                decision.execution_reason,
                ended=True,
            )
        )
        return None
    action_execution_id = new_id_text()
    attempt_id = new_id_text()
    writes.new.append(
        NewAction(
            action_execution_id,
            at.account_id,
            at.execution_id,
            step.id,
            at.contact_id,
            step.action_type,
            ActionStatus.PENDING,
            attempt_id,
            None if decision.held else at.now + lease_of(step),
        )
    )
    writes.moves.append(
        Move(at.execution_id, decision.state, step.id, action_execution_id, attempt_id)
    )
    if decision.held:
        return None
    return dispatch_of(at, step, action_execution_id, attempt_id, 1)


def skipped_action(
    account_id: str, execution_id: str, contact_id: str, step: PlanStep
) -> NewAction:
    """The row of a disabled step."""
    return NewAction(
        new_id_text(),
        account_id,
        execution_id,
        step.id,
        contact_id,
        step.action_type,
        ActionStatus.SKIPPED,
        new_id_text(),
        None,
        "the action is disabled",
    )


def same_attempt(at: Standing, step: PlanStep) -> Dispatch:
    """The current attempt, to be run or looked after now."""
    return dispatch_of(at, step, at.action_execution_id, at.attempt_id, at.attempt_number)


def dispatch_of(
    at: Standing,
    step: PlanStep,
    action_execution_id: str,
    attempt_id: str,
    attempt_number: int,
    not_before: datetime | None = None,
) -> Dispatch:
    """The attempt at `step` of the execution that stands `at`.

    A step that is reached only now is ready now; one that is run again was ready when it was
    reached, so that a wait whose timer was lost does not begin anew.
    """
    under_way = None
    if attempt_id == at.attempt_id and at.provider_reference and at.waits_until:
        under_way = UnderWay(at.provider_reference, at.waits_until)
    is_same_step = action_execution_id == at.action_execution_id
    return Dispatch(
        step,
        at.version_id,
        at.account_id,
        at.workflow_id,
        at.execution_id,
        action_execution_id,
        attempt_id,
        attempt_number,
        at.contact_id,
        at.reached_at if is_same_step else at.now,
        at.has_event,
        not_before,
        under_way,
        at.now,
        at.resume_at if is_same_step else None,
        at.step_key if is_same_step else None,
    )
