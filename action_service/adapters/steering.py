"""What an operator's decision about a run reads and writes, in the transaction of the call."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from action_service.adapters.driver import driver_of
from action_service.adapters.execution_store import PostgresEngineTransaction
from action_service.adapters.plan_cache import PlanCache
from action_service.domain.event_waits import Arrival
from action_service.domain.plan import Plan
from action_service.engine.event_waits import EventWait
from action_service.engine.model import Dispatch, RunContext, Standing, Writes
from action_service.engine.ports import Written

_SET_INSTANT = text(
    "UPDATE treadle.workflow_action_executions SET resume_at = CAST(:resume_at AS timestamptz)"
    " WHERE id = CAST(:id AS uuid)"
)


class PostgresSteering:
    """`Steering` on the caller's connection: the engine's statements, behind the account's wall."""

    def __init__(self, connection: AsyncConnection, plans: PlanCache) -> None:
        self._connection = connection
        self._plans = plans

    async def standing(self, execution_id: UUID) -> Standing | None:
        """See Steering."""
        standings = await (await self._engine()).lock([str(execution_id)])
        return standings[0] if standings else None

    async def plan(self, version_id: str) -> Plan:
        """See Steering."""
        plan = self._plans.get(version_id)
        return plan or await self._plans.load(version_id, await driver_of(self._connection))

    async def write(self, writes: Writes) -> Written:
        """See Steering."""
        return await (await self._engine()).write(writes)

    async def arrivals(self, waits: Sequence[EventWait]) -> Mapping[str, Arrival]:
        """See Arrivals."""
        return await (await self._engine()).arrivals(waits)

    async def contexts(self, dispatches: Sequence[Dispatch]) -> Mapping[str, RunContext]:
        """See ContextReads."""
        return await (await self._engine()).contexts(dispatches)

    async def set_instant(self, action_execution_id: str, resume_at: datetime | None) -> None:
        """See Steering."""
        values = {"id": action_execution_id, "resume_at": resume_at}
        await self._connection.execute(_SET_INSTANT, values)

    async def _engine(self) -> PostgresEngineTransaction:
        return PostgresEngineTransaction(await driver_of(self._connection), self.plan)
