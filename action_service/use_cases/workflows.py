"""Creating, renaming, pausing and archiving workflows, and their branches."""

from uuid import UUID

from action_service.domain.changes import difference
from action_service.domain.lifecycle import WorkflowCommand, WorkflowStatus
from action_service.domain.workflow import MAX_BRANCHES, Branch, Workflow
from action_service.use_cases.checks import text_violations
from action_service.use_cases.drafts import lock_workflow, open_draft, workflow_changed
from action_service.use_cases.ports import Change, Transaction, Writer
from common.errors import (
    ErrorReason,
    FieldViolation,
    already_exists,
    failed_precondition,
    invalid,
    not_found,
)
from common.ids import new_id

_MAX_NAME = 200
_MAX_DESCRIPTION = 4_000
_MAX_BRANCH_NAME = 100


async def get_workflow(tx: Transaction, workflow_id: UUID) -> Workflow:
    """The workflow; refuses one that is not there."""
    workflow = await tx.workflows.get(workflow_id)
    if workflow is None:
        raise not_found("workflow", workflow_id)
    return workflow


async def create_workflow(tx: Writer, name: str, description: str) -> Workflow:
    """Stores a new draft without actions."""
    _check_texts(name, description)
    workflow = await tx.workflows.add(new_id(), name, description)
    tx.record(
        workflow_changed(
            "workflow.created", workflow.id, None, {"name": name, "description": description}
        )
    )
    return workflow


async def update_workflow(
    tx: Writer, workflow_id: UUID, *, name: str | None, description: str | None, etag: str
) -> Workflow:
    """Changes name and description; None keeps the stored one."""
    before = await open_draft(tx, workflow_id, etag=etag)
    name = before.name if name is None else name
    description = before.description if description is None else description
    _check_texts(name, description)
    changed = difference(
        {"name": before.name, "description": before.description},
        {"name": name, "description": description},
    )
    if not changed:
        return await get_workflow(tx, workflow_id)
    # Templates may show the workflow's name, so it is part of what a version freezes.
    after = await tx.workflows.set_texts(
        workflow_id, name=name, description=description, draft_changed=name != before.name
    )
    tx.record(workflow_changed("workflow.updated", workflow_id, changed.before, changed.after))
    return after


async def pause_workflow(tx: Writer, workflow_id: UUID, *, etag: str) -> Workflow:
    """Holds due work and allows edits; timers keep running."""
    before, status = await lock_workflow(tx, workflow_id, WorkflowCommand.PAUSE, etag=etag)
    return await _set_status(tx, "workflow.paused", before, status)


async def archive_workflow(tx: Writer, workflow_id: UUID, *, etag: str) -> Workflow:
    """Ends the workflow for good; what is under way, or was held, finishes."""
    before, status = await lock_workflow(tx, workflow_id, WorkflowCommand.ARCHIVE, etag=etag)
    return await _set_status(tx, "workflow.archived", before, status)


async def create_branch(
    tx: Writer, workflow_id: UUID, name: str, parent_action_id: UUID | None
) -> Branch:
    """Stores a branch without actions."""
    found = list(text_violations("name", name, max_length=_MAX_BRANCH_NAME, required=True))
    if found:
        raise invalid(found)
    await open_draft(tx, workflow_id)
    branches = await tx.workflows.branches(workflow_id)
    if len(branches) >= MAX_BRANCHES:
        raise failed_precondition(
            ErrorReason.ACTION_LIMIT_REACHED,
            f"the workflow has its full number of {MAX_BRANCHES} branches",
            limit=str(MAX_BRANCHES),
        )
    if any(branch.name == name for branch in branches):
        raise already_exists("branch", "name", "another branch of the workflow has this name")
    if parent_action_id is not None and await tx.actions.get(workflow_id, parent_action_id) is None:
        raise invalid(
            [FieldViolation("parent_action_id", "there is no action with this id in the workflow")]
        )
    branch = Branch(new_id(), workflow_id, parent_action_id, name)
    await tx.workflows.add_branch(branch)
    tx.revise(workflow_id)
    parent = None if parent_action_id is None else str(parent_action_id)
    tx.record(
        Change(
            operation="branch.created",
            entity_type="workflow_branch",
            entity_id=branch.id,
            workflow_id=workflow_id,
            after={"name": name, "parent_action_id": parent},
        )
    )
    return branch


async def delete_branch(tx: Writer, workflow_id: UUID, branch_id: UUID) -> None:
    """Deletes a branch; refuses while it has actions."""
    await open_draft(tx, workflow_id)
    branches = await tx.workflows.branches(workflow_id)
    branch = next((b for b in branches if b.id == branch_id), None)
    if branch is None:
        raise not_found("branch", branch_id)
    inside = [a.id for a in await tx.actions.of(workflow_id) if a.branch_id == branch_id]
    if inside:
        raise failed_precondition(
            ErrorReason.REFERENCED,
            f"branch {branch_id} has {len(inside)} actions; delete them first",
            referrers=",".join(str(each) for each in inside),
        )
    await tx.workflows.delete_branch(branch_id)
    tx.revise(workflow_id)
    parent = None if branch.parent_action_id is None else str(branch.parent_action_id)
    tx.record(
        Change(
            operation="branch.deleted",
            entity_type="workflow_branch",
            entity_id=branch_id,
            workflow_id=workflow_id,
            before={"name": branch.name, "parent_action_id": parent},
        )
    )


async def _set_status(
    tx: Writer, operation: str, before: Workflow, status: WorkflowStatus
) -> Workflow:
    after = await tx.workflows.set_status(before.id, status)
    tx.record(
        workflow_changed(
            operation, before.id, {"status": before.status.value}, {"status": status.value}
        )
    )
    return after


def _check_texts(name: str, description: str) -> None:
    found = [
        *text_violations("name", name, max_length=_MAX_NAME, required=True),
        *text_violations("description", description, max_length=_MAX_DESCRIPTION, multi_line=True),
    ]
    if found:
        raise invalid(found)
