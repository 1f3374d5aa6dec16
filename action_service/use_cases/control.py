"""Cancelling, pausing and resuming runs: the same for one as for a batch of many."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from action_service.domain.control import DONE, Control, Obstacle, Run, controlled
from action_service.domain.execution import Execution
from action_service.domain.plan import Json
from action_service.domain.states import ExecutionState
from action_service.use_cases.checks import text_violations
from action_service.use_cases.executions import get_execution
from action_service.use_cases.ports import Change, Writer
from common.errors import ErrorReason, failed_precondition, invalid, not_found

_MAX_REASON = 500


async def control_execution(
    tx: Writer, execution_id: UUID, control: Control, reason: str = ""
) -> Execution:
    """Does it to one run; one that is so already stays as it is."""
    check_reason(reason)
    runs = await tx.executions.lock([execution_id])
    if not runs:
        raise not_found("execution", execution_id)
    obstacles = await control_runs(tx, runs, control, reason)
    run = runs[0]
    match obstacles.get(run.id):
        case Obstacle.ENDED:
            raise failed_precondition(
                ErrorReason.ILLEGAL_TRANSITION,
                f"the execution has {_ENDED[run.state]} and cannot be {DONE[control]}",
                state=run.state.value,
            )
        case Obstacle.HELD_BY_WORKFLOW:
            raise failed_precondition(
                ErrorReason.ILLEGAL_TRANSITION,
                "the execution is held because its workflow is paused; resume the workflow",
                state=run.state.value,
            )
        case _:
            return await get_execution(tx, execution_id)


async def control_runs(
    tx: Writer,
    runs: Iterable[Run],
    control: Control,
    reason: str,
    audited: Mapping[str, Json] | None = None,
) -> dict[UUID, Obstacle]:
    """Does it to locked runs; returns what stood in the way of others.

    `audited` is added to what the audit log says of each.
    """
    states: dict[UUID, ExecutionState] = {}
    obstacles: dict[UUID, Obstacle] = {}
    for run in runs:
        match controlled(run, control):
            case Obstacle() as obstacle:
                obstacles[run.id] = obstacle
            case state:
                states[run.id] = state
                tx.record(_change(run, control, state, {"reason": reason, **(audited or {})}))
    if states:
        match control:
            case Control.CANCEL:
                await tx.executions.cancel(states, reason or DONE[control])
            case Control.PAUSE:
                await tx.executions.pause(states, tx.actor, reason)
            case Control.RESUME:
                await tx.executions.resume(states)
    return obstacles


def check_reason(reason: str) -> None:
    """Refuses what cannot be kept as a reason."""
    found = list(text_violations("reason", reason, max_length=_MAX_REASON, multi_line=True))
    if found:
        raise invalid(found)


def _change(
    run: Run, control: Control, state: ExecutionState, audited: Mapping[str, Json]
) -> Change:
    return Change(
        operation=f"execution.{DONE[control]}",
        entity_type="workflow_execution",
        entity_id=run.id,
        workflow_id=run.workflow_id,
        before={"state": run.state.value},
        after={"state": state.value, **audited},
    )


_ENDED: Mapping[ExecutionState, str] = {
    ExecutionState.COMPLETED: "completed",
    ExecutionState.FAILED: "failed",
    ExecutionState.CANCELLED: "been cancelled",
}
