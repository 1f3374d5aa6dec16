"""The way of a delivery from the engine to its reader: the ledger, the fleet, the providers."""

from asyncio import Event
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import SecretStr

from devstack.simulator.app import Simulator
from devstack.simulator.failures import Control
from devstack.simulator.server import serving
from executor_service.settings import ExecutorSettings
from tests.support.action_api import SECRET, running_api
from tests.support.fleet import running_executor

FROM_EMAIL = "notifications@example.com"
FROM_NUMBER = "+14155550123"


@dataclass(frozen=True)
class Post:
    """The simulated providers, and the fleet that calls them."""

    nats_url: str
    api: str
    url: str
    simulator: Simulator

    def fleet(self, **changes: Any) -> AbstractAsyncContextManager[Event]:
        """Executors of communication, on the real ledger."""
        settings: dict[str, Any] = {
            "nats_url": self.nats_url,
            "jwt_secret": SECRET,
            "listen": "127.0.0.1:0",
            "api_target": self.api,
            "sendgrid_api_key": SecretStr("SG.x"),
            "sendgrid_base_url": self.url,
            "twilio_account_sid": "AC" + "0" * 32,
            "twilio_auth_token": SecretStr("x"),
            "twilio_base_url": self.url,
            "notification_from_email": FROM_EMAIL,
            "notification_from_name": "Bakery",
            "notification_from_number": FROM_NUMBER,
        }
        return running_executor(ExecutorSettings(**settings | changes), ["communication"])

    def tell(self, provider: str, mode: str, **rules: Any) -> None:
        """Tells the simulator how to fail."""
        control = {"provider": provider, "mode": mode} | rules
        self.simulator.plan.set(Control.model_validate(control))

    def tried(self) -> int:
        """How many requests were told to fail, and did."""
        return sum(int(str(rule["applied"])) for rule in self.simulator.plan.describe())

    def sent(self, provider: str) -> list[dict[str, Any]]:
        """What the provider accepted, oldest first."""
        page = self.simulator.inbox.page(provider=provider, limit=10_000)
        return [orjson.loads(item) for item in page.items]


@asynccontextmanager
async def post(database_url: str, nats_url: str) -> AsyncGenerator[Post]:
    """Providers and the API of this test alone."""
    simulator = Simulator()
    async with (
        running_api(database_url) as api,
        serving(simulator, "127.0.0.1", 0) as url,
    ):
        yield Post(nats_url, api.address, url, simulator)
