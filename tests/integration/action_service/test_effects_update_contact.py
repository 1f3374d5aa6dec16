"""update_contact, from handler to event, on real servers."""

from collections import Counter
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from action_service.domain.plan import Json
from common.ids import new_id
from tests.support.contact_effects import (
    EMAIL,
    STRANGER,
    add_contact,
    declare,
    fill,
    named,
    once,
    setting,
    unheard,
)
from tests.support.effects import add_users, events, run, two_engines
from tests.support.engine import Bench, Step


@pytest.fixture
async def world(database_url: str, nats_url: str) -> AsyncGenerator[Bench]:
    """Two engines, and executors whose every result comes ten times."""
    async with two_engines(database_url, nats_url, copies=10) as surroundings:
        yield surroundings


async def test_update_contact_action(world: Bench) -> None:
    values = {
        "first_name": "Bea",
        "email": EMAIL,
        "custom_fields.age": "{{ 30 | plus: 6 }}",
        "custom_fields.member": "yes",
        "custom_fields.born": "1815-12-10",
    }
    updates: list[Json] = [{"field": field, "value": value} for field, value in values.items()]
    seeded = await world.seed([Step("update_contact", {"field_updates": updates})])
    await declare(world, seeded, age="number", member="boolean", born="date")
    (outcome,) = await run(world, seeded)
    assert outcome.output == {"fields": list(values)}
    custom = {"age": 36, "member": True, "born": "1815-12-10"}
    (contact_id,) = seeded.contact_ids
    assert await named(world, contact_id) == [("Bea", EMAIL, custom, 2)]
    (event,) = await events(world)
    assert (event.type, event.contact_id) == ("contact_updated", contact_id)
    assert event.origin == (outcome.execution_id,)
    assert event.data == {
        "source": "workflow",
        "changes": {
            "first_name": {"before": "Ada", "after": "Bea"},
            "email": {"before": None, "after": EMAIL},
            "custom_fields.age": {"before": None, "after": 36},
            "custom_fields.member": {"before": None, "after": True},
            "custom_fields.born": {"before": None, "after": "1815-12-10"},
        },
    }
    audit = await world.rows("SELECT operation, before->>'first_name', after FROM audit_log")
    assert [(row[0], row[1]) for row in audit] == [("contact.updated", "Ada")]


async def test_what_is_set_to_what_it_was_tells_nobody(world: Bench) -> None:
    _, outcome = await once(world, setting("first_name", "Ada"))
    assert outcome.output == {"fields": []}
    assert await world.rows("SELECT count(*) FROM audit_log") == [(0,)]
    assert await events(world) == []


@pytest.mark.parametrize(
    ("mode", "before", "value", "after"),
    [
        ("append", "Hi", " there", "Hi there"),
        ("append", None, "Hi", "Hi"),
        ("append", ["a"], "b", ["a", "b"]),
        ("increment", 2, 1, 3),
        ("increment", "2.5", "-1", 1.5),
        ("increment", None, 4, 4),
        ("set", "x", None, None),
    ],
)
async def test_modes(world: Bench, mode: str, before: Any, value: Any, after: Any) -> None:
    seeded = await world.seed([setting("custom_fields.f", value, mode)])
    await fill(world, **({} if before is None else {"f": before}))
    (outcome,) = await run(world, seeded)
    assert outcome.status == "completed", outcome
    assert await world.rows("SELECT custom_fields->'f' FROM contacts") == [(after,)]
    (event,) = await events(world)
    assert event.data["changes"] == {"custom_fields.f": {"before": before, "after": after}}


async def test_two_engines_count_every_increment_once(world: Bench) -> None:
    seeded = await world.seed([setting("custom_fields.visits", 1, "increment")], contacts=4)
    found = await run(world, seeded, times=50)
    assert Counter(each.status for each in found) == {"completed": 200}
    rows = await world.rows("SELECT custom_fields->'visits', revision FROM contacts")
    assert [visits for visits, _ in rows] == [50] * 4
    audit = await world.rows("SELECT (after->'custom_fields.visits')::int FROM audit_log")
    assert sorted(int(str(row[0])) for row in audit) == sorted([*range(1, 51)] * 4)
    told = Counter((event.contact_id, str(event.data)) for event in await events(world))
    assert len(told) == 200
    assert set(told.values()) == {1}


@pytest.mark.parametrize(
    ("field", "value", "mode", "error_class", "message"),
    [
        ("owner_id", STRANGER, "set", "invalid_config", f"owner_id: there is no user {STRANGER}"),
        (
            "custom_fields.list",
            1,
            "increment",
            "rejected",
            "custom_fields.list cannot be incremented: it holds a list",
        ),
        (
            "custom_fields.count",
            "x",
            "append",
            "rejected",
            "custom_fields.count cannot be appended to: it holds a number",
        ),
        (
            "custom_fields.born",
            1,
            "increment",
            "invalid_config",
            "custom_fields.born cannot be incremented: it is declared a date",
        ),
        (
            "custom_fields.born",
            "yesterday",
            "set",
            "invalid_config",
            "custom_fields.born must be a date or time of ISO 8601, such as 2026-03-31 or"
            " 2026-03-31T09:00:00Z",
        ),
    ],
)
async def test_updates_that_make_no_sense(
    world: Bench, field: str, value: Any, mode: str, error_class: str, message: str
) -> None:
    seeded = await world.seed([setting(field, value, mode)])
    await declare(world, seeded, born="date")
    await fill(world, list=["a"], count=1)
    (outcome,) = await run(world, seeded)
    assert (outcome.error_class, outcome.message) == (error_class, message)
    assert await world.rows("SELECT revision FROM contacts") == [(1,)]
    await unheard(world)


async def test_an_owner_is_a_user_of_the_account(world: Bench) -> None:
    other = await world.seed([])
    (theirs,) = await add_users(world, other.account_id, "Eve")
    _, outcome = await once(world, setting("owner_id", theirs))
    assert (outcome.error_class, outcome.message) == (
        "invalid_config",
        f"owner_id: there is no user {theirs}",
    )
    own = str(new_id())
    seeded = await world.seed([setting("owner_id", own)])
    await world.execute(
        "INSERT INTO users (id, account_id, name) VALUES (:id, :account, 'Ann')",
        id=own,
        account=seeded.account_id,
    )
    (outcome,) = await run(world, seeded)
    assert outcome.status == "completed"


async def test_an_email_that_is_taken_is_refused_by_name(world: Bench) -> None:
    seeded = await world.seed([setting("email", EMAIL.upper())])
    holder = await add_contact(world, seeded, EMAIL)
    (outcome,) = await run(world, seeded)
    assert (outcome.error_class, outcome.message) == (
        "rejected",
        f"email: contact {holder} has the email {EMAIL.upper()} already",
    )
    await unheard(world)


async def test_of_many_that_want_one_email_one_gets_it(world: Bench) -> None:
    seeded = await world.seed([setting("email", EMAIL)], contacts=40)
    found = await run(world, seeded)
    assert Counter(each.error_class for each in found) == {None: 1, "rejected": 39}
    assert await world.rows("SELECT count(*) FROM contacts WHERE email = :e", e=EMAIL) == [(1,)]
    assert len(await events(world)) == 1
