"""Tags taken off, and all kinds of changes on the same contacts, on real servers."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from tests.support.contact_effects import (
    EMAIL,
    creating,
    named,
    setting,
)
from tests.support.effects import (
    RecordHandlers,
    add_users,
    events,
    run,
    two_engines,
)
from tests.support.engine import Bench, HandExecutor, Step, bench


@pytest.fixture
async def world(database_url: str, nats_url: str) -> AsyncGenerator[Bench]:
    """Two engines, and executors whose every result comes ten times."""
    async with two_engines(database_url, nats_url, copies=10) as surroundings:
        yield surroundings


async def test_remove_tag_action(world: Bench) -> None:
    seeded = await world.seed(
        [
            Step("add_tag", {"tag_name": "lead"}),
            Step("remove_tag", {"tag_name": "Lead"}),
            Step("remove_tag", {"tag_name": "lead"}),
            Step("remove_tag", {"tag_name": "lead"}),
        ]
    )
    other = await world.seed([Step("add_tag", {"tag_name": "lead"})])
    await run(world, other)
    found = await run(world, seeded)
    assert [each.output["tag_name"] for each in found[1:]] == ["Lead", "lead", "lead"]
    assert [each.output["removed"] for each in found[1:]] == [False, True, False]
    left = await world.rows("SELECT contact_id::text FROM contact_tags")
    assert left == [(other.contact_ids[0],)], "another account's tag stays"
    told = [event for event in await events(world) if event.type == "tag_removed"]
    assert [(event.contact_id, event.data) for event in told] == [
        (seeded.contact_ids[0], {"tag_id": found[0].output["tag_id"], "tag_name": "lead"})
    ]
    assert told[0].origin == (found[0].execution_id,)


async def test_a_tag_that_is_deleted_meanwhile_is_made_anew(world: Bench) -> None:
    seeded = await world.seed([Step("add_tag", {"tag_name": "lead"})])
    await world.execute(
        "INSERT INTO tags (account_id, name) VALUES (:account, 'lead')", account=seeded.account_id
    )
    async with world.pool.acquire() as connection, connection.transaction():
        await connection.execute("DELETE FROM treadle.tags")
        (execution_id,) = await world.start(seeded)
        await world.until("SELECT count(*) > 0 FROM pg_locks WHERE NOT granted", True)
    await world.until(
        "SELECT state FROM workflow_executions WHERE id = :id", "completed", id=execution_id
    )
    assert await world.rows("SELECT t.name FROM contact_tags JOIN tags t ON t.id = tag_id") == [
        ("lead",)
    ]


async def test_a_tag_is_removed_once_by_many(world: Bench) -> None:
    seeded = await world.seed([Step("remove_tag", {"tag_name": "lead"})], contacts=3)
    tagging = replace(
        await world.seed([Step("add_tag", {"tag_name": "lead"})], account_id=seeded.account_id),
        contact_ids=seeded.contact_ids,
    )
    await run(world, tagging)
    found = await run(world, seeded, times=20)
    assert Counter(each.output["removed"] for each in found) == {True: 3, False: 57}
    told = Counter(event.type for event in await events(world))
    assert told == {"tag_added": 3, "tag_removed": 3}


async def test_all_kinds_on_the_same_contacts_get_along(world: Bench) -> None:
    """Two engines, five contacts, every kind that locks contacts: nobody waits in a circle."""
    seeded = await world.seed([setting("custom_fields.visits", 1, "increment")], contacts=5)
    (user,) = await add_users(world, seeded.account_id, "Ann")
    for contact_id in seeded.contact_ids:
        await world.execute(
            "UPDATE contacts SET email = :id || '@example.com' WHERE id = CAST(:id AS uuid)",
            id=contact_id,
        )
    assigning = Step("assign_to_user", {"assignment_type": "specific", "user_id": user})
    updating = creating(
        email="{{ contact.email }}",
        custom_fields={"seen": "{{ execution.id }}"},
        duplicate_handling="update",
    )
    others = [
        replace(
            await world.seed([step], account_id=seeded.account_id),
            contact_ids=seeded.contact_ids,
        )
        for step in (assigning, updating)
    ]
    found = await asyncio.gather(*(run(world, each, times=20) for each in (seeded, *others)))
    statuses = Counter(outcome.status for of_one in found for outcome in of_one)
    assert statuses == {"completed": 300}
    deadlocks = await world.rows(
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    )
    assert deadlocks == [(0,)]
    rows = await world.rows(
        "SELECT (custom_fields->'visits')::int, owner_id::text, revision FROM contacts"
        " WHERE id = ANY(CAST(:ids AS uuid[]))",
        ids=seeded.contact_ids,
    )
    assert [(visits, owner) for visits, owner, _ in rows] == [(20, user)] * 5


async def test_an_email_is_handed_on_in_one_batch(database_url: str, nats_url: str) -> None:
    """One contact gives its email up and another takes it, by results that come together."""
    async with bench(database_url, nats_url) as world:
        executor, handlers = HandExecutor(world), RecordHandlers()
        await executor.start()
        await world.start_engine()
        giving = await world.seed([setting("email", "new@example.com")])
        await world.execute("UPDATE contacts SET email = :email", email=EMAIL)
        taking = await world.seed([setting("email", EMAIL)], account_id=giving.account_id)
        for seeded in (giving, taking):
            await world.start(seeded)
        await executor.answer(*(handlers.answer(task) for task in await executor.take(2)))
        await world.until("SELECT count(*) FROM workflow_executions WHERE ended_at IS NULL", 0)
        assert await world.states() == {"completed": 2}
        (taker,) = taking.contact_ids
        assert (await named(world, taker))[0][1] == EMAIL
        await executor.stop()
