"""create_contact, update_contact and remove_tag, from handler to event, on real servers."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import orjson
import pytest

from action_service.domain.plan import Json
from common.ids import new_id
from tests.support.effects import Outcome, RecordHandlers, add_users, events, executors, run
from tests.support.engine import Bench, HandExecutor, Seeded, Step, bench

EMAIL = "bea@example.com"
STRANGER = "550e8400-e29b-41d4-a716-446655440000"


@pytest.fixture
async def world(database_url: str, nats_url: str) -> AsyncGenerator[Bench]:
    """Two engines, and executors whose every result comes ten times."""
    async with (
        bench(database_url, nats_url) as surroundings,
        executors(surroundings, copies=10),
    ):
        await surroundings.start_engine()
        await surroundings.start_engine()
        yield surroundings


def creating(**config: Any) -> Step:
    return Step("create_contact", config, name="made")


def setting(field: str, value: Any, mode: str = "set") -> Step:
    updates: list[Json] = [{"field": field, "value": value}]
    return Step("update_contact", {"field_updates": updates, "update_mode": mode})


async def once(world: Bench, *steps: Step) -> tuple[Seeded, Outcome]:
    """Runs the steps for one contact of a new account; returns what the last one came to."""
    seeded = await world.seed(steps)
    return seeded, (await run(world, seeded))[-1]


async def add_contact(world: Bench, seeded: Seeded, email: str) -> str:
    """One more contact of the account: Old, with this email and a free plan."""
    contact_id = str(new_id())
    await world.execute(
        "INSERT INTO contacts (id, account_id, first_name, email, custom_fields)"
        """ VALUES (:id, :account, 'Old', :email, '{"plan": "free"}')""",
        id=contact_id,
        account=seeded.account_id,
        email=email,
    )
    return contact_id


async def named(world: Bench, contact_id: object) -> list[tuple[object, ...]]:
    return await world.rows(
        "SELECT first_name, email, custom_fields, revision FROM contacts"
        " WHERE id = CAST(:id AS uuid)",
        id=contact_id,
    )


async def declare(world: Bench, seeded: Seeded, **types: str) -> None:
    """Declares custom fields of the account."""
    for name, field_type in types.items():
        await world.execute(
            "INSERT INTO custom_fields (account_id, name, field_type) VALUES (:account, :name, :t)",
            account=seeded.account_id,
            name=name,
            t=field_type,
        )


async def fill(world: Bench, **custom_fields: Any) -> None:
    """Gives every contact these custom fields."""
    await world.execute(
        "UPDATE contacts SET custom_fields = CAST(:fields AS jsonb)",
        fields=orjson.dumps(custom_fields).decode(),
    )


async def unheard(world: Bench) -> None:
    """Nothing has been told to anybody."""
    assert await world.rows("SELECT count(*) FROM audit_log") == [(0,)]
    assert await events(world) == []


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
