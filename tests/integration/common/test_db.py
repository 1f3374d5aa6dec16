"""Connections to Postgres: what a process that stands still may hold up, and looks at a server."""

import asyncio

import asyncpg
import pytest
from sqlalchemy import text

from common.db import create_engine, create_pool, engine_check, pool_check
from common.readiness import NotReadyError

LIMIT = "SHOW idle_in_transaction_session_timeout"
END_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


async def test_a_transaction_that_stands_still_is_ended_by_the_server(database_url: str) -> None:
    """Else a process that was stopped would keep its locks from all others."""
    engine = create_engine(database_url, search_path="treadle", pool_size=1)
    async with engine.connect() as connection:
        assert await connection.scalar(text(LIMIT)) == "30s"
        await connection.execute(text("SET idle_in_transaction_session_timeout = '50ms'"))
        await connection.commit()
        await connection.execute(text("SELECT 1 FROM accounts FOR UPDATE"))
        watcher = await asyncpg.connect(database_url)
        held = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"
        async with asyncio.timeout(60):
            while await watcher.fetchval(held + " AND datname = current_database()"):  # noqa: ASYNC110 - the server sets no event
                await asyncio.sleep(0.01)
        await watcher.close()
        await connection.invalidate()
    await engine.dispose()
    async with create_pool(database_url, search_path="treadle", size=1) as pool:
        assert await pool.fetchval(LIMIT) == "30s"


async def test_a_look_forgets_connections_that_have_died(database_url: str) -> None:
    engine = create_engine(database_url, search_path="treadle", pool_size=2)
    async with create_pool(database_url, search_path="treadle", size=2) as pool:
        looks = engine_check(engine), pool_check(pool)
        for look in looks:
            await look()
        other = await asyncpg.connect(database_url)
        await other.execute(END_OTHERS)
        await other.close()
        for look in looks:
            # The first look may find the dead one; the next serves as calls do.
            for _ in range(2):
                try:
                    await look()
                except Exception:  # noqa: BLE001 - whatever the driver makes of it
                    continue
            await look()
        assert await pool.fetchval("SELECT 1") == 1
    await engine.dispose()


async def test_a_standby_does_not_serve(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # What a server in recovery answers.
    monkeypatch.setattr("common.db._PROBE", "SELECT false")
    engine = create_engine(database_url, search_path="treadle", pool_size=1)
    with pytest.raises(NotReadyError, match="standby"):
        await engine_check(engine)()
    await engine.dispose()
