"""The bench on which handlers are tried."""

from collections.abc import AsyncGenerator

import pytest

from tests.unit.executor_service.handlers import harness


@pytest.fixture(scope="module")
async def outside() -> AsyncGenerator[harness.World]:
    """A simulator for the tests of one handler."""
    async with harness.world() as world:
        yield world


@pytest.fixture
def bench(outside: harness.World) -> harness.Bench:
    """All handlers, in a world where nothing has happened yet."""
    return outside.bench()
