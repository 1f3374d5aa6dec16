"""The stack under measurement, driven through its own API and checked in its database."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID, uuid4

import asyncpg
from google.protobuf.struct_pb2 import Struct

from benchmarks.measure import Usage, usage
from common.grpc.client import connect
from devstack.stack import DEV_ACCOUNT, Stack, StackOptions
from treadle.contact.v1 import contact_pb2, contact_service_pb2, contact_service_pb2_grpc
from treadle.execution.v1 import execution_service_pb2, execution_service_pb2_grpc
from treadle.workflow.v1 import (
    action_pb2,
    action_service_pb2,
    action_service_pb2_grpc,
    workflow_service_pb2,
    workflow_service_pb2_grpc,
)

_BATCH = 1_000


@dataclass(frozen=True)
class Subject:
    """A running stack and clients to it."""

    stack: Stack
    database: asyncpg.Connection
    workflows: "workflow_service_pb2_grpc.WorkflowServiceAsyncStub"
    actions: "action_service_pb2_grpc.ActionServiceAsyncStub"
    contacts: "contact_service_pb2_grpc.ContactServiceAsyncStub"
    executions: "execution_service_pb2_grpc.ExecutionServiceAsyncStub"

    def usage(self) -> dict[str, Usage]:
        """CPU and memory of every process of the stack."""
        pids = {name: service.pid for name, service in self.stack.services.items()}
        pids["postgres"] = self.stack.postgres.pid
        pids["nats"] = self.stack.nats.pid
        return usage(pids)

    async def workflow(self, configs: Sequence[action_pb2.ActionConfig]) -> str:
        """The id of a new active workflow with these actions."""
        created = await self.workflows.CreateWorkflow(
            workflow_service_pb2.CreateWorkflowRequest(name=f"bench {uuid4()}")
        )
        for config in configs:
            await self.actions.AddAction(
                action_service_pb2.AddActionRequest(workflow_id=created.workflow.id, config=config)
            )
        await self.workflows.ActivateWorkflow(
            workflow_service_pb2.ActivateWorkflowRequest(workflow_id=created.workflow.id)
        )
        return created.workflow.id

    async def people(self, count: int) -> list[str]:
        """The ids of so many new contacts."""
        ids: list[str] = []
        for start in range(0, count, _BATCH):
            batch = [
                contact_pb2.Contact(
                    first_name=f"Person {number}",
                    email=f"{uuid4().hex}@example.com",
                    phone=f"+1415{2_000_000 + number}",
                    custom_fields=Struct(),
                )
                for number in range(start, min(start + _BATCH, count))
            ]
            response = await self.contacts.CreateContacts(
                contact_service_pb2.CreateContactsRequest(contacts=batch), timeout=60
            )
            ids.extend(response.contact_ids)
        return ids

    async def start(self, workflow_id: str, contact_ids: Sequence[str]) -> None:
        """Starts one execution per contact, as fast as the API takes them."""
        for start in range(0, len(contact_ids), _BATCH):
            await self.executions.StartExecutions(
                execution_service_pb2.StartExecutionsRequest(
                    workflow_id=workflow_id, contact_ids=contact_ids[start : start + _BATCH]
                ),
                timeout=60,
            )

    async def now(self) -> datetime:
        """The database's clock."""
        instant: datetime = await self.database.fetchval("SELECT clock_timestamp()")
        return instant

    async def ended(self, workflow_id: str, count: int, *, within: float) -> None:
        """Waits until so many executions of the workflow have ended."""
        await self.reached(workflow_id, "ended_at IS NOT NULL", count, within=within)

    async def reached(self, workflow_id: str, where: str, count: int, *, within: float) -> None:
        """Waits until so many executions of the workflow are as `where` says, `within` seconds."""

        async def number() -> int:
            done: int = await self.database.fetchval(
                "SELECT count(*) FROM treadle.workflow_executions"
                f" WHERE account_id = $1 AND workflow_id = $2 AND {where}",
                DEV_ACCOUNT,
                workflow_id,
            )
            return done

        await self.until(number, count, within=within)

    async def until(
        self, number: Callable[[], Awaitable[int]], count: int, *, within: float
    ) -> None:
        """Waits until a number has come to `count`, `within` seconds."""
        async with asyncio.timeout(within):
            while True:
                began = time.perf_counter()
                if await number() == count:
                    return
                # Counting a million rows must not be a part of what is measured.
                await asyncio.sleep(max(0.1, 20 * (time.perf_counter() - began)))

    async def execution_ended(self, execution_id: str) -> None:
        """Waits until the execution has ended."""
        while True:
            ended = await self.database.fetchval(
                "SELECT ended_at FROM treadle.workflow_executions WHERE id = $1", execution_id
            )
            if ended is not None:
                return
            await asyncio.sleep(0.005)

    async def span(self, workflow_id: str) -> float:
        """Seconds from the first start to the last completion, by the database's clock."""
        seconds: float = await self.database.fetchval(
            "SELECT extract(epoch FROM max(ended_at) - min(started_at))::float8"
            " FROM treadle.workflow_executions WHERE workflow_id = $1",
            workflow_id,
        )
        return seconds

    async def exactly_once(self, workflow_id: str, executions: int, steps: int) -> bool:
        """Whether every action of every execution completed, in one attempt and one row."""
        row = await self.database.fetchrow(
            """
            SELECT count(DISTINCT e.id) AS executions,
                   count(*) FILTER (WHERE a.status = 'completed') AS completed,
                   count(*) AS rows, count(DISTINCT (e.id, a.action_id)) AS steps,
                   (SELECT count(*) FROM treadle.workflow_action_attempts t
                    JOIN treadle.workflow_action_executions x ON x.id = t.action_execution_id
                    JOIN treadle.workflow_executions y ON y.id = x.workflow_execution_id
                    WHERE y.workflow_id = $1) AS attempts
            FROM treadle.workflow_executions e
            JOIN treadle.workflow_action_executions a ON a.workflow_execution_id = e.id
            WHERE e.workflow_id = $1 AND e.state = 'completed'
            """,
            workflow_id,
        )
        wanted = executions * steps
        return (
            row is not None
            and row["executions"] == executions
            and all(row[column] == wanted for column in ("completed", "rows", "steps", "attempts"))
        )


@contextmanager
def running_stack() -> Generator[Stack]:
    """A stack of its own, on free ports and in a folder that goes with it."""
    with TemporaryDirectory(prefix="treadle-bench-") as folder:
        # Postgres runs as another user when this is root, and has to pass through.
        Path(folder).chmod(0o711)
        # What becomes of messages is not what is measured.
        options = StackOptions(Path(folder) / "data", log_level="warning", callbacks=False)
        with Stack(options) as stack:
            yield stack


@asynccontextmanager
async def subject(stack: Stack, *, account: UUID = DEV_ACCOUNT) -> AsyncGenerator[Subject]:
    """Clients to a running stack, in the name of an account's admin."""
    token = stack.token(account=account)
    database: asyncpg.Connection = await asyncpg.connect(stack.postgres.url())
    try:
        async with connect(stack.api_target, token=lambda: token) as channel:
            yield Subject(
                stack,
                database,
                workflow_service_pb2_grpc.WorkflowServiceStub(channel),
                action_service_pb2_grpc.ActionServiceStub(channel),
                contact_service_pb2_grpc.ContactServiceStub(channel),
                execution_service_pb2_grpc.ExecutionServiceStub(channel),
            )
    finally:
        await database.close()


def tag_configs(count: int) -> list[action_pb2.ActionConfig]:
    """Configurations of so many add_tag actions, each with a tag of its own."""
    configs: list[action_pb2.ActionConfig] = []
    for number in range(count):
        config = action_pb2.ActionConfig()
        config.add_tag.tag_name = f"bench-{number}"
        configs.append(config)
    return configs
