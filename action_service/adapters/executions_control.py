"""Changes of executions from outside the engine: cancel, release, migrate.

Each locks the executions first, by id, as the engine does with its batches. Whoever holds an
execution's row may write its action executions.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from action_service.adapters.executions import GET, ExecutionReader, execution_of
from action_service.domain.execution import Execution
from action_service.domain.migration import InFlight, Migration
from action_service.domain.states import ActionStatus

_LOCK = text(f"{GET} FOR NO KEY UPDATE OF e")
_CANCEL = text(
    """
    WITH ended AS (
        UPDATE workflow_executions
        SET state = 'cancelled', reason = :reason, ended_at = now(), current_action_id = NULL,
            current_action_execution_id = NULL, current_attempt_id = NULL
        WHERE account_id = :account AND id = :id
    )
    UPDATE workflow_action_executions
    SET status = 'cancelled', reason = :reason, completed_at = now(), lease_until = NULL
    WHERE account_id = :account AND workflow_execution_id = :id
      AND status IN ('pending', 'scheduled', 'running', 'waiting')
    """
)
_RELEASE = text(
    """
    WITH held AS (
        SELECT id, current_action_execution_id FROM workflow_executions
        WHERE account_id = :account AND workflow_id = :id AND state = 'paused'
        ORDER BY id
        FOR NO KEY UPDATE
    ), rung AS (
        UPDATE workflow_action_executions x SET lease_until = now()
        FROM held WHERE x.id = held.current_action_execution_id
    )
    UPDATE workflow_executions e SET state = 'running' FROM held WHERE e.id = held.id
    """
)
_IN_FLIGHT = text(
    """
    SELECT e.id, e.version_id, e.contact_id, e.current_action_id, e.current_action_execution_id,
           x.status
    FROM workflow_executions e
    JOIN workflow_action_executions x ON x.id = e.current_action_execution_id
    WHERE e.account_id = :account AND e.workflow_id = :id AND e.version_id <> :version
      AND e.state IN ('running', 'waiting', 'paused')
    ORDER BY e.id
    FOR NO KEY UPDATE OF e
    """
)
# What has begun ran, or runs, with the configuration of the old version, and the log says so. What
# is still to begin will run with the new one.
_KEEP_VERSION = text(
    """
    UPDATE workflow_action_executions x
    SET execution_data = COALESCE(x.execution_data, '{}')
                         || jsonb_build_object('version_id', e.version_id)
    FROM workflow_executions e
    WHERE e.account_id = :account AND e.id = ANY(CAST(:ids AS uuid[]))
      AND x.workflow_execution_id = e.id
      AND x.status NOT IN ('pending', 'scheduled')
      AND NOT COALESCE(x.execution_data, '{}') ? 'version_id'
    """
)
_STAY = text(
    "UPDATE workflow_executions SET version_id = :version"
    " WHERE account_id = :account AND id = ANY(CAST(:ids AS uuid[]))"
)
_LEAVE = text(
    """
    UPDATE workflow_action_executions x
    SET status = 'skipped', reason = v.reason, completed_at = now(), lease_until = NULL,
        execution_data = COALESCE(x.execution_data, '{}')
                         || jsonb_build_object('version_id', v.version_id)
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:reasons AS text[]), CAST(:versions AS uuid[])
    ) AS v(id, reason, version_id)
    WHERE x.account_id = :account AND x.id = v.id
    """
)
_ADD_STEPS = text(
    """
    INSERT INTO workflow_action_executions (
        id, account_id, workflow_execution_id, action_id, contact_id, action_type, attempt_id,
        status, reason, lease_until, completed_at
    )
    SELECT v.id, :account, v.execution_id, v.action_id, v.contact_id, v.action_type, v.attempt_id,
           CASE WHEN v.reason IS NULL THEN 'pending' ELSE 'skipped' END, v.reason,
           CASE WHEN v.reason IS NULL THEN now() END,
           CASE WHEN v.reason IS NOT NULL THEN now() END
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:executions AS uuid[]), CAST(:actions AS uuid[]),
        CAST(:contacts AS uuid[]), CAST(:types AS text[]), CAST(:attempts AS uuid[]),
        CAST(:reasons AS text[])
    ) AS v(id, execution_id, action_id, contact_id, action_type, attempt_id, reason)
    """
)
_MOVE = text(
    """
    UPDATE workflow_executions e
    SET version_id = :version,
        state = CASE WHEN v.attempt_id IS NULL THEN 'completed' ELSE 'running' END,
        ended_at = CASE WHEN v.attempt_id IS NULL THEN now() END,
        current_action_id = v.action_id, current_action_execution_id = v.action_execution_id,
        current_attempt_id = v.attempt_id
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:actions AS uuid[]), CAST(:action_executions AS uuid[]),
        CAST(:attempts AS uuid[])
    ) AS v(id, action_id, action_execution_id, attempt_id)
    WHERE e.account_id = :account AND e.id = v.id
    """
)


class ExecutionWriter(ExecutionReader):
    """Reads and changes executions."""

    async def lock(self, execution_id: UUID) -> Execution | None:
        """The execution, kept from the engine until the transaction ends."""
        row = (await self._run(_LOCK, id=execution_id)).first()
        return None if row is None else execution_of(row)

    async def cancel(self, execution_id: UUID, reason: str) -> None:
        """Ends the execution and its open action executions; their results come to nothing."""
        await self._run(_CANCEL, id=execution_id, reason=reason)

    async def release_held(self, workflow_id: UUID) -> int:
        """Lets held executions go on: the engine's sweeper rings them. Returns how many."""
        return (await self._run(_RELEASE, id=workflow_id)).rowcount

    async def in_flight(self, workflow_id: UUID, *, other_than: UUID) -> Sequence[InFlight]:
        """Open executions of other versions than this one, kept from the engine."""
        rows = await self._run(_IN_FLIGHT, id=workflow_id, version=other_than)
        return [_in_flight(row) for row in rows]

    async def migrate(self, migration: Migration) -> None:
        """Moves executions to another version."""
        staying = [each.execution_id for each in migration.staying]
        leaving = [each.execution_id for each, _ in migration.leaving]
        if staying or leaving:
            await self._run(_KEEP_VERSION, ids=[*staying, *leaving])
        if staying:
            await self._run(_STAY, ids=staying, version=migration.version_id)
        if leaving:
            await self._leave(migration)

    async def _leave(self, migration: Migration) -> None:
        await self._run(
            _LEAVE,
            ids=[each.action_execution_id for each, _ in migration.leaving],
            reasons=[reason for _, reason in migration.leaving],
            versions=[each.version_id for each, _ in migration.leaving],
        )
        steps = migration.new_steps
        if steps:
            await self._run(
                _ADD_STEPS,
                ids=[new.id for new in steps],
                executions=[new.execution_id for new in steps],
                actions=[UUID(new.step.id) for new in steps],
                contacts=[new.contact_id for new in steps],
                types=[new.step.action_type for new in steps],
                attempts=[new.attempt_id for new in steps],
                reasons=[new.reason for new in steps],
            )
        current = {new.execution_id: new for new in steps if new.reason is None}
        ids = [each.execution_id for each, _ in migration.leaving]
        nexts = [current.get(each) for each in ids]
        await self._run(
            _MOVE,
            version=migration.version_id,
            ids=ids,
            actions=[None if new is None else UUID(new.step.id) for new in nexts],
            action_executions=[None if new is None else new.id for new in nexts],
            attempts=[None if new is None else new.attempt_id for new in nexts],
        )


def _in_flight(row: Row[Any]) -> InFlight:
    return InFlight(
        execution_id=row.id,
        version_id=row.version_id,
        contact_id=row.contact_id,
        action_id=row.current_action_id,
        action_execution_id=row.current_action_execution_id,
        status=ActionStatus(row.status),
    )
