"""Imports that are interrupted, shared and disturbed: no row is lost and none is done twice."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import await_only

from action_service.adapters.import_queue import PostgresImportQueue
from action_service.engine.background import Background
from action_service.use_cases.imports.work import ImportWork
from common.db import create_engine
from tests.support.action_api import Api, Client
from tests.support.imports import Outbox, counts, csv, do_all, importer, people, shown, upload
from treadle.dispatch.v1.event_pb2 import EventBatch
from treadle.record.v1.contact_import_pb2 import (
    IMPORT_DUPLICATES_UPDATE,
    IMPORT_STATUS_COMPLETED,
)

CREATED = """
    SELECT (SELECT count(*) FROM contacts), (SELECT count(DISTINCT email_key) FROM contacts),
           (SELECT count(*) FROM contact_tags),
           (SELECT count(*) FROM audit_log WHERE operation = 'contact.created')
"""


async def told(api: Api) -> dict[str, int]:
    """How many events of each type wait to be published; no contact is told of twice."""
    totals: dict[str, int] = {}
    contacts: set[tuple[str, str]] = set()
    for (payload,) in await api.rows("SELECT payload FROM event_outbox"):
        assert isinstance(payload, bytes)
        batch = EventBatch.FromString(payload)
        totals[batch.type] = totals.get(batch.type, 0) + len(batch.events)
        contacts |= {(batch.type, each.contact_id) for each in batch.events}
    assert len(contacts) == sum(totals.values())
    return totals


def before_each(db: AsyncEngine, act: Callable[[str], None]) -> None:
    """Has `act` called before each statement, with it."""

    def hook(*arguments: Any) -> None:
        act(str(arguments[2]))

    event.listen(db.sync_engine, "before_cursor_execute", hook)


async def test_an_importer_killed_at_any_statement(
    api: Api, client: Client, database_url: str
) -> None:
    started = await upload(client, people(range(1_100)))
    killed_at: list[int] = []
    for n in range(1, 14):
        db = create_engine(database_url, search_path="treadle", pool_size=1)
        work = ImportWork(PostgresImportQueue(db, Outbox()))
        running = asyncio.create_task(work.next_batch())
        seen = 0

        def kill(_: str, n: int = n, task: asyncio.Task[bool] = running) -> None:
            nonlocal seen
            seen += 1
            if seen == n:
                killed_at.append(n)
                task.cancel()

        before_each(db, kill)
        with suppress(asyncio.CancelledError):
            await running
        await db.dispose()
    # The last ones got through: a batch has fewer statements.
    assert killed_at == list(range(1, len(killed_at) + 1))
    assert 8 <= len(killed_at) < 13
    await do_all(api)
    done = await shown(client, started.id)
    assert done.status == IMPORT_STATUS_COMPLETED
    assert counts(done) == (1_100, 0, 0, 0)
    assert await api.rows(CREATED) == [(1_100, 1_100, 550, 1_100)]
    assert await told(api) == {"contact_created": 1_100, "tag_added": 550}


async def test_ten_thousand_rows_by_two_importers_that_are_killed_and_come_back(
    api: Api, client: Client, database_url: str
) -> None:
    known = [await client.contact(email=f"user{n}@example.com") for n in range(5)]
    await api.execute("DELETE FROM event_outbox")
    await api.execute("DELETE FROM audit_log")
    # A fifth of the rows come twice.
    numbers = [*range(8_000), *range(2_000)]
    started = await upload(client, people(numbers), duplicates=IMPORT_DUPLICATES_UPDATE)

    async def work_for(seconds: float) -> None:
        db = create_engine(database_url, search_path="treadle", pool_size=1)
        work = ImportWork(PostgresImportQueue(db, Outbox()))
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while (await shown(client, started.id)).status != IMPORT_STATUS_COMPLETED:
                    await work.next_batch()
        await db.dispose()

    for seconds in (0.3, 0.5, 0.8, 120):
        await asyncio.gather(work_for(seconds), work_for(seconds * 0.8))
    done = await shown(client, started.id)
    assert done.processed_rows == 10_000
    assert counts(done) == (7_995, len(known), 2_000, 0)
    assert await api.rows(CREATED) == [(8_000, 8_000, 4_000, 7_995)]
    assert await told(api) == {
        "contact_created": 7_995,
        "contact_updated": len(known),
        "tag_added": 4_000,
    }


async def test_somebody_else_creates_the_contact_meanwhile(
    api: Api, client: Client, database_url: str
) -> None:
    started = await upload(client, people(range(3)))
    db = create_engine(database_url, search_path="treadle", pool_size=1)
    other = create_engine(database_url, search_path="treadle", pool_size=1)
    times = 0

    async def create() -> None:
        async with other.begin() as connection:
            await connection.execute(
                text("INSERT INTO contacts (account_id, email) VALUES (:account, :email)"),
                {"account": client.account_id, "email": "User1@example.com"},
            )

    work = _interrupted(db, "INSERT INTO contacts", create)
    while await work.next_batch():
        times += 1
    assert times == 2
    assert counts(await shown(client, started.id)) == (2, 0, 1, 0)
    assert await told(api) == {"contact_created": 2, "tag_added": 2}
    await db.dispose()
    await other.dispose()


async def test_a_tag_is_deleted_while_it_is_put_on(
    api: Api, client: Client, database_url: str
) -> None:
    started = await upload(client, people(range(3)))
    await api.execute(
        "INSERT INTO tags (account_id, name) VALUES (:a, 'even')", a=client.account_id
    )
    other = create_engine(database_url, search_path="treadle", pool_size=1)
    async with other.begin() as connection:
        await connection.execute(text("DELETE FROM tags"))
        # It finds the tag, and then waits for whoever deletes it.
        running = asyncio.create_task(do_all(api))
        await api.lock_waiters(1)
    await running
    await other.dispose()
    done = await shown(client, started.id)
    assert (done.status, done.failure) == (IMPORT_STATUS_COMPLETED, "")
    assert counts(done) == (3, 0, 0, 0)
    assert await told(api) == {"contact_created": 3, "tag_added": 2}


def _interrupted(db: AsyncEngine, statement: str, act: Callable[[], Awaitable[None]]) -> ImportWork:
    """An importer before whose first such statement something else happens."""
    done = False

    def hook(*arguments: Any) -> None:
        nonlocal done
        if statement in str(arguments[2]) and not done:
            done = True
            await_only(act())

    event.listen(db.sync_engine, "before_cursor_execute", hook)
    return ImportWork(PostgresImportQueue(db, Outbox()))


async def test_imports_of_one_file_at_once_make_each_contact_once(api: Api, client: Client) -> None:
    first = await upload(client, people(range(900)), duplicates=IMPORT_DUPLICATES_UPDATE)
    second = await upload(client, people(range(900)), duplicates=IMPORT_DUPLICATES_UPDATE)
    await asyncio.gather(do_all(api), do_all(api))
    # One of the two may have found nothing to do while the other was at the last batch.
    await do_all(api)
    one, two = await shown(client, first.id), await shown(client, second.id)
    assert one.created_rows + two.created_rows == 900
    assert one.skipped_rows + two.skipped_rows == 900
    assert await api.rows(CREATED) == [(900, 900, 450, 900)]
    assert await told(api) == {"contact_created": 900, "tag_added": 450}


async def test_a_database_that_is_away_for_a_moment(
    api: Api, client: Client, database_url: str
) -> None:
    started = await upload(client, people(range(1_000)))
    db = create_engine(database_url, search_path="treadle", pool_size=1)
    stop, broken = asyncio.Event(), 0

    def sever(statement: str) -> None:
        nonlocal broken
        if "INSERT INTO contacts" in statement and broken < 3:
            broken += 1
            raise ConnectionResetError

    before_each(db, sever)
    work = ImportWork(PostgresImportQueue(db, Outbox()))
    running = asyncio.create_task(
        Background(work.next_batch, name="imports", interval=timedelta(milliseconds=10)).run(stop)
    )
    async with asyncio.timeout(60):
        while (await shown(client, started.id)).status != IMPORT_STATUS_COMPLETED:  # noqa: ASYNC110 - rows set no event
            await asyncio.sleep(0.02)
    stop.set()
    await running
    await db.dispose()
    assert broken == 3
    assert counts(await shown(client, started.id)) == (1_000, 0, 0, 0)
    assert await told(api) == {"contact_created": 1_000, "tag_added": 500}


async def test_an_importer_that_is_stopped_finishes_its_batch(api: Api, client: Client) -> None:
    started = await upload(client, people(range(1_200)))
    stop = asyncio.Event()
    work = importer(api)

    async def one_batch() -> bool:
        stop.set()
        return await work.next_batch()

    await Background(one_batch, name="imports", interval=timedelta(minutes=1)).run(stop)
    assert (await shown(client, started.id)).processed_rows == 500


async def test_a_row_of_each_fate_in_every_batch(api: Api, client: Client) -> None:
    await client.contact(email="known@example.com")
    lines = [
        line
        for n in range(400)
        for line in (f"new{n}@example.com", "known@example.com", "nonsense")
    ]
    started = await upload(client, csv("email", *lines))
    assert await do_all(api) == 3
    assert counts(await shown(client, started.id)) == (400, 0, 400, 400)
