"""Runs one action as an executor does, against the provider simulator over HTTP.

Every table of cases is a list of `Case`s: a configuration as it would be saved, the context, what
the other side is told to do, and what must come of it. Only what lies outside the executor is
replaced: time stands still, the ledger and the email templates are kept in memory.
"""

import asyncio
import re
import socket
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import orjson
from google.protobuf.json_format import MessageToDict
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from common.catalogue import catalogue
from common.clock import Clock
from common.contact_links import LinkKeys
from common.egress import EgressPolicy, GuardedClient
from common.ids import new_id
from common.script_modules import ModuleStore
from devstack.simulator.app import Credentials, Simulator
from devstack.simulator.failures import Control
from devstack.simulator.server import serving
from executor_service.adapters.providers import (
    call_gateways,
    email_gateways,
    messenger_gateways,
    payment_gateways,
    sms_gateways,
)
from executor_service.attachments import AttachmentFetcher
from executor_service.deliveries import Sender
from executor_service.gate import Gate
from executor_service.handlers.base import EffectHandler
from executor_service.marketing import Imprints
from executor_service.metrics import Metrics
from executor_service.payment_ports import PaymentGateways
from executor_service.pipeline import Pipeline, Stale
from executor_service.ports import (
    CallGateways,
    ConversationSource,
    CredentialStore,
    EmailGateways,
    EmailTemplate,
    MessengerGateways,
    RecordSource,
    SmsGateways,
    TemplateSource,
)
from executor_service.sandbox.host import Sandbox
from executor_service.sandbox.isolation import Isolation
from executor_service.secrets import ConfigSecrets
from executor_service.settings import ExecutorSettings
from executor_service.wiring import Wiring
from tests.support.permits import MemoryPermits
from tests.unit.executor_service.handlers.memory import (
    MemoryConversations,
    MemoryCredentials,
    MemoryLedger,
    MemoryRecords,
    MemorySecrets,
    MemoryTemplates,
)
from treadle.dispatch.v1.result_pb2 import ActionResult
from treadle.dispatch.v1.task_pb2 import ActionTask
from treadle.execution.v1.execution_pb2 import ErrorClass

API_KEY = "SG.test-key"
ACCOUNT_SID = "AC00000000000000000000000000000000"
AUTH_TOKEN = "test-auth-token"
STRIPE_KEY = "sk_test_unittestsunittests"
PAGE_TOKEN = "EAAB-page-token"
APP_SECRET = "the-app-secret"
TEMPLATE_ID = "550e8400-e29b-41d4-a716-446655440000"

# How long a provider is waited for: so that no busy machine makes it late, and where none answers.
_PATIENT_S = 60.0
_IMPATIENT_S = 0.4
_ENDLESS = ("hang", "accept_then_hang", "trickle")

# A Wednesday noon in Berlin, outside the default quiet hours.
NOON = datetime(2026, 3, 4, 11, 0, tzinfo=UTC)

SENDER = Sender("notifications@example.com", "Bakery", "+14155550123")
LINKS = LinkKeys([bytes(range(32))])
IMPRINTS = Imprints(LINKS, "https://treadle.example.com", "Bakery, 1 Main Street")
CONTACT: dict[str, Any] = {
    "id": "0195f000-0000-7000-8000-000000000001",
    "first_name": "Ann",
    "last_name": "Öz <b>",
    "email": "ann@example.com",
    "phone": "+4915112345678",
    "timezone": "Europe/Berlin",
    "custom_fields": {"plan": "gold", "visits": 3, "stripe": "cus_ann", "price": "49.90"},
}
CONTEXT: dict[str, Any] = {
    "contact": CONTACT,
    "account": {"name": "Bakery", "timezone": "Europe/Berlin"},
}


@dataclass(frozen=True)
class Case:
    """One row of a table. `told` are failures the simulator is told; the rest is what must come."""

    name: str
    config: Mapping[str, Any]
    context: Mapping[str, Any] = field(default_factory=lambda: CONTEXT)
    told: Sequence[Control] = ()
    now: datetime = NOON
    # The outcome: completed, failed, skipped, deferred, or stale for none at all.
    outcome: str = "completed"
    output: Mapping[str, Any] | None = None
    error: str = ""
    message: str = ""
    retry_after: timedelta | None = None
    not_before: datetime | None = None
    # Messages that reached the other side, and claims that were made.
    sent: int | None = None
    claims: int | None = None


def case_id(case: Case) -> str:
    """The name of a case, for pytest."""
    return case.name


class FixedClock:
    """Time that stands still."""

    def __init__(self, now: datetime = NOON) -> None:
        self.instant = now

    def now(self) -> datetime:
        return self.instant


class Bench:
    """All handlers, wired to one simulator."""

    def __init__(
        self,
        simulator: Simulator,
        url: str,
        egress: GuardedClient,
        sandbox: Sandbox | None = None,
    ) -> None:
        self.simulator = simulator
        self.modules = ModuleStore(None)
        self._sandbox = sandbox or unstarted_sandbox()
        self.url = url
        self.clock = FixedClock()
        self.ledger = MemoryLedger()
        self.permits = MemoryPermits()
        self.gate = Gate(self.permits, self.clock, at_a_time=8)
        self.credentials = MemoryCredentials()
        self.secrets = MemorySecrets()
        self.conversations = MemoryConversations()
        self.records = MemoryRecords()
        self.templates = MemoryTemplates()
        self.templates.templates[TEMPLATE_ID] = EmailTemplate(
            "<p>Hello {{ contact.first_name }} {{ contact.last_name }}</p>",
            "Hello {{ contact.first_name }}",
        )
        self._egress = egress
        self.use(provider_url=url)

    def use(
        self,
        *,
        provider_url: str,
        credentials: bool = True,
        egress: GuardedClient | None = None,
        sender: Sender = SENDER,
        public_url: str = "",
        imprints: Imprints = IMPRINTS,
        sandbox: Sandbox | None = None,
    ) -> None:
        """Wires the handlers anew, with another address or without credentials."""
        settings = ExecutorSettings(
            jwt_secret=SecretStr("x" * 40),
            sendgrid_api_key=SecretStr(API_KEY) if credentials else None,
            sendgrid_base_url=provider_url,
            twilio_account_sid=ACCOUNT_SID,
            twilio_auth_token=SecretStr(AUTH_TOKEN) if credentials else None,
            twilio_base_url=provider_url,
            graph_base_url=provider_url,
            stripe_api_key=SecretStr(STRIPE_KEY) if credentials else None,
            stripe_base_url=provider_url,
            public_url=public_url,
            concurrency=8,
        )
        self._wired = partial(
            self._pipeline,
            settings,
            guarded=egress or self._egress,
            sender=sender,
            imprints=imprints,
            sandbox=sandbox or self._sandbox,
        )
        self.pipeline = self._wired(_PATIENT_S)

    def _pipeline(
        self,
        settings: ExecutorSettings,
        timeout_s: float,
        *,
        guarded: GuardedClient,
        sender: Sender,
        imprints: Imprints,
        sandbox: Sandbox,
    ) -> Pipeline:
        settings = settings.model_copy(update={"provider_timeout_seconds": timeout_s})
        wiring = Wiring(
            {
                Clock: lambda: self.clock,
                GuardedClient: lambda: guarded,
                ConfigSecrets: lambda: ConfigSecrets(self.secrets, self.clock),
                CredentialStore: lambda: self.credentials,
                AttachmentFetcher: lambda: AttachmentFetcher(guarded),
                TemplateSource: lambda: self.templates,
                EmailGateways: lambda: email_gateways(settings, self.credentials),
                SmsGateways: lambda: sms_gateways(settings, self.credentials),
                ConversationSource: lambda: self.conversations,
                MessengerGateways: lambda: messenger_gateways(settings, self.credentials),
                CallGateways: lambda: call_gateways(settings, self.credentials),
                RecordSource: lambda: self.records,
                PaymentGateways: lambda: payment_gateways(settings, self.credentials),
                Imprints: lambda: imprints,
                Sender: lambda: sender,
                Sandbox: lambda: sandbox,
                ModuleStore: lambda: self.modules,
            }
        )
        return Pipeline(
            wiring.actions(["communication", "crm", "internal", "membership", "payments", "code"]),
            ledger=self.ledger,
            gate=self.gate,
            clock=self.clock,
            metrics=Metrics(CollectorRegistry()),
            deliveries=wiring.deliveries(),
            lookups=wiring.lookups(),
        )

    def task(
        self, action_type: str, config: Mapping[str, Any], context: Mapping[str, Any] = CONTEXT
    ) -> ActionTask:
        """A task as the engine makes it; the configuration must be one that can be saved."""
        spec = catalogue().get(action_type)
        validation = spec.validate(config)
        assert not validation.violations, validation.violations
        return ActionTask(
            attempt_id=str(new_id()),
            action_execution_id=str(new_id()),
            execution_id=str(new_id()),
            account_id=str(new_id()),
            workflow_id=str(new_id()),
            action_id=str(new_id()),
            contact_id=CONTACT["id"],
            attempt_number=1,
            config=spec.to_message(config),
            context_json=orjson.dumps(context),
        )

    async def run(self, task: ActionTask) -> ActionResult | Stale:
        """What an executor answers to the task."""
        pipeline = self._wired(_IMPATIENT_S) if self._is_kept_waiting() else self.pipeline
        action = pipeline.job_of(task)
        assert action is not None
        if isinstance(action.handler, EffectHandler):
            return pipeline.apply(action, action.handler, task, markup=True)
        return await pipeline.run(action, action.handler, task)

    def _is_kept_waiting(self) -> bool:
        """Whether the simulator is told to let somebody wait."""
        rules = self.simulator.plan.describe()
        return any(rule["mode"] in _ENDLESS and rule["remaining"] != 0 for rule in rules)

    async def result(
        self, action_type: str, config: Mapping[str, Any], context: Mapping[str, Any] = CONTEXT
    ) -> ActionResult:
        """The result of an action that is not stale."""
        result = await self.run(self.task(action_type, config, context))
        assert isinstance(result, ActionResult)
        return result

    async def change(self, action_type: str, config: Mapping[str, Any]) -> dict[str, Any]:
        """What the one effect of an action on records asks for: its configuration, rendered."""
        result = await self.result(action_type, config)
        (effect,) = result.completed.effects
        return MessageToDict(getattr(effect, action_type), preserving_proto_field_name=True)

    def inbox(self, provider: str) -> list[dict[str, Any]]:
        """What the provider accepted, oldest first."""
        return [orjson.loads(item) for item in self.simulator.inbox.page(provider=provider).items]

    async def check(self, action_type: str, provider: str, case: Case) -> ActionResult | Stale:
        """Runs a case and compares everything it states."""
        self.clock.instant = case.now
        for control in case.told:
            self.simulator.plan.set(control)
        result = await self.run(self.task(action_type, case.config, case.context))
        if isinstance(result, Stale):
            assert case.outcome == "stale"
        else:
            _check_result(result, case)
        if case.sent is not None:
            assert len(self.inbox(provider)) == case.sent
        if case.claims is not None:
            assert len(self.ledger.claims) == case.claims
        return result


def _check_result(result: ActionResult, case: Case) -> None:
    assert result.WhichOneof("outcome") == case.outcome, result
    if case.output is not None:
        output = orjson.loads(result.completed.output_json)
        assert {name: output.get(name) for name in case.output} == case.output
    if case.error:
        assert ErrorClass.Name(result.failed.error_class) == f"ERROR_CLASS_{case.error.upper()}"
    if case.message:
        said = result.failed.message or result.deferred.reason or result.skipped.reason
        assert re.search(case.message, said), said
    if case.outcome == "failed":
        waits = result.failed.HasField("retry_after")
        assert case.retry_after == (result.failed.retry_after.ToTimedelta() if waits else None)
    if case.not_before is not None:
        assert result.deferred.not_before.ToDatetime(tzinfo=UTC) == case.not_before


@dataclass(frozen=True)
class World:
    """What lies outside the executor."""

    simulator: Simulator
    url: str
    egress: GuardedClient
    # Starts with the first script.
    sandbox: Sandbox

    def bench(self) -> Bench:
        """A bench in a world where nothing has happened yet."""
        self.simulator.inbox.clear()
        self.simulator.plan.clear()
        return Bench(self.simulator, self.url, self.egress, self.sandbox)


def unstarted_sandbox() -> Sandbox:
    """One that starts with the first script, and is to be closed then."""
    return Sandbox(engine="jsbox", accepted=Isolation.NAMESPACES, at_once=2)


@asynccontextmanager
async def world() -> AsyncGenerator[World]:
    """A running simulator and a guarded client."""
    credentials = Credentials(
        *(SecretStr(API_KEY), ACCOUNT_SID, SecretStr(AUTH_TOKEN), SecretStr(STRIPE_KEY)),
        *(SecretStr(PAGE_TOKEN), SecretStr(APP_SECRET)),
    )
    simulator = Simulator(credentials=credentials)
    sandbox = unstarted_sandbox()
    async with (
        serving(simulator, "127.0.0.1", 0) as url,
        GuardedClient(EgressPolicy(allow_loopback=True)) as egress,
        aclosing(sandbox),
    ):
        yield World(simulator, url, egress, sandbox)


@asynccontextmanager
async def answering(answer: bytes, *, hangs_up: bool = False) -> AsyncGenerator[str]:
    """A server that says `answer` to every request without a body, hanging up on an empty one.

    With `hangs_up` it does so after any answer.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b"\r\n\r\n") and answer:
                writer.write(answer)
                await writer.drain()
                if hangs_up:
                    break
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"


def closed_port_url() -> str:
    """A URL at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"
