"""The life of a workflow: draft -> active <-> paused -> archived.

The table is the whole truth: a (status, command) pair that is not in it is refused. Edits are a
command too, so that what may be edited when is said in the same place.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from action_service.domain.states import IllegalTransitionError


class WorkflowStatus(StrEnum):
    """Where a workflow is in its life."""

    DRAFT = "draft"
    ACTIVE = "active"
    PAUSED = "paused"
    ARCHIVED = "archived"


class WorkflowCommand(StrEnum):
    """What can be asked of a workflow."""

    EDIT = "edit"
    ACTIVATE = "activate"
    PAUSE = "pause"
    RESUME = "resume"
    ARCHIVE = "archive"


LIFECYCLE: Mapping[tuple[WorkflowStatus, WorkflowCommand], WorkflowStatus] = MappingProxyType(
    {
        (WorkflowStatus.DRAFT, WorkflowCommand.EDIT): WorkflowStatus.DRAFT,
        (WorkflowStatus.DRAFT, WorkflowCommand.ACTIVATE): WorkflowStatus.ACTIVE,
        (WorkflowStatus.DRAFT, WorkflowCommand.ARCHIVE): WorkflowStatus.ARCHIVED,
        (WorkflowStatus.ACTIVE, WorkflowCommand.PAUSE): WorkflowStatus.PAUSED,
        (WorkflowStatus.ACTIVE, WorkflowCommand.ARCHIVE): WorkflowStatus.ARCHIVED,
        (WorkflowStatus.PAUSED, WorkflowCommand.EDIT): WorkflowStatus.PAUSED,
        (WorkflowStatus.PAUSED, WorkflowCommand.ACTIVATE): WorkflowStatus.ACTIVE,
        (WorkflowStatus.PAUSED, WorkflowCommand.RESUME): WorkflowStatus.ACTIVE,
        (WorkflowStatus.PAUSED, WorkflowCommand.ARCHIVE): WorkflowStatus.ARCHIVED,
    }
)


def after_command(status: WorkflowStatus, command: WorkflowCommand) -> WorkflowStatus:
    """The status after `command`; raises IllegalTransitionError."""
    try:
        return LIFECYCLE[status, command]
    except KeyError:
        raise IllegalTransitionError(status, command) from None


def way_out(status: WorkflowStatus, command: WorkflowCommand) -> str:
    """What the user can do instead, for a pair that the table does not have."""
    allowed = [c.value for (s, c) in LIFECYCLE if s is status]
    if command is WorkflowCommand.EDIT and WorkflowCommand.PAUSE.value in allowed:
        return "pause it first"
    if not allowed:
        return "create a new workflow instead"
    return f"possible now: {', '.join(allowed)}"
