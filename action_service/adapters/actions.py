"""Actions of drafts. The order of a path is written whole, in one statement."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from action_service.adapters.sql import Repository, as_list, to_json
from action_service.domain.plan import OnError
from action_service.domain.workflow import Action

_COLUMNS = """
    a.id, a.workflow_id, a.action_type, a.action_config, a.position, a.previous_action_id,
    a.next_action_id, a.branch_id, a.is_enabled, a.name, a.on_error, a.fallback_action_id,
    a.revision, a.created_at, a.updated_at, a.created_by
"""
_GET = text(
    f"""
    SELECT {_COLUMNS} FROM workflow_actions a
    WHERE a.account_id = :account AND a.workflow_id = :workflow AND a.id = :id
      AND a.deleted_at IS NULL
    """  # noqa: S608 - made of constants, as all below
)
_OF = text(
    f"""
    SELECT {_COLUMNS} FROM workflow_actions a
    WHERE a.account_id = :account AND a.workflow_id = :workflow AND a.deleted_at IS NULL
    ORDER BY a.branch_id NULLS FIRST, a.position
    """  # noqa: S608
)
# Moves the rows of the path that are not where they belong. The constraints on order are checked at
# the commit, so rows may pass each other on the way.
_PLACED = """
    placed AS (
        SELECT p.id, CAST(p.position AS integer) AS position,
               lag(p.id) OVER path AS previous_id, lead(p.id) OVER path AS next_id
        FROM unnest(CAST(:path AS uuid[])) WITH ORDINALITY AS p(id, position)
        WINDOW path AS (ORDER BY p.position)
    ), moved AS (
        UPDATE workflow_actions a
        SET position = p.position, previous_action_id = p.previous_id, next_action_id = p.next_id
        FROM placed p
        WHERE a.account_id = :account AND a.workflow_id = :workflow AND a.id = p.id
          AND (a.position, a.previous_action_id, a.next_action_id)
              IS DISTINCT FROM (p.position, p.previous_id, p.next_id)
    )
"""
_INSERT = text(
    f"""
    WITH {_PLACED}
    INSERT INTO workflow_actions AS a (
        id, account_id, workflow_id, action_type, action_config, position, previous_action_id,
        next_action_id, branch_id, is_enabled, name, on_error, fallback_action_id, created_by
    )
    SELECT p.id, :account, :workflow, :action_type, CAST(:config AS jsonb), p.position,
           p.previous_id, p.next_id, CAST(:branch AS uuid), :is_enabled, CAST(:name AS text),
           :on_error, CAST(:fallback AS uuid), CAST(:created_by AS uuid)
    FROM placed p WHERE p.id = :id
    RETURNING {_COLUMNS}
    """  # noqa: S608
)
_UPDATE = text(
    f"""
    UPDATE workflow_actions a
    SET action_config = CAST(:config AS jsonb), name = CAST(:name AS text),
        is_enabled = :is_enabled, on_error = :on_error,
        fallback_action_id = CAST(:fallback AS uuid), revision = revision + 1, updated_at = now()
    WHERE a.account_id = :account AND a.workflow_id = :workflow AND a.id = :id
    RETURNING {_COLUMNS}
    """  # noqa: S608
)
_DELETE = text(
    f"""
    WITH {_PLACED}
    UPDATE workflow_actions
    SET deleted_at = now(), updated_at = now(), revision = revision + 1,
        previous_action_id = NULL, next_action_id = NULL
    WHERE account_id = :account AND workflow_id = :workflow AND id = :id
    """  # noqa: S608
)
_ARRANGE = text(f"WITH {_PLACED} SELECT 1")


class ActionReader(Repository):
    """Reads actions."""

    async def get(self, workflow_id: UUID, action_id: UUID) -> Action | None:
        """The action; None when the workflow has no such one."""
        row = (await self._run(_GET, workflow=workflow_id, id=action_id)).first()
        return None if row is None else _action(row)

    async def of(self, workflow_id: UUID) -> Sequence[Action]:
        """All of a workflow: the main path by position, then each branch by position."""
        return [_action(row) for row in await self._run(_OF, workflow=workflow_id)]


class ActionWriter(ActionReader):
    """Reads and changes actions; the caller holds the workflow's lock."""

    async def insert(self, action: Action, path: Sequence[UUID]) -> Action:
        """Stores `action`, and the order of its path, which holds it already."""
        added = await self._run(
            _INSERT,
            workflow=action.workflow_id,
            path=as_list(path),
            action_type=action.action_type,
            branch=action.branch_id,
            created_by=action.created_by,
            **_settable(action),
        )
        return _action(added.one())

    async def update(self, action: Action) -> Action:
        """Stores what can be set on an action; counts as a revision."""
        changed = await self._run(_UPDATE, workflow=action.workflow_id, **_settable(action))
        return _action(changed.one())

    async def delete(self, workflow_id: UUID, action_id: UUID, path: Sequence[UUID]) -> None:
        """Marks the action deleted, and stores the order of its path without it."""
        await self._run(_DELETE, workflow=workflow_id, id=action_id, path=as_list(path))

    async def arrange(self, workflow_id: UUID, path: Sequence[UUID]) -> None:
        """Stores the order of a path: positions and links."""
        await self._run(_ARRANGE, workflow=workflow_id, path=as_list(path))


def _settable(action: Action) -> dict[str, object]:
    return {
        "id": action.id,
        "config": to_json(action.config),
        "name": action.name,
        "is_enabled": action.is_enabled,
        "on_error": action.on_error.value,
        "fallback": action.fallback_action_id,
    }


def _action(row: Row[Any]) -> Action:
    return Action(
        id=row.id,
        workflow_id=row.workflow_id,
        action_type=row.action_type,
        config=row.action_config,
        position=row.position,
        previous_action_id=row.previous_action_id,
        next_action_id=row.next_action_id,
        branch_id=row.branch_id,
        is_enabled=row.is_enabled,
        name=row.name,
        on_error=OnError(row.on_error),
        fallback_action_id=row.fallback_action_id,
        revision=row.revision,
        created_at=row.created_at,
        updated_at=row.updated_at,
        created_by=row.created_by,
    )
