"""Tasks, notes and notifications: from handler to event, on real servers."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, cast

import pytest

from action_service.domain.plan import Json
from tests.support.effects import add_team, add_users, events, run, two_engines
from tests.support.engine import Bench, Seeded, Step
from tests.support.work import add_course, instant, own, step

NOBODY = "550e8400-e29b-41d4-a716-446655440000"
NOTIFY: dict[str, Any] = {
    "recipient_type": "contact_owner",
    "channels": ["in_app"],
    "title": "Hot lead",
    "message": "{{ contact.first_name }} called",
}


@pytest.fixture
async def world(database_url: str, nats_url: str) -> AsyncGenerator[Bench]:
    """Two engines and the executors."""
    async with two_engines(database_url, nats_url, copies=2) as surroundings:
        yield surroundings


@pytest.fixture
async def home(world: Bench) -> Seeded:
    """An account with three contacts."""
    return await world.seed([], contacts=3)


@pytest.fixture
async def abroad(world: Bench) -> Seeded:
    """Another account."""
    return await world.seed([], contacts=1)


async def test_a_task_is_made_as_configured(world: Bench, home: Seeded) -> None:
    (ann,) = await add_users(world, home.account_id, "Ann")
    made = await step(
        world,
        home,
        "create_task",
        {
            "title": "Call {{ contact.first_name }}",
            "description": "At once",
            "due_date_offset": {"days": 1, "hours": 2},
            "assignee_id": ann.upper(),
            "priority": "high",
        },
    )
    ((task_id, due_at, created_at, *rest),) = await world.rows(
        "SELECT t.id::text, t.due_at, t.created_at, t.contact_id::text, t.title, t.description,"
        " t.assignee_id::text, t.priority, t.status, t.action_execution_id = x.id"
        " FROM tasks t, workflow_action_executions x"
    )
    assert rest == [home.contact_ids[0], "Call Ada", "At once", ann, "high", "open", True]
    assert isinstance(due_at, datetime)
    assert isinstance(created_at, datetime)
    assert abs(due_at - created_at - timedelta(days=1, hours=2)) < timedelta(seconds=5)
    assert instant(made.output["due_at"]) == due_at
    assert {name: made.output[name] for name in ("task_id", "assignee_id")} == {
        "task_id": task_id,
        "assignee_id": ann,
    }


async def test_a_task_is_the_owners_unless_said_otherwise(world: Bench, home: Seeded) -> None:
    (ann,) = await add_users(world, home.account_id, "Ann")
    (ben,) = await add_users(world, home.account_id, "Ben", active=False)
    await own(world, home.contact_ids[1], ann)
    await own(world, home.contact_ids[2], ben)
    made = [
        await step(world, home, "create_task", {"title": "Call"}, contact=index)
        for index in range(3)
    ]
    # Nobody owns the first contact; the third one's owner has left.
    assert [each.output["assignee_id"] for each in made] == ["", ann, ""]
    assert all("due_at" not in each.output for each in made)
    rows = await world.rows("SELECT assignee_id::text, priority, due_at FROM tasks ORDER BY id")
    assert rows == [(None, "medium", None), (ann, "medium", None), (None, "medium", None)]


async def test_due_at_once(world: Bench, home: Seeded) -> None:
    given: dict[str, Any] = {"title": "Call", "due_date_offset": {}}
    made = await step(world, home, "create_task", given)
    assert abs(instant(made.output["due_at"]) - datetime.now(UTC)) < timedelta(seconds=10)


async def test_a_task_for_somebody_who_is_not_there(
    world: Bench, home: Seeded, abroad: Seeded
) -> None:
    (gone,) = await add_users(world, home.account_id, "Gone", active=False)
    (stranger,) = await add_users(world, abroad.account_id, "Stranger")
    for user_id, why in ((gone, "is not active"), (stranger, "no user"), (NOBODY, "no user")):
        failed = await step(world, home, "create_task", {"title": "x", "assignee_id": user_id})
        assert (failed.status, failed.error_class) == ("failed", "invalid_config")
        assert failed.message is not None
        assert failed.message.startswith("assignee_id: ")
        assert why in failed.message
        assert user_id in failed.message
    assert await world.rows("SELECT count(*) FROM tasks") == [(0,)]


async def test_a_note_says_where_it_comes_from(world: Bench, home: Seeded) -> None:
    config: dict[str, Any] = {"content": "Met {{ contact.first_name }}", "note_type": "workflow"}
    written = await step(world, home, "add_note", config)
    ((note_id, context, *rest),) = await world.rows(
        "SELECT id::text, context, contact_id::text, content, note_type, author FROM notes"
    )
    contact_id = home.contact_ids[0]
    author = f"execution:{written.execution_id}"
    assert rest == [contact_id, "Met Ada", "workflow", author]
    assert written.output == {"note_id": note_id}
    ((workflow_id, action_id, action_execution_id),) = await world.rows(
        "SELECT e.workflow_id::text, x.action_id::text, x.id::text FROM workflow_executions e"
        " JOIN workflow_action_executions x ON x.workflow_execution_id = e.id"
    )
    assert isinstance(context, dict)
    said = cast("dict[str, Json]", context)
    written_at = instant(said.pop("written_at"))
    assert abs(written_at - datetime.now(UTC)) < timedelta(seconds=10)
    assert said == {
        "workflow_id": workflow_id,
        "workflow_name": "Seeded",
        "execution_id": written.execution_id,
        "action_id": action_id,
        "action_execution_id": action_execution_id,
    }
    (event,) = await events(world)
    assert (event.type, event.contact_id) == ("note_added", contact_id)
    assert event.data == {"note_id": note_id, "note_type": "workflow"}
    assert event.origin == (written.execution_id,)


async def test_a_note_is_general_unless_said_otherwise(world: Bench, home: Seeded) -> None:
    await step(world, home, "add_note", {"content": "x"})
    await step(world, home, "add_note", {"content": "y", "note_type": "system"})
    rows = await world.rows("SELECT note_type FROM notes ORDER BY id")
    assert rows == [("general",), ("system",)]


async def recipients(world: Bench) -> list[object]:
    """Who was notified, in order."""
    rows = await world.rows(
        "SELECT u.name FROM notifications n JOIN users u ON u.id = n.user_id ORDER BY n.id"
    )
    return [name for (name,) in rows]


async def test_the_owner_is_notified(world: Bench, home: Seeded) -> None:
    (ann,) = await add_users(world, home.account_id, "Ann")
    await own(world, home.contact_ids[0], ann)
    sent = await step(world, home, "send_notification", NOTIFY)
    rows = await world.rows(
        "SELECT n.id::text, n.user_id::text, n.contact_id::text, n.title, n.message, n.channels,"
        " n.read_at, n.action_execution_id = x.id"
        " FROM notifications n, workflow_action_executions x"
    )
    notification_id = rows[0][0]
    contact_id = home.contact_ids[0]
    assert rows == [
        (notification_id, ann, contact_id, "Hot lead", "Ada called", ["in_app"], None, True)
    ]
    assert sent.output == {"notification_ids": [notification_id], "user_ids": [ann]}
    assert await world.rows("SELECT count(*) FROM deliveries") == [(0,)]


async def test_users_are_notified_once_each(world: Bench, home: Seeded) -> None:
    ann, ben = await add_users(world, home.account_id, "Ann", "Ben")
    (gone,) = await add_users(world, home.account_id, "Gone", active=False)
    ids = [ben, ann.upper(), gone, ben]
    given = NOTIFY | {"recipient_type": "specific_user", "recipient_ids": ids}
    sent = await step(world, home, "send_notification", given)
    assert sent.output["user_ids"] == [ben, ann]
    assert await recipients(world) == ["Ben", "Ann"]


async def test_a_team_is_notified_in_its_order(world: Bench, home: Seeded) -> None:
    ann, ben = await add_users(world, home.account_id, "Ann", "Ben")
    (gone,) = await add_users(world, home.account_id, "Gone", active=False)
    team = await add_team(world, home.account_id, [ben, gone, ann])
    sent = await step(
        world, home, "send_notification", NOTIFY | {"recipient_type": "team", "team_id": team}
    )
    assert sent.output["user_ids"] == [ben, ann]


async def test_a_role_is_notified(world: Bench, home: Seeded, abroad: Seeded) -> None:
    ann, ben = await add_users(world, home.account_id, "Ann", "Ben", role="sales")
    await add_users(world, home.account_id, "Cay", role="support")
    await add_users(world, home.account_id, "Gone", role="sales", active=False)
    await add_users(world, abroad.account_id, "Stranger", role="sales")
    sent = await step(
        world, home, "send_notification", NOTIFY | {"recipient_type": "role", "role": "sales"}
    )
    assert sent.output["user_ids"] == [ann, ben]


async def test_notifying_somebody_who_is_not_there(
    world: Bench, home: Seeded, abroad: Seeded
) -> None:
    (ann,) = await add_users(world, home.account_id, "Ann")
    (gone,) = await add_users(world, home.account_id, "Gone", role="sales", active=False)
    (stranger,) = await add_users(world, abroad.account_id, "Stranger")
    empty = await add_team(world, home.account_id, [])
    theirs = await add_team(world, abroad.account_id, [stranger])
    await own(world, home.contact_ids[1], gone)
    to_users = NOTIFY | {"recipient_type": "specific_user"}
    to_team = NOTIFY | {"recipient_type": "team"}
    cases: list[tuple[dict[str, Any], int, str, str]] = [
        (NOTIFY, 0, "rejected", "no eligible user: the contact has no owner"),
        (NOTIFY, 1, "rejected", "no eligible user: the contact has no owner who is active"),
        (to_users | {"recipient_ids": [gone]}, 0, "rejected", "no eligible user: none of"),
        (to_users | {"recipient_ids": [ann, stranger]}, 0, "invalid_config", "recipient_ids: "),
        (to_users | {"recipient_ids": [NOBODY]}, 0, "invalid_config", "recipient_ids: "),
        (to_team | {"team_id": empty}, 0, "rejected", f"no eligible user: team {empty}"),
        (to_team | {"team_id": theirs}, 0, "invalid_config", f"team_id: there is no team {theirs}"),
        (
            NOTIFY | {"recipient_type": "role", "role": "sales"},
            0,
            "rejected",
            "no eligible user: nobody who is active has the role sales",
        ),
    ]
    for config, contact, error_class, why in cases:
        failed = await step(world, home, "send_notification", config, contact=contact)
        assert (failed.status, failed.error_class) == ("failed", error_class), config
        assert failed.message is not None
        assert failed.message.startswith(why)
    assert await world.rows("SELECT count(*) FROM notifications") == [(0,)]


async def test_channels_beyond_the_application_are_deliveries(world: Bench, home: Seeded) -> None:
    ann, ben = await add_users(world, home.account_id, "Ann", "Ben")
    await world.execute("UPDATE users SET phone = '+4915112345678' WHERE name = 'Ann'")
    await world.execute("UPDATE users SET email = NULL WHERE name = 'Ben'")
    channels = ["email", "sms"]
    given = NOTIFY | {
        "recipient_type": "specific_user",
        "recipient_ids": [ann, ben],
        "channels": channels,
    }
    await step(world, home, "send_notification", given)
    assert await world.rows("SELECT DISTINCT channels FROM notifications") == [(channels,)]
    rows = await world.rows(
        "SELECT u.name, d.channel, d.recipient, d.recipient_name, d.subject, d.body, d.status,"
        " d.reason, d.lease_until IS NULL, d.finished_at IS NULL, d.attempts"
        " FROM deliveries d JOIN notifications n ON n.id = d.notification_id"
        " JOIN users u ON u.id = n.user_id ORDER BY d.id"
    )
    said, text = "Ada called", "Hot lead\nAda called"
    no_email, no_phone = "the user has no email address", "the user has no phone number"
    assert rows == [
        ("Ann", "email", "ann@example.com", "Ann", "Hot lead", said, "pending", None, *WAITS),
        ("Ann", "sms", "+4915112345678", "Ann", "", text, "pending", None, *WAITS),
        ("Ben", "email", "", "Ben", "Hot lead", said, "skipped", no_email, *ENDED),
        ("Ben", "sms", "", "Ben", "", text, "skipped", no_phone, *ENDED),
    ]


# Without a lease, without an end, attempts.
WAITS = (False, True, 0)
ENDED = (True, False, 0)


async def test_a_whole_batch_at_once(world: Bench) -> None:
    """Two engines and every result twice: one of everything for each contact."""
    many = 60
    home = await world.seed([], contacts=many)
    ann, ben = await add_users(world, home.account_id, "Ann", "Ben")
    await world.execute(
        "UPDATE contacts SET owner_id = CAST(:ann AS uuid), email = id || '@example.com'", ann=ann
    )
    course = await add_course(world, home.account_id)
    team = await add_team(world, home.account_id, [ann, ben])
    steps = [
        Step("create_task", {"title": "Call"}),
        Step("add_note", {"content": "Met"}),
        Step("send_notification", NOTIFY | {"recipient_type": "team", "team_id": team}),
        Step("grant_course_access", {"course_id": course}),
        Step("revoke_course_access", {"course_id": course}),
    ]
    seeded = await world.seed(steps, contacts=0, account_id=home.account_id)
    # Twice at once for each contact: the courses are granted and revoked side by side.
    seeded = replace(seeded, contact_ids=home.contact_ids)
    found = [*chain(*await asyncio.gather(run(world, seeded), run(world, seeded)))]
    assert {each.status for each in found} == {"completed"}
    counts: dict[str, Any] = {
        table: (await world.rows(f"SELECT count(*) FROM {table}"))[0][0]
        for table in ("tasks", "notes", "notifications", "course_access")
    }
    assert counts == {
        "tasks": 2 * many,
        "notes": 2 * many,
        "notifications": 4 * many,
        "course_access": many,
    }
    granted = [each for each in found if each.output.get("granted")]
    revoked = [each for each in found if each.output.get("revoked")]
    heard = [event.type for event in await events(world)]
    assert heard.count("note_added") == 2 * many
    assert heard.count("access_granted") == len(granted) >= many
    assert heard.count("access_revoked") == len(revoked)
    assert len(granted) == len(revoked)
    ((active,),) = await world.rows("SELECT count(*) FROM course_access WHERE revoked_at IS NULL")
    assert active == 0
    assert (await world.rows("SELECT count(*) FROM deliveries"))[0][0] == len(granted)
