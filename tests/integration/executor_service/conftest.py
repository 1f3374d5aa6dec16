"""The world around an executor."""

from collections.abc import AsyncGenerator

import pytest

from tests.integration.executor_service.world import World, world


@pytest.fixture
async def around(nats_url: str) -> AsyncGenerator[World]:
    """A world of this test alone."""
    async with world(nats_url) as made:
        yield made
