"""Workflows, their branches and versions, and the audit log."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from action_service.adapters.sql import (
    Listing,
    Repository,
    as_list,
    to_json,
)
from action_service.domain.event_waits import heard_types
from action_service.domain.lifecycle import WorkflowStatus
from action_service.domain.plan import Plan
from action_service.domain.triggers import ReEntry, Trigger, triggers_from, triggers_json
from action_service.domain.workflow import AuditEntry, Branch, Workflow
from action_service.use_cases.workflow_ports import Version

_COLUMNS = """
    w.id, w.name, w.description, w.status, w.version, w.draft_changed, w.revision, w.created_at,
    w.updated_at, w.created_by, w.triggers, w.re_entry,
    (SELECT count(*) FROM workflow_actions a
     WHERE a.workflow_id = w.id AND a.deleted_at IS NULL) AS action_count
"""
_GET = f"SELECT {_COLUMNS} FROM workflows w WHERE w.account_id = :account AND w.id = :id"  # noqa: S608 - made of constants, as all below
_FIND = text(_GET)
# Keeps other changes and starts away, but not the foreign-key checks of running executions.
_LOCK = text(f"{_GET} FOR NO KEY UPDATE OF w")
_PAGE = Listing(
    f"SELECT {_COLUMNS} FROM workflows w WHERE w.account_id = :account",  # noqa: S608
    {
        "before": "w.id < CAST(:before AS uuid)",
        "status": "w.status = CAST(:status AS text)",
    },
    "w.id DESC",
)
_ADD = text(
    f"""
    INSERT INTO workflows AS w (id, account_id, name, description, created_by)
    VALUES (:id, :account, :name, :description, CAST(:created_by AS uuid))
    RETURNING {_COLUMNS}
    """  # noqa: S608
)
_SET_TEXTS = text(
    f"""
    UPDATE workflows w
    SET name = :name, description = :description, draft_changed = draft_changed OR :changed,
        revision = revision + 1, updated_at = now()
    WHERE w.account_id = :account AND w.id = :id
    RETURNING {_COLUMNS}
    """  # noqa: S608
)
_SET_STATUS = text(
    f"""
    UPDATE workflows w SET status = :status, revision = revision + 1, updated_at = now()
    WHERE w.account_id = :account AND w.id = :id
    RETURNING {_COLUMNS}
    """  # noqa: S608
)
_SET_TRIGGERS = text(
    f"""
    UPDATE workflows w
    SET triggers = CAST(:triggers AS jsonb), re_entry = :re_entry, revision = revision + 1,
        updated_at = now()
    WHERE w.account_id = :account AND w.id = :id
    RETURNING {_COLUMNS}
    """  # noqa: S608
)
_ADD_VERSION = text(
    """
    WITH frozen AS (
        INSERT INTO workflow_versions (
            id, account_id, workflow_id, version, plan, heard_types, created_by
        )
        VALUES (:version_id, :account, :id, :version, CAST(:plan AS jsonb),
                CAST(:heard_types AS text[]), CAST(:created_by AS uuid))
    )
    UPDATE workflows SET version = :version, draft_changed = false
    WHERE account_id = :account AND id = :id
    """
)
_NEWEST = text(
    "SELECT id, plan FROM workflow_versions"
    " WHERE account_id = :account AND workflow_id = :id ORDER BY version DESC LIMIT 1"
)
_PLANS = text(
    "SELECT id, plan FROM workflow_versions"
    " WHERE account_id = :account AND id = ANY(CAST(:ids AS uuid[]))"
)
_BRANCHES = text(
    "SELECT id, workflow_id, parent_action_id, name FROM workflow_branches"
    " WHERE account_id = :account AND workflow_id = :id ORDER BY name"
)
_ADD_BRANCH = text(
    "INSERT INTO workflow_branches (id, account_id, workflow_id, parent_action_id, name)"
    " VALUES (:id, :account, :workflow, CAST(:parent AS uuid), :name)"
)
# Deleted actions keep their rows for the log; they must not keep the branch.
_DELETE_BRANCH_HISTORY = text(
    "UPDATE workflow_actions SET branch_id = NULL"
    " WHERE account_id = :account AND branch_id = :id AND deleted_at IS NOT NULL"
)
_DELETE_BRANCH = text("DELETE FROM workflow_branches WHERE account_id = :account AND id = :id")
_AUDIT_PAGE = Listing(
    """
    SELECT id, occurred_at, actor, operation, entity_type, entity_id, before, after
    FROM audit_log WHERE account_id = :account
    """,
    {
        "id": "workflow_id = :id",
        "entity": "entity_id = :entity",
        "before_id": "id < CAST(:before_id AS uuid)",
    },
    "id DESC",
)


class WorkflowReader(Repository):
    """Reads workflows."""

    async def get(self, workflow_id: UUID) -> Workflow | None:
        """The workflow; None when the account has no such one."""
        return _workflow_or_none((await self._run(_FIND, id=workflow_id)).first())

    async def list_page(
        self, *, limit: int, before: UUID | None, status: WorkflowStatus | None
    ) -> Sequence[Workflow]:
        """Newest first, those older than `before`."""
        rows = await self._list(
            _PAGE, limit, before=before, status=None if status is None else status.value
        )
        return [_workflow(row) for row in rows]

    async def branches(self, workflow_id: UUID) -> Sequence[Branch]:
        """The workflow's branches, by name."""
        rows = await self._run(_BRANCHES, id=workflow_id)
        return [Branch(row.id, row.workflow_id, row.parent_action_id, row.name) for row in rows]

    async def plans(self, version_ids: Collection[UUID]) -> Mapping[UUID, Plan]:
        """The frozen plans, by version id."""
        rows = await self._run(_PLANS, ids=as_list(version_ids))
        return {row.id: Plan.from_json(row.plan) for row in rows}

    async def audit_page(
        self,
        *,
        workflow_id: UUID | None,
        entity_id: UUID | None,
        limit: int,
        before: UUID | None,
    ) -> Sequence[AuditEntry]:
        """Changes of a workflow or of a record, newest first, those older than `before`."""
        rows = await self._list(
            _AUDIT_PAGE, limit, id=workflow_id, entity=entity_id, before_id=before
        )
        return [
            AuditEntry(
                id=row.id,
                occurred_at=row.occurred_at,
                actor=row.actor,
                operation=row.operation,
                entity_type=row.entity_type,
                entity_id=row.entity_id,
                before=row.before,
                after=row.after,
            )
            for row in rows
        ]


class WorkflowWriter(WorkflowReader):
    """Reads and changes workflows."""

    def __init__(self, connection: AsyncConnection, account_id: UUID, user_id: UUID | None) -> None:
        super().__init__(connection, account_id)
        self._user_id = user_id

    async def lock(self, workflow_id: UUID) -> Workflow | None:
        """The workflow, kept from every other change until the transaction ends.

        Its `action_count` may be that of the moment before the lock was had.
        """
        return _workflow_or_none((await self._run(_LOCK, id=workflow_id)).first())

    async def add(self, workflow_id: UUID, name: str, description: str) -> Workflow:
        """Stores a new draft."""
        added = await self._run(
            _ADD, id=workflow_id, name=name, description=description, created_by=self._user_id
        )
        return _workflow(added.one())

    async def set_texts(
        self, workflow_id: UUID, *, name: str, description: str, draft_changed: bool
    ) -> Workflow:
        """Sets name and description; counts as a revision."""
        changed = await self._run(
            _SET_TEXTS, id=workflow_id, name=name, description=description, changed=draft_changed
        )
        return _workflow(changed.one())

    async def set_status(self, workflow_id: UUID, status: WorkflowStatus) -> Workflow:
        """Sets the status; counts as a revision."""
        changed = await self._run(_SET_STATUS, id=workflow_id, status=status.value)
        return _workflow(changed.one())

    async def set_triggers(
        self, workflow_id: UUID, triggers: Sequence[Trigger], re_entry: ReEntry
    ) -> Workflow:
        """Sets what starts the workflow; counts as a revision."""
        changed = await self._run(
            _SET_TRIGGERS,
            id=workflow_id,
            triggers=to_json(triggers_json(triggers)),
            re_entry=re_entry.value,
        )
        return _workflow(changed.one())

    async def add_version(self, version: Version) -> None:
        """Stores a frozen version and makes it the workflow's newest."""
        await self._run(
            _ADD_VERSION,
            version_id=version.id,
            id=UUID(version.plan.workflow_id),
            version=version.plan.version,
            plan=to_json(version.plan.to_json()),
            heard_types=list(heard_types(version.plan.steps)),
            created_by=self._user_id,
        )

    async def newest_version(self, workflow_id: UUID) -> Version:
        """The newest version of a workflow that has been activated before."""
        row = (await self._run(_NEWEST, id=workflow_id)).one()
        return Version(row.id, Plan.from_json(row.plan))

    async def add_branch(self, branch: Branch) -> None:
        """Stores a branch."""
        await self._run(
            _ADD_BRANCH,
            id=branch.id,
            workflow=branch.workflow_id,
            parent=branch.parent_action_id,
            name=branch.name,
        )

    async def delete_branch(self, branch_id: UUID) -> None:
        """Deletes a branch without actions."""
        await self._run(_DELETE_BRANCH_HISTORY, id=branch_id)
        await self._run(_DELETE_BRANCH, id=branch_id)


def _workflow_or_none(row: Row[Any] | None) -> Workflow | None:
    return None if row is None else _workflow(row)


def _workflow(row: Row[Any]) -> Workflow:
    return Workflow(
        id=row.id,
        name=row.name,
        description=row.description,
        status=WorkflowStatus(row.status),
        version=row.version,
        action_count=row.action_count,
        draft_changed=row.draft_changed,
        revision=row.revision,
        created_at=row.created_at,
        updated_at=row.updated_at,
        created_by=row.created_by,
        triggers=triggers_from(row.triggers),
        re_entry=ReEntry(row.re_entry),
    )
