"""Puts the action service together: the one place that names its concrete parts."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import asyncpg
from nats.aio.client import Client
from nats.js import JetStreamContext
from sqlalchemy.ext.asyncio import AsyncEngine

from action_service.adapters.config_sealing import sealing_stored_secrets
from action_service.adapters.credentials import rewrap_data_keys
from action_service.adapters.database import PostgresDatabase
from action_service.adapters.database_errors import translate
from action_service.adapters.dead_letters import PostgresDeadLetters
from action_service.adapters.deliveries import PostgresDeliveryStore
from action_service.adapters.event_outbox import OutboxPublisher
from action_service.adapters.event_waits import PostgresEventWaits
from action_service.adapters.execution_store import PostgresEngineStore
from action_service.adapters.import_queue import PostgresImportQueue
from action_service.adapters.ledger import PostgresClaimLedger
from action_service.adapters.losses import PostgresLosses
from action_service.adapters.migrations import SCHEMA, require, upgrade
from action_service.adapters.operation_queue import PostgresOperationQueue
from action_service.adapters.opt_outs import PostgresOptOuts
from action_service.adapters.plan_cache import PlanCache
from action_service.adapters.privacy.erasing import ErasureWork
from action_service.adapters.privacy.purging import Purge
from action_service.adapters.provider_events import PostgresProviderEvents
from action_service.adapters.queue_watch import watching_queues
from action_service.adapters.relay import NatsRelay
from action_service.adapters.ringer import ringing
from action_service.adapters.spent_timers import PostgresSpentTimers
from action_service.adapters.traffic import PostgresPermitDesk
from action_service.adapters.traffic_upkeep import watching_circuits
from action_service.adapters.trigger_store import PostgresTriggerStore
from action_service.adapters.unknown_sends import PostgresUnknownSends
from action_service.adapters.upkeep import forgetting
from action_service.adapters.vault import Vault
from action_service.domain.peers import PROVIDERS, WEBHOOK
from action_service.domain.retry import RetryTiming
from action_service.domain.traffic import CircuitRules
from action_service.domain.unknown_sends import LookPolicy
from action_service.engine import Engine, EngineStores, EngineTuning
from action_service.engine.background import Background
from action_service.engine.ports import EventPublisher, Ringer
from action_service.engine.turns import Turns
from action_service.servicers.account_servicer import AccountServicer
from action_service.servicers.action_servicer import ActionServicer
from action_service.servicers.catalog_servicer import CatalogServicer
from action_service.servicers.compliance_servicer import ComplianceServicer
from action_service.servicers.contact_import_servicer import ContactImportServicer
from action_service.servicers.contact_servicer import ContactServicer
from action_service.servicers.credential_servicer import CredentialServicer
from action_service.servicers.dead_letter_servicer import DeadLetterServicer
from action_service.servicers.event_servicer import EventServicer
from action_service.servicers.execution_servicer import ExecutionServicer
from action_service.servicers.inbound_servicer import InboundServicer
from action_service.servicers.ledger_servicer import LedgerServicer
from action_service.servicers.message_servicer import MessageServicer
from action_service.servicers.operation_servicer import OperationServicer
from action_service.servicers.preference_servicer import PreferenceServicer
from action_service.servicers.privacy_servicer import PrivacyServicer
from action_service.servicers.record_servicers import (
    campaign_servicer,
    course_servicer,
    crm_servicer,
    directory_servicer,
    media_servicer,
    messenger_servicer,
)
from action_service.servicers.traffic_servicer import TrafficServicer
from action_service.servicers.unknown_send_servicer import UnknownSendServicer
from action_service.servicers.wait_servicer import WaitServicer
from action_service.servicers.workflow_servicer import WorkflowServicer
from action_service.settings import ActionSettings
from action_service.use_cases.dead_letter_ports import Relay
from action_service.use_cases.imports.work import ImportWork
from action_service.use_cases.operations.work import OperationWork
from action_service.use_cases.traffic import Policy
from action_service.use_cases.watch import ExecutionWatcher
from common.auth import TokenVerifier
from common.contact_links import LinkKeys
from common.db import create_engine, create_pool, engine_check, pool_check
from common.grpc.server import NOTICE, GrpcServer
from common.nats import connect, ensure_streams
from common.readiness import Check, Readiness
from common.runtime import unless_stopped
from common.telemetry import announce_ready, metrics_endpoint
from treadle.account.v1.account_service_pb2_grpc import add_AccountServiceServicer_to_server
from treadle.catalog.v1.catalog_service_pb2_grpc import add_CatalogServiceServicer_to_server
from treadle.compliance.v1.compliance_service_pb2_grpc import (
    add_ComplianceServiceServicer_to_server,
)
from treadle.compliance.v1.preference_service_pb2_grpc import (
    add_PreferenceServiceServicer_to_server,
)
from treadle.compliance.v1.privacy_service_pb2_grpc import add_PrivacyServiceServicer_to_server
from treadle.contact.v1.contact_service_pb2_grpc import add_ContactServiceServicer_to_server
from treadle.credential.v1.credential_service_pb2_grpc import (
    add_CredentialServiceServicer_to_server,
)
from treadle.deadletter.v1.dead_letter_service_pb2_grpc import (
    add_DeadLetterServiceServicer_to_server,
)
from treadle.event.v1.event_service_pb2_grpc import add_EventServiceServicer_to_server
from treadle.execution.v1.execution_service_pb2_grpc import add_ExecutionServiceServicer_to_server
from treadle.execution.v1.wait_service_pb2_grpc import add_WaitServiceServicer_to_server
from treadle.inbound.v1.inbound_service_pb2_grpc import add_InboundServiceServicer_to_server
from treadle.ledger.v1.ledger_service_pb2_grpc import add_LedgerServiceServicer_to_server
from treadle.ledger.v1.unknown_send_service_pb2_grpc import add_UnknownSendServiceServicer_to_server
from treadle.message.v1.message_service_pb2_grpc import add_MessageServiceServicer_to_server
from treadle.operation.v1.operation_service_pb2_grpc import add_OperationServiceServicer_to_server
from treadle.record.v1.campaign_service_pb2_grpc import add_CampaignServiceServicer_to_server
from treadle.record.v1.contact_import_service_pb2_grpc import (
    add_ContactImportServiceServicer_to_server,
)
from treadle.record.v1.course_service_pb2_grpc import add_CourseServiceServicer_to_server
from treadle.record.v1.crm_service_pb2_grpc import add_CrmServiceServicer_to_server
from treadle.record.v1.directory_service_pb2_grpc import add_DirectoryServiceServicer_to_server
from treadle.record.v1.media_service_pb2_grpc import add_MediaServiceServicer_to_server
from treadle.record.v1.messenger_service_pb2_grpc import add_MessengerServiceServicer_to_server
from treadle.traffic.v1.traffic_service_pb2_grpc import add_TrafficServiceServicer_to_server
from treadle.workflow.v1.action_service_pb2_grpc import add_ActionServiceServicer_to_server
from treadle.workflow.v1.workflow_service_pb2_grpc import add_WorkflowServiceServicer_to_server

API = "api"
ENGINE = "engine"
ROLES = (API, ENGINE)


async def serve(settings: ActionSettings, roles: Collection[str], stop: asyncio.Event) -> None:
    """Plays `roles` until `stop` is set, then finishes what has begun."""
    async with AsyncExitStack() as resources:
        await unless_stopped(stop, require(settings.database_url))
        nc = await connect(settings.nats_url, name=f"treadle-action-{'-'.join(roles)}", stop=stop)
        resources.push_async_callback(nc.close)
        js = nc.jetstream()  # pyright: ignore[reportUnknownMemberType] - untyped options
        await ensure_streams(js, replicas=settings.nats_replicas)
        ringer = await resources.enter_async_context(ringing(nc, js))
        server = GrpcServer(TokenVerifier(settings.jwt_secret), translate=translate)
        publisher = await resources.enter_async_context(_publishing(settings, js))
        turns = Turns(effects=settings.effect_window, calls=settings.call_window)
        await resources.enter_async_context(watching_queues(nc, js, turns))
        engine: Engine | None = None
        # Who serves calls is ready when it can serve them, whether or not it gets other work.
        checks: dict[str, Check] = {}
        if ENGINE in roles:
            engine = await resources.enter_async_context(_engine(settings, ringer, nc, turns))
            checks |= {} if API in roles else engine.checks
            await resources.enter_async_context(_importing(settings, publisher))
            await resources.enter_async_context(_operating(settings))
            await resources.enter_async_context(_erasing(settings, js))
        if API in roles:
            db = create_engine(
                settings.database_url, search_path=SCHEMA, pool_size=settings.api_pool_size
            )
            resources.push_async_callback(db.dispose)
            checks["database"] = engine_check(db)
            upkeep = forgetting(
                db,
                answers_after=timedelta(hours=settings.request_memory_hours),
                posts_after=timedelta(days=settings.provider_event_days),
                events_after=timedelta(days=settings.event_memory_days),
            )
            await resources.enter_async_context(upkeep)
            await resources.enter_async_context(watching_circuits(db))
            vault = Vault(settings.master_keys())
            await resources.enter_async_context(sealing_stored_secrets(db, vault))
            add_api(
                server,
                db,
                ringer,
                vault,
                settings.links(),
                publisher,
                relay=NatsRelay(js),
                postal_address=settings.postal_address,
                policy=_policy(settings),
                timing=_retry_timing(settings),
                turns=turns,
            )
        metrics = resources.enter_context(metrics_endpoint(settings.metrics_listen))
        address = await resources.enter_async_context(
            server.running(settings.listen, notice=NOTICE)
        )
        await resources.enter_async_context(Readiness(server, checks).reported())
        announce_ready("action", roles=",".join(roles), listen=address, metrics=metrics)
        await _until_stopped(engine, stop)


def migrate(settings: ActionSettings) -> None:
    """Brings the database's schema up to date."""
    upgrade(settings.database_url)


async def rewrap(settings: ActionSettings) -> int:
    """Encrypts all data keys by the current master key; returns how many were not.

    Raises UnreadableSecretError when one is encrypted by a key that the settings do not have.
    """
    vault = Vault(settings.master_keys())
    await require(settings.database_url)
    db = create_engine(settings.database_url, search_path=SCHEMA, pool_size=1)
    try:
        return await rewrap_data_keys(db, vault)
    finally:
        await db.dispose()


def add_api(
    server: GrpcServer,
    db: AsyncEngine,
    ringer: Ringer,
    vault: Vault,
    links: LinkKeys,
    publisher: EventPublisher | None = None,
    *,
    relay: Relay,
    postal_address: str,
    policy: Policy = Policy(),  # noqa: B008 - a frozen value
    timing: RetryTiming = RetryTiming(),  # noqa: B008 - as above
    turns: Turns | None = None,
) -> None:
    """Adds the services of the `api` role to `server`.

    Without a publisher events wait for the engine's sweep; without a policy no call is limited;
    without turns nobody waits for one.
    """
    database = PostgresDatabase(db, PlanCache(), publisher, links)
    server.add(add_CatalogServiceServicer_to_server, CatalogServicer())
    server.add(
        add_WorkflowServiceServicer_to_server,
        WorkflowServicer(database, postal_address=postal_address),
    )
    server.add(add_ActionServiceServicer_to_server, ActionServicer(database, vault))
    server.add(add_ContactServiceServicer_to_server, ContactServicer(database))
    server.add(add_DirectoryServiceServicer_to_server, directory_servicer(database))
    server.add(add_CrmServiceServicer_to_server, crm_servicer(database))
    server.add(add_CampaignServiceServicer_to_server, campaign_servicer(database))
    server.add(add_CourseServiceServicer_to_server, course_servicer(database))
    server.add(add_MessengerServiceServicer_to_server, messenger_servicer(database))
    server.add(add_MediaServiceServicer_to_server, media_servicer(database))
    server.add(add_ContactImportServiceServicer_to_server, ContactImportServicer(database))
    server.add(
        add_ExecutionServiceServicer_to_server,
        ExecutionServicer(database, ringer, ExecutionWatcher(database), timing, turns or Turns()),
    )
    server.add(add_WaitServiceServicer_to_server, WaitServicer(database, ringer))
    server.add(add_OperationServiceServicer_to_server, OperationServicer(database))
    server.add(add_MessageServiceServicer_to_server, MessageServicer(database))
    server.add(add_EventServiceServicer_to_server, EventServicer(database))
    server.add(add_CredentialServiceServicer_to_server, CredentialServicer(database, vault))
    server.add(add_ComplianceServiceServicer_to_server, ComplianceServicer(database))
    server.add(add_AccountServiceServicer_to_server, AccountServicer(database))
    server.add(add_PreferenceServiceServicer_to_server, PreferenceServicer(database, links))
    server.add(add_PrivacyServiceServicer_to_server, PrivacyServicer(database, links))
    events = PostgresProviderEvents(db, links, publisher, ringer)
    inbound = InboundServicer(events, database, vault)
    server.add(add_InboundServiceServicer_to_server, inbound)
    server.add(add_LedgerServiceServicer_to_server, LedgerServicer(PostgresClaimLedger(db, links)))
    server.add(add_UnknownSendServiceServicer_to_server, UnknownSendServicer(database))
    letters = DeadLetterServicer(database, relay, ringer)
    server.add(add_DeadLetterServiceServicer_to_server, letters)
    traffic = TrafficServicer(database, PostgresPermitDesk(db, policy), policy)
    server.add(add_TrafficServiceServicer_to_server, traffic)


def _policy(settings: ActionSettings) -> Policy:
    per_second = {
        kind: int(getattr(settings, f"{kind}_per_second")) for kind in (*PROVIDERS, WEBHOOK)
    }
    rules = CircuitRules(
        min_calls=settings.circuit_min_calls,
        failure_ratio=settings.circuit_failure_percent / 100,
        open_for=timedelta(seconds=settings.circuit_open_seconds),
    )
    return Policy(per_second, rules)


def _retry_timing(settings: ActionSettings) -> RetryTiming:
    return RetryTiming(
        base=timedelta(seconds=settings.retry_base_seconds),
        cap=timedelta(seconds=settings.retry_cap_seconds),
        line_busy=timedelta(seconds=settings.line_busy_seconds),
    )


@asynccontextmanager
async def _publishing(
    settings: ActionSettings, js: JetStreamContext
) -> AsyncGenerator[OutboxPublisher]:
    """Publishes the events of what callers and imports change, without waiting for a sweep."""
    stop = asyncio.Event()
    interval = timedelta(seconds=settings.sweep_interval_seconds)
    async with create_pool(settings.database_url, search_path=SCHEMA, size=1) as pool:
        publisher = OutboxPublisher(pool, js)
        running = asyncio.create_task(publisher.run(stop, sweep_interval=interval))
        try:
            yield publisher
        finally:
            stop.set()
            await running


@asynccontextmanager
async def _engine(
    settings: ActionSettings, ringer: Ringer, nc: Client, turns: Turns
) -> AsyncGenerator[Engine]:
    # Connections of its own: calls and batches must not wait for each other.
    pool = create_pool(settings.database_url, search_path=SCHEMA, size=settings.engine_lanes + 4)
    tuning = EngineTuning(
        lanes=settings.engine_lanes,
        sweep_interval=timedelta(seconds=settings.sweep_interval_seconds),
        retry_timing=_retry_timing(settings),
        look_policy=LookPolicy(
            base=timedelta(seconds=settings.lookup_base_seconds), limit=settings.lookup_limit
        ),
        nats_replicas=settings.nats_replicas,
        nats_ack_wait=settings.nats_ack_wait,
    )
    js = nc.jetstream()  # pyright: ignore[reportUnknownMemberType] - untyped options
    async with pool:
        publisher = OutboxPublisher(pool, js)
        engine = Engine(engine_stores(pool), ringer, publisher, nc, js, tuning, turns)
        engine.checks["database"] = pool_check(pool)
        await engine.start()
        try:
            yield engine
        finally:
            await engine.stop()


def engine_stores(pool: "asyncpg.Pool[asyncpg.Record]") -> EngineStores:
    """What one engine keeps in the database; it reads plans once."""
    plans = PlanCache()
    return EngineStores(
        PostgresEngineStore(pool, plans),
        PostgresDeliveryStore(pool),
        PostgresTriggerStore(pool, plans),
        PostgresUnknownSends(pool),
        PostgresEventWaits(pool, plans),
        PostgresOptOuts(pool),
        PostgresSpentTimers(pool),
        PostgresDeadLetters(pool),
        PostgresLosses(pool),
    )


@asynccontextmanager
async def _importing(settings: ActionSettings, publisher: EventPublisher) -> AsyncGenerator[None]:
    """Does imports of contacts during the block."""
    async with _background_database(settings) as db:
        work = ImportWork(PostgresImportQueue(db, publisher))
        async with _working(settings, "imports", work.next_batch):
            yield


@asynccontextmanager
async def _operating(settings: ActionSettings) -> AsyncGenerator[None]:
    """Carries out operations on many executions during the block."""
    async with _background_database(settings) as db:
        work = OperationWork(PostgresOperationQueue(db))
        async with _working(settings, "operations", work.next_batch):
            yield


@asynccontextmanager
async def _erasing(settings: ActionSettings, js: JetStreamContext) -> AsyncGenerator[None]:
    """Does erasures of contacts during the block."""
    async with _background_database(settings) as db:
        work = ErasureWork(db, Purge(js))
        async with _working(settings, "erasures", work.next_piece):
            yield


@asynccontextmanager
async def _background_database(settings: ActionSettings) -> AsyncGenerator[AsyncEngine]:
    db = create_engine(settings.database_url, search_path=SCHEMA, pool_size=1)
    try:
        yield db
    finally:
        await db.dispose()


@asynccontextmanager
async def _working(
    settings: ActionSettings, name: str, next_piece: Callable[[], Awaitable[bool]]
) -> AsyncGenerator[None]:
    """Does such work during the block; the piece that has begun is finished."""
    stop = asyncio.Event()
    interval = timedelta(seconds=settings.sweep_interval_seconds)
    running = asyncio.create_task(Background(next_piece, name=name, interval=interval).run(stop))
    try:
        yield
    finally:
        stop.set()
        await running


async def _until_stopped(engine: Engine | None, stop: asyncio.Event) -> None:
    """Returns when `stop` is set; raises what ended the engine before that."""
    waits: list[asyncio.Task[None]] = [asyncio.create_task(_set(stop))]
    if engine is not None:
        waits.append(asyncio.create_task(engine.wait()))
    try:
        done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in waits:
            task.cancel()


async def _set(event: asyncio.Event) -> None:
    await event.wait()
