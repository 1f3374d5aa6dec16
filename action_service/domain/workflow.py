"""Workflows, their branches and their actions, as the API edits them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from action_service.domain.lifecycle import WorkflowStatus
from action_service.domain.plan import Json, OnError
from action_service.domain.triggers import ReEntry, Trigger

MAX_ACTIONS = 50
MAX_BRANCHES = 50


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow; `version` is the newest frozen one, 0 before the first."""

    id: UUID
    name: str
    description: str
    status: WorkflowStatus
    version: int
    action_count: int
    draft_changed: bool
    revision: int
    created_at: datetime
    updated_at: datetime
    created_by: UUID | None
    triggers: tuple[Trigger, ...]
    re_entry: ReEntry


@dataclass(frozen=True, slots=True)
class Branch:
    """A path of its own that `parent_action_id` may lead into."""

    id: UUID
    workflow_id: UUID
    parent_action_id: UUID | None
    name: str


@dataclass(frozen=True, slots=True)
class Action:
    """One step of a workflow's draft."""

    id: UUID
    workflow_id: UUID
    action_type: str
    config: Mapping[str, Json]
    position: int
    previous_action_id: UUID | None
    next_action_id: UUID | None
    branch_id: UUID | None
    is_enabled: bool
    name: str | None
    on_error: OnError
    fallback_action_id: UUID | None
    revision: int
    created_at: datetime
    updated_at: datetime
    created_by: UUID | None

    def facts(self) -> dict[str, Json]:
        """The values that people set, for the audit log; `config` may hold secrets."""
        return {
            "action_type": self.action_type,
            "name": self.name,
            "config": dict(self.config),
            "position": self.position,
            "branch_id": _text(self.branch_id),
            "is_enabled": self.is_enabled,
            "on_error": self.on_error.value,
            "fallback_action_id": _text(self.fallback_action_id),
        }


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change that somebody made; `actor` is `user:<id>` or `service:<name>`."""

    id: UUID
    occurred_at: datetime
    actor: str
    operation: str
    entity_type: str
    entity_id: UUID
    before: Mapping[str, Json] | None
    after: Mapping[str, Json] | None


def paths(actions: Iterable[Action]) -> dict[UUID | None, tuple[UUID, ...]]:
    """The ids in order, by branch; None is the main path."""
    by_branch: dict[UUID | None, list[Action]] = {}
    for action in actions:
        by_branch.setdefault(action.branch_id, []).append(action)
    return {
        branch: tuple(a.id for a in sorted(members, key=lambda a: a.position))
        for branch, members in by_branch.items()
    }


def fallbacks(actions: Iterable[Action]) -> dict[UUID, UUID]:
    """The fallback by action, where there is one."""
    return {a.id: a.fallback_action_id for a in actions if a.fallback_action_id is not None}


def etag(revision: int) -> str:
    """The etag of a record at `revision`."""
    return f"r{revision}"


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
