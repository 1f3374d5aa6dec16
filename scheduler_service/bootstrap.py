"""Puts the scheduler together: the one place that names its concrete parts."""

import asyncio
from contextlib import AsyncExitStack, suppress
from dataclasses import replace

from nats.aio.client import Client

from common.auth import TokenVerifier
from common.db import create_engine, engine_check
from common.grpc.server import NOTICE, GrpcServer
from common.nats import (
    DELAY,
    NATS_TROUBLE,
    RESULTS_SUBJECT,
    ConsumerSpec,
    JetStreamTrials,
    PullConsumer,
    action_consumer,
    connect,
)
from common.nats.backlog import ResultsBacklog
from common.readiness import Readiness
from common.runtime import unless_stopped
from common.telemetry import announce_ready, metrics_endpoint
from scheduler_service.adapters.migrations import SCHEMA, require, upgrade
from scheduler_service.adapters.publisher import JetStreamPublisher
from scheduler_service.adapters.reader import PostgresTimerReader
from scheduler_service.adapters.store import PostgresTimerStore
from scheduler_service.servicer import SchedulerServicer, translate
from scheduler_service.settings import SchedulerSettings
from scheduler_service.use_cases.fire_due import FireDue
from scheduler_service.use_cases.read_timers import ReadTimers
from scheduler_service.use_cases.take_delayed import TakeDelayed
from scheduler_service.use_cases.take_waits import TakeWaits
from scheduler_service.worker import Alarm, FiringLoop, IntakeLoop, work
from treadle.scheduler.v1.scheduler_service_pb2_grpc import (
    add_SchedulerServiceServicer_to_server,
)

WAITS = action_consumer("scheduler-timing", "timing")
DELAYED_TASKS = ConsumerSpec(DELAY, "scheduler-delay", "treadle.scheduler.>")


async def serve(settings: SchedulerSettings, stop: asyncio.Event) -> None:
    """Runs one replica until `stop` is set, then finishes what it has begun."""
    async with AsyncExitStack() as resources:
        await unless_stopped(stop, require(settings.database_url))
        engine = create_engine(
            settings.database_url, search_path=SCHEMA, pool_size=settings.pool_size
        )
        resources.push_async_callback(engine.dispose)
        nc = await connect(settings.nats_url, name="treadle-scheduler", stop=stop)
        resources.push_async_callback(_close, nc)

        store, publisher, alarm = PostgresTimerStore(engine), JetStreamPublisher(nc), Alarm()
        sources, intakes = _intake(settings, nc, store, publisher, alarm)
        firing = FiringLoop(
            FireDue(
                store,
                publisher,
                results_subject=RESULTS_SUBJECT,
                limit=settings.fire_batch,
            ),
            store.next_due,
            ResultsBacklog(
                nc.jetstream(),  # pyright: ignore[reportUnknownMemberType] - untyped options
                most=settings.results_ahead,
            ),
            alarm,
            batch=settings.fire_batch,
            concurrency=settings.fire_concurrency,
        )
        server = GrpcServer(TokenVerifier(settings.jwt_secret), translate=translate)
        server.add(
            add_SchedulerServiceServicer_to_server,
            SchedulerServicer(ReadTimers(PostgresTimerReader(engine))),
        )
        metrics = resources.enter_context(metrics_endpoint(settings.metrics_listen))
        address = await resources.enter_async_context(
            server.running(settings.listen, notice=NOTICE)
        )
        checks = {
            "database": engine_check(engine),
            **{each.name: each.standing for each in sources},
        }

        async def ready() -> None:
            await resources.enter_async_context(Readiness(server, checks).reported())
            announce_ready("scheduler", listen=address, metrics=metrics)

        await work(sources, intakes, firing, stop, ready=ready)


def _intake(
    settings: SchedulerSettings,
    nc: Client,
    store: PostgresTimerStore,
    publisher: JetStreamPublisher,
    alarm: Alarm,
) -> tuple[list[PullConsumer], list[IntakeLoop]]:
    """What brings timers in: a consumer for each kind, and the loops that work it off."""
    take_waits = TakeWaits(store, publisher, results_subject=RESULTS_SUBJECT)
    take_delayed = TakeDelayed(store, publisher, results_subject=RESULTS_SUBJECT)
    js = nc.jetstream()  # pyright: ignore[reportUnknownMemberType] - untyped options
    trials = JetStreamTrials(js, replicas=settings.nats_replicas)
    sources: list[PullConsumer] = []
    intakes: list[IntakeLoop] = []
    for kind, spec, take in (
        ("wait", WAITS, take_waits),
        ("delayed_task", DELAYED_TASKS, take_delayed),
    ):
        source = PullConsumer(
            nc,
            js,
            replace(spec, ack_wait=settings.nats_ack_wait),
            capacity=4 * settings.intake_batch,
            replicas=settings.nats_replicas,
        )
        sources.append(source)
        intakes += [
            IntakeLoop(kind, source, take, alarm, trials, batch=settings.intake_batch)
            for _ in range(settings.intake_concurrency)
        ]
    return sources, intakes


def migrate(settings: SchedulerSettings) -> None:
    """Brings the database's schema up to date; several processes may do so at once."""
    upgrade(settings.database_url)


async def _close(nc: Client) -> None:
    # Acks are fire and forget: the server's answer to the ping says that it has them.
    with suppress(*NATS_TROUBLE):
        await nc.flush(timeout=1)
    await nc.close()
