"""The life of a workflow: every status with every command."""

from itertools import product

import pytest

from action_service.domain.lifecycle import (
    WorkflowCommand,
    WorkflowStatus,
    after_command,
    way_out,
)
from action_service.domain.states import IllegalTransitionError

DRAFT, ACTIVE, PAUSED, ARCHIVED = WorkflowStatus
EDIT, ACTIVATE, PAUSE, RESUME, ARCHIVE = WorkflowCommand

EXPECTED = {
    (DRAFT, EDIT): DRAFT,
    (DRAFT, ACTIVATE): ACTIVE,
    (DRAFT, PAUSE): None,
    (DRAFT, RESUME): None,
    (DRAFT, ARCHIVE): ARCHIVED,
    (ACTIVE, EDIT): None,
    (ACTIVE, ACTIVATE): None,
    (ACTIVE, PAUSE): PAUSED,
    (ACTIVE, RESUME): None,
    (ACTIVE, ARCHIVE): ARCHIVED,
    (PAUSED, EDIT): PAUSED,
    (PAUSED, ACTIVATE): ACTIVE,
    (PAUSED, PAUSE): None,
    (PAUSED, RESUME): ACTIVE,
    (PAUSED, ARCHIVE): ARCHIVED,
    (ARCHIVED, EDIT): None,
    (ARCHIVED, ACTIVATE): None,
    (ARCHIVED, PAUSE): None,
    (ARCHIVED, RESUME): None,
    (ARCHIVED, ARCHIVE): None,
}


def test_the_table_below_is_complete() -> None:
    assert set(EXPECTED) == set(product(WorkflowStatus, WorkflowCommand))


@pytest.mark.parametrize(("status", "command"), EXPECTED)
def test_every_status_with_every_command(status: WorkflowStatus, command: WorkflowCommand) -> None:
    expected = EXPECTED[status, command]
    if expected is not None:
        assert after_command(status, command) is expected
        return
    with pytest.raises(IllegalTransitionError) as refused:
        after_command(status, command)
    assert (refused.value.state, refused.value.event) == (status, command)
    assert way_out(status, command)


@pytest.mark.parametrize(
    ("status", "command", "words"),
    [
        (ACTIVE, EDIT, "pause it first"),
        (ARCHIVED, EDIT, "create a new workflow instead"),
        (DRAFT, RESUME, "possible now: edit, activate, archive"),
    ],
)
def test_the_way_out(status: WorkflowStatus, command: WorkflowCommand, words: str) -> None:
    assert way_out(status, command) == words
