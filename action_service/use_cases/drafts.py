"""Opening a workflow for a change, and what its audit entries say."""

from collections.abc import Sequence
from uuid import UUID

from action_service.domain.changes import difference
from action_service.domain.graph import FallbackProblem, fallback_problems
from action_service.domain.lifecycle import (
    WorkflowCommand,
    WorkflowStatus,
    after_command,
    way_out,
)
from action_service.domain.plan import Json
from action_service.domain.states import IllegalTransitionError
from action_service.domain.workflow import Action, Branch, Workflow, fallbacks, paths
from action_service.use_cases.action_configs import redacted
from action_service.use_cases.checks import check_etag
from action_service.use_cases.ports import Change, Writer
from common.errors import ErrorReason, failed_precondition, not_found


async def lock_workflow(
    tx: Writer, workflow_id: UUID, command: WorkflowCommand, *, etag: str = ""
) -> tuple[Workflow, WorkflowStatus]:
    """The workflow, kept from other changes, and its status after `command`.

    Refuses a workflow that is not there, a stale etag, and a command that its status forbids.
    """
    workflow = await tx.workflows.lock(workflow_id)
    if workflow is None:
        raise not_found("workflow", workflow_id)
    check_etag("workflow", workflow_id, workflow.revision, etag)
    try:
        return workflow, after_command(workflow.status, command)
    except IllegalTransitionError:
        hint = way_out(workflow.status, command)
        if command is WorkflowCommand.EDIT:
            reason = ErrorReason.WORKFLOW_NOT_EDITABLE
            said = f"the workflow is {workflow.status.value} and cannot be edited; {hint}"
        else:
            reason = ErrorReason.ILLEGAL_TRANSITION
            said = f"the workflow is {workflow.status.value}: no {command.value}; {hint}"
        raise failed_precondition(reason, said, status=workflow.status.value) from None


async def open_draft(tx: Writer, workflow_id: UUID, *, etag: str = "") -> Workflow:
    """The workflow, kept from other changes; refuses one that may not be edited."""
    workflow, _ = await lock_workflow(tx, workflow_id, WorkflowCommand.EDIT, etag=etag)
    return workflow


def circles(actions: Sequence[Action], branches: Sequence[Branch]) -> tuple[FallbackProblem, ...]:
    """The fallbacks of a draft that point nowhere or run in a circle."""
    parents = {b.id: b.parent_action_id for b in branches if b.parent_action_id is not None}
    return fallback_problems(paths(actions), branch_parents=parents, fallbacks=fallbacks(actions))


def action_added(action: Action) -> Change:
    """The audit entry of a new action."""
    return Change(
        operation="action.added",
        entity_type="workflow_action",
        entity_id=action.id,
        workflow_id=action.workflow_id,
        after=_shown(action, action.facts()),
    )


def action_updated(before: Action, after: Action) -> Change | None:
    """The audit entry of a changed action; None when nothing has changed.

    A changed secret shows as a change of the configuration, not as a value.
    """
    changed = difference(before.facts(), after.facts())
    if not changed:
        return None
    return Change(
        operation="action.updated",
        entity_type="workflow_action",
        entity_id=after.id,
        workflow_id=after.workflow_id,
        before=_shown(before, changed.before),
        after=_shown(after, changed.after),
    )


def action_deleted(action: Action) -> Change:
    """The audit entry of a deleted action."""
    return Change(
        operation="action.deleted",
        entity_type="workflow_action",
        entity_id=action.id,
        workflow_id=action.workflow_id,
        before=_shown(action, action.facts()),
    )


def workflow_changed(
    operation: str,
    workflow_id: UUID,
    before: dict[str, Json] | None,
    after: dict[str, Json] | None,
) -> Change:
    """The audit entry of a change of the workflow itself."""
    return Change(
        operation=operation,
        entity_type="workflow",
        entity_id=workflow_id,
        workflow_id=workflow_id,
        before=before,
        after=after,
    )


def _shown(action: Action, facts: dict[str, Json]) -> dict[str, Json]:
    if "config" in facts:
        return {**facts, "config": redacted(action.action_type, action.config)}
    return facts
