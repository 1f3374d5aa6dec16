"""Changes of executions from outside the engine: cancel, pause, resume, migrate, open again.

Each locks the executions first, by id, as the engine and the ledger do with their batches. Whoever
holds an execution's row may write its action executions.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, TextClause, text

from action_service.adapters.executions import ExecutionReader
from action_service.adapters.reopening import ExecutionReopener
from action_service.domain.control import Run
from action_service.domain.event_waits import WAIT_FOR_EVENT, WAIT_TIME, WAIT_UNTIL_DATE
from action_service.domain.migration import MoveOn, Place, Stay
from action_service.domain.states import ActionStatus, ExecutionState
from action_service.use_cases.execution_ports import Locked

_SEIZE = """
    SELECT e.id FROM workflow_executions e
    WHERE e.account_id = :account AND e.id = ANY(CAST(:ids AS uuid[]))
    ORDER BY e.id
    FOR NO KEY UPDATE
"""
_LOCK = text(_SEIZE)
_SEIZE_FREE = text(f"{_SEIZE} SKIP LOCKED")
_EXISTING = text(
    """
    SELECT id FROM workflow_executions
    WHERE account_id = :account AND id = ANY(CAST(:ids AS uuid[]))
    """
)
# A statement of its own after the lock, so that it sees what was committed before that was had.
_RUNS = text(
    """
    SELECT e.id, e.workflow_id, v.version, e.current_action_id, e.state,
           e.paused_at IS NOT NULL AS is_paused, x.status,
           x.status = 'pending' AND x.lease_until IS NULL AS is_held,
           w.status = 'paused' AS is_workflow_paused
    FROM workflow_executions e
    JOIN workflows w ON w.id = e.workflow_id
    JOIN workflow_versions v ON v.id = e.version_id
    LEFT JOIN workflow_action_executions x ON x.id = e.current_action_execution_id
    WHERE e.account_id = :account AND e.id = ANY(CAST(:ids AS uuid[]))
    ORDER BY e.id
    """
)
# The transaction may have begun before the step that the engine held the lock for.
_CANCEL = text(
    """
    WITH ended AS (
        UPDATE workflow_executions
        SET state = 'cancelled', reason = :reason, ended_at = statement_timestamp(),
            current_action_id = NULL, current_action_execution_id = NULL, current_attempt_id = NULL,
            paused_at = NULL, paused_by = NULL, pause_reason = NULL
        WHERE account_id = :account AND id = ANY(CAST(:ids AS uuid[]))
    )
    UPDATE workflow_action_executions
    SET status = 'cancelled', reason = :reason, completed_at = statement_timestamp(),
        lease_until = NULL
    WHERE account_id = :account AND workflow_execution_id = ANY(CAST(:ids AS uuid[]))
      AND status IN ('pending', 'scheduled', 'running', 'waiting')
    """
)
_PAUSE = text(
    """
    UPDATE workflow_executions
    SET state = 'paused', paused_at = now(), paused_by = :actor,
        pause_reason = NULLIF(CAST(:reason AS text), '')
    WHERE account_id = :account AND id = ANY(CAST(:ids AS uuid[]))
    """
)
# What was held waits for its turn, as after the pause of a workflow.
_RESUME = text(
    """
    WITH resumed AS (
        UPDATE workflow_executions e
        SET state = v.state, paused_at = NULL, paused_by = NULL, pause_reason = NULL
        FROM unnest(CAST(:ids AS uuid[]), CAST(:states AS text[])) AS v(id, state)
        WHERE e.account_id = :account AND e.id = v.id
        RETURNING e.current_action_execution_id, e.state
    )
    UPDATE workflow_action_executions x
    SET lease_until = 'infinity', rings = 0
    FROM resumed
    WHERE x.id = resumed.current_action_execution_id AND resumed.state = 'running'
      AND x.status = 'pending' AND x.lease_until IS NULL
    """
)
# What a migration is about; nobody counts what is locked, but it is locked for being counted.
_OPEN = """
    e.account_id = :account AND e.workflow_id = :workflow AND e.version_id <> :version
    AND e.state IN ('running', 'waiting', 'paused')
"""
_LOCK_OPEN = text(
    f"""
    SELECT count(*) FROM (
        SELECT FROM workflow_executions e WHERE {_OPEN} ORDER BY e.id FOR NO KEY UPDATE
    ) AS locked
    """  # noqa: S608 - made of constants, as all below
)
_PLACES = text(
    f"""
    SELECT e.version_id, e.current_action_id, x.status = 'running' AS in_progress,
           count(*) AS number
    FROM workflow_executions e
    JOIN workflow_action_executions x ON x.id = e.current_action_execution_id
    WHERE {_OPEN} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    """  # noqa: S608
)
_IS_KEPT = (
    f"(x.status = 'waiting' AND x.action_type IN {(WAIT_TIME, WAIT_UNTIL_DATE, WAIT_FOR_EVENT)})"
)
# What has begun ran, or runs, with the configuration of the old version, and the log says so. What
# is still to begin will run with the new one, and what the scheduler keeps waits by it.
_KEEP_VERSION = text(
    f"""
    UPDATE workflow_action_executions x
    SET execution_data = COALESCE(x.execution_data, '{{}}')
                         || jsonb_build_object('version_id', e.version_id)
    FROM workflow_executions e
    WHERE {_OPEN} AND x.workflow_execution_id = e.id
      AND x.status NOT IN ('pending', 'scheduled') AND NOT {_IS_KEPT}
      AND NOT COALESCE(x.execution_data, '{{}}') ? 'version_id'
    """  # noqa: S608
)
# A task that is on its way is fenced off by a new attempt, which waits for its turn once the
# execution is no longer held; so is a timer of the old configuration. What is scheduled takes up
# the new version when it becomes due.
_STAY = text(
    f"""
    WITH staying AS (
        SELECT e.id, e.state, x.id AS action_execution_id,
               CASE WHEN v.anew AND (x.status = 'pending' OR {_IS_KEPT})
                    THEN gen_random_uuid() END AS attempt_id
        FROM unnest(
            CAST(:versions AS uuid[]), CAST(:actions AS uuid[]), CAST(:in_progress AS boolean[]),
            CAST(:anew AS boolean[])
        ) AS v(version_id, action_id, in_progress, anew)
        JOIN workflow_executions e
          ON e.version_id = v.version_id AND e.current_action_id = v.action_id
        JOIN workflow_action_executions x
          ON x.id = e.current_action_execution_id AND (x.status = 'running') = v.in_progress
        WHERE {_OPEN}
    ), renewed AS (
        UPDATE workflow_action_executions x
        SET attempt_id = staying.attempt_id,
            lease_until = CASE WHEN staying.state <> 'paused' THEN TIMESTAMPTZ 'infinity' END
        FROM staying
        WHERE x.id = staying.action_execution_id AND staying.attempt_id IS NOT NULL
          AND x.status = 'pending'
    ), planned_anew AS (
        UPDATE workflow_action_executions x
        SET attempt_id = staying.attempt_id, lease_until = 'infinity', scheduled_at = x.resume_at,
            hold = CASE WHEN x.resume_at IS NOT NULL THEN x.hold END,
            reason = CASE WHEN x.resume_at IS NOT NULL THEN x.reason END
        FROM staying
        WHERE x.id = staying.action_execution_id AND staying.attempt_id IS NOT NULL
          AND x.status = 'waiting'
    )
    UPDATE workflow_executions e
    SET version_id = :version,
        current_attempt_id = COALESCE(staying.attempt_id, e.current_attempt_id)
    FROM staying WHERE e.id = staying.id
    """  # noqa: S608
)
# One transaction has one instant: microseconds keep what it adds in order.
_MOVE = text(
    f"""
    WITH leaving AS (
        SELECT e.id, e.version_id, e.contact_id, x.id AS action_execution_id,
               e.paused_at IS NOT NULL AS is_paused, v.place, v.reason,
               v.next_action_id, v.next_type, v.passed,
               CASE WHEN v.next_action_id IS NOT NULL THEN gen_random_uuid() END AS next_id,
               CASE WHEN v.next_action_id IS NOT NULL THEN gen_random_uuid() END AS next_attempt_id
        FROM unnest(
            CAST(:versions AS uuid[]), CAST(:actions AS uuid[]), CAST(:in_progress AS boolean[]),
            CAST(:reasons AS text[]), CAST(:next_actions AS uuid[]), CAST(:next_types AS text[]),
            CAST(:passed AS int[])
        ) WITH ORDINALITY AS v(
            version_id, action_id, in_progress, reason, next_action_id, next_type, passed, place
        )
        JOIN workflow_executions e
          ON e.version_id = v.version_id AND e.current_action_id = v.action_id
        JOIN workflow_action_executions x
          ON x.id = e.current_action_execution_id AND (x.status = 'running') = v.in_progress
        WHERE {_OPEN}
    ), left_behind AS (
        UPDATE workflow_action_executions x
        SET status = 'skipped', reason = leaving.reason, completed_at = now(), lease_until = NULL,
            execution_data = COALESCE(x.execution_data, '{{}}')
                             || jsonb_build_object('version_id', leaving.version_id)
        FROM leaving WHERE x.id = leaving.action_execution_id
    ), passed_over AS (
        INSERT INTO workflow_action_executions (
            id, account_id, workflow_execution_id, action_id, contact_id, action_type, attempt_id,
            status, reason, completed_at, created_at
        )
        SELECT gen_random_uuid(), :account, leaving.id, p.action_id, leaving.contact_id,
               p.action_type, gen_random_uuid(), 'skipped', 'the action is disabled', now(),
               now() + p.rank * interval '1 microsecond'
        FROM leaving
        JOIN unnest(
            CAST(:passed_places AS int[]), CAST(:passed_ranks AS int[]),
            CAST(:passed_actions AS uuid[]), CAST(:passed_types AS text[])
        ) AS p(place, rank, action_id, action_type) ON p.place = leaving.place
    ), added AS (
        INSERT INTO workflow_action_executions (
            id, account_id, workflow_execution_id, action_id, contact_id, action_type, attempt_id,
            status, lease_until, created_at
        )
        SELECT next_id, :account, id, next_action_id, contact_id, next_type, next_attempt_id,
               'pending', TIMESTAMPTZ 'infinity', now() + (passed + 1) * interval '1 microsecond'
        FROM leaving WHERE next_id IS NOT NULL
    )
    UPDATE workflow_executions e
    SET version_id = :version,
        state = CASE WHEN leaving.next_id IS NULL THEN 'completed'
                     WHEN leaving.is_paused THEN 'paused' ELSE 'running' END,
        paused_at = CASE WHEN leaving.next_id IS NOT NULL THEN e.paused_at END,
        paused_by = CASE WHEN leaving.next_id IS NOT NULL THEN e.paused_by END,
        pause_reason = CASE WHEN leaving.next_id IS NOT NULL THEN e.pause_reason END,
        ended_at = CASE WHEN leaving.next_id IS NULL THEN now() END,
        current_action_id = leaving.next_action_id,
        current_action_execution_id = leaving.next_id,
        current_attempt_id = leaving.next_attempt_id
    FROM leaving WHERE e.id = leaving.id
    """  # noqa: S608
)


class ExecutionWriter(ExecutionReader, ExecutionReopener):
    """Reads and changes executions."""

    async def lock(self, execution_ids: Collection[UUID]) -> Sequence[Run]:
        """Those that there are, by id, kept from the engine until the transaction ends."""
        return await self._locked(_LOCK, execution_ids)

    async def lock_free(self, execution_ids: Collection[UUID]) -> Locked:
        """The same, without waiting for those that somebody else has locked."""
        runs = await self._locked(_SEIZE_FREE, execution_ids)
        missed = set(execution_ids).difference(run.id for run in runs)
        busy = await self._run(_EXISTING, ids=list(missed)) if missed else ()
        return Locked(runs, sorted(row.id for row in busy))

    async def cancel(self, execution_ids: Collection[UUID], reason: str) -> None:
        """Ends locked executions and their open steps; their results come to nothing."""
        await self._run(_CANCEL, ids=list(execution_ids), reason=reason)

    async def pause(self, execution_ids: Collection[UUID], actor: str, reason: str) -> None:
        """Pauses locked executions."""
        await self._run(_PAUSE, ids=list(execution_ids), actor=actor, reason=reason)

    async def resume(self, states: Mapping[UUID, ExecutionState]) -> None:
        """Ends the pauses of locked executions, by the states that they come to."""
        values = [state.value for state in states.values()]
        await self._run(_RESUME, ids=list(states), states=values)

    async def _locked(self, statement: TextClause, ids: Collection[UUID]) -> list[Run]:
        locked = (await self._run(statement, ids=list(ids))).scalars().all()
        return [_run_of(row) for row in await self._run(_RUNS, ids=list(locked))]

    async def places(self, workflow_id: UUID, *, other_than: UUID) -> Sequence[Place]:
        """Where open executions of other versions than this one stand, kept from the engine."""
        which = {"workflow": workflow_id, "version": other_than}
        await self._run(_LOCK_OPEN, **which)
        return [Place(*row) for row in await self._run(_PLACES, **which)]

    async def migrate(
        self, workflow_id: UUID, version_id: UUID, fates: Sequence[tuple[Place, Stay | MoveOn]]
    ) -> None:
        """Moves the executions at these places, which `places` has locked, to a version.

        However many there are, the database does it: none of them comes here.
        """
        which = {"workflow": workflow_id, "version": version_id}
        await self._run(_KEEP_VERSION, **which)
        staying = [(place, fate) for place, fate in fates if isinstance(fate, Stay)]
        if staying:
            at = _columns([place for place, _ in staying])
            await self._run(_STAY, **which, **at, anew=[fate.anew for _, fate in staying])
        leaving = [(place, fate) for place, fate in fates if isinstance(fate, MoveOn)]
        if leaving:
            at = _columns([place for place, _ in leaving])
            await self._run(_MOVE, **which, **at, **_moves([fate for _, fate in leaving]))


def _run_of(row: Row[Any]) -> Run:
    return Run(
        id=row.id,
        workflow_id=row.workflow_id,
        version=row.version,
        action_id=row.current_action_id,
        state=ExecutionState(row.state),
        is_paused=row.is_paused,
        step_status=None if row.status is None else ActionStatus(row.status),
        is_held=bool(row.is_held),
        is_workflow_paused=row.is_workflow_paused,
    )


def _columns(places: Sequence[Place]) -> dict[str, list[object]]:
    return {
        "versions": [place.version_id for place in places],
        "actions": [place.action_id for place in places],
        "in_progress": [place.in_progress for place in places],
    }


def _moves(moves: Sequence[MoveOn]) -> dict[str, list[object]]:
    passed = [
        (place, rank, step)
        for place, move in enumerate(moves, start=1)
        for rank, step in enumerate(move.passed, start=1)
    ]
    steps = [move.step for move in moves]
    return {
        "reasons": [move.reason for move in moves],
        "next_actions": [None if step is None else UUID(step.id) for step in steps],
        "next_types": [None if step is None else step.action_type for step in steps],
        "passed": [len(move.passed) for move in moves],
        "passed_places": [place for place, _, _ in passed],
        "passed_ranks": [rank for _, rank, _ in passed],
        "passed_actions": [UUID(step.id) for _, _, step in passed],
        "passed_types": [step.action_type for _, _, step in passed],
    }
