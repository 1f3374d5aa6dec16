"""Executions in Postgres: the engine's statements, each for a whole batch.

Rows travel as arrays through `unnest`, so that a batch of five hundred costs as many round trips as
one of one, and each connection has Postgres plan a statement once.
"""

from collections.abc import (
    AsyncGenerator,
    Callable,
    Collection,
    Coroutine,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg

from action_service.adapters.context_store import load_contexts
from action_service.adapters.driver import Driver
from action_service.adapters.effects import apply_effects
from action_service.adapters.engine_transactions import bad_items, transaction
from action_service.adapters.event_outbox import outbox_rows, store_outbox
from action_service.adapters.event_waits import expect_answers, find_arrivals, find_changes
from action_service.adapters.messages import accept, calls_over
from action_service.adapters.new_executions import columns, insert_executions
from action_service.adapters.plan_cache import PlanCache
from action_service.adapters.spent_timers import note_spent
from action_service.adapters.standings import STANDING, standing
from action_service.adapters.turns import claim_turns, waiting_types
from action_service.adapters.unknown_sends import note
from action_service.domain.event_waits import Arrival
from action_service.domain.plan import Plan
from action_service.engine.dated_waits import DatedWait, HeardChange
from action_service.engine.effects import Applied, AppliedEffect, ContactEvent
from action_service.engine.event_waits import EventWait
from action_service.engine.model import (
    ActionWrite,
    AttemptWrite,
    Dispatch,
    Move,
    NewAction,
    RunContext,
    Standing,
    Writes,
)
from action_service.engine.ports import OutboxRow, Written
from action_service.engine.starting import Beginnings

_LOCK = f"""
    SELECT {STANDING}
    FROM treadle.workflow_executions e
    JOIN treadle.workflows w ON w.id = e.workflow_id
    JOIN treadle.workflow_action_executions a ON a.id = e.current_action_execution_id
    LEFT JOIN treadle.send_claims s ON s.attempt_id = e.current_attempt_id
    WHERE e.id = ANY($1::uuid[]) AND e.current_attempt_id IS NOT NULL
    ORDER BY e.id
    FOR NO KEY UPDATE OF e SKIP LOCKED
    """  # noqa: S608 - made of constants

# What the lock did not get: only those that stand at their attempt are somebody else's just now.
_BUSY = """
    SELECT e.current_attempt_id::text
    FROM treadle.workflow_executions e
    JOIN unnest($1::uuid[], $2::uuid[]) AS v(id, attempt_id)
      ON v.id = e.id AND v.attempt_id = e.current_attempt_id
"""

_EXPIRED = f"""
    SELECT {STANDING}
    FROM treadle.workflow_action_executions a
    JOIN treadle.workflow_executions e
      ON e.id = a.workflow_execution_id AND e.current_action_execution_id = a.id
    JOIN treadle.workflows w ON w.id = e.workflow_id
    LEFT JOIN treadle.send_claims s ON s.attempt_id = e.current_attempt_id
    WHERE a.lease_until < now() AND (
        e.state IN ('running', 'waiting')
        OR e.state = 'paused' AND a.status IN ('running', 'waiting')
    )
    ORDER BY a.lease_until
    LIMIT $1
    FOR NO KEY UPDATE OF e SKIP LOCKED
    """  # noqa: S608 - made of constants

# The ledger's clock says when a step began that was claimed, and its executor's when it ended: one
# that is behind must not have steps end before they begin.
_ADVANCE = """
    WITH done AS (
        UPDATE treadle.workflow_action_executions t
        SET status = 'completed', started_at = COALESCE(t.started_at, v.started_at),
            completed_at = GREATEST(v.completed_at, t.started_at),
            result_data = v.result_json::jsonb, lease_until = NULL,
            error_class = NULL, error_message = NULL, outcome = NULL, reason = NULL,
            hold = NULL
        FROM unnest(
            $1::uuid[], $2::timestamptz[], $3::timestamptz[],
            $4::text[], $5::text[], $6::uuid[],
            $7::uuid[], $8::uuid[],
            $9::text[], $10::timestamptz[]
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

# Another attempt runs with the configuration of the execution's version, whatever the one before
# ran with.
_WRITE = """
    WITH changed AS (
        UPDATE treadle.workflow_action_executions t
        SET status = v.status, attempt_id = v.attempt_id, attempt_number = v.attempt_number,
            retry_count = v.retry_count, started_at = COALESCE(t.started_at, v.started_at),
            completed_at = CASE WHEN v.completed_at IS NOT NULL
                                THEN GREATEST(v.completed_at, t.started_at) END,
            result_data = v.result_json::jsonb,
            error_class = v.error_class, error_message = v.error_message,
            scheduled_at = v.scheduled_at, lease_until = v.lease_until, outcome = v.outcome,
            reason = v.reason, hold = v.hold_json::jsonb, rings = 0,
            execution_data = CASE WHEN v.attempt_id = t.attempt_id THEN t.execution_data
                                  ELSE t.execution_data - 'version_id' END
        FROM unnest(
            $1::uuid[], $2::text[], $3::uuid[],
            $4::int[], $5::int[],
            $6::timestamptz[], $7::timestamptz[],
            $8::text[], $9::text[], $10::text[],
            $11::timestamptz[], $12::timestamptz[],
            $13::text[], $14::text[], $15::text[]
        ) AS v(id, status, attempt_id, attempt_number, retry_count, started_at, completed_at,
               result_json, error_class, error_message, scheduled_at, lease_until, outcome, reason,
               hold_json)
        WHERE t.id = v.id
    ), logged AS (
        INSERT INTO treadle.workflow_action_attempts (
            id, account_id, action_execution_id, number, started_at, finished_at, error_class,
            error_message, provider_reference
        )
        SELECT * FROM unnest(
            $16::uuid[], $17::uuid[], $18::uuid[],
            $19::int[], $20::timestamptz[],
            $21::timestamptz[], $22::text[],
            $23::text[], $24::text[]
        )
    ), added AS (
        INSERT INTO treadle.workflow_action_executions (
            id, account_id, workflow_execution_id, action_id, contact_id, action_type, status,
            attempt_id, lease_until, reason
        )
        SELECT * FROM unnest(
            $25::uuid[], $26::uuid[], $27::uuid[],
            $28::uuid[], $29::uuid[], $30::text[],
            $31::text[], $32::uuid[],
            $33::timestamptz[], $34::text[]
        )
    )
    UPDATE treadle.workflow_executions e
    SET state = v.state, current_action_id = v.action_id,
        current_action_execution_id = v.action_execution_id, current_attempt_id = v.attempt_id,
        reason = v.reason, ended_at = CASE WHEN v.ended THEN now() END,
        paused_at = CASE WHEN v.state = 'paused' THEN e.paused_at END,
        paused_by = CASE WHEN v.state = 'paused' THEN e.paused_by END,
        pause_reason = CASE WHEN v.state = 'paused' THEN e.pause_reason END
    FROM unnest(
        $35::uuid[], $36::text[], $37::uuid[],
        $38::uuid[], $39::uuid[],
        $40::text[], $41::boolean[]
    ) AS v(id, state, action_id, action_execution_id, attempt_id, reason, ended)
    WHERE e.id = v.id
    """

_BEGIN = """
    UPDATE treadle.send_claims s SET provider_reference = v.reference
    FROM unnest($1::uuid[], $2::text[]) AS v(attempt_id, reference)
    WHERE s.attempt_id = v.attempt_id
    """

_RENEW = """
    UPDATE treadle.workflow_action_executions a
    SET lease_until = now() + v.lease * 2 ^ LEAST(a.rings, 10), rings = a.rings + 1
    FROM unnest($1::uuid[], $2::interval[]) AS v(id, lease)
    WHERE a.id = v.id
"""

# What was put off is due when its lease has run out.
_HOLD = """
    WITH held AS (
        UPDATE treadle.workflow_executions e SET state = 'paused'
        WHERE e.id = ANY($1::uuid[])
        RETURNING e.current_action_execution_id
    )
    UPDATE treadle.workflow_action_executions a
    SET status = 'pending', scheduled_at = NULL, lease_until = NULL, hold = NULL,
        reason = CASE WHEN a.status <> 'scheduled' THEN a.reason END
    FROM held WHERE a.id = held.current_action_execution_id
"""

# A pause may commit while the engine holds work for it, and be over before the hold commits; and a
# workflow that resumes may have held a hundred thousand, which wait for their turn then. The
# recursion visits each workflow that has held executions once, however many there are. Runs that
# somebody has paused stay so.
_RELEASE = """
    WITH RECURSIVE holding AS (
        (SELECT workflow_id FROM treadle.workflow_executions
         WHERE state = 'paused' AND paused_at IS NULL
         ORDER BY workflow_id LIMIT 1)
        UNION ALL
        SELECT (SELECT e.workflow_id FROM treadle.workflow_executions e
                WHERE e.state = 'paused' AND e.paused_at IS NULL
                  AND e.workflow_id > h.workflow_id
                ORDER BY e.workflow_id LIMIT 1)
        FROM holding h WHERE h.workflow_id IS NOT NULL
    ), held AS (
        SELECT e.id, e.current_action_execution_id
        FROM holding h
        JOIN treadle.workflows w ON w.id = h.workflow_id AND w.status <> 'paused'
        CROSS JOIN LATERAL (
            SELECT x.id, x.current_action_execution_id FROM treadle.workflow_executions x
            WHERE x.workflow_id = w.id AND x.state = 'paused' AND x.paused_at IS NULL
            LIMIT $1
            FOR UPDATE SKIP LOCKED
        ) e
        LIMIT $1
    ), waiting AS (
        UPDATE treadle.workflow_action_executions a SET lease_until = 'infinity', rings = 0
        FROM held WHERE a.id = held.current_action_execution_id
    )
    UPDATE treadle.workflow_executions e SET state = 'running' FROM held WHERE e.id = held.id
"""


# The transaction may have begun before what another engine held the row for.
_CANCEL = """
    WITH ended AS (
        UPDATE treadle.workflow_executions e
        SET state = 'cancelled', reason = v.reason, ended_at = clock_timestamp(),
            current_action_id = NULL, current_action_execution_id = NULL,
            current_attempt_id = NULL, paused_at = NULL, paused_by = NULL, pause_reason = NULL
        FROM unnest($1::uuid[], $2::text[]) AS v(id, reason)
        WHERE e.id = v.id AND e.state IN ('running', 'waiting', 'paused')
        RETURNING e.id, v.reason, e.ended_at
    )
    UPDATE treadle.workflow_action_executions a
    SET status = 'cancelled', completed_at = ended.ended_at, lease_until = NULL,
        reason = ended.reason
    FROM ended
    WHERE a.workflow_execution_id = ended.id
      AND a.status IN ('pending', 'scheduled', 'running', 'waiting')
"""

_FAIL = """
    WITH ended AS (
        UPDATE treadle.workflow_executions e
        SET state = 'failed', reason = $3, ended_at = now(), current_action_id = NULL,
            current_action_execution_id = NULL, current_attempt_id = NULL, paused_at = NULL,
            paused_by = NULL, pause_reason = NULL
        WHERE e.id = $1 AND e.current_attempt_id = $2
          AND e.state IN ('running', 'waiting', 'paused')
        RETURNING e.id
    ), failed AS (
        UPDATE treadle.workflow_action_executions a
        SET status = 'failed', completed_at = now(), lease_until = NULL, outcome = NULL,
            error_class = 'internal', error_message = $3
        FROM ended
        WHERE a.workflow_execution_id = ended.id AND a.attempt_id = $2
        RETURNING a.id, a.account_id, a.attempt_id, a.attempt_number, a.started_at
    )
    INSERT INTO treadle.workflow_action_attempts (
        id, account_id, action_execution_id, number, started_at, finished_at, error_class,
        error_message
    )
    SELECT attempt_id, account_id, id, attempt_number, COALESCE(started_at, now()), now(),
           'internal', $3
    FROM failed
"""


class PostgresEngineTransaction:
    """`EngineTransaction` on one connection."""

    def __init__(
        self, connection: Driver, plan: Callable[[str], Coroutine[None, None, Plan]]
    ) -> None:
        self._connection = connection
        self._plan = plan

    async def lock(self, execution_ids: Sequence[str]) -> Sequence[Standing]:
        """See EngineTransaction."""
        with bad_items():
            rows = await self._connection.fetch(_LOCK, execution_ids)
        return [standing(*row) for row in rows]

    async def busy(self, attempts: Mapping[str, str]) -> Collection[str]:
        """See EngineTransaction."""
        with bad_items():
            rows = await self._connection.fetch(_BUSY, list(attempts.values()), list(attempts))
        return {row[0] for row in rows}

    async def note_spent(self, attempts: Mapping[str, str]) -> None:
        """See EngineTransaction."""
        with bad_items():
            await note_spent(self._connection, attempts.keys(), attempts.values())

    async def apply(self, effects: Sequence[AppliedEffect]) -> Applied:
        """See EngineTransaction."""
        applied = Applied(self._plan)
        with bad_items():
            await apply_effects(self._connection, effects, applied)
        return applied

    async def begin(self, beginnings: Beginnings) -> None:
        """See EngineTransaction."""
        with bad_items():
            await insert_executions(self._connection, beginnings.executions, beginnings.actions)

    async def cancel(self, reasons: Mapping[str, str]) -> None:
        """See EngineTransaction."""
        await self._connection.execute(_CANCEL, list(reasons), list(reasons.values()))

    async def fail(self, execution_id: str, attempt_id: str, message: str) -> None:
        """See EngineTransaction."""
        await self._connection.execute(_FAIL, execution_id, attempt_id, message)

    async def emit(self, events: Sequence[ContactEvent]) -> Sequence[OutboxRow]:
        """See EngineTransaction."""
        rows = outbox_rows(events)
        await store_outbox(self._connection, rows)
        return rows

    async def write(self, writes: Writes) -> Written:
        """See EngineTransaction."""
        with bad_items():
            if writes.advances:
                await self._connection.execute(_ADVANCE, *zip(*writes.advances, strict=True))
            if writes.moves:
                await self._connection.execute(
                    _WRITE,
                    *columns(writes.actions, ActionWrite),
                    *columns(writes.attempts, AttemptWrite),
                    *columns(writes.new, NewAction),
                    *columns(writes.moves, Move),
                )
            if writes.unknown:
                await note(self._connection, writes.unknown)
            events = await accept(self._connection, writes.sends) if writes.sends else ()
            if not writes.begun:
                return Written(events)
            await self._connection.execute(_BEGIN, *zip(*writes.begun, strict=True))
            begun = [each.provider_reference for each in writes.begun]
            return Written(events, await calls_over(self._connection, begun))

    async def arrivals(self, waits: Sequence[EventWait]) -> Mapping[str, Arrival]:
        """See Arrivals."""
        return await find_arrivals(self._connection, waits)

    async def changes(self, waits: Sequence[DatedWait]) -> Sequence[HeardChange]:
        """See DatedWaits."""
        return await find_changes(self._connection, waits)

    async def expect_answers(self, attempts: Mapping[str, str]) -> None:
        """See DatedWaits."""
        await expect_answers(self._connection, attempts)

    async def claim_expired(self, limit: int) -> Sequence[Standing]:
        """See EngineTransaction."""
        return [standing(*row) for row in await self._connection.fetch(_EXPIRED, limit)]

    async def waiting_types(self) -> Sequence[str]:
        """See EngineTransaction."""
        return await waiting_types(self._connection)

    async def claim_turns(self, action_types: Sequence[str], limit: int) -> Sequence[Standing]:
        """See EngineTransaction."""
        return await claim_turns(self._connection, action_types, limit)

    async def renew_leases(self, leases: Mapping[str, timedelta]) -> None:
        """See EngineTransaction."""
        await self._connection.execute(_RENEW, list(leases), list(leases.values()))

    async def hold(self, execution_ids: Sequence[str]) -> None:
        """See EngineTransaction."""
        await self._connection.execute(_HOLD, execution_ids)

    async def release_held(self, limit: int) -> int:
        """See EngineTransaction."""
        # The driver answers with the command tag, such as `UPDATE 3`.
        return int((await self._connection.execute(_RELEASE, limit)).split()[-1])

    async def contexts(self, dispatches: Sequence[Dispatch]) -> Mapping[str, RunContext]:
        """See EngineTransaction."""
        return await load_contexts(self._connection, dispatches)


class PostgresEngineStore:
    """`EngineStore` on Postgres, through the driver itself: docs/adr/0006 has the figures."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", plans: PlanCache) -> None:
        self._pool = pool
        self._plans = plans

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[PostgresEngineTransaction]:
        """See EngineStore."""
        async with transaction(self._pool) as connection:
            yield PostgresEngineTransaction(connection, self.plan)

    async def plan(self, version_id: str) -> Plan:
        """See EngineStore."""
        plan = self._plans.get(version_id)
        if plan is None:
            async with self._pool.acquire() as connection:
                plan = await self._plans.load(version_id, connection)
        return plan
