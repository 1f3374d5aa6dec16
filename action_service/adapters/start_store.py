"""What a start at a caller's word reads and writes, in the transaction of the call."""

from collections.abc import Mapping, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from action_service.adapters.context_store import load_contexts
from action_service.adapters.driver import driver_of
from action_service.adapters.new_executions import insert_executions
from action_service.adapters.plan_cache import PlanCache
from action_service.domain.plan import Plan
from action_service.engine.model import Dispatch, RunContext
from action_service.engine.starting import Beginnings
from action_service.use_cases.start_executions import Startable

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

    async def begin(self, beginnings: Beginnings) -> None:
        """See StartStore."""
        connection = await driver_of(self._connection)
        await insert_executions(connection, beginnings.executions, beginnings.actions)

    async def contexts(self, dispatches: Sequence[Dispatch]) -> Mapping[str, RunContext]:
        """See StartStore."""
        return await load_contexts(await driver_of(self._connection), dispatches)
