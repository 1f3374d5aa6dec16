"""Steps that change contacts, and what is looked at in their tests."""

from typing import Any

import orjson

from action_service.domain.plan import Json
from common.ids import new_id
from tests.support.effects import Outcome, events, run
from tests.support.engine import Bench, Seeded, Step

EMAIL = "bea@example.com"
STRANGER = "550e8400-e29b-41d4-a716-446655440000"


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
