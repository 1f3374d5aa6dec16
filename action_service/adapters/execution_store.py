"""Executions in Postgres: the engine's statements, each for a whole batch.

Rows travel as arrays through `unnest`, so that a batch of five hundred costs as many round trips as
one of one. The statements are `text()`: SQLAlchemy compiles them once, Postgres plans them once.
"""

from collections import OrderedDict
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime

import orjson
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from action_service.adapters.context_store import load_contexts
from action_service.adapters.effects import apply_effects
from action_service.domain.plan import Plan
from action_service.domain.states import ActionStatus, ExecutionState
from action_service.engine.model import (
    AppliedEffect,
    BadItemError,
    Dispatch,
    RunContext,
    Standing,
    Writes,
)

_STANDING = """
    e.id::text, e.account_id::text, e.workflow_id::text, e.version_id::text, e.contact_id::text,
    e.state, w.status, e.current_action_id::text, e.current_action_execution_id::text,
    e.current_attempt_id::text, a.attempt_number, a.retry_count, a.status, e.event IS NOT NULL,
    now()
"""

_LOCK = text(
    f"""
    SELECT {_STANDING}
    FROM treadle.workflow_executions e
    JOIN treadle.workflows w ON w.id = e.workflow_id
    JOIN treadle.workflow_action_executions a ON a.id = e.current_action_execution_id
    WHERE e.id = ANY(CAST(:ids AS uuid[])) AND e.current_attempt_id IS NOT NULL
    ORDER BY e.id
    FOR UPDATE OF e
    """  # noqa: S608 - made of constants
)

_EXPIRED = text(
    f"""
    SELECT {_STANDING}
    FROM treadle.workflow_action_executions a
    JOIN treadle.workflow_executions e
      ON e.id = a.workflow_execution_id AND e.current_action_execution_id = a.id
    JOIN treadle.workflows w ON w.id = e.workflow_id
    WHERE a.lease_until < now() AND e.state IN ('running', 'waiting')
    ORDER BY a.lease_until
    LIMIT :limit
    FOR UPDATE OF e SKIP LOCKED
    """  # noqa: S608 - made of constants
)

_ADVANCE = text(
    """
    WITH done AS (
        UPDATE treadle.workflow_action_executions t
        SET status = 'completed', started_at = COALESCE(t.started_at, v.started_at),
            completed_at = v.completed_at, result_data = v.result_json::jsonb, lease_until = NULL,
            error_class = NULL, error_message = NULL, outcome = NULL, reason = NULL
        FROM unnest(
            CAST(:id AS uuid[]), CAST(:started AS timestamptz[]), CAST(:completed AS timestamptz[]),
            CAST(:result AS text[]), CAST(:reference AS text[]), CAST(:next_id AS uuid[]),
            CAST(:next_attempt AS uuid[]), CAST(:next_action AS uuid[]),
            CAST(:next_type AS text[]), CAST(:next_lease AS timestamptz[])
        ) AS v(id, started_at, completed_at, result_json, reference, next_id, next_attempt_id,
               next_action_id, next_type, next_lease)
        WHERE t.id = v.id
        RETURNING t.id, t.account_id, t.workflow_execution_id, t.contact_id, t.attempt_id,
                  t.attempt_number, v.started_at AS attempt_started_at, v.completed_at, v.reference,
                  v.next_id, v.next_attempt_id, v.next_action_id, v.next_type, v.next_lease
    ), logged AS (
        INSERT INTO treadle.workflow_action_attempts (
            id, account_id, action_execution_id, number, started_at, finished_at,
            provider_reference
        )
        SELECT attempt_id, account_id, id, attempt_number, attempt_started_at, completed_at,
               reference
        FROM done
    ), added AS (
        INSERT INTO treadle.workflow_action_executions (
            id, account_id, workflow_execution_id, action_id, contact_id, action_type, status,
            attempt_id, lease_until
        )
        SELECT next_id, account_id, workflow_execution_id, next_action_id, contact_id, next_type,
               'pending', next_attempt_id, next_lease
        FROM done WHERE next_id IS NOT NULL
    )
    UPDATE treadle.workflow_executions e
    SET state = CASE WHEN done.next_id IS NULL THEN 'completed' ELSE 'running' END,
        current_action_id = done.next_action_id, current_action_execution_id = done.next_id,
        current_attempt_id = done.next_attempt_id,
        ended_at = CASE WHEN done.next_id IS NULL THEN now() END
    FROM done WHERE e.id = done.workflow_execution_id
    """
)
_ADVANCE_COLUMNS = (
    "id", "started", "completed", "result", "reference", "next_id", "next_attempt", "next_action",
    "next_type", "next_lease",
)  # fmt: skip

_WRITE = text(
    """
    WITH changed AS (
        UPDATE treadle.workflow_action_executions t
        SET status = v.status, attempt_id = v.attempt_id, attempt_number = v.attempt_number,
            retry_count = v.retry_count, started_at = COALESCE(t.started_at, v.started_at),
            completed_at = v.completed_at, result_data = v.result_json::jsonb,
            error_class = v.error_class, error_message = v.error_message,
            scheduled_at = v.scheduled_at, lease_until = v.lease_until, outcome = v.outcome,
            reason = v.reason
        FROM unnest(
            CAST(:a_id AS uuid[]), CAST(:a_status AS text[]), CAST(:a_attempt AS uuid[]),
            CAST(:a_number AS int[]), CAST(:a_retries AS int[]),
            CAST(:a_started AS timestamptz[]), CAST(:a_completed AS timestamptz[]),
            CAST(:a_result AS text[]), CAST(:a_class AS text[]), CAST(:a_error AS text[]),
            CAST(:a_scheduled AS timestamptz[]), CAST(:a_lease AS timestamptz[]),
            CAST(:a_outcome AS text[]), CAST(:a_reason AS text[])
        ) AS v(id, status, attempt_id, attempt_number, retry_count, started_at, completed_at,
               result_json, error_class, error_message, scheduled_at, lease_until, outcome, reason)
        WHERE t.id = v.id
    ), logged AS (
        INSERT INTO treadle.workflow_action_attempts (
            id, account_id, action_execution_id, number, started_at, finished_at, error_class,
            error_message, provider_reference
        )
        SELECT * FROM unnest(
            CAST(:t_id AS uuid[]), CAST(:t_account AS uuid[]), CAST(:t_action AS uuid[]),
            CAST(:t_number AS int[]), CAST(:t_started AS timestamptz[]),
            CAST(:t_finished AS timestamptz[]), CAST(:t_class AS text[]),
            CAST(:t_error AS text[]), CAST(:t_reference AS text[])
        )
    ), added AS (
        INSERT INTO treadle.workflow_action_executions (
            id, account_id, workflow_execution_id, action_id, contact_id, action_type, status,
            attempt_id, lease_until, reason
        )
        SELECT * FROM unnest(
            CAST(:n_id AS uuid[]), CAST(:n_account AS uuid[]), CAST(:n_execution AS uuid[]),
            CAST(:n_action AS uuid[]), CAST(:n_contact AS uuid[]), CAST(:n_type AS text[]),
            CAST(:n_status AS text[]), CAST(:n_attempt AS uuid[]),
            CAST(:n_lease AS timestamptz[]), CAST(:n_reason AS text[])
        )
    )
    UPDATE treadle.workflow_executions e
    SET state = v.state, current_action_id = v.action_id,
        current_action_execution_id = v.action_execution_id, current_attempt_id = v.attempt_id,
        reason = v.reason, ended_at = CASE WHEN v.ended THEN now() END
    FROM unnest(
        CAST(:m_id AS uuid[]), CAST(:m_state AS text[]), CAST(:m_action AS uuid[]),
        CAST(:m_action_execution AS uuid[]), CAST(:m_attempt AS uuid[]),
        CAST(:m_reason AS text[]), CAST(:m_ended AS boolean[])
    ) AS v(id, state, action_id, action_execution_id, attempt_id, reason, ended)
    WHERE e.id = v.id
    """
)
_ACTION_COLUMNS = (
    "a_id", "a_status", "a_attempt", "a_number", "a_retries", "a_started", "a_completed",
    "a_result", "a_class", "a_error", "a_scheduled", "a_lease", "a_outcome", "a_reason",
)  # fmt: skip
_ATTEMPT_COLUMNS = (
    "t_id", "t_account", "t_action", "t_number", "t_started", "t_finished", "t_class", "t_error",
    "t_reference",
)  # fmt: skip
_NEW_COLUMNS = (
    "n_id", "n_account", "n_execution", "n_action", "n_contact", "n_type", "n_status",
    "n_attempt", "n_lease", "n_reason",
)  # fmt: skip
_MOVE_COLUMNS = (
    "m_id", "m_state", "m_action", "m_action_execution", "m_attempt", "m_reason", "m_ended",
)  # fmt: skip

_RENEW = text(
    """
    UPDATE treadle.workflow_action_executions a SET lease_until = v.lease_until
    FROM unnest(CAST(:ids AS uuid[]), CAST(:leases AS timestamptz[])) AS v(id, lease_until)
    WHERE a.id = v.id
    """
)

# A pause may commit while the engine holds work for it, and be over before the hold commits.
_RELEASE = text(
    """
    WITH held AS (
        SELECT e.id, e.current_action_execution_id
        FROM treadle.workflow_executions e JOIN treadle.workflows w ON w.id = e.workflow_id
        WHERE e.state = 'paused' AND w.status <> 'paused'
        LIMIT :limit
        FOR UPDATE OF e SKIP LOCKED
    ), rung AS (
        UPDATE treadle.workflow_action_executions a SET lease_until = now()
        FROM held WHERE a.id = held.current_action_execution_id
    )
    UPDATE treadle.workflow_executions e SET state = 'running' FROM held WHERE e.id = held.id
    """
)

_PLAN = text("SELECT plan::text FROM treadle.workflow_versions WHERE id = CAST(:id AS uuid)")


class PostgresEngineTransaction:
    """`EngineTransaction` on one connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock(self, execution_ids: Sequence[str]) -> Sequence[Standing]:
        """See EngineTransaction."""
        with _bad_items():
            rows = await self._connection.execute(_LOCK, {"ids": list(execution_ids)})
        return [_standing(*row) for row in rows]

    async def apply(self, effects: Sequence[AppliedEffect]) -> Mapping[str, str]:
        """See EngineTransaction."""
        with _bad_items():
            return await apply_effects(self._connection, effects)

    async def write(self, writes: Writes) -> None:
        """See EngineTransaction."""
        if writes.advances:
            columns = zip(*writes.advances, strict=True)
            with _bad_items():
                await self._connection.execute(
                    _ADVANCE, dict(zip(_ADVANCE_COLUMNS, columns, strict=True))
                )
        if not writes.moves:
            return
        parameters: dict[str, Sequence[object]] = {}
        for columns, rows in (
            (_ACTION_COLUMNS, writes.actions),
            (_ATTEMPT_COLUMNS, writes.attempts),
            (_NEW_COLUMNS, writes.new),
            (_MOVE_COLUMNS, writes.moves),
        ):
            turned = zip(*rows, strict=True) if rows else [()] * len(columns)
            parameters.update(zip(columns, turned, strict=True))
        with _bad_items():
            await self._connection.execute(_WRITE, parameters)

    async def claim_expired(self, limit: int) -> Sequence[Standing]:
        """See EngineTransaction."""
        rows = await self._connection.execute(_EXPIRED, {"limit": limit})
        return [_standing(*row) for row in rows]

    async def renew_leases(self, leases: Mapping[str, datetime]) -> None:
        """See EngineTransaction."""
        await self._connection.execute(
            _RENEW, {"ids": list(leases), "leases": list(leases.values())}
        )

    async def release_held(self, limit: int) -> int:
        """See EngineTransaction."""
        return (await self._connection.execute(_RELEASE, {"limit": limit})).rowcount

    async def contexts(self, dispatches: Sequence[Dispatch]) -> Mapping[str, RunContext]:
        """See EngineTransaction."""
        return await load_contexts(self._connection, dispatches)


class PostgresEngineStore:
    """`EngineStore` on Postgres; keeps the plans it has read, which never change."""

    def __init__(self, engine: AsyncEngine, *, max_plans: int = 1_000) -> None:
        self._engine = engine
        self._plans: OrderedDict[str, Plan] = OrderedDict()
        self._max_plans = max_plans

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[PostgresEngineTransaction]:
        """See EngineStore."""
        async with self._engine.begin() as connection:
            yield PostgresEngineTransaction(connection)

    async def plan(self, version_id: str) -> Plan:
        """See EngineStore."""
        plan = self._plans.get(version_id)
        if plan is None:
            async with self._engine.connect() as connection:
                stored = (await connection.execute(_PLAN, {"id": version_id})).scalar_one_or_none()
            if stored is None:
                raise KeyError(version_id)
            plan = Plan.from_json(orjson.loads(stored))
            self._plans[version_id] = plan
            if len(self._plans) > self._max_plans:
                self._plans.popitem(last=False)
        return plan


def _standing(
    execution_id: str,
    account_id: str,
    workflow_id: str,
    version_id: str,
    contact_id: str,
    state: str,
    workflow_status: str,
    action_id: str,
    action_execution_id: str,
    attempt_id: str,
    attempt_number: int,
    retry_count: int,
    status: str,
    has_event: bool,  # noqa: FBT001 - a row's column
    now: datetime,
) -> Standing:
    return Standing(
        execution_id,
        account_id,
        workflow_id,
        version_id,
        contact_id,
        ExecutionState(state),
        workflow_status,
        action_id,
        action_execution_id,
        attempt_id,
        attempt_number,
        retry_count,
        ActionStatus(status),
        has_event,
        now,
    )


@contextmanager
def _bad_items() -> Generator[None]:
    """Tells a value that the database refuses from a database that is in trouble."""
    try:
        yield
    except DBAPIError as error:
        cause = getattr(error.orig, "__cause__", None)
        state: str | None = getattr(cause, "sqlstate", None)
        # Class 22 is bad data, class 23 a broken constraint; the driver itself refuses what it
        # cannot encode.
        if isinstance(cause, ValueError) or (state is not None and state[:2] in {"22", "23"}):
            raise BadItemError(_say(cause)) from error
        raise


def _say(cause: object) -> str:
    """What the user may know of the database's refusal."""
    constraint = getattr(cause, "constraint_name", None)
    if constraint == "idx_contacts_email":
        return "another contact has this email address"
    return "a value of this step cannot be stored"
