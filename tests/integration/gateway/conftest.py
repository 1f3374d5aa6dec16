"""A running gateway before scripted services, shared by the tests of this folder."""

from collections.abc import AsyncGenerator

import httpx
import pytest

from gateway.settings import GatewaySettings
from tests.support.gateway import Script, client, running_gateway, scripted_services


@pytest.fixture(scope="module")
def module_script() -> Script:
    """The script of the running services."""
    return Script()


@pytest.fixture
def script(module_script: Script) -> Script:
    """What the services behind the gateway do; nothing yet."""
    module_script.reset()
    return module_script


@pytest.fixture(scope="module")
async def services(module_script: Script) -> AsyncGenerator[str]:
    """The address of the scripted services."""
    async with scripted_services(module_script) as address:
        yield address


@pytest.fixture(scope="module")
async def gateway_url(services: str) -> AsyncGenerator[str]:
    """The base URL of a gateway before them."""
    settings = GatewaySettings(
        listen="127.0.0.1:0",
        api_target=services,
        scheduler_target=services,
        call_timeout_seconds=60,
        heartbeat_seconds=0.1,
        stop_grace_seconds=2,
    )
    async with running_gateway(settings) as url:
        yield url


@pytest.fixture
async def admin(gateway_url: str, script: Script) -> AsyncGenerator[httpx.AsyncClient]:
    """A caller who may do everything."""
    del script  # emptied for this test
    async with client(gateway_url, "admin") as http:
        yield http
