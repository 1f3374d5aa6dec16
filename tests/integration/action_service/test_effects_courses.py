"""Access to courses: granted and revoked by steps, from handler to event, on real servers."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.effects import events, two_engines
from tests.support.engine import Bench, Seeded
from tests.support.work import add_course, instant, reach, step

NOBODY = "550e8400-e29b-41d4-a716-446655440000"


@pytest.fixture
async def world(database_url: str, nats_url: str) -> AsyncGenerator[Bench]:
    """Two engines, and executors whose answers come twice."""
    async with two_engines(database_url, nats_url, copies=2) as surroundings:
        yield surroundings


@pytest.fixture
async def home(world: Bench) -> Seeded:
    """An account with two contacts."""
    return await world.seed([], contacts=2)


@pytest.fixture
async def abroad(world: Bench) -> Seeded:
    """Another account."""
    return await world.seed([])


ACCESS = (
    "SELECT id::text, access_level, drip_content, expires_at, revoked_at IS NOT NULL,"
    " revocation_reason, progress FROM course_access"
)


async def test_access_is_granted_for_life(world: Bench, home: Seeded) -> None:
    course = await add_course(world, home.account_id)
    granted = await step(world, home, "grant_course_access", {"course_id": course.upper()})
    ((access_id, *rest),) = await world.rows(ACCESS)
    assert rest == ["full", True, None, False, "", {}]
    assert granted.output == {"access_id": access_id, "course_id": course, "granted": True}
    (event,) = await events(world)
    assert (event.type, event.contact_id) == ("access_granted", home.contact_ids[0])
    assert event.data == {"course_id": course, "access_id": access_id, "access_level": "full"}
    assert event.origin == (granted.execution_id,)


async def test_access_is_granted_as_configured(world: Bench, home: Seeded) -> None:
    course = await add_course(world, home.account_id)
    config: dict[str, Any] = {
        "course_id": course,
        "access_level": "limited",
        "duration_days": 30,
        "drip_content": False,
        "send_welcome": False,
    }
    granted = await step(world, home, "grant_course_access", config)
    ((_, level, drip, expires_at, *_rest),) = await world.rows(ACCESS)
    assert (level, drip) == ("limited", False)
    assert instant(granted.output["expires_at"]) == expires_at
    assert isinstance(expires_at, datetime)
    assert abs(expires_at - datetime.now(UTC) - timedelta(days=30)) < timedelta(seconds=10)
    assert await world.rows("SELECT count(*) FROM deliveries") == [(0,)]


async def test_who_has_just_that_access_keeps_it(world: Bench, home: Seeded) -> None:
    course = await add_course(world, home.account_id)
    config: dict[str, Any] = {"course_id": course}
    found = [await step(world, home, "grant_course_access", config) for _ in range(2)]
    found.append(
        await step(world, home, "grant_course_access", config | {"access_level": "preview"})
    )
    assert [each.output["granted"] for each in found] == [True, False, True]
    assert len({str(each.output["access_id"]) for each in found}) == 1
    assert [event.type for event in await events(world)] == ["access_granted"] * 2
    # Only access that begins is welcomed.
    assert await world.rows("SELECT count(*) FROM deliveries") == [(1,)]


async def test_access_is_revoked_and_granted_again(world: Bench, home: Seeded) -> None:
    course = await add_course(world, home.account_id)
    await step(world, home, "grant_course_access", {"course_id": course})
    await world.execute("""UPDATE course_access SET progress = '{"lesson": 3}'""")
    revoked = await step(
        world,
        home,
        "revoke_course_access",
        {"course_id": course, "revocation_reason": "{{ contact.first_name }} left"},
    )
    ((access_id, *_, is_revoked, reason, progress),) = await world.rows(ACCESS)
    assert revoked.output == {"access_id": access_id, "revoked": True}
    assert (is_revoked, reason, progress) == (True, "Ada left", {"lesson": 3})
    again = await step(world, home, "grant_course_access", {"course_id": course})
    assert again.output["granted"]
    ((*_, is_revoked, reason, progress),) = await world.rows(ACCESS)
    assert (is_revoked, reason, progress) == (False, "", {"lesson": 3})
    heard = await events(world)
    types = ["access_granted", "access_revoked", "access_granted"]
    assert sorted(event.type for event in heard) == sorted(types)
    data = {"course_id": course, "access_id": access_id, "access_level": "full"}
    assert all(event.data == data for event in heard)
    assert await world.rows("SELECT count(*) FROM deliveries") == [(2,)]


async def test_progress_is_forgotten_where_that_is_wanted(world: Bench, home: Seeded) -> None:
    course = await add_course(world, home.account_id)
    await step(world, home, "grant_course_access", {"course_id": course})
    await world.execute("""UPDATE course_access SET progress = '{"lesson": 3}'""")
    config: dict[str, Any] = {"course_id": course, "retain_progress": False}
    await step(world, home, "revoke_course_access", config)
    ((*_, progress),) = await world.rows(ACCESS)
    assert progress == {}


async def test_there_may_be_nothing_to_revoke(world: Bench, home: Seeded) -> None:
    course = await add_course(world, home.account_id)
    config: dict[str, Any] = {"course_id": course}
    never = await step(world, home, "revoke_course_access", config)
    assert (never.status, never.output) == ("completed", {"access_id": "", "revoked": False})
    await step(world, home, "grant_course_access", config | {"duration_days": 1})
    await world.execute("UPDATE course_access SET expires_at = now()")
    expired = await step(world, home, "revoke_course_access", config)
    assert expired.output["revoked"] is False
    assert [event.type for event in await events(world)] == ["access_granted"]


@pytest.mark.parametrize("action_type", ["grant_course_access", "revoke_course_access"])
async def test_a_course_that_is_not_there(
    world: Bench, home: Seeded, abroad: Seeded, action_type: str
) -> None:
    theirs = await add_course(world, abroad.account_id)
    for course_id in (theirs, NOBODY):
        failed = await step(world, home, action_type, {"course_id": course_id})
        assert (failed.status, failed.error_class) == ("failed", "invalid_config")
        assert failed.message == f"course_id: there is no course {course_id}; choose another"


async def test_the_welcome_goes_to_the_contact(world: Bench, home: Seeded) -> None:
    course = await add_course(world, home.account_id, subject="Hi {{ contact.first_name }}")
    await reach(world, home.contact_ids[0], email="ada@example.com")
    await step(world, home, "grant_course_access", {"course_id": course})
    await step(world, home, "grant_course_access", {"course_id": course}, contact=1)
    rows = await world.rows(
        "SELECT d.contact_id::text, d.recipient, d.subject, d.status, d.reason,"
        " d.course_access_id = a.id, d.context->'course'->>'name'"
        " FROM deliveries d JOIN course_access a ON a.contact_id = d.contact_id ORDER BY d.id"
    )
    subject = "Hi {{ contact.first_name }}"
    ada, other = home.contact_ids[:2]
    assert rows == [
        (ada, "ada@example.com", subject, "pending", None, True, "Baking"),
        (other, "", subject, "skipped", "the contact has no email address", True, "Baking"),
    ]
