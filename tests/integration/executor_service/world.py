"""What an executor works with, for real: a nats-server, the simulator, and the RPCs it calls."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from nats.aio.client import Client
from nats.js import JetStreamContext
from pydantic import SecretStr

from common.catalogue import catalogue
from common.ids import new_id
from common.nats import (
    ACTIONS,
    RESULTS,
    RESULTS_SUBJECT,
    ConsumerSpec,
    Outgoing,
    PullConsumer,
    connect,
    ensure_streams,
    publish_all,
)
from devstack.simulator.app import Simulator
from devstack.simulator.failures import Control
from devstack.simulator.server import serving
from executor_service.fleet import FINISH_S
from executor_service.settings import ExecutorSettings
from tests.support.executor_peers import Contacts, Credentials, Ledger, action_api
from tests.support.fleet import running_executor
from treadle.dispatch.v1.result_pb2 import ActionResult, ActionResultBatch
from treadle.dispatch.v1.task_pb2 import ActionTask

SECRET = SecretStr("integration-" + "x" * 32)
ACCOUNT = str(new_id())
TEMPLATE_ID = "550e8400-e29b-41d4-a716-446655440000"
CONTEXT: dict[str, Any] = {
    "contact": {
        "first_name": "Ann",
        "email": "ann@example.com",
        "phone": "+4915112345678",
        "timezone": "UTC",
    },
    "account": {"timezone": "UTC"},
}
SMS: dict[str, Any] = {
    "message": "Hi {{ contact.first_name }}",
    "from_number": "+14155550100",
    "respect_quiet_hours": False,
}


async def until(condition: Callable[[], bool], *, within: float = 60) -> None:
    """Waits for a condition that nobody announces."""
    deadline = asyncio.get_running_loop().time() + within
    while asyncio.get_running_loop().time() < deadline:
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the condition has not come about")


@dataclass
class World:
    """Everything around the executor, and what came of its work."""

    nats_url: str
    nc: Client
    js: JetStreamContext
    simulator: Simulator
    url: str
    ledger: Ledger
    contacts: Contacts
    credentials: Credentials
    api: str
    results: list[ActionResult] = field(default_factory=list[ActionResult])
    messages: int = 0
    # Blocks that nobody leaves: whoever entered them died.
    unfinished: list[object] = field(default_factory=list[object])
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def task(self, action_type: str, config: Mapping[str, Any]) -> ActionTask:
        """A task of the test's account."""
        spec = catalogue().get(action_type)
        return ActionTask(
            attempt_id=str(new_id()),
            action_execution_id=str(new_id()),
            execution_id=str(new_id()),
            account_id=ACCOUNT,
            workflow_id=str(new_id()),
            action_id=str(new_id()),
            contact_id=str(new_id()),
            attempt_number=1,
            config=spec.to_message(config),
            context_json=orjson.dumps(CONTEXT),
        )

    async def ring(self, tasks: Sequence[ActionTask]) -> None:
        """Publishes tasks as the engine does."""
        types = catalogue()
        await publish_all(
            self.nc,
            self.js,
            [
                Outgoing(
                    types.get(task.config.WhichOneof("config") or "").subject,
                    task.SerializeToString(),
                    task.attempt_id,
                )
                for task in tasks
            ],
            answer_within=60,
        )

    async def collect(self) -> None:
        """Takes results in, until cancelled."""
        spec = ConsumerSpec(RESULTS, "test-results", RESULTS_SUBJECT)
        consumer = PullConsumer(self.nc, self.js, spec)
        await consumer.start()
        try:
            while True:
                for delivery in await consumer.next_batch(100):
                    self.results += ActionResultBatch.FromString(delivery.data).results
                    self.messages += 1
                    await delivery.ack()
                    self._arrived.set()
        finally:
            await consumer.stop()

    async def have_results(self, number: int, *, within: float = 60) -> list[ActionResult]:
        """Waits for at least so many results."""
        async with asyncio.timeout(within):
            while len(self.results) < number:
                self._arrived.clear()
                await self._arrived.wait()
        return self.results

    async def tasks_left(self) -> int:
        """Tasks that are not acked."""
        return (await self.js.stream_info(ACTIONS.name)).state.messages

    async def no_tasks_left(self) -> None:
        """Waits until every task is acked."""
        await self.until_tasks_left(0)

    async def until_tasks_left(self, number: int) -> None:
        """Waits until so many tasks are not acked."""
        async with asyncio.timeout(60):
            while await self.tasks_left() != number:  # noqa: ASYNC110 - the server sets no event
                await asyncio.sleep(0.02)

    def tell(self, provider: str, mode: str, **rules: Any) -> None:
        """Tells the simulator how to fail."""
        control = {"provider": provider, "mode": mode} | rules
        self.simulator.plan.set(Control.model_validate(control))

    def sent(self, provider: str) -> list[dict[str, Any]]:
        """What the provider accepted."""
        page = self.simulator.inbox.page(provider=provider, limit=10_000)
        return [orjson.loads(item) for item in page.items]

    async def sent_some(self, provider: str, number: int) -> None:
        """Waits until the provider has accepted so many messages."""
        await until(lambda: len(self.sent(provider)) >= number)

    def environment(self, **changes: str) -> dict[str, str]:
        """The variables of an executor process in this world."""
        return {
            "TREADLE_NATS_URL": self.nats_url,
            "TREADLE_JWT_SECRET": SECRET.get_secret_value(),
            "TREADLE_EXECUTOR_LISTEN": "127.0.0.1:0",
            "TREADLE_EXECUTOR_API_TARGET": self.api,
            "TREADLE_EXECUTOR_EGRESS_ALLOW_LOOPBACK": "true",
            "TREADLE_EXECUTOR_SENDGRID_API_KEY": "SG.x",
            "TREADLE_EXECUTOR_SENDGRID_BASE_URL": self.url,
            "TREADLE_EXECUTOR_TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
            "TREADLE_EXECUTOR_TWILIO_AUTH_TOKEN": "x",
            "TREADLE_EXECUTOR_TWILIO_BASE_URL": self.url,
            "TREADLE_EXECUTOR_STRIPE_API_KEY": "sk_test_x",
            "TREADLE_EXECUTOR_STRIPE_BASE_URL": self.url,
        } | changes

    @asynccontextmanager
    async def executor(
        self, *categories: str, finish_s: float = FINISH_S, **changes: Any
    ) -> AsyncGenerator[asyncio.Event]:
        """An executor in this process; gives the event that stops it."""
        settings = ExecutorSettings(
            nats_url=self.nats_url,
            jwt_secret=SECRET,
            listen="127.0.0.1:0",
            api_target=self.api,
            egress_allow_loopback=True,
            sendgrid_api_key=SecretStr("SG.x"),
            sendgrid_base_url=self.url,
            twilio_account_sid="AC" + "0" * 32,
            twilio_auth_token=SecretStr("x"),
            twilio_base_url=self.url,
            stripe_api_key=SecretStr("sk_test_x"),
            stripe_base_url=self.url,
            **changes,
        )
        async with running_executor(settings, categories, finish_s=finish_s) as stop:
            yield stop


@asynccontextmanager
async def world(nats_url: str) -> AsyncGenerator[World]:
    """A world on a test's nats-server."""
    nc = await connect(nats_url, name="test")
    js = nc.jetstream()  # pyright: ignore[reportUnknownMemberType] - untyped options
    await ensure_streams(js)
    simulator, ledger = Simulator(), Ledger()
    contacts = Contacts(ACCOUNT)  # pyright: ignore[reportAbstractUsage] - no other RPC is called
    contacts.template_ids = {TEMPLATE_ID}
    credentials = Credentials()  # pyright: ignore[reportAbstractUsage] - no other RPC is called
    async with (
        serving(simulator, "127.0.0.1", 0) as url,
        action_api(SECRET, ledger, contacts, credentials) as api,
    ):
        made = World(nats_url, nc, js, simulator, url, ledger, contacts, credentials, api)
        collector = asyncio.create_task(made.collect())
        try:
            yield made
        finally:
            collector.cancel()
            await asyncio.gather(collector, return_exceptions=True)
            await nc.close()
