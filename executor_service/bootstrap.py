"""Puts an executor together: the one place that names its concrete parts."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from datetime import timedelta

from grpc import aio
from nats.aio.client import Client
from prometheus_client import REGISTRY, CollectorRegistry

from common.auth import TokenVerifier
from common.clock import SYSTEM_CLOCK, Clock
from common.egress import EgressPolicy, GuardedClient
from common.grpc.client import ServiceTokens
from common.grpc.client import connect as connect_grpc
from common.grpc.server import GrpcServer
from common.nats import NATS_TROUBLE, JetStreamTrials, PullConsumer, action_consumer
from common.nats import connect as connect_nats
from common.nats.backlog import ResultsBacklog
from common.readiness import Readiness
from common.runtime import CannotStartError, run
from common.script_modules import ModuleStore
from common.settings import load
from common.telemetry import announce_ready, configure_logging, get_logger, metrics_endpoint
from executor_service.adapters.conversations import ConversationClient
from executor_service.adapters.credentials import CredentialClient
from executor_service.adapters.dead_letters import JetStreamDeadLetters
from executor_service.adapters.ledger import LedgerClient
from executor_service.adapters.providers import (
    call_gateways,
    email_gateways,
    messenger_gateways,
    payment_gateways,
    sms_gateways,
)
from executor_service.adapters.records import RecordClient
from executor_service.adapters.secrets import SecretClient
from executor_service.adapters.templates import TemplateClient
from executor_service.adapters.traffic import TrafficClient
from executor_service.attachments import AttachmentFetcher
from executor_service.deliveries import Sender
from executor_service.fleet import FINISH_S, run_fleet
from executor_service.gate import Gate
from executor_service.marketing import Imprints
from executor_service.metrics import Metrics
from executor_service.payment_ports import PaymentGateways
from executor_service.pipeline import Pipeline
from executor_service.ports import (
    CallGateways,
    ConversationSource,
    CredentialStore,
    EmailGateways,
    MessengerGateways,
    RecordSource,
    SmsGateways,
    TemplateSource,
)
from executor_service.publisher import ResultPublisher, jetstream_publisher
from executor_service.sandbox.host import Sandbox
from executor_service.sandbox.isolation import Isolation
from executor_service.sandbox.link import Isolated
from executor_service.sandbox.results import SandboxUnavailableError
from executor_service.secrets import ConfigSecrets
from executor_service.settings import ExecutorSettings
from executor_service.wiring import DELIVERED_BY, Providers, Wiring
from executor_service.worker import BATCH, CategoryWorker

# The category whose scripts run in a sandbox.
CODE = "code"
# What health says of them: SERVING when they have namespaces of their own, else NOT_SERVING.
ISOLATION = "treadle.code.isolation.namespaces"

_GRPC_GRACE = timedelta(seconds=1)

_log = get_logger(__name__)


def serve(categories: Sequence[str]) -> None:
    """Runs one executor process until it is told to stop."""
    settings = load(ExecutorSettings)
    configure_logging(settings.log_level, settings.log_format, service="executor")

    async def main(stop: asyncio.Event) -> None:
        await serve_until(stop, settings, categories)

    run(main)


async def serve_until(
    stop: asyncio.Event,
    settings: ExecutorSettings,
    categories: Sequence[str],
    *,
    registry: CollectorRegistry = REGISTRY,
    on_ready: Callable[[str], None] | None = None,
    finish_s: float = FINISH_S,
) -> None:
    """Serves until `stop` is set, then drains.

    `on_ready` is told the gRPC address; `finish_s` bounds the wait for tasks that are under way.
    """
    async with AsyncExitStack() as resources:
        nc = await connect_nats(
            settings.nats_url, name=f"treadle-executor-{'-'.join(categories)}", stop=stop
        )
        resources.push_async_callback(_close, nc)
        tokens = ServiceTokens(settings.jwt_secret, "executor")
        channel = connect_grpc(settings.api_target, token=tokens.token)
        resources.push_async_callback(channel.close, 0)
        permits = TrafficClient(channel, SYSTEM_CLOCK)
        resources.push_async_callback(permits.aclose)
        egress = GuardedClient(EgressPolicy(allow_loopback=settings.egress_allow_loopback))
        resources.push_async_callback(egress.aclose)

        js = nc.jetstream()  # pyright: ignore[reportUnknownMemberType] - untyped options
        metrics = Metrics(registry)
        publisher = ResultPublisher(
            jetstream_publisher(js), ResultsBacklog(js, most=settings.results_ahead)
        )
        sandbox = _sandbox(settings)
        providers = _providers(settings, channel, tokens, egress, sandbox)
        isolated: Isolated | None = None
        if CODE in categories:
            resources.push_async_callback(sandbox.aclose)
            isolated = await _isolation(sandbox)
            metrics.isolated(isolated.isolation)
        wiring = Wiring(providers)
        pipeline = Pipeline(
            wiring.actions(categories),
            deliveries=wiring.deliveries() if DELIVERED_BY in categories else None,
            lookups=wiring.lookups() if DELIVERED_BY in categories else None,
            ledger=LedgerClient(channel),
            gate=Gate(permits, SYSTEM_CLOCK, at_a_time=settings.concurrency),
            clock=SYSTEM_CLOCK,
            metrics=metrics,
        )
        sources = {
            category: PullConsumer(
                nc,
                js,
                replace(
                    action_consumer(f"executor-{category}", category),
                    ack_wait=settings.nats_ack_wait,
                ),
                capacity=_capacity(settings, calls=pipeline.has_calls(category)),
                replicas=settings.nats_replicas,
            )
            for category in categories
        }
        trials = JetStreamTrials(js, replicas=settings.nats_replicas)
        workers = [
            CategoryWorker(
                category,
                source=source,
                pipeline=pipeline,
                publisher=publisher,
                dead_letters=JetStreamDeadLetters(js),
                trials=trials,
                metrics=metrics,
                heartbeat_s=settings.nats_ack_wait_seconds / 3,
                slots=settings.code_runs_at_once if category == CODE else settings.concurrency,
                max_deliver=settings.max_deliver,
            )
            for category, source in sources.items()
        ]
        metrics_address = resources.enter_context(metrics_endpoint(settings.metrics_listen))
        server = GrpcServer(TokenVerifier(settings.jwt_secret))
        address = await resources.enter_async_context(
            server.running(settings.listen, grace=_GRPC_GRACE)
        )
        if isolated is not None:
            await server.report(ISOLATION, isolated.isolation == Isolation.NAMESPACES)
        readiness = Readiness(server, {each.name: each.standing for each in sources.values()})

        async def ready() -> None:
            await resources.enter_async_context(readiness.reported())
            announce_ready(
                "executor",
                listen=address,
                metrics=metrics_address,
                categories=",".join(categories),
            )
            if on_ready is not None:
                on_ready(address)

        await run_fleet(workers, publisher, stop, ready=ready, finish_s=finish_s)


def _sandbox(settings: ExecutorSettings) -> Sandbox:
    return Sandbox(
        engine=settings.code_engine,
        accepted=settings.code_isolation,
        at_once=settings.code_runs_at_once,
    )


async def _isolation(sandbox: Sandbox) -> Isolated:
    """How scripts are isolated; raises CannotStartError when not as the operator wants it."""
    try:
        isolated = await sandbox.start()
    except SandboxUnavailableError as error:
        weaker = f"TREADLE_EXECUTOR_CODE_ISOLATION={Isolation.SECCOMP}"
        raise CannotStartError(
            f"scripts cannot be isolated: {error}. {weaker} accepts a weaker isolation"
            " (docs/custom-code.md)"
        ) from error
    log = _log.info if isolated.isolation == Isolation.NAMESPACES else _log.warning
    log("code_isolated", by=isolated.isolation, landlock=isolated.landlock, why=isolated.problem)
    return isolated


def _providers(
    settings: ExecutorSettings,
    channel: aio.Channel,
    tokens: ServiceTokens,
    egress: GuardedClient,
    sandbox: Sandbox,
) -> Providers:
    credentials = CredentialClient(channel, SYSTEM_CLOCK)
    return {
        Clock: lambda: SYSTEM_CLOCK,
        GuardedClient: lambda: egress,
        Sandbox: lambda: sandbox,
        ModuleStore: lambda: ModuleStore(settings.code_modules_dir),
        ConfigSecrets: lambda: ConfigSecrets(SecretClient(channel, SYSTEM_CLOCK), SYSTEM_CLOCK),
        CredentialStore: lambda: credentials,
        AttachmentFetcher: lambda: AttachmentFetcher(egress),
        TemplateSource: lambda: TemplateClient(channel, tokens, SYSTEM_CLOCK),
        Imprints: lambda: Imprints(
            settings.link_keys(), settings.public_url, settings.postal_address
        ),
        EmailGateways: lambda: email_gateways(settings, credentials),
        SmsGateways: lambda: sms_gateways(settings, credentials),
        ConversationSource: lambda: ConversationClient(channel),
        MessengerGateways: lambda: messenger_gateways(settings, credentials),
        CallGateways: lambda: call_gateways(settings, credentials),
        RecordSource: lambda: RecordClient(channel, tokens, SYSTEM_CLOCK),
        PaymentGateways: lambda: payment_gateways(settings, credentials),
        Sender: lambda: Sender(
            settings.notification_from_email,
            settings.notification_from_name,
            settings.notification_from_number,
        ),
    }


def _capacity(settings: ExecutorSettings, *, calls: bool) -> int:
    """How many tasks wait here: few where each may take long, so that other executors get them."""
    return max(1, settings.concurrency // 4) if calls else 2 * BATCH


async def _close(nc: Client) -> None:
    # Acks are fire and forget: the server's answer to the ping says that it has them.
    with suppress(*NATS_TROUBLE):
        await nc.flush(timeout=1)
    await nc.close()
