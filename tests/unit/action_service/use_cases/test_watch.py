"""Watchers of one execution share one poller."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import uuid4

import pytest

from action_service.use_cases.watch import AT_ONCE, ExecutionWatcher
from common.errors import TreadleError, dependency_unavailable


class BrokenDatabase:
    """Refuses every transaction, and counts them."""

    def __init__(self) -> None:
        self.asked = 0

    @asynccontextmanager
    async def reading(self, account_id: object) -> AsyncGenerator[None]:
        self.asked += 1
        await asyncio.sleep(0.01)
        raise dependency_unavailable("the database", timedelta(seconds=1))
        yield


class BusyDatabase(BrokenDatabase):
    """Counts how many read at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.reading_now = 0
        self.most = 0

    @asynccontextmanager
    async def reading(self, account_id: object) -> AsyncGenerator[None]:
        self.reading_now += 1
        self.most = max(self.most, self.reading_now)
        try:
            async with super().reading(account_id):
                yield
        finally:
            self.reading_now -= 1


async def test_however_many_are_watched_few_connections_are_taken() -> None:
    database = BusyDatabase()
    watcher = ExecutionWatcher(database)  # pyright: ignore[reportArgumentType] - as below

    async def watch() -> None:
        async for _ in watcher.watch(uuid4(), uuid4()):
            pytest.fail("nothing can be read")

    await asyncio.gather(*(watch() for _ in range(20)), return_exceptions=True)
    assert (database.asked, database.most) == (20, AT_ONCE)


async def test_a_failure_reaches_every_watcher_and_is_not_remembered() -> None:
    database = BrokenDatabase()
    watcher = ExecutionWatcher(database)  # pyright: ignore[reportArgumentType] - only reads are made, and they fail
    account, execution = uuid4(), uuid4()

    async def watch() -> None:
        async for _ in watcher.watch(account, execution):
            pytest.fail("nothing can be read")

    answers = await asyncio.gather(*(watch() for _ in range(5)), return_exceptions=True)
    assert all(isinstance(answer, TreadleError) for answer in answers)
    assert database.asked == 1
    with pytest.raises(TreadleError):
        await watch()
    assert database.asked == 2
