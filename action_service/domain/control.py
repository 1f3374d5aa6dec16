"""What people may do to runs, one at a time or thousands: cancel, pause, resume.

A pause is somebody's, of one run, and apart from that of its workflow: a run goes on when neither
is left. While it lasts timers run on, what is under way is answered, and what comes due is held.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from action_service.domain.states import (
    ActionStatus,
    ExecutionEvent,
    ExecutionState,
    IllegalTransitionError,
    after_execution_event,
)


class Control(StrEnum):
    """What is done to a run."""

    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"


# What has been done by it, in words.
DONE: Final[Mapping[Control, str]] = MappingProxyType(
    {
        Control.CANCEL: "cancelled",
        Control.PAUSE: "paused",
        Control.RESUME: "resumed",
    }
)


class Obstacle(StrEnum):
    """Why a run stays as it is."""

    ENDED = "ended"
    # It is as it would be afterwards.
    UNCHANGED = "unchanged"
    # It is not somebody who has paused it, but its workflow is paused.
    HELD_BY_WORKFLOW = "held_by_workflow"


@dataclass(frozen=True, slots=True)
class Run:
    """Where a run stands, as far as it matters to whoever takes hold of it."""

    id: UUID
    workflow_id: UUID
    version: int
    action_id: UUID | None
    state: ExecutionState
    # Somebody has paused it.
    is_paused: bool
    # Of the step that it stands at; None once it has ended.
    step_status: ActionStatus | None
    # The step's turn has come, and it was not let begin.
    is_held: bool
    is_workflow_paused: bool


def controlled(run: Run, control: Control) -> ExecutionState | Obstacle:
    """The state that the run comes to; an obstacle when nothing is to be done."""
    try:
        return _CONTROLS[control](run)
    except IllegalTransitionError:
        return Obstacle.ENDED


def _cancelled(run: Run) -> ExecutionState | Obstacle:
    if run.state is ExecutionState.CANCELLED:
        return Obstacle.UNCHANGED
    return after_execution_event(run.state, ExecutionEvent.CANCEL)


def _paused(run: Run) -> ExecutionState | Obstacle:
    return (
        Obstacle.UNCHANGED
        if run.is_paused
        else after_execution_event(run.state, ExecutionEvent.HOLD)
    )


def _resumed(run: Run) -> ExecutionState | Obstacle:
    if not run.is_paused:
        if run.state is ExecutionState.PAUSED:
            return Obstacle.HELD_BY_WORKFLOW
        after_execution_event(run.state, ExecutionEvent.HOLD)
        return Obstacle.UNCHANGED
    if run.is_held and run.is_workflow_paused:
        return run.state
    released = after_execution_event(run.state, ExecutionEvent.RELEASE)
    if run.step_status in _PARKED:
        return after_execution_event(released, ExecutionEvent.PARK)
    return released


_PARKED = frozenset({ActionStatus.WAITING, ActionStatus.SCHEDULED})
_CONTROLS: Mapping[Control, Callable[[Run], ExecutionState | Obstacle]] = MappingProxyType(
    {Control.CANCEL: _cancelled, Control.PAUSE: _paused, Control.RESUME: _resumed}
)
