"""What use cases need of the store of workflows: drafts, their actions, frozen versions."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from action_service.domain.lifecycle import WorkflowStatus
from action_service.domain.plan import Plan
from action_service.domain.triggers import ReEntry, Trigger
from action_service.domain.workflow import Action, AuditEntry, Branch, Workflow


@dataclass(frozen=True, slots=True)
class Version:
    """A frozen version of a workflow."""

    id: UUID
    plan: Plan


class WorkflowReads(Protocol):
    """Workflows, branches, versions and the audit log."""

    async def get(self, workflow_id: UUID) -> Workflow | None:
        """The workflow; None when the account has no such one."""
        ...

    async def list_page(
        self, *, limit: int, before: UUID | None, status: WorkflowStatus | None
    ) -> Sequence[Workflow]:
        """Newest first, those older than `before`."""
        ...

    async def branches(self, workflow_id: UUID) -> Sequence[Branch]:
        """The workflow's branches, by name."""
        ...

    async def plans(self, version_ids: Collection[UUID]) -> Mapping[UUID, Plan]:
        """The frozen plans, by version id."""
        ...

    async def audit_page(
        self,
        *,
        workflow_id: UUID | None,
        entity_id: UUID | None,
        limit: int,
        before: UUID | None,
    ) -> Sequence[AuditEntry]:
        """Changes of a workflow or of a record, newest first, those older than `before`."""
        ...


class WorkflowWrites(WorkflowReads, Protocol):
    """Changes of workflows and branches."""

    async def lock(self, workflow_id: UUID) -> Workflow | None:
        """The workflow, kept from every other change until the transaction ends."""
        ...

    async def add(self, workflow_id: UUID, name: str, description: str) -> Workflow:
        """Stores a new draft."""
        ...

    async def set_texts(
        self, workflow_id: UUID, *, name: str, description: str, draft_changed: bool
    ) -> Workflow:
        """Sets name and description; counts as a revision."""
        ...

    async def set_status(self, workflow_id: UUID, status: WorkflowStatus) -> Workflow:
        """Sets the status; counts as a revision."""
        ...

    async def set_triggers(
        self, workflow_id: UUID, triggers: Sequence[Trigger], re_entry: ReEntry
    ) -> Workflow:
        """Sets what starts the workflow; counts as a revision."""
        ...

    async def add_version(self, version: Version) -> None:
        """Stores a frozen version and makes it the workflow's newest."""
        ...

    async def newest_version(self, workflow_id: UUID) -> Version:
        """The newest version of a workflow that has been activated before."""
        ...

    async def add_branch(self, branch: Branch) -> None:
        """Stores a branch; raises ALREADY_EXISTS when the workflow has one of that name."""
        ...

    async def delete_branch(self, branch_id: UUID) -> None:
        """Deletes a branch without actions."""
        ...


class ActionReads(Protocol):
    """The actions of a draft."""

    async def get(self, workflow_id: UUID, action_id: UUID) -> Action | None:
        """The action; None when the workflow has no such one."""
        ...

    async def of(self, workflow_id: UUID) -> Sequence[Action]:
        """All of a workflow: the main path by position, then each branch by position."""
        ...


class ActionWrites(ActionReads, Protocol):
    """Changes of actions; the caller holds the workflow's lock."""

    async def insert(self, action: Action, path: Sequence[UUID]) -> Action:
        """Stores `action`, and the order of its path, which holds it already."""
        ...

    async def update(self, action: Action) -> Action:
        """Stores what can be set on an action; counts as a revision."""
        ...

    async def delete(self, workflow_id: UUID, action_id: UUID, path: Sequence[UUID]) -> None:
        """Marks the action deleted, and stores the order of its path without it."""
        ...

    async def arrange(self, workflow_id: UUID, path: Sequence[UUID]) -> None:
        """Stores the order of a path: positions and links."""
        ...


class ReferenceReads(Protocol):
    """Records of any kind, as others point to them."""

    async def known(
        self, wanted: Mapping[str, Collection[UUID]]
    ) -> Mapping[tuple[str, UUID], UUID | None]:
        """Those of the ids, by kind, that are records; with the id of what each is part of."""
        ...
