"""What the tests of the api role share."""

import secrets
from collections.abc import AsyncGenerator

import pytest

from devstack.postgres import DATABASE, Postgres
from tests.support.action_api import Api, Client, running_api


@pytest.fixture
async def api(database_url: str) -> AsyncGenerator[Api]:
    """The api role on a database of this test alone."""
    async with running_api(database_url) as running:
        yield running


@pytest.fixture(scope="module")
async def shared_api(postgres_server: Postgres) -> AsyncGenerator[Api]:
    """The api role on a database that a module shares; each test works in accounts of its own."""
    name = f"test_{secrets.token_hex(8)}"
    postgres_server.create_database(name, template=DATABASE)
    async with running_api(postgres_server.url(name)) as running:
        yield running
    postgres_server.drop_database(name)


@pytest.fixture
async def client(api: Api) -> Client:
    """An admin of a new account."""
    return await api.client()
