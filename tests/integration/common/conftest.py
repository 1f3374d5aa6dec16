"""A real server and real channels over loopback."""

from collections.abc import AsyncGenerator

import pytest

from tests.support.grpc_service import Service, running_service


@pytest.fixture
async def service() -> AsyncGenerator[Service, None]:
    """A service of this test alone."""
    async with running_service() as running:
        yield running
