"""What the tests of the api role share."""

from collections.abc import AsyncGenerator

import pytest

from tests.support.action_api import Api, Client, running_api


@pytest.fixture
async def api(database_url: str) -> AsyncGenerator[Api]:
    """The api role on a database of this test alone."""
    async with running_api(database_url) as running:
        yield running


@pytest.fixture
async def client(api: Api) -> Client:
    """An admin of a new account."""
    return await api.client()
