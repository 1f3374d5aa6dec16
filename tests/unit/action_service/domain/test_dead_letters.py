"""What a replay does, wherever the step of a dead letter stands by then."""

from itertools import product

import pytest

from action_service.domain.dead_letters import (
    CannotReplayError,
    Replay,
    StepStanding,
    how_to_replay,
)
from action_service.domain.states import ActionStatus, ExecutionState


def test_what_has_no_step_is_sent() -> None:
    assert how_to_replay(None) is Replay.SEND


def standings() -> list[StepStanding]:
    return [
        StepStanding(status, outcome, state, is_current=is_current)
        for status, outcome, state, is_current in product(
            ActionStatus, (None, "unknown"), ExecutionState, (True, False)
        )
    ]


@pytest.mark.parametrize("step", standings(), ids=str)
def test_wherever_a_step_stands(step: StepStanding) -> None:
    if step.outcome == "unknown":
        with pytest.raises(CannotReplayError, match="unknown send"):
            how_to_replay(step)
    elif step.is_current:
        assert how_to_replay(step) is Replay.SEND
    elif (step.status, step.execution_state) == (ActionStatus.FAILED, ExecutionState.FAILED):
        assert how_to_replay(step) is Replay.RETRY_STEP
    else:
        with pytest.raises(CannotReplayError, match="gone on without it"):
            how_to_replay(step)
