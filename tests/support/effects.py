"""Runs actions on records from the start of an execution to its end, and shows what came of them.

The tasks are answered by the real handlers, the answers applied by the engines that a test starts;
only the processes around them are missing.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import orjson
from prometheus_client import CollectorRegistry

from action_service.domain.plan import Json
from common.catalogue import catalogue
from common.clock import SYSTEM_CLOCK
from common.ids import new_id
from common.nats import EVENTS, RESULTS_SUBJECT, ConsumerSpec, PullConsumer, action_consumer
from executor_service.gate import Gate
from executor_service.handlers import discover
from executor_service.handlers.base import EffectHandler
from executor_service.metrics import Metrics
from executor_service.pipeline import Action, Pipeline
from executor_service.ports import ClaimDecision
from executor_service.wiring import Wiring
from tests.support.engine import Bench, Seeded
from tests.support.engine import bench as engine_bench
from tests.support.permits import MemoryPermits
from treadle.dispatch.v1.event_pb2 import EventBatch
from treadle.dispatch.v1.result_pb2 import ActionResult, ActionResultBatch
from treadle.dispatch.v1.task_pb2 import ActionTask

_CATEGORIES = ("crm", "internal", "membership")
_ENDED = """
    SELECT count(*) FROM workflow_executions
    WHERE id = ANY(CAST(:ids AS uuid[])) AND state IN ('completed', 'failed', 'cancelled')
    """
_OUTCOMES = """
    SELECT e.id::text, x.action_type, x.status, x.result_data, x.error_class, x.error_message
    FROM workflow_executions e JOIN workflow_action_executions x ON x.workflow_execution_id = e.id
    WHERE e.id = ANY(CAST(:ids AS uuid[])) ORDER BY x.id
    """


@dataclass(frozen=True)
class Outcome:
    """What one step came to."""

    execution_id: str
    action_type: str
    status: str
    output: dict[str, Json]
    error_class: str | None
    message: str | None


class _NoLedger:
    async def claim(self, **_: object) -> ClaimDecision:
        raise AssertionError("changes of records are not claimed")


class RecordHandlers:
    """The handlers that change records, as an executor runs them."""

    def __init__(self) -> None:
        wiring = Wiring({})
        self._pipeline = Pipeline(
            {
                name: Action(catalogue().get(name), wiring.build(handler))
                for name, handler in discover(_CATEGORIES).items()
                if issubclass(handler, EffectHandler)
            },
            ledger=_NoLedger(),
            gate=Gate(MemoryPermits(), SYSTEM_CLOCK, at_a_time=1),
            clock=SYSTEM_CLOCK,
            metrics=Metrics(CollectorRegistry()),
        )

    def answer(self, task: ActionTask) -> ActionResult:
        """What an executor answers to the task."""
        action = self._pipeline.job_of(task)
        assert action is not None
        assert isinstance(action.handler, EffectHandler)
        return self._pipeline.apply(action, action.handler, task, markup=True)


@asynccontextmanager
async def executors(bench: Bench, *, copies: int = 1) -> AsyncGenerator[None]:
    """An executor for each category of record changes; publishes each result `copies` times."""
    handlers = RecordHandlers()
    consumers = [
        PullConsumer(bench.nc, bench.js, action_consumer(f"executor-{category}", category))
        for category in _CATEGORIES
    ]
    for consumer in consumers:
        await consumer.start()
    serving = [
        asyncio.create_task(_serve(bench, consumer, handlers, copies)) for consumer in consumers
    ]
    try:
        yield
    finally:
        for consumer in consumers:
            await consumer.stop()
        await asyncio.gather(*serving)


async def _serve(
    bench: Bench, consumer: PullConsumer, handlers: RecordHandlers, copies: int
) -> None:
    while deliveries := await consumer.next_batch(256):
        results = [handlers.answer(ActionTask.FromString(each.data)) for each in deliveries]
        batch = ActionResultBatch(results=results).SerializeToString()
        for _ in range(copies):
            await bench.js.publish(RESULTS_SUBJECT, batch)
        for each in deliveries:
            await each.ack()


@asynccontextmanager
async def two_engines(
    database_url: str, nats_url: str, *, copies: int = 1
) -> AsyncGenerator[Bench]:
    """Two engines and the executors, who publish each result `copies` times."""
    async with (
        engine_bench(database_url, nats_url) as world,
        executors(world, copies=copies),
    ):
        await world.start_engine()
        await world.start_engine()
        yield world


async def run(bench: Bench, seeded: Seeded, *, times: int = 1) -> list[Outcome]:
    """Starts so many executions for each contact and waits until all have ended.

    Returns their steps in the order in which they were reached.
    """
    executions = [each for _ in range(times) for each in await bench.start(seeded)]
    await bench.until(_ENDED, len(executions), ids=executions)
    return await outcomes(bench, executions)


async def outcomes(bench: Bench, execution_ids: Sequence[str]) -> list[Outcome]:
    """The steps of the executions."""
    rows = await bench.rows(_OUTCOMES, ids=list(execution_ids))
    return [Outcome(*cast("tuple[Any, ...]", row)) for row in rows]


@dataclass(frozen=True)
class Heard:
    """An event as other workflows hear it."""

    type: str
    contact_id: str
    data: dict[str, Json]
    origin: tuple[str, ...]


async def events(bench: Bench) -> list[Heard]:
    """Every event so far, once all have been published; those that came twice are there twice."""
    await bench.until("SELECT count(*) FROM event_outbox", 0)
    count = (await bench.js.stream_info(EVENTS.name)).state.messages
    consumer = PullConsumer(
        bench.nc, bench.js, ConsumerSpec(EVENTS, f"test-{new_id()}", "treadle.events.>")
    )
    await consumer.start()
    found: list[Heard] = []
    async with asyncio.timeout(60):
        while count:
            for delivery in await consumer.next_batch(count):
                count -= 1
                found += _heard(EventBatch.FromString(delivery.data))
                await delivery.ack()
    await consumer.stop()
    return found


def _heard(batch: EventBatch) -> list[Heard]:
    return [
        Heard(
            batch.type,
            event.contact_id,
            orjson.loads(event.data_json),
            tuple(event.origin_execution_ids),
        )
        for event in batch.events
    ]


async def add_users(
    bench: Bench, account_id: str, *names: str, role: str = "", active: bool = True
) -> list[str]:
    """Users with emails like ann@example.com, each a second younger than the one before."""
    ids = [str(new_id()) for _ in names]
    await bench.execute(
        "INSERT INTO users (id, account_id, name, email, role, is_active, created_at)"
        " SELECT u.id, CAST(:account AS uuid), u.name, lower(u.name) || '@example.com', :role,"
        " :active, timestamptz '2026-01-01 00:00:00Z' + u.nth * interval '1 second'"
        " FROM unnest(CAST(:ids AS uuid[]), CAST(:names AS text[])) WITH ORDINALITY"
        " AS u(id, name, nth)",
        account=account_id,
        ids=ids,
        names=list(names),
        role=role,
        active=active,
    )
    return ids


async def add_team(bench: Bench, account_id: str, user_ids: Sequence[str]) -> str:
    """A team of the users, who take turns in their order here."""
    team_id = str(new_id())
    await bench.execute(
        "INSERT INTO teams (id, account_id, name) VALUES (:id, :account, :name)",
        id=team_id,
        account=account_id,
        name=f"Team {team_id}",
    )
    await bench.execute(
        "INSERT INTO team_members (team_id, user_id, account_id, position)"
        " SELECT :team, u.id, :account, u.nth - 1"
        " FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS u(id, nth)",
        team=team_id,
        account=account_id,
        ids=list(user_ids),
    )
    return team_id
