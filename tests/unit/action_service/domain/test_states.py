"""Every state x event pair of both machines: legal ones lead on, others are errors."""

import itertools

import pytest

from action_service.domain.states import (
    ACTION_TRANSITIONS,
    EXECUTION_TRANSITIONS,
    ActionEvent,
    ActionStatus,
    ExecutionEvent,
    ExecutionState,
    IllegalTransitionError,
    after_action_event,
    after_execution_event,
)

TERMINAL_ACTIONS = {
    ActionStatus.COMPLETED,
    ActionStatus.FAILED,
    ActionStatus.SKIPPED,
    ActionStatus.CANCELLED,
}
TERMINAL_EXECUTIONS = {
    ExecutionState.COMPLETED,
    ExecutionState.FAILED,
    ExecutionState.CANCELLED,
}
# What an operator may do with what has ended: docs/adr/0022.
REOPENED_ACTION = (ActionStatus.FAILED, ActionEvent.REOPEN)
REOPENED_EXECUTION = (ExecutionState.FAILED, ExecutionEvent.REOPEN)


@pytest.mark.parametrize(("status", "event"), list(itertools.product(ActionStatus, ActionEvent)))
def test_every_action_event_in_every_status(status: ActionStatus, event: ActionEvent) -> None:
    if (status, event) in ACTION_TRANSITIONS:
        assert status not in TERMINAL_ACTIONS or (status, event) == REOPENED_ACTION
        assert after_action_event(status, event) is ACTION_TRANSITIONS[status, event]
    else:
        with pytest.raises(IllegalTransitionError, match=f"{event.value}.*{status.value}"):
            after_action_event(status, event)


@pytest.mark.parametrize(
    ("state", "event"), list(itertools.product(ExecutionState, ExecutionEvent))
)
def test_every_execution_event_in_every_state(state: ExecutionState, event: ExecutionEvent) -> None:
    if (state, event) in EXECUTION_TRANSITIONS:
        assert state not in TERMINAL_EXECUTIONS or (state, event) == REOPENED_EXECUTION
        assert after_execution_event(state, event) is EXECUTION_TRANSITIONS[state, event]
    else:
        with pytest.raises(IllegalTransitionError, match=f"{event.value}.*{state.value}"):
            after_execution_event(state, event)


@pytest.mark.parametrize("status", sorted(set(ActionStatus) - TERMINAL_ACTIONS))
def test_an_open_action_can_always_end(status: ActionStatus) -> None:
    for event in (
        ActionEvent.COMPLETE,
        ActionEvent.FAIL,
        ActionEvent.SKIP,
        ActionEvent.CANCEL,
    ):
        assert after_action_event(status, event) in TERMINAL_ACTIONS


def test_a_wait_makes_no_call_that_could_be_claimed_or_lost() -> None:
    for event in (ActionEvent.CLAIM, ActionEvent.LOSE_TRACK):
        with pytest.raises(IllegalTransitionError):
            after_action_event(ActionStatus.WAITING, event)


@pytest.mark.parametrize(
    "event", [ExecutionEvent.ADVANCE, ExecutionEvent.PARK, ExecutionEvent.HOLD], ids=str
)
def test_nothing_but_a_release_lets_what_is_paused_go_on(event: ExecutionEvent) -> None:
    assert after_execution_event(ExecutionState.PAUSED, event) is ExecutionState.PAUSED
    assert (
        after_execution_event(ExecutionState.PAUSED, ExecutionEvent.RELEASE)
        is ExecutionState.RUNNING
    )
