"""Triggers in Postgres: who listens, and what has come of events; each statement for a batch."""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import asyncpg
import orjson

from action_service.adapters.context_store import load_contexts
from action_service.adapters.driver import Driver
from action_service.adapters.engine_transactions import bad_items, single_statement, transaction
from action_service.adapters.event_outbox import forget_outbox, stored_outbox
from action_service.adapters.new_executions import insert_executions
from action_service.adapters.plan_cache import PlanCache
from action_service.domain.plan import Plan
from action_service.domain.triggers import ReEntry, triggers_from
from action_service.engine.model import Dispatch, RunContext
from action_service.engine.starting import Beginnings
from action_service.engine.triggers import Candidate, Listener, Place, Runs, Startable
from common.ids import derived_id

_ACTOR = "service:engine"

# An active workflow is not edited, so its last change is that it became active.
_LISTENER = "w.id::text, w.account_id::text, w.triggers::text, w.updated_at"

_LISTENERS = f"""
    SELECT {_LISTENER}
    FROM treadle.workflows w
    WHERE w.account_id = ANY($1::uuid[]) AND w.status = 'active' AND w.triggers <> '[]'
      AND EXISTS (
          SELECT FROM jsonb_array_elements(w.triggers) t WHERE t->>'event_type' = ANY($2::text[])
      )
    """  # noqa: S608 - made of constants, as below

# FOR SHARE: a pause or archive that commits first is seen, one that comes later waits.
_LOCK = f"""
    SELECT {_LISTENER}, w.re_entry, v.id::text, now()
    FROM treadle.workflows w
    JOIN treadle.workflow_versions v ON v.workflow_id = w.id AND v.version = w.version
    WHERE w.id = ANY($1::uuid[]) AND w.status = 'active'
    ORDER BY w.id
    FOR SHARE OF w
    """  # noqa: S608

# Sorted, so that two engines wait for each other in one order only. The update changes nothing, it
# locks a row that is there.
_ENTER = """
    INSERT INTO treadle.workflow_entries (workflow_id, contact_id, account_id)
    SELECT v.workflow_id, v.contact_id, v.account_id
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS v(workflow_id, contact_id, account_id)
    JOIN treadle.contacts c ON c.account_id = v.account_id AND c.id = v.contact_id
    ORDER BY v.workflow_id, v.contact_id
    ON CONFLICT (workflow_id, contact_id) DO UPDATE SET account_id = EXCLUDED.account_id
    RETURNING workflow_id::text, contact_id::text, account_id::text
    """

# A statement of its own, which sees what others have committed while the locks were waited for.
_RUNS = """
    SELECT v.workflow_id::text, v.contact_id::text, v.account_id::text,
           bool_or(e.state IN ('running', 'waiting', 'paused'))
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS v(workflow_id, contact_id, account_id)
    JOIN treadle.workflow_executions e
      ON e.contact_id = v.contact_id AND e.workflow_id = v.workflow_id
    GROUP BY v.workflow_id, v.contact_id, v.account_id
    """

_STARTED = """
    SELECT trigger_event_id::text, workflow_id::text FROM treadle.workflow_executions
    WHERE trigger_event_id = ANY($1::uuid[])
    """

_WORKFLOWS_OF = """
    SELECT id::text, workflow_id::text FROM treadle.workflow_executions WHERE id = ANY($1::uuid[])
    """

_REFUSE = """
    INSERT INTO treadle.audit_log (
        id, account_id, actor, operation, entity_type, entity_id, workflow_id, after
    )
    SELECT v.id, v.account_id, $5::text, 'workflow.trigger_refused', 'workflow', v.workflow_id,
           v.workflow_id, v.after::jsonb
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[])
         AS v(id, account_id, workflow_id, after)
    ON CONFLICT (id) DO NOTHING
    """


class PostgresTriggerTransaction:
    """`TriggerTransaction` on one connection."""

    def __init__(self, connection: Driver, plans: PlanCache) -> None:
        self._connection = connection
        self._plans = plans

    async def lock(self, workflow_ids: Collection[str]) -> Sequence[Startable]:
        """See TriggerTransaction."""
        return [
            Startable(_listener(*listener), ReEntry(re_entry), version_id, now)
            for *listener, re_entry, version_id, now in await self._connection.fetch(
                _LOCK, list(workflow_ids)
            )
        ]

    async def enter(self, places: Collection[Place]) -> Mapping[Place, Runs]:
        """See TriggerTransaction."""
        columns = list(zip(*sorted(places), strict=True))
        with bad_items():
            entered = await self._connection.fetch(_ENTER, *columns)
        runs = {Place._make(row): Runs(open=False, any=False) for row in entered}
        for *place, is_open in await self._connection.fetch(_RUNS, *columns):
            runs[Place._make(place)] = Runs(open=is_open, any=True)
        return runs

    async def started(self, event_ids: Collection[str]) -> Collection[tuple[str, str]]:
        """See TriggerTransaction."""
        rows = await self._connection.fetch(_STARTED, list(event_ids))
        return {(row[0], row[1]) for row in rows}

    async def workflows_of(self, execution_ids: Collection[str]) -> Mapping[str, str]:
        """See TriggerTransaction."""
        rows = await self._connection.fetch(_WORKFLOWS_OF, list(execution_ids))
        return {row[0]: row[1] for row in rows}

    async def plan(self, version_id: str) -> Plan:
        """See TriggerTransaction."""
        return self._plans.get(version_id) or await self._plans.load(version_id, self._connection)

    async def begin(self, beginnings: Beginnings) -> None:
        """See TriggerTransaction."""
        with bad_items():
            await insert_executions(self._connection, beginnings.executions, beginnings.actions)

    async def refuse(self, refused: Sequence[Candidate], reason: str) -> None:
        """See TriggerTransaction."""
        rows = [
            (
                derived_id(event.occurred_at, event.id, workflow_id),
                event.account_id,
                workflow_id,
                orjson.dumps(
                    {
                        "reason": reason,
                        "event_id": event.id,
                        "event_type": event.type,
                        "contact_id": event.contact_id,
                        "origin_execution_ids": event.origin,
                    }
                ).decode(),
            )
            for event, workflow_id in refused
        ]
        await self._connection.execute(_REFUSE, *zip(*rows, strict=True), _ACTOR)

    async def contexts(self, dispatches: Sequence[Dispatch]) -> Mapping[str, RunContext]:
        """See ContextReads."""
        return await load_contexts(self._connection, dispatches)


class PostgresTriggerStore:
    """`TriggerStore` on the engine's pool."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", plans: PlanCache) -> None:
        self._pool = pool
        self._plans = plans

    async def listeners(
        self, account_ids: Collection[str], event_types: Collection[str]
    ) -> Sequence[Listener]:
        """See TriggerStore."""
        async with single_statement(self._pool) as connection:
            rows = await connection.fetch(_LISTENERS, list(account_ids), list(event_types))
        return [_listener(*row) for row in rows]

    async def handled(self, batch_ids: Sequence[str]) -> Collection[str]:
        """See TriggerStore."""
        async with single_statement(self._pool) as connection:
            return set(batch_ids) - await stored_outbox(connection, batch_ids)

    async def forget(self, batch_ids: Sequence[str]) -> None:
        """See TriggerStore."""
        async with single_statement(self._pool) as connection:
            await forget_outbox(connection, batch_ids)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[PostgresTriggerTransaction]:
        """See TriggerStore."""
        async with transaction(self._pool) as connection:
            yield PostgresTriggerTransaction(connection, self._plans)


def _listener(workflow_id: str, account_id: str, triggers: str, active_since: datetime) -> Listener:
    return Listener(workflow_id, account_id, triggers_from(orjson.loads(triggers)), active_since)
