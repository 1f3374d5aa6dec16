"""create_contact, from handler to event, on real servers."""

from collections import Counter
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from tests.support.contact_effects import (
    EMAIL,
    add_contact,
    creating,
    declare,
    named,
    once,
    setting,
)
from tests.support.effects import events, run, two_engines
from tests.support.engine import Bench


@pytest.fixture
async def world(database_url: str, nats_url: str) -> AsyncGenerator[Bench]:
    """Two engines, and executors whose every result comes ten times."""
    async with two_engines(database_url, nats_url, copies=10) as surroundings:
        yield surroundings


async def test_create_contact_action(world: Bench) -> None:
    step = creating(
        first_name="Bea",
        last_name="{{ contact.first_name }}son",
        email="Bea@example.com",
        phone="+14155550100",
        custom_fields={"plan": "pro", "from": "{{ contact.id }}", "seats": 3},
    )
    seeded, outcome = await once(world, step)
    contact_id = outcome.output["contact_id"]
    assert outcome.output == {"contact_id": contact_id, "created": True, "updated": False}
    custom = {"plan": "pro", "from": seeded.contact_ids[0], "seats": 3}
    rows = await world.rows(
        "SELECT id::text, account_id::text, first_name, last_name, email, phone, custom_fields,"
        " revision FROM contacts WHERE email IS NOT NULL"
    )
    assert rows == [
        (
            contact_id,
            seeded.account_id,
            "Bea",
            "Adason",
            "Bea@example.com",
            "+14155550100",
            custom,
            1,
        )
    ]
    (event,) = await events(world)
    assert (event.type, event.contact_id) == ("contact_created", contact_id)
    assert event.origin == (outcome.execution_id,)
    assert event.data == {
        "source": "workflow",
        "email": "Bea@example.com",
        "phone": "+14155550100",
        "first_name": "Bea",
        "last_name": "Adason",
        "custom_fields": custom,
    }
    audit = await world.rows(
        "SELECT actor, operation, entity_type, entity_id::text, before, after->>'email',"
        " after->'custom_fields.seats' FROM audit_log"
    )
    assert audit == [
        (
            f"execution:{outcome.execution_id}",
            "contact.created",
            "contact",
            contact_id,
            None,
            "Bea@example.com",
            3,
        )
    ]


async def test_the_new_contact_is_known_to_later_steps(world: Bench) -> None:
    step = setting("custom_fields.partner", "{{ steps.made.contact_id }}")
    seeded, _ = await once(world, creating(email=EMAIL), step)
    rows = await world.rows(
        "SELECT c.custom_fields->>'partner' = n.id::text FROM contacts c, contacts n"
        " WHERE c.id = CAST(:id AS uuid) AND n.email = :email",
        id=seeded.contact_ids[0],
        email=EMAIL,
    )
    assert rows == [(True,)]


async def test_an_email_that_exists_is_skipped_by_default(world: Bench) -> None:
    seeded = await world.seed([creating(email="BEA@example.com", first_name="New")])
    existing = await add_contact(world, seeded, EMAIL)
    (outcome,) = await run(world, seeded)
    assert outcome.output == {"contact_id": existing, "created": False, "updated": False}
    assert await named(world, existing) == [("Old", EMAIL, {"plan": "free"}, 1)]
    assert await events(world) == []
    assert await world.rows("SELECT count(*) FROM audit_log") == [(0,)]


async def test_an_email_that_exists_is_updated_on_demand(world: Bench) -> None:
    seeded = await world.seed(
        [
            creating(
                email="BEA@example.com",
                first_name="New",
                phone="{{ contact.phone | default: '' }}",
                custom_fields={"seats": 3},
                duplicate_handling="update",
            )
        ],
    )
    existing = await add_contact(world, seeded, EMAIL)
    (outcome,) = await run(world, seeded)
    assert outcome.output == {"contact_id": existing, "created": False, "updated": True}
    custom = {"plan": "free", "seats": 3}
    assert await named(world, existing) == [("New", EMAIL, custom, 2)]
    (event,) = await events(world)
    assert (event.type, event.contact_id) == ("contact_updated", existing)
    assert event.data == {
        "source": "workflow",
        "changes": {
            "first_name": {"before": "Old", "after": "New"},
            "custom_fields.seats": {"before": None, "after": 3},
        },
    }
    audit = await world.rows("SELECT operation, before, after FROM audit_log")
    assert audit == [
        (
            "contact.updated",
            {"first_name": "Old", "custom_fields.seats": None},
            {"first_name": "New", "custom_fields.seats": 3},
        )
    ]


async def test_an_update_that_changes_nothing_tells_nobody(world: Bench) -> None:
    step = creating(email=EMAIL, first_name="Old", duplicate_handling="update")
    seeded = await world.seed([step])
    existing = await add_contact(world, seeded, EMAIL)
    (outcome,) = await run(world, seeded)
    assert outcome.output == {"contact_id": existing, "created": False, "updated": False}
    assert await events(world) == []


@pytest.mark.parametrize("handling", ["skip", "update", "create_duplicate"])
async def test_without_an_email_every_execution_makes_a_contact(
    world: Bench, handling: str
) -> None:
    step = creating(phone="+14155550100", duplicate_handling=handling)
    seeded = await world.seed([step], contacts=5)
    found = await run(world, seeded)
    assert [each.output["created"] for each in found] == [True] * 5
    assert await world.rows("SELECT count(*) FROM contacts WHERE phone IS NOT NULL") == [(5,)]
    assert len({event.contact_id for event in await events(world)}) == 5


@pytest.mark.parametrize("handling", ["skip", "update"])
async def test_fifty_executions_with_one_email_make_one_contact(
    world: Bench, handling: str
) -> None:
    step = creating(email=EMAIL, first_name="{{ execution.id }}", duplicate_handling=handling)
    seeded = await world.seed([step], contacts=50)
    found = await run(world, seeded)
    assert Counter(each.output["created"] for each in found) == {True: 1, False: 49}
    assert len({str(each.output["contact_id"]) for each in found}) == 1
    rows = await world.rows("SELECT revision FROM contacts WHERE email IS NOT NULL")
    assert len(rows) == 1
    told = Counter(event.type for event in await events(world))
    expected = {"contact_created": 1} | ({"contact_updated": 49} if handling == "update" else {})
    assert told == expected
    audit = await world.rows("SELECT operation, count(*) FROM audit_log GROUP BY 1 ORDER BY 1")
    assert sum(int(str(count)) for _, count in audit) == sum(expected.values())


async def test_many_emails_are_made_once_each_by_two_engines(world: Bench) -> None:
    """Every email comes from four executions, in an order of its own in each engine's batches."""
    step = creating(email="u{{ contact.custom_fields.n }}@example.com")
    seeded = await world.seed([step], contacts=80)
    await world.execute(
        "UPDATE contacts SET custom_fields = jsonb_build_object('n', v.nth % 20)"
        " FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS v(id, nth) WHERE contacts.id = v.id",
        ids=seeded.contact_ids,
    )
    found = await run(world, seeded)
    assert Counter(each.status for each in found) == {"completed": 80}
    assert Counter(each.output["created"] for each in found) == {True: 20, False: 60}
    rows = await world.rows("SELECT count(*) FROM contacts WHERE email IS NOT NULL")
    assert rows == [(20,)]


async def test_emails_are_unique_within_an_account(world: Bench) -> None:
    other = await world.seed([creating(email=EMAIL)])
    await add_contact(world, other, EMAIL)
    _, outcome = await once(world, creating(email=EMAIL))
    assert outcome.output["created"] is True


@pytest.mark.parametrize(
    ("config", "error_class", "message"),
    [
        (
            {"custom_fields": {"age": "old"}},
            "invalid_config",
            "custom_fields.age must be a number, such as 12.5",
        ),
        (
            {"custom_fields": {"age": {"deep": [[[[[[[[[1]]]]]]]]]}}},
            "invalid_config",
            "custom_fields.age must be a number, such as 12.5",
        ),
        (
            {"custom_fields": {"other": {"deep": [[[[[[[[[1]]]]]]]]]}}},
            "invalid_config",
            "custom_fields.other: is nested too deeply",
        ),
        (
            {"custom_fields": {f"f{n}": n for n in range(201)}},
            "rejected",
            "custom_fields: must have at most 200 fields",
        ),
    ],
)
async def test_custom_fields_are_what_they_are_declared(
    world: Bench, config: dict[str, Any], error_class: str, message: str
) -> None:
    seeded = await world.seed([creating(email=EMAIL, **config)])
    await declare(world, seeded, age="number")
    (outcome,) = await run(world, seeded)
    assert (outcome.error_class, outcome.message) == (error_class, message)
    assert await world.rows("SELECT count(*) FROM contacts WHERE email IS NOT NULL") == [(0,)]
    assert await events(world) == []
