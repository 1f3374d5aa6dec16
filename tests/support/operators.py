"""Operators before running executions: the API over gRPC, an engine, and if need be a scheduler."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from action_service.adapters.ringer import NatsRinger
from scheduler_service.bootstrap import serve
from scheduler_service.settings import SchedulerSettings
from tests.support.action_api import SECRET, Api, Client, running_api
from tests.support.engine import Bench, Seeded, Step, bench
from treadle.execution.v1 import execution_pb2, explanation_pb2, wait_pb2
from treadle.execution.v1 import execution_service_pb2 as executions_pb
from treadle.execution.v1 import wait_service_pb2 as pb

STATE = "SELECT state FROM workflow_executions"


@dataclass
class Desk:
    """Where an operator sits."""

    world: Bench
    api: Api
    client: Client
    seeded: Seeded

    async def waits(self, count: int | None = None, **filters: Any) -> list[wait_pb2.Wait]:
        """The waits; once there are `count` of them when it is given."""
        while True:
            answer = await self.client.waits.ListWaits(pb.ListWaitsRequest(**filters))
            if count is None or len(answer.waits) == count:
                return list(answer.waits)
            await asyncio.sleep(0.02)

    async def parked(self) -> wait_pb2.Wait:
        """The only wait, once the scheduler has taken it."""
        async with asyncio.timeout(60):
            while True:
                (wait,) = await self.waits(1)
                if wait.HasField("due_at"):
                    return wait
                await asyncio.sleep(0.02)

    async def get(self, wait_id: str) -> wait_pb2.Wait:
        """One wait."""
        return (await self.client.waits.GetWait(pb.GetWaitRequest(id=wait_id))).wait

    async def rearm(self, wait_id: str, due_at: datetime | None = None, **more: Any) -> Any:
        """The wait, armed anew."""
        request = pb.RearmWaitRequest(id=wait_id, due_at=due_at, **more)
        return (await self.client.waits.RearmWait(request)).wait

    async def fire(self, wait_id: str, **more: Any) -> execution_pb2.Execution:
        """The execution whose wait was fired."""
        return (await self.client.waits.FireWait(pb.FireWaitRequest(id=wait_id, **more))).execution

    async def cancel(self, wait_id: str, **more: Any) -> execution_pb2.Execution:
        """The execution whose wait was given up."""
        request = pb.CancelWaitRequest(id=wait_id, **more)
        return (await self.client.waits.CancelWait(request)).execution

    async def skip(self, run: str, step: str, **more: Any) -> execution_pb2.Execution:
        """The execution whose step was passed over."""
        request = executions_pb.SkipStepRequest(execution_id=run, action_execution_id=step, **more)
        return (await self.client.executions.SkipStep(request)).execution

    async def retry(self, run: str, step: str, **more: Any) -> execution_pb2.Execution:
        """The execution that was opened again."""
        request = executions_pb.RetryStepRequest(execution_id=run, action_execution_id=step, **more)
        return (await self.client.executions.RetryStep(request)).execution

    async def log(self, run: str) -> list[execution_pb2.ActionExecution]:
        """What the execution has come by."""
        request = executions_pb.ListActionExecutionsRequest(execution_id=run)
        return list((await self.client.executions.ListActionExecutions(request)).action_executions)

    async def explained(self, run: str) -> explanation_pb2.Explanation:
        """Why the execution is where it is."""
        request = executions_pb.ExplainExecutionRequest(execution_id=run)
        return (await self.client.executions.ExplainExecution(request)).explanation

    async def audited(self) -> list[str]:
        """The operations in the audit log, in their order."""
        rows = await self.world.rows("SELECT operation FROM audit_log ORDER BY id")
        return [str(row[0]) for row in rows]

    async def started(self) -> list[str]:
        """The executions, one for each contact."""
        return await self.world.start(self.seeded)


@asynccontextmanager
async def desk(
    database_url: str, nats_url: str, steps: Sequence[Step], *, contacts: int = 1
) -> AsyncGenerator[Desk]:
    """An operator of an account with an active workflow of `steps`, before a running engine."""
    async with bench(database_url, nats_url) as world:
        await world.start_engine()
        async with running_api(database_url, ringer=NatsRinger(world.nc, world.js)) as api:
            seeded = await world.seed(steps, contacts=contacts)
            client = await api.client("operator", account_id=UUID(seeded.account_id))
            yield Desk(world, api, client, seeded)


@asynccontextmanager
async def scheduler(database_url: str, nats_url: str) -> AsyncGenerator[None]:
    """A scheduler at work."""
    settings = SchedulerSettings(
        database_url=database_url, nats_url=nats_url, jwt_secret=SECRET, listen="127.0.0.1:0"
    )
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(serve(settings, stop))
        try:
            yield
        finally:
            stop.set()
