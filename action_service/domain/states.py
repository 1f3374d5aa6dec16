"""The states of executions and action executions, and what may happen in each.

Both machines are tables: (state, event) -> state. A pair that is not in the table is illegal;
terminal states have no row and so never change. But for one: what has failed may be opened again,
by an operator alone (docs/adr/0022).
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class ActionStatus(StrEnum):
    """SPEC-WFL-003's statuses of an action execution, and `cancelled`."""

    PENDING = "pending"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    WAITING = "waiting"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class ActionEvent(StrEnum):
    """What can happen to an action execution."""

    CLAIM = "claim"
    COMPLETE = "complete"
    FAIL = "fail"
    SKIP = "skip"
    PARK = "park"
    # Another attempt at a later instant, whether a retry or a deferral.
    POSTPONE = "postpone"
    # The instant of a postponed attempt has come, or word of what is waited for.
    BECOME_DUE = "become_due"
    # The provider may or may not have acted.
    LOSE_TRACK = "lose_track"
    CANCEL = "cancel"
    # An operator has what failed tried again.
    REOPEN = "reopen"


class ExecutionState(StrEnum):
    """The state of one contact's run of a workflow."""

    RUNNING = "running"
    WAITING = "waiting"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class ExecutionEvent(StrEnum):
    """What can happen to an execution."""

    ADVANCE = "advance"
    PARK = "park"
    # Somebody pauses the run, or its due work meets a paused workflow.
    HOLD = "hold"
    RELEASE = "release"
    COMPLETE = "complete"
    FAIL = "fail"
    CANCEL = "cancel"
    # See ActionEvent.
    REOPEN = "reopen"


class IllegalTransitionError(Exception):
    """The event cannot happen in the state."""

    def __init__(self, state: StrEnum, event: StrEnum) -> None:
        super().__init__(f"{event.value} cannot happen in state {state.value}")
        self.state = state
        self.event = event


_OPEN_ACTION = (
    ActionStatus.PENDING,
    ActionStatus.SCHEDULED,
    ActionStatus.RUNNING,
    ActionStatus.WAITING,
)
_AFTER_ACTION_EVENT = {
    ActionEvent.CLAIM: ActionStatus.RUNNING,
    ActionEvent.COMPLETE: ActionStatus.COMPLETED,
    ActionEvent.FAIL: ActionStatus.FAILED,
    ActionEvent.SKIP: ActionStatus.SKIPPED,
    ActionEvent.PARK: ActionStatus.WAITING,
    ActionEvent.POSTPONE: ActionStatus.SCHEDULED,
    ActionEvent.BECOME_DUE: ActionStatus.PENDING,
    ActionEvent.LOSE_TRACK: ActionStatus.RUNNING,
    ActionEvent.CANCEL: ActionStatus.CANCELLED,
}
# An open action execution can meet any of them: answers may overtake each other on the wire.
ACTION_TRANSITIONS: Mapping[tuple[ActionStatus, ActionEvent], ActionStatus] = MappingProxyType(
    {
        (status, event): target
        for status in _OPEN_ACTION
        for event, target in _AFTER_ACTION_EVENT.items()
        # A wait makes no call that could be claimed or lost track of; only what was postponed
        # becomes due.
        if not (
            status is ActionStatus.WAITING and event in {ActionEvent.CLAIM, ActionEvent.LOSE_TRACK}
        )
        and (event is not ActionEvent.BECOME_DUE or status is ActionStatus.SCHEDULED)
    }
    # A call that is under way is looked after, and the step waits on until it is over.
    | {(ActionStatus.WAITING, ActionEvent.BECOME_DUE): ActionStatus.WAITING}
    | {(ActionStatus.FAILED, ActionEvent.REOPEN): ActionStatus.PENDING}
)

EXECUTION_TRANSITIONS: Mapping[tuple[ExecutionState, ExecutionEvent], ExecutionState] = (
    MappingProxyType(
        {
            (ExecutionState.RUNNING, ExecutionEvent.ADVANCE): ExecutionState.RUNNING,
            (ExecutionState.RUNNING, ExecutionEvent.PARK): ExecutionState.WAITING,
            (ExecutionState.RUNNING, ExecutionEvent.HOLD): ExecutionState.PAUSED,
            (ExecutionState.RUNNING, ExecutionEvent.COMPLETE): ExecutionState.COMPLETED,
            (ExecutionState.RUNNING, ExecutionEvent.FAIL): ExecutionState.FAILED,
            (ExecutionState.RUNNING, ExecutionEvent.CANCEL): ExecutionState.CANCELLED,
            (ExecutionState.WAITING, ExecutionEvent.ADVANCE): ExecutionState.RUNNING,
            (ExecutionState.WAITING, ExecutionEvent.PARK): ExecutionState.WAITING,
            (ExecutionState.WAITING, ExecutionEvent.HOLD): ExecutionState.PAUSED,
            (ExecutionState.WAITING, ExecutionEvent.COMPLETE): ExecutionState.COMPLETED,
            (ExecutionState.WAITING, ExecutionEvent.FAIL): ExecutionState.FAILED,
            (ExecutionState.WAITING, ExecutionEvent.CANCEL): ExecutionState.CANCELLED,
            # What was under way when somebody paused the run is answered, and changes nothing of
            # the pause. The answer, or a migration, may leave it with nothing more to do.
            (ExecutionState.PAUSED, ExecutionEvent.ADVANCE): ExecutionState.PAUSED,
            (ExecutionState.PAUSED, ExecutionEvent.PARK): ExecutionState.PAUSED,
            (ExecutionState.PAUSED, ExecutionEvent.HOLD): ExecutionState.PAUSED,
            (ExecutionState.PAUSED, ExecutionEvent.RELEASE): ExecutionState.RUNNING,
            (ExecutionState.PAUSED, ExecutionEvent.COMPLETE): ExecutionState.COMPLETED,
            (ExecutionState.PAUSED, ExecutionEvent.FAIL): ExecutionState.FAILED,
            (ExecutionState.PAUSED, ExecutionEvent.CANCEL): ExecutionState.CANCELLED,
            (ExecutionState.FAILED, ExecutionEvent.REOPEN): ExecutionState.RUNNING,
        }
    )
)


def after_action_event(status: ActionStatus, event: ActionEvent) -> ActionStatus:
    """The status after `event`; raises IllegalTransitionError."""
    try:
        return ACTION_TRANSITIONS[status, event]
    except KeyError:
        raise IllegalTransitionError(status, event) from None


def after_execution_event(state: ExecutionState, event: ExecutionEvent) -> ExecutionState:
    """The state after `event`; raises IllegalTransitionError."""
    try:
        return EXECUTION_TRANSITIONS[state, event]
    except KeyError:
        raise IllegalTransitionError(state, event) from None
