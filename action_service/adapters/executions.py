"""Executions and their logs, read for the API."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Row, text

from action_service.adapters.sql import Listing, Repository
from action_service.domain.execution import (
    ActionExecution,
    Attempt,
    Execution,
    Pause,
    StepCounts,
    Summary,
)
from action_service.domain.explanation.facts import Ignored, Standing, StepFacts
from action_service.domain.holds import Hold
from action_service.domain.messages import DeliveryState
from action_service.domain.plan import Json
from action_service.domain.states import ActionStatus, ExecutionState

_COLUMNS = """
    e.id, e.workflow_id, v.version, e.contact_id, e.state, e.current_action_id, e.started_at,
    e.ended_at, e.reason, e.event, e.paused_at, e.paused_by, e.pause_reason
"""
_GET = f"""
    SELECT {_COLUMNS}
    FROM workflow_executions e JOIN workflow_versions v ON v.id = e.version_id
    WHERE e.account_id = :account AND e.id = :id
"""  # noqa: S608 - made of constants, as all below
_FIND = text(_GET)
PAGE = Listing(
    f"""
    SELECT {_COLUMNS}
    FROM workflow_executions e JOIN workflow_versions v ON v.id = e.version_id
    WHERE e.account_id = :account
    """,  # noqa: S608
    {
        "before": "e.id < CAST(:before AS uuid)",
        "workflow": "e.workflow_id = CAST(:workflow AS uuid)",
        "contact": "e.contact_id = CAST(:contact AS uuid)",
        "state": "e.state = CAST(:state AS text)",
    },
    "e.id DESC",
)
# A migration writes down the version of what had begun before it; the rest runs on the execution's.
_RUN_COLUMNS = """
    x.id, x.workflow_execution_id, x.action_id, x.contact_id, x.action_type, x.status,
    x.outcome, x.created_at, x.scheduled_at, x.started_at, x.completed_at, x.result_data,
    x.error_class, x.error_message, x.reason, x.retry_count,
    COALESCE(CAST(x.execution_data->>'version_id' AS uuid), e.version_id) AS version_id
"""
_LOG = Listing(
    f"""
    SELECT {_RUN_COLUMNS}
    FROM workflow_action_executions x
    JOIN workflow_executions e ON e.id = x.workflow_execution_id
    WHERE x.account_id = :account
    """,  # noqa: S608
    {
        "id": "x.workflow_execution_id = :id",
        "after_at": "x.created_at >= CAST(:after_at AS timestamptz)",
        "after_id": """(
            x.created_at > CAST(:after_at AS timestamptz) OR x.id > CAST(:after_id AS uuid)
        )""",
    },
    "x.created_at, x.id",
)
# Of an execution that has ended the step that it came to last.
_STANDING = text(
    f"""
    SELECT {_RUN_COLUMNS}, x.attempt_id, x.attempt_number, x.lease_until, x.rings, x.hold,
           x.retry_base, c.claimed_at, now() AS now
    FROM workflow_executions e
    LEFT JOIN LATERAL (
        SELECT s.* FROM workflow_action_executions s WHERE s.workflow_execution_id = e.id
        ORDER BY s.id = e.current_action_execution_id DESC NULLS LAST, s.created_at DESC, s.id DESC
        LIMIT 1
    ) x ON true
    LEFT JOIN send_claims c ON c.attempt_id = x.attempt_id
    WHERE e.account_id = :account AND e.id = :id
    """  # noqa: S608
)
# As the engine matches events with waits, but for those that it leaves out.
_IGNORED = text(
    """
    SELECT count(*) AS number, max(h.occurred_at) AS last_at
    FROM workflow_action_executions x
    JOIN heard_events h
      ON h.account_id = x.account_id AND h.contact_id = x.contact_id
     AND h.event_type = :event_type AND h.data->'automatic' = 'true'::jsonb
    WHERE x.account_id = :account AND x.id = :id
      AND CASE
        WHEN CAST(:related AS uuid) IS NULL THEN h.occurred_at >= x.created_at
        ELSE EXISTS (
            SELECT FROM workflow_action_executions sent
            WHERE sent.workflow_execution_id = x.workflow_execution_id
              AND sent.action_id = CAST(:related AS uuid)
              AND CAST(sent.id AS text) = h.data->>'action_execution_id'
        )
      END
    """
)
_ATTEMPTS = text(
    """
    SELECT t.id, t.action_execution_id, t.number, t.started_at, t.finished_at, t.error_class,
           t.error_message, t.provider_reference
    FROM workflow_action_attempts t
    WHERE t.account_id = :account AND t.action_execution_id = ANY(CAST(:ids AS uuid[]))
    ORDER BY t.number
    """
)
# `xmin` is the transaction that wrote the row last.
_FINGERPRINT = text(
    """
    SELECT CAST(e.xmin AS text) || ':' || COALESCE((
        SELECT string_agg(CAST(x.xmin AS text), ',' ORDER BY x.id)
        FROM workflow_action_executions x WHERE x.workflow_execution_id = e.id
    ), '') || ':' || COALESCE((
        SELECT string_agg(CAST(m.xmin AS text), ',' ORDER BY m.id)
        FROM workflow_action_executions x JOIN messages m ON m.action_execution_id = x.id
        WHERE x.workflow_execution_id = e.id
    ), '')
    FROM workflow_executions e WHERE e.account_id = :account AND e.id = :id
    """
)
_STATES = text(
    "SELECT state, count(*) AS number FROM workflow_executions"
    " WHERE account_id = :account AND workflow_id = :id GROUP BY state"
)
_STEPS = text(
    """
    WITH counted AS (
        SELECT x.action_id, jsonb_object_agg(x.status, x.number) AS by_status,
               sum(x.retries) AS retries
        FROM (
            SELECT x.action_id, x.status, count(*) AS number, sum(x.retry_count) AS retries
            FROM workflow_executions e
            JOIN workflow_action_executions x ON x.workflow_execution_id = e.id
            WHERE e.account_id = :account AND e.workflow_id = :id
            GROUP BY x.action_id, x.status
        ) x
        GROUP BY x.action_id
    ), timed AS (
        SELECT x.action_id,
               percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (
                   ORDER BY EXTRACT(EPOCH FROM x.completed_at - x.started_at)::float8
               ) AS seconds
        FROM workflow_executions e
        JOIN workflow_action_executions x ON x.workflow_execution_id = e.id
        WHERE e.account_id = :account AND e.workflow_id = :id AND x.status = 'completed'
        GROUP BY x.action_id
    ), told AS (
        SELECT x.action_id, jsonb_object_agg(x.state, x.number) AS by_state
        FROM (
            SELECT x.action_id, m.state, count(*) AS number
            FROM workflow_executions e
            JOIN workflow_action_executions x ON x.workflow_execution_id = e.id
            JOIN messages m ON m.action_execution_id = x.id
            WHERE e.account_id = :account AND e.workflow_id = :id AND m.delivery_id IS NULL
            GROUP BY x.action_id, m.state
        ) x
        GROUP BY x.action_id
    )
    SELECT a.id, a.name, a.action_type, a.position, a.branch_id, c.by_status, c.retries, t.seconds,
           m.by_state
    FROM workflow_actions a
    LEFT JOIN counted c ON c.action_id = a.id
    LEFT JOIN timed t ON t.action_id = a.id
    LEFT JOIN told m ON m.action_id = a.id
    WHERE a.account_id = :account AND a.workflow_id = :id
      AND (a.deleted_at IS NULL OR c.action_id IS NOT NULL)
    ORDER BY a.branch_id NULLS FIRST, a.deleted_at IS NOT NULL, a.position, a.id
    """
)


_SENT_BY = text(
    """
    SELECT m.id AS message_id, e.workflow_id, x.action_id
    FROM workflow_action_executions x
    JOIN workflow_executions e ON e.id = x.workflow_execution_id
    LEFT JOIN messages m ON m.action_execution_id = x.id AND m.delivery_id IS NULL
    WHERE x.account_id = :account AND x.id = :id
    ORDER BY m.id DESC LIMIT 1
    """
)


class ExecutionReader(Repository):
    """Reads executions."""

    async def get(self, execution_id: UUID) -> Execution | None:
        """The execution; None when the account has no such one."""
        row = (await self._run(_FIND, id=execution_id)).first()
        return None if row is None else _execution(row)

    async def list_page(
        self,
        *,
        limit: int,
        before: UUID | None,
        workflow_id: UUID | None,
        contact_id: UUID | None,
        state: ExecutionState | None,
    ) -> Sequence[Execution]:
        """Newest first, those older than `before`."""
        rows = await self._list(
            PAGE,
            limit,
            before=before,
            workflow=workflow_id,
            contact=contact_id,
            state=None if state is None else state.value,
        )
        return [_execution(row) for row in rows]

    async def log_page(
        self, execution_id: UUID, *, limit: int, after: tuple[datetime, UUID] | None
    ) -> Sequence[ActionExecution]:
        """Action executions in the order in which they came to be, those after `after`."""
        after_at, after_id = after or (None, None)
        rows = (
            await self._list(_LOG, limit, id=execution_id, after_at=after_at, after_id=after_id)
        ).all()
        attempts = await self._attempts([row.id for row in rows])
        return [_action_execution(row, attempts[row.id]) for row in rows]

    async def standing(self, execution_id: UUID) -> Standing | None:
        """Where the execution stands, or ended; None when the account has no such one."""
        row = (await self._run(_STANDING, id=execution_id)).first()
        if row is None:
            return None
        if row.id is None:
            return Standing(row.now, None)
        attempts = await self._attempts([row.id])
        return Standing(row.now, _step_facts(row, attempts[row.id]))

    async def ignored(
        self, action_execution_id: UUID, event_type: str, related_action_id: str | None
    ) -> Ignored:
        """The events of programs that would have ended a wait, had people made them."""
        related = None if related_action_id is None else UUID(related_action_id)
        found = await self._run(
            _IGNORED, id=action_execution_id, event_type=event_type, related=related
        )
        return Ignored(*found.one())

    async def fingerprint(self, execution_id: UUID) -> str | None:
        """A text that changes with every change of the execution or its log; None without one."""
        return (await self._run(_FINGERPRINT, id=execution_id)).scalar()

    async def sent_by(self, action_execution_id: UUID) -> Mapping[str, Json] | None:
        """The ids of the message that a step has sent, as events name them; None without a step."""
        row = (await self._run(_SENT_BY, id=action_execution_id)).first()
        if row is None:
            return None
        ids = {"workflow_id": str(row.workflow_id), "action_id": str(row.action_id)}
        return ids if row.message_id is None else {**ids, "message_id": str(row.message_id)}

    async def _attempts(self, ids: list[UUID]) -> Mapping[UUID, tuple[Attempt, ...]]:
        attempts: dict[UUID, list[Attempt]] = {each: [] for each in ids}
        if ids:
            for row in await self._run(_ATTEMPTS, ids=ids):
                attempts[row.action_execution_id].append(_attempt(row))
        return {each: tuple(made) for each, made in attempts.items()}

    async def summary(self, workflow_id: UUID) -> Summary:
        """How the executions of a workflow stand."""
        states = await self._run(_STATES, id=workflow_id)
        by_state = {ExecutionState(row.state): row.number for row in states}
        steps = await self._run(_STEPS, id=workflow_id)
        return Summary(by_state, tuple(_step(row) for row in steps))


def _execution(row: Row[Any]) -> Execution:
    """The execution in a row of `_COLUMNS`."""
    return Execution(
        id=row.id,
        workflow_id=row.workflow_id,
        workflow_version=row.version,
        contact_id=row.contact_id,
        state=ExecutionState(row.state),
        current_action_id=row.current_action_id,
        started_at=row.started_at,
        ended_at=row.ended_at,
        reason=row.reason,
        event=row.event,
        pause=(
            None if row.paused_at is None else Pause(row.paused_at, row.paused_by, row.pause_reason)
        ),
    )


def _attempt(row: Row[Any]) -> Attempt:
    return Attempt(
        id=row.id,
        number=row.number,
        started_at=row.started_at,
        finished_at=row.finished_at,
        error_class=row.error_class,
        error_message=row.error_message,
        provider_reference=row.provider_reference,
    )


def _action_execution(row: Row[Any], attempts: tuple[Attempt, ...]) -> ActionExecution:
    return ActionExecution(
        id=row.id,
        execution_id=row.workflow_execution_id,
        version_id=row.version_id,
        action_id=row.action_id,
        contact_id=row.contact_id,
        action_type=row.action_type,
        status=ActionStatus(row.status),
        outcome=row.outcome,
        created_at=row.created_at,
        scheduled_at=row.scheduled_at,
        started_at=row.started_at,
        completed_at=row.completed_at,
        result=row.result_data or {},
        error_class=row.error_class,
        error_message=row.error_message,
        reason=row.reason,
        retry_count=row.retry_count or 0,
        attempts=attempts,
    )


def _step_facts(row: Row[Any], attempts: tuple[Attempt, ...]) -> StepFacts:
    return StepFacts(
        run=_action_execution(row, attempts),
        attempt_id=row.attempt_id,
        attempt_number=row.attempt_number,
        lease_until=row.lease_until,
        rings=row.rings,
        hold=None if row.hold is None else Hold.from_json(row.hold),
        claimed_at=row.claimed_at,
        retry_base=row.retry_base,
    )


def _step(row: Row[Any]) -> StepCounts:
    seconds: Sequence[float] = row.seconds or ()
    p50, p99 = (timedelta(seconds=each) for each in seconds) if seconds else (None, None)
    counts = cast("dict[str, int]", row.by_status or {})
    states = cast("dict[str, int]", row.by_state or {})
    return StepCounts(
        action_id=row.id,
        action_name=row.name,
        action_type=row.action_type,
        position=row.position,
        branch_id=row.branch_id,
        by_status={ActionStatus(status): number for status, number in counts.items()},
        retries=int(row.retries or 0),
        p50=p50,
        p99=p99,
        by_state={DeliveryState(state): number for state, number in states.items()},
    )
