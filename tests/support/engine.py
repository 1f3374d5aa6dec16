"""Seeds and a hand-driven executor for tests of the engine on a real Postgres and NATS.

The executor here is the test itself: it takes tasks off the stream and answers what it likes, twice
or late, so that a test decides what the engine has to cope with.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import asyncpg
import orjson
from nats.aio.client import Client
from nats.js import JetStreamContext
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from action_service.adapters.event_outbox import OutboxPublisher
from action_service.adapters.plan_cache import PlanCache
from action_service.adapters.ringer import NatsRinger
from action_service.adapters.start_store import PostgresStartStore
from action_service.bootstrap import engine_stores
from action_service.domain.event_waits import heard_types
from action_service.domain.plan import Json, OnError, Plan, PlanStep
from action_service.domain.retry import RetryTiming
from action_service.domain.unknown_sends import LookPolicy
from action_service.engine import Engine, EngineTuning
from action_service.engine.codec import TaskEncoder
from action_service.engine.ports import Ringer
from action_service.engine.turns import Turns
from action_service.use_cases.start_executions import start_executions
from common.catalogue import catalogue
from common.db import create_engine, create_pool
from common.ids import new_id
from common.nats import (
    ACTIONS,
    DELAY,
    DELAY_SUBJECT,
    FORGET_SUBJECT,
    RESULTS_SUBJECT,
    ConsumerSpec,
    Delivery,
    PullConsumer,
    connect,
)
from treadle.dispatch.v1.result_pb2 import ActionResult, ActionResultBatch
from treadle.dispatch.v1.task_pb2 import ActionTask, DelayedTask


@dataclass(frozen=True)
class Step:
    """One step of a seeded workflow."""

    action_type: str
    config: dict[str, Json]
    name: str | None = None
    on_error: OnError = OnError.STOP
    fallback: int | None = None
    """Index of the fallback step."""
    is_enabled: bool = True
    branch: str | None = None
    """Id of the branch that it is on; none is the main path."""


@dataclass
class Seeded:
    """An account with one active workflow and some contacts."""

    account_id: str
    workflow_id: str
    version_id: str
    action_ids: list[str]
    contact_ids: list[str]


@dataclass
class Bench:
    """The engine's surroundings, with short delays."""

    db: AsyncEngine
    pool: "asyncpg.Pool[asyncpg.Record]"
    nc: Client
    js: JetStreamContext
    engines: list[Engine] = field(default_factory=list[Engine])

    async def start_engine(
        self,
        *,
        sweep_every: timedelta = timedelta(seconds=0.2),
        ringer: Ringer | None = None,
        look_policy: LookPolicy | None = None,
        turns: Turns | None = None,
    ) -> Engine:
        """One more engine, as its own process would be, with its own connections to plans."""
        engine = Engine(
            engine_stores(self.pool),
            ringer or NatsRinger(self.nc, self.js),
            OutboxPublisher(self.pool, self.js),
            self.nc,
            self.js,
            EngineTuning(
                sweep_interval=sweep_every,
                retry_timing=RetryTiming(base=timedelta(milliseconds=1)),
                look_policy=look_policy or LookPolicy(),
            ),
            turns,
        )
        await engine.start()
        self.engines.append(engine)
        return engine

    async def seed(
        self, steps: Sequence[Step], *, contacts: int = 1, account_id: str | None = None
    ) -> Seeded:
        """An active workflow of `steps` and contacts, in a new account unless one is given."""
        workflow, version = (str(new_id()) for _ in range(2))
        account = account_id or str(new_id())
        actions = [str(new_id()) for _ in steps]
        people = [str(new_id()) for _ in range(contacts)]
        plan = Plan(workflow, "Seeded", 1, tuple(_plan_steps(steps, actions)))
        async with self.db.begin() as connection:
            await connection.execute(
                text("INSERT INTO accounts (id, name) VALUES (:id, 'Test') ON CONFLICT DO NOTHING"),
                {"id": account},
            )
            await connection.execute(
                text(
                    "INSERT INTO workflows (id, account_id, name, status, version)"
                    " VALUES (:id, :account, 'Seeded', 'active', 1)"
                ),
                {"id": workflow, "account": account},
            )
            await connection.execute(
                text(
                    "INSERT INTO workflow_versions (id, account_id, workflow_id, version, plan,"
                    " heard_types) VALUES (:id, :account, :workflow, 1, CAST(:plan AS jsonb),"
                    " CAST(:heard AS text[]))"
                ),
                {
                    "id": version,
                    "account": account,
                    "workflow": workflow,
                    "plan": orjson.dumps(plan.to_json()).decode(),
                    "heard": list(heard_types(plan.steps)),
                },
            )
            for index, (step, action) in enumerate(zip(steps, actions, strict=True)):
                await connection.execute(
                    text(
                        "INSERT INTO workflow_actions (id, account_id, workflow_id, action_type,"
                        " position, name, previous_action_id, next_action_id) VALUES (:id,"
                        " :account, :workflow, :type, :position, :name,"
                        " CAST(:previous AS uuid), CAST(:next AS uuid))"
                    ),
                    {
                        "id": action,
                        "account": account,
                        "workflow": workflow,
                        "type": step.action_type,
                        "position": index + 1,
                        "name": step.name,
                        "previous": actions[index - 1] if index else None,
                        "next": actions[index + 1] if index + 1 < len(actions) else None,
                    },
                )
            await connection.execute(
                text(
                    "INSERT INTO contacts (id, account_id, first_name)"
                    " SELECT id, CAST(:account AS uuid), 'Ada'"
                    " FROM unnest(CAST(:ids AS uuid[])) AS id"
                ),
                {"account": account, "ids": people},
            )
        return Seeded(account, workflow, version, actions, people)

    async def start(
        self,
        seeded: Seeded,
        *,
        event: Mapping[str, Json] | None = None,
        ring: bool = True,
        turns: Turns | None = None,
    ) -> list[str]:
        """Starts one execution per contact; without `ring` as if the caller died after commit."""
        async with self.db.begin() as connection:
            started = await start_executions(
                PostgresStartStore(connection, PlanCache()),
                TaskEncoder(),
                turns or Turns(),
                account_id=seeded.account_id,
                workflow_id=seeded.workflow_id,
                contact_ids=seeded.contact_ids,
                event=event,
            )
        if ring:
            await NatsRinger(self.nc, self.js).ring(started.tasks)
        return list(started.execution_ids)

    async def rows(self, sql: str, **parameters: object) -> list[tuple[object, ...]]:
        """The rows of a query, as tuples."""
        async with self.db.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(sql), parameters)]

    async def execute(self, sql: str, **parameters: object) -> None:
        """Runs a statement and commits."""
        async with self.db.begin() as connection:
            await connection.execute(text(sql), parameters)

    async def until(self, sql: str, expected: object, **parameters: object) -> None:
        """Waits until the query's first value is as expected; fails after a minute."""
        value: object = None
        deadline = asyncio.get_running_loop().time() + 60
        while asyncio.get_running_loop().time() < deadline:
            rows = await self.rows(sql, **parameters)
            value = rows[0][0] if rows else None
            if value == expected:
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"{sql}: {value!r}, not {expected!r}")

    async def states(self) -> dict[str, int]:
        """How many executions are in each state."""
        rows = await self.rows("SELECT state, count(*) FROM workflow_executions GROUP BY 1")
        return {str(state): int(str(count)) for state, count in rows}


class HandExecutor:
    """Takes the tasks of one category; the test answers them."""

    def __init__(self, bench: Bench, category: str = "crm") -> None:
        self._bench = bench
        self._consumer = PullConsumer(
            bench.nc,
            bench.js,
            ConsumerSpec(ACTIONS, f"executor-{category}", f"treadle.actions.{category}.>"),
        )

    async def start(self) -> None:
        """Begins to pull."""
        await self._consumer.start()

    async def stop(self) -> None:
        """Gives back what was not taken."""
        await self._consumer.stop()

    async def take(self, count: int) -> list[ActionTask]:
        """Waits for `count` tasks and acks them."""
        taken: list[ActionTask] = []
        async with asyncio.timeout(60):
            while len(taken) < count:
                for delivery in await self._consumer.next_batch(count - len(taken)):
                    taken.append(ActionTask.FromString(delivery.data))
                    await delivery.ack()
        return taken

    async def take_some(self, most: int) -> list[ActionTask]:
        """Waits for tasks, at most so many, and acks them."""
        async with asyncio.timeout(60):
            batch = await self._consumer.next_batch(most)
        for delivery in batch:
            await delivery.ack()
        return [ActionTask.FromString(delivery.data) for delivery in batch]

    async def nothing(self, within: float = 0.5) -> bool:
        """Whether no task comes within so many seconds."""
        try:
            async with asyncio.timeout(within):
                batch: list[Delivery] = await self._consumer.next_batch(1)
        except TimeoutError:
            return True
        for delivery in batch:
            await delivery.nak()
        return False

    async def answer(self, *results: ActionResult) -> None:
        """Publishes results as one batch."""
        await self._bench.js.publish(
            RESULTS_SUBJECT, ActionResultBatch(results=results).SerializeToString()
        )


class HandScheduler:
    """Takes delayed tasks, as the scheduler would."""

    def __init__(self, bench: Bench) -> None:
        self._consumer = PullConsumer(
            bench.nc, bench.js, ConsumerSpec(DELAY, "scheduler-delay", "treadle.scheduler.>")
        )
        self._heard: dict[str, deque[DelayedTask]] = {
            DELAY_SUBJECT: deque(),
            FORGET_SUBJECT: deque(),
        }

    async def start(self) -> None:
        """Begins to pull."""
        await self._consumer.start()

    async def stop(self) -> None:
        """Gives back what was not taken."""
        await self._consumer.stop()

    async def take(self) -> DelayedTask:
        """Waits for one delayed task; keeps what is to be forgotten for those who ask for it."""
        return await self._next(DELAY_SUBJECT)

    async def forgotten(self) -> list[str]:
        """Waits for word of timers that are for nothing; the attempts that they were for."""
        return list((await self._next(FORGET_SUBJECT)).spent_attempt_ids)

    async def _next(self, subject: str) -> DelayedTask:
        async with asyncio.timeout(60):
            while not self._heard[subject]:
                (delivery,) = await self._consumer.next_batch(1)
                await delivery.ack()
                self._heard[delivery.subject].append(DelayedTask.FromString(delivery.data))
        return self._heard[subject].popleft()


def result_for(task: ActionTask) -> ActionResult:
    """An answer to `task` without an outcome yet."""
    now = datetime.now(UTC)
    return ActionResult(
        attempt_id=task.attempt_id,
        action_execution_id=task.action_execution_id,
        execution_id=task.execution_id,
        account_id=task.account_id,
        started_at=now - timedelta(milliseconds=5),
        finished_at=now,
    )


def tagged(task: ActionTask, tag: str | None = None) -> ActionResult:
    """What a CRM executor answers to an add_tag task."""
    result = result_for(task)
    name = tag or task.config.add_tag.tag_name
    result.completed.output_json = orjson.dumps({"tag_name": name})
    effect = result.completed.effects.add().add_tag
    effect.contact_id = task.contact_id
    effect.tag_name = name
    return result


@asynccontextmanager
async def bench(database_url: str, nats_url: str) -> AsyncGenerator[Bench]:
    """The engine's surroundings; stops every engine started on them."""
    db = create_engine(database_url, search_path="treadle")
    nc = await connect(nats_url, name="test")
    async with create_pool(database_url, search_path="treadle", size=8) as pool:
        surroundings = Bench(db, pool, nc, nc.jetstream(timeout=30))
        try:
            yield surroundings
        finally:
            for engine in surroundings.engines:
                await engine.stop()
            await nc.close()
            await db.dispose()


def _plan_steps(steps: Sequence[Step], ids: Sequence[str]) -> list[PlanStep]:
    return [
        PlanStep(
            id=action_id,
            action_type=step.action_type,
            name=step.name,
            config=step.config,
            position=index + 1,
            branch_id=step.branch,
            is_enabled=step.is_enabled,
            on_error=step.on_error,
            fallback_action_id=None if step.fallback is None else ids[step.fallback],
            needs=tuple(sorted(catalogue().get(step.action_type).needs(step.config).roots)),
        )
        for index, (step, action_id) in enumerate(zip(steps, ids, strict=True))
    ]
