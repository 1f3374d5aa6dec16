"""Passing over the step at which a run stands, and trying again the one that it failed at."""

from uuid import UUID

from action_service.domain.execution import Execution
from action_service.domain.lifecycle import WorkflowStatus
from action_service.domain.reopening import Failure, check_reopening, nothing_done
from action_service.domain.states import (
    ActionStatus,
    ExecutionEvent,
    ExecutionState,
    after_execution_event,
)
from action_service.domain.waits import SteeringError, StepState, passed_over
from action_service.engine.codec import TaskEncoder
from action_service.engine.steering import answer, ring_again
from action_service.engine.writing import lease_of
from action_service.use_cases.execution_ports import Reopening
from action_service.use_cases.executions import get_execution
from action_service.use_cases.ports import Change, Writer
from action_service.use_cases.waits import Steered, locked_step, refused
from common.catalogue import catalogue
from common.errors import ErrorReason, TreadleError, failed_precondition, not_found
from common.ids import new_id
from treadle.options.v1.options_pb2 import IDEMPOTENCY_CLASS_KEYED

_STEP = "action execution"


async def skip_step(
    tx: Writer, encoder: TaskEncoder, execution_id: UUID, step_id: UUID, reason: str
) -> Steered:
    """Passes over the step; one that is skipped already stays as it is."""
    step = await _step_of(tx, execution_id, step_id, reason)
    execution = await get_execution(tx, execution_id)
    if step.status is ActionStatus.SKIPPED:
        return Steered(execution)
    at = await tx.steering.standing(execution_id)
    if at is None or not step.is_current:
        raise _out_of_place("skipped", step, execution)
    try:
        outcome = passed_over(
            step,
            may_be_under_way=_calls_unasked(step.action_type),
            reason=reason or "skipped by an operator",
        )
    except SteeringError as error:
        raise refused(error) from None
    tasks = await answer(tx.steering, encoder, at, outcome)
    after = {"status": ActionStatus.SKIPPED.value, "reason": reason}
    _record(tx, "step.skipped", step, execution, after)
    return Steered(await get_execution(tx, execution_id), tasks)


async def retry_step(
    tx: Writer, encoder: TaskEncoder, execution_id: UUID, step_id: UUID, reason: str
) -> Steered:
    """Opens a failed execution again, with another attempt at the step that it failed at.

    An execution that has been opened again so, and still stands there, stays as it is.
    """
    # Before the execution: so do erasures.
    await tx.executions.keep_contact(execution_id)
    step = await _step_of(tx, execution_id, step_id, reason)
    execution = await get_execution(tx, execution_id)
    if step.is_current and step.status is not ActionStatus.FAILED:
        return Steered(execution)
    failure = await tx.executions.failure(execution_id)
    if execution.state is not ExecutionState.FAILED or failure is None:
        raise _out_of_place("tried again", step, execution)
    if failure.step.id != step_id:
        raise refused(
            SteeringError(
                "the execution has not failed at this step, but at action execution"
                f" {failure.step.id}"
            )
        )
    plan = await tx.steering.plan(str(failure.version_id))
    spec = catalogue().types.get(step.action_type)
    try:
        check_reopening(failure, moves_money=spec is not None and spec.category == "payments")
    except SteeringError as error:
        raise refused(error) from None
    reopening = _reopening(failure, reason)
    await tx.executions.reopen(
        execution_id, reopening, lease_of(plan.by_id[str(failure.action_id)])
    )
    after = {"state": reopening.state.value, "reason": reason}
    _record(tx, "step.retried", step, execution, after)
    at = await tx.steering.standing(execution_id)
    reopened = await get_execution(tx, execution_id)
    if at is None or reopening.state is ExecutionState.PAUSED:
        # Held until its workflow goes on.
        return Steered(reopened)
    return Steered(reopened, await ring_again(tx.steering, encoder, at))


def _reopening(failure: Failure, reason: str) -> Reopening:
    state = after_execution_event(ExecutionState.FAILED, ExecutionEvent.REOPEN)
    if failure.workflow_status is WorkflowStatus.PAUSED:
        state = after_execution_event(state, ExecutionEvent.HOLD)
    attempt_id = new_id()
    return Reopening(
        step_id=failure.step.id,
        action_id=failure.action_id,
        attempt_id=attempt_id,
        state=state,
        step_key=attempt_id if nothing_done(failure.error_classes) else None,
        reason=f"tried again by an operator: {reason}" if reason else "tried again by an operator",
    )


async def _step_of(tx: Writer, execution_id: UUID, step_id: UUID, reason: str) -> StepState:
    """The step of this execution, kept as it is until the transaction ends."""
    await get_execution(tx, execution_id)
    step = await locked_step(tx, step_id, reason, entity=_STEP)
    if step.execution_id != execution_id:
        raise not_found(_STEP, step_id)
    return step


def _calls_unasked(action_type: str) -> bool:
    """Whether what is handed out calls somebody without a claim that the engine would refuse."""
    spec = catalogue().types.get(action_type)
    return spec is None or spec.idempotency == IDEMPOTENCY_CLASS_KEYED or spec.category == "code"


def _out_of_place(what: str, step: StepState, execution: Execution) -> TreadleError:
    state = execution.state.value
    if what == "skipped":
        way_out = f"it stands elsewhere or has ended (it is {state}, the step {step.status.value})"
        message = f"only the step at which an execution stands can be skipped; {way_out}"
    else:
        message = f"only an execution that has failed can be opened again; this one is {state}"
    return failed_precondition(ErrorReason.ILLEGAL_TRANSITION, message, state=state)


def _record(
    tx: Writer, operation: str, step: StepState, execution: Execution, after: dict[str, str]
) -> None:
    tx.record(
        Change(
            operation=operation,
            entity_type="workflow_action_execution",
            entity_id=step.id,
            workflow_id=execution.workflow_id,
            before={"state": execution.state.value, "status": step.status.value},
            after={"execution_id": str(execution.id), **after},
        )
    )
