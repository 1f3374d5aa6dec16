"""What cancelling, pausing and resuming make of a run, wherever it stands."""

from uuid import UUID

import pytest

from action_service.domain.control import Control, Obstacle, Run, controlled
from action_service.domain.states import ActionStatus, ExecutionState

RUNNING, WAITING, PAUSED = ExecutionState.RUNNING, ExecutionState.WAITING, ExecutionState.PAUSED


def run(
    state: ExecutionState,
    step: ActionStatus | None = ActionStatus.PENDING,
    *,
    paused: bool = False,
    held: bool = False,
    workflow_paused: bool = False,
) -> Run:
    return Run(UUID(int=1), UUID(int=2), 1, UUID(int=3), state, paused, step, held, workflow_paused)


@pytest.mark.parametrize("control", Control, ids=str)
@pytest.mark.parametrize("state", [ExecutionState.COMPLETED, ExecutionState.FAILED], ids=str)
def test_what_has_ended_stays_so(state: ExecutionState, control: Control) -> None:
    assert controlled(run(state, None), control) is Obstacle.ENDED


@pytest.mark.parametrize("state", [RUNNING, WAITING, PAUSED], ids=str)
def test_what_is_open_can_be_cancelled_and_paused(state: ExecutionState) -> None:
    assert controlled(run(state), Control.CANCEL) is ExecutionState.CANCELLED
    assert controlled(run(state), Control.PAUSE) is PAUSED


def test_a_second_time_changes_nothing() -> None:
    cancelled = run(ExecutionState.CANCELLED, None)
    assert controlled(cancelled, Control.CANCEL) is Obstacle.UNCHANGED
    assert controlled(cancelled, Control.PAUSE) is Obstacle.ENDED
    assert controlled(run(PAUSED, paused=True), Control.PAUSE) is Obstacle.UNCHANGED
    assert controlled(run(RUNNING), Control.RESUME) is Obstacle.UNCHANGED
    assert controlled(run(WAITING), Control.RESUME) is Obstacle.UNCHANGED


@pytest.mark.parametrize(
    ("step", "held", "state"),
    [
        (ActionStatus.PENDING, False, RUNNING),
        (ActionStatus.PENDING, True, RUNNING),
        (ActionStatus.RUNNING, False, RUNNING),
        (ActionStatus.WAITING, False, WAITING),
        (ActionStatus.SCHEDULED, False, WAITING),
    ],
)
def test_a_resumed_run_is_where_its_step_is(
    step: ActionStatus, state: ExecutionState, *, held: bool
) -> None:
    assert controlled(run(PAUSED, step, paused=True, held=held), Control.RESUME) is state


def test_a_paused_workflow_holds_on_to_what_is_held() -> None:
    held = run(PAUSED, paused=True, held=True, workflow_paused=True)
    assert controlled(held, Control.RESUME) is PAUSED
    under_way = run(PAUSED, ActionStatus.RUNNING, paused=True, workflow_paused=True)
    assert controlled(under_way, Control.RESUME) is RUNNING
    only_workflow = run(PAUSED, held=True, workflow_paused=True)
    assert controlled(only_workflow, Control.RESUME) is Obstacle.HELD_BY_WORKFLOW
