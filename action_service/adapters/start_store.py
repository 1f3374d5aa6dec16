"""Stores new executions in Postgres, a batch in one statement."""

from collections.abc import Mapping, Sequence

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from action_service.adapters.context_store import load_contexts
from action_service.adapters.driver import driver_of
from action_service.adapters.plan_cache import PlanCache
from action_service.domain.plan import Json, Plan
from action_service.domain.states import ExecutionState
from action_service.engine.model import Dispatch, NewAction, RunContext
from action_service.use_cases.start_executions import NewExecution, Startable

# FOR SHARE: a pause or archive that commits first is seen, one that comes later waits.
_STARTABLE = text(
    """
    SELECT w.status, v.id::text, now()
    FROM treadle.workflows w
    LEFT JOIN treadle.workflow_versions v ON v.workflow_id = w.id AND v.version = w.version
    WHERE w.account_id = CAST(:account_id AS uuid) AND w.id = CAST(:workflow_id AS uuid)
    FOR SHARE OF w
    """
)
_KNOWN = text(
    """
    SELECT id::text FROM treadle.contacts
    WHERE account_id = CAST(:account_id AS uuid) AND id = ANY(CAST(:ids AS uuid[]))
    """
)
_INSERT = text(
    """
    WITH started AS (
        INSERT INTO treadle.workflow_executions (
            id, account_id, workflow_id, version_id, contact_id, event, state, current_action_id,
            current_action_execution_id, current_attempt_id, ended_at
        )
        SELECT v.id, CAST(:account_id AS uuid), CAST(:workflow_id AS uuid),
               CAST(:version_id AS uuid), v.contact_id, CAST(:event AS jsonb), v.state,
               v.action_id, v.action_execution_id, v.attempt_id,
               CASE WHEN v.state = 'completed' THEN now() END
        FROM unnest(
            CAST(:e_id AS uuid[]), CAST(:e_contact AS uuid[]), CAST(:e_state AS text[]),
            CAST(:e_action AS uuid[]), CAST(:e_action_execution AS uuid[]),
            CAST(:e_attempt AS uuid[])
        ) AS v(id, contact_id, state, action_id, action_execution_id, attempt_id)
    )
    INSERT INTO treadle.workflow_action_executions (
        id, account_id, workflow_execution_id, action_id, contact_id, action_type, status,
        attempt_id, lease_until, reason
    )
    SELECT * FROM unnest(
        CAST(:n_id AS uuid[]), CAST(:n_account AS uuid[]), CAST(:n_execution AS uuid[]),
        CAST(:n_action AS uuid[]), CAST(:n_contact AS uuid[]), CAST(:n_type AS text[]),
        CAST(:n_status AS text[]), CAST(:n_attempt AS uuid[]), CAST(:n_lease AS timestamptz[]),
        CAST(:n_reason AS text[])
    )
    """
)
_EXECUTION_COLUMNS = (
    "e_id", "e_contact", "e_state", "e_action", "e_action_execution", "e_attempt",
)  # fmt: skip
_ACTION_COLUMNS = (
    "n_id", "n_account", "n_execution", "n_action", "n_contact", "n_type", "n_status",
    "n_attempt", "n_lease", "n_reason",
)  # fmt: skip


class PostgresStartStore:
    """`StartStore` on the caller's connection."""

    def __init__(self, connection: AsyncConnection, plans: PlanCache) -> None:
        self._connection = connection
        self._plans = plans

    async def startable(self, account_id: str, workflow_id: str) -> Startable | None:
        """See StartStore."""
        row = (
            await self._connection.execute(
                _STARTABLE, {"account_id": account_id, "workflow_id": workflow_id}
            )
        ).one_or_none()
        return None if row is None else Startable(row[0], row[1], row[2])

    async def plan(self, version_id: str) -> Plan:
        """See StartStore."""
        plan = self._plans.get(version_id)
        return plan or await self._plans.load(version_id, await driver_of(self._connection))

    async def known_contacts(self, account_id: str, contact_ids: Sequence[str]) -> set[str]:
        """See StartStore."""
        rows = await self._connection.execute(
            _KNOWN, {"account_id": account_id, "ids": list(contact_ids)}
        )
        return set(rows.scalars())

    async def insert(
        self,
        account_id: str,
        workflow_id: str,
        version_id: str,
        event: Mapping[str, Json] | None,
        executions: Sequence[NewExecution],
        actions: Sequence[NewAction],
    ) -> None:
        """See StartStore."""
        rows = [
            (e.id, e.contact_id, _state(e), e.action_id, e.action_execution_id, e.attempt_id)
            for e in executions
        ]
        turned = zip(*actions, strict=True) if actions else [()] * len(_ACTION_COLUMNS)
        await self._connection.execute(
            _INSERT,
            {
                "account_id": account_id,
                "workflow_id": workflow_id,
                "version_id": version_id,
                "event": None if event is None else orjson.dumps(event).decode(),
                **dict(zip(_EXECUTION_COLUMNS, zip(*rows, strict=True), strict=True)),
                **dict(zip(_ACTION_COLUMNS, turned, strict=True)),
            },
        )

    async def contexts(self, dispatches: Sequence[Dispatch]) -> Mapping[str, RunContext]:
        """See StartStore."""
        return await load_contexts(await driver_of(self._connection), dispatches)


def _state(execution: NewExecution) -> str:
    state: ExecutionState = execution.state
    return state.value
