"""Waits for events in Postgres: the log of what is waited for, and who waits."""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import asyncpg
import orjson

from action_service.adapters.context_store import load_contexts
from action_service.adapters.driver import Driver
from action_service.adapters.engine_transactions import single_statement, transaction
from action_service.adapters.plan_cache import PlanCache
from action_service.domain.contact_events import CONTACT_UPDATED
from action_service.domain.event_waits import DATED, Arrival
from action_service.domain.plan import Plan
from action_service.domain.progress import LEASE
from action_service.domain.triggers import COMMIT_TIME
from action_service.engine.dated_waits import DatedWait, HeardChange
from action_service.engine.event_waits import EventWait, Parked
from action_service.engine.model import Dispatch, RunContext
from action_service.engine.triggers import Event

_HEARD = """
    SELECT DISTINCT v.account_id::text, t.name
    FROM treadle.workflow_versions v
    CROSS JOIN LATERAL unnest(v.heard_types) AS t(name)
    WHERE v.account_id = ANY($1::uuid[]) AND v.heard_types <> '{}' AND t.name = ANY($2::text[])
    """
# An event of a contact that is gone is for nobody. Sorted, as two engines may log the same ones.
_LOG = """
    INSERT INTO treadle.heard_events (id, account_id, contact_id, event_type, occurred_at, data)
    SELECT v.id, v.account_id, v.contact_id, v.event_type, v.occurred_at, v.data::jsonb
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::text[])
        AS v(id, account_id, contact_id, event_type, occurred_at, data)
    JOIN treadle.contacts c ON c.account_id = v.account_id AND c.id = v.contact_id
    ORDER BY v.id
    ON CONFLICT (id) DO NOTHING
    """
_PARKED = """
    SELECT e.current_attempt_id::text, e.id::text, x.id::text, x.account_id::text,
           x.contact_id::text, e.version_id::text, x.action_id::text, x.created_at
    FROM unnest($1::uuid[], $2::uuid[]) AS v(account_id, contact_id)
"""
_LISTENING = f"""
    {_PARKED}
    JOIN treadle.workflow_action_executions x
      ON x.account_id = v.account_id AND x.contact_id = v.contact_id
     AND x.action_type = 'wait_for_event'
     AND x.status IN ('pending', 'scheduled', 'running', 'waiting')
    JOIN treadle.workflow_executions e
      ON e.id = x.workflow_execution_id AND e.current_action_execution_id = x.id
    """
_DATED = f"""
    {_PARKED}
    JOIN treadle.workflow_executions e
      ON e.account_id = v.account_id AND e.contact_id = v.contact_id
     AND e.state IN ('running', 'waiting', 'paused')
    JOIN treadle.workflow_action_executions x
      ON x.id = e.current_action_execution_id
     AND x.action_type = ANY($3::text[]) AND x.resume_at IS NULL AND x.lease_until < 'infinity'
    """
# Whoever holds an execution's row may write its steps; who has it just now moves it anyway.
_EXPECT = """
    WITH held AS (
        SELECT e.current_attempt_id FROM treadle.workflow_executions e
        JOIN unnest($1::uuid[], $2::uuid[]) AS v(attempt_id, id)
          ON v.id = e.id AND v.attempt_id = e.current_attempt_id
        ORDER BY e.id
        FOR NO KEY UPDATE OF e SKIP LOCKED
    )
    UPDATE treadle.workflow_action_executions x SET lease_until = now() + $3::interval, rings = 0
    FROM held
    WHERE x.workflow_execution_id = ANY($2::uuid[]) AND x.attempt_id = held.current_attempt_id
      AND x.status = 'waiting'
    """
# What an action has sent says so in the events about it.
_ARRIVALS = """
    SELECT DISTINCT ON (v.id) v.id::text, h.id::text, h.event_type, h.occurred_at, h.data::text
    FROM unnest(
        $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::timestamptz[], $7::uuid[],
        $8::boolean[]
    ) AS v(id, execution_id, account_id, contact_id, event_type, since, related_action_id,
           ignores_automatic)
    JOIN treadle.heard_events h
      ON h.contact_id = v.contact_id AND h.event_type = v.event_type
     AND h.account_id = v.account_id
    WHERE NOT (v.ignores_automatic AND COALESCE(h.data->'automatic' = 'true'::jsonb, false))
      AND CASE
        WHEN v.related_action_id IS NULL THEN h.occurred_at >= v.since
        ELSE EXISTS (
            SELECT FROM treadle.workflow_action_executions sent
            WHERE sent.workflow_execution_id = v.execution_id
              AND sent.action_id = v.related_action_id
              AND sent.id::text = h.data->>'action_execution_id'
        )
    END
    ORDER BY v.id, h.occurred_at, h.id
    """


# What was logged before a wait began was committed before its contact was read.
_CHANGES = """
    SELECT v.id::text, h.id::text, ARRAY(SELECT jsonb_object_keys(h.data->'changes'))
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[])
        AS v(id, account_id, contact_id, since)
    JOIN treadle.heard_events h
      ON h.contact_id = v.contact_id AND h.account_id = v.account_id
     AND h.event_type = $5 AND h.occurred_at >= v.since - $6::interval AND h.heard_at >= v.since
    WHERE jsonb_typeof(h.data->'changes') = 'object'
    ORDER BY h.id
    """


async def find_changes(connection: Driver, waits: Sequence[DatedWait]) -> Sequence[HeardChange]:
    """See `DatedWaits.changes`."""
    columns = zip(*waits, strict=True)
    rows = await connection.fetch(_CHANGES, *columns, CONTACT_UPDATED, COMMIT_TIME)
    return [HeardChange(*row) for row in rows]


async def expect_answers(connection: Driver, attempts: Mapping[str, str]) -> None:
    """See `DatedWaits.expect_answers`."""
    await connection.execute(_EXPECT, list(attempts), list(attempts.values()), LEASE)


async def find_arrivals(connection: Driver, waits: Sequence[EventWait]) -> Mapping[str, Arrival]:
    """See `Arrivals`."""
    if not waits:
        return {}
    rows = await connection.fetch(_ARRIVALS, *zip(*waits, strict=True))
    return {
        wait_id: Arrival(event_id, event_type, occurred_at, orjson.loads(data))
        for wait_id, event_id, event_type, occurred_at, data in rows
    }


class _Rearming:
    """`Rearming` on one connection."""

    def __init__(self, connection: Driver) -> None:
        self._connection = connection

    async def now(self) -> datetime:
        return await self._connection.fetchval("SELECT now()")

    async def expect_answers(self, attempts: Mapping[str, str]) -> None:
        await expect_answers(self._connection, attempts)

    async def contexts(self, dispatches: Sequence[Dispatch]) -> Mapping[str, RunContext]:
        return await load_contexts(self._connection, dispatches)


class PostgresEventWaits:
    """`EventWaitStore` on the engine's pool."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", plans: PlanCache) -> None:
        self._pool = pool
        self._plans = plans

    async def heard(
        self, account_ids: Collection[str], event_types: Collection[str]
    ) -> Collection[tuple[str, str]]:
        """See EventWaitStore."""
        async with single_statement(self._pool) as connection:
            rows = await connection.fetch(_HEARD, list(account_ids), list(event_types))
        return {(row[0], row[1]) for row in rows}

    async def log(self, events: Sequence[Event]) -> None:
        """See EventWaitStore."""
        rows = [
            (
                event.id,
                event.account_id,
                event.contact_id,
                event.type,
                event.occurred_at,
                orjson.dumps(event.data).decode(),
            )
            for event in events
        ]
        async with single_statement(self._pool) as connection:
            await connection.execute(_LOG, *zip(*rows, strict=True))

    async def listening(self, contacts: Collection[tuple[str, str]]) -> Sequence[Parked]:
        """See EventWaitStore."""
        async with single_statement(self._pool) as connection:
            rows = await connection.fetch(_LISTENING, *zip(*contacts, strict=True))
        return [Parked(*row) for row in rows]

    async def dated(self, contacts: Collection[tuple[str, str]]) -> Sequence[Parked]:
        """See EventWaitStore."""
        async with single_statement(self._pool) as connection:
            rows = await connection.fetch(_DATED, *zip(*contacts, strict=True), list(DATED))
        return [Parked(*row) for row in rows]

    async def arrivals(self, waits: Sequence[EventWait]) -> Mapping[str, Arrival]:
        """See Arrivals."""
        async with single_statement(self._pool) as connection:
            return await find_arrivals(connection, waits)

    @asynccontextmanager
    async def rearming(self) -> AsyncGenerator[_Rearming]:
        """See EventWaitStore."""
        async with transaction(self._pool) as connection:
            yield _Rearming(connection)

    async def plan(self, version_id: str) -> Plan:
        """See EventWaitStore."""
        plan = self._plans.get(version_id)
        if plan is None:
            async with single_statement(self._pool) as connection:
                plan = await self._plans.load(version_id, connection)
        return plan
