"""assign_to_user, from handler to event, on real servers."""

from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import pytest

from common.ids import new_id
from tests.support.effects import Outcome, add_team, add_users, events, run, two_engines
from tests.support.engine import Bench, Seeded, Step

NAMES = ("Ann", "Ben", "Cem", "Dee", "Eve")


@pytest.fixture
async def world(database_url: str, nats_url: str) -> AsyncGenerator[Bench]:
    """Two engines, and executors whose every result comes ten times."""
    async with two_engines(database_url, nats_url, copies=10) as surroundings:
        yield surroundings


async def assign(
    world: Bench, place: Seeded, kind: str, *, times: int = 1, **config: Any
) -> list[Outcome]:
    """Runs an assignment for the contacts of `place`."""
    step = Step("assign_to_user", {"assignment_type": kind, **config})
    seeded = await world.seed([step], contacts=0, account_id=place.account_id)
    return await run(world, replace(seeded, contact_ids=place.contact_ids), times=times)


async def owned(world: Bench, place: Seeded) -> Counter[str]:
    """How many of the account's contacts each user owns, by name."""
    rows = await world.rows(
        "SELECT u.name, count(c.id) FROM users u JOIN contacts c ON c.owner_id = u.id"
        " WHERE u.account_id = :account GROUP BY 1",
        account=place.account_id,
    )
    return Counter({str(name): int(str(count)) for name, count in rows})


def names(found: list[Outcome]) -> list[str]:
    """The new owners, in the order of the steps."""
    return [str(each.output["user_name"]) for each in found]


@pytest.mark.parametrize("kind", ["round_robin", "least_busy"])
async def test_callers_without_a_name_take_no_turns(world: Bench, kind: str) -> None:
    place = await world.seed([])
    await add_users(world, place.account_id, "", "Ann")
    assert names(await assign(world, place, kind, times=2)) == ["Ann", "Ann"]


async def test_assign_to_user_action(world: Bench) -> None:
    place = await world.seed([])
    ann, ben = await add_users(world, place.account_id, "Ann", "Ben")
    (first,) = await assign(world, place, "specific", user_id=ann)
    assert first.output == {
        "user_id": ann,
        "user_name": "Ann",
        "previous_user_id": "",
        "changed": True,
    }
    (second,) = await assign(world, place, "specific", user_id=ben.upper())
    assert second.output == {
        "user_id": ben,
        "user_name": "Ben",
        "previous_user_id": ann,
        "changed": True,
    }
    (contact_id,) = place.contact_ids
    told = await events(world)
    assert [(event.type, event.contact_id, event.data["changes"]) for event in told] == [
        ("contact_updated", contact_id, {"owner_id": {"before": None, "after": ann}}),
        ("contact_updated", contact_id, {"owner_id": {"before": ann, "after": ben}}),
    ]
    assert told[1].origin == (second.execution_id,)
    audit = await world.rows(
        "SELECT actor, operation, entity_id::text, before, after FROM audit_log"
        " ORDER BY occurred_at"
    )
    assert audit == [
        (f"execution:{each.execution_id}", "contact.updated", contact_id, before, after)
        for each, before, after in (
            (first, {"owner_id": None}, {"owner_id": ann}),
            (second, {"owner_id": ann}, {"owner_id": ben}),
        )
    ]
    notes = await world.rows(
        "SELECT user_id::text, contact_id::text, title, message, channels FROM notifications"
        " ORDER BY created_at"
    )
    assert notes == [
        (user, contact_id, "A contact was assigned to you", "Ada is yours now.", ["in_app"])
        for user in (ann, ben)
    ]


async def test_an_owner_who_stays_is_told_nothing(world: Bench) -> None:
    place = await world.seed([])
    (ann,) = await add_users(world, place.account_id, "Ann")
    await world.execute("UPDATE contacts SET owner_id = CAST(:id AS uuid)", id=ann)
    (outcome,) = await assign(world, place, "specific", user_id=ann)
    assert outcome.output == {
        "user_id": ann,
        "user_name": "Ann",
        "previous_user_id": ann,
        "changed": False,
    }
    assert await events(world) == []
    for table in ("audit_log", "notifications"):
        assert await world.rows(f"SELECT count(*) FROM {table}") == [(0,)]


async def test_nobody_is_notified_when_that_is_not_wanted(world: Bench) -> None:
    place = await world.seed([])
    (ann,) = await add_users(world, place.account_id, "Ann")
    (outcome,) = await assign(world, place, "specific", user_id=ann, notify_assignee=False)
    assert outcome.output["changed"] is True
    assert await world.rows("SELECT count(*) FROM notifications") == [(0,)]


async def test_the_user_may_come_from_merge_fields(world: Bench) -> None:
    place = await world.seed([])
    (ann,) = await add_users(world, place.account_id, "Ann")
    await world.execute(
        "UPDATE contacts SET custom_fields = jsonb_build_object('agent', CAST(:id AS text))", id=ann
    )
    user_id = "{{ contact.custom_fields.agent }}"
    assert names(await assign(world, place, "specific", user_id=user_id)) == ["Ann"]


async def test_two_engines_give_each_member_the_same_number_of_turns(world: Bench) -> None:
    place = await world.seed([], contacts=100)
    team = await add_team(world, place.account_id, await add_users(world, place.account_id, *NAMES))
    await add_users(world, place.account_id, "Outsider")
    found = await assign(world, place, "round_robin", team_id=team)
    assert Counter(names(found)) == dict.fromkeys(NAMES, 20)
    assert await owned(world, place) == dict.fromkeys(NAMES, 20)
    assert await world.rows("SELECT count(*) FROM notifications") == [(100,)]


async def test_turns_follow_the_order_of_the_members(world: Bench) -> None:
    place = await world.seed([])
    users = await add_users(world, place.account_id, *NAMES)
    team = await add_team(world, place.account_id, [users[2], users[0], users[1]])
    turns = [names(await assign(world, place, "round_robin", team_id=team))[0] for _ in range(4)]
    assert turns == ["Cem", "Ann", "Ben", "Cem"]
    # All users of the account have turns of their own, the oldest first.
    turns = [names(await assign(world, place, "round_robin"))[0] for _ in range(6)]
    assert turns == ["Ann", "Ben", "Cem", "Dee", "Eve", "Ann"]


async def test_members_who_are_not_active_are_passed_over(world: Bench) -> None:
    place = await world.seed([], contacts=9)
    users = await add_users(world, place.account_id, *NAMES)
    team = await add_team(world, place.account_id, users[:4])
    await world.execute("UPDATE users SET is_active = false WHERE name = 'Ben'")
    found = await assign(world, place, "round_robin", team_id=team)
    assert Counter(names(found)) == {"Ann": 3, "Cem": 3, "Dee": 3}


async def test_the_least_busy_are_filled_up_to_one_level(world: Bench) -> None:
    place = await world.seed([], contacts=100)
    users = await add_users(world, place.account_id, *NAMES)
    team = await add_team(world, place.account_id, users)
    # Ann has 40 of them already and keeps most: the sixty others go to the rest, fifteen each.
    await world.execute(
        "UPDATE contacts SET owner_id = CAST(:ann AS uuid) WHERE id = ANY(CAST(:ids AS uuid[]))",
        ann=users[0],
        ids=place.contact_ids[:40],
    )
    rest = replace(place, contact_ids=place.contact_ids[40:])
    await assign(world, rest, "least_busy", team_id=team)
    assert await owned(world, place) == {"Ann": 40, "Ben": 15, "Cem": 15, "Dee": 15, "Eve": 15}
    # Assigned anew, all are level.
    await assign(world, place, "least_busy")
    assert await owned(world, place) == dict.fromkeys(NAMES, 20)


async def test_a_contact_that_is_level_already_changes_hands_no_more(world: Bench) -> None:
    place = await world.seed([], contacts=10)
    await add_users(world, place.account_id, "Ann", "Ben")
    await assign(world, place, "least_busy", times=5)
    assert await owned(world, place) == {"Ann": 5, "Ben": 5}


@pytest.mark.parametrize("kind", ["round_robin", "least_busy"])
async def test_a_team_without_active_members_has_no_eligible_user(world: Bench, kind: str) -> None:
    place = await world.seed([])
    await add_users(world, place.account_id, "Outsider")
    idle = await add_users(world, place.account_id, "Idle", active=False)
    for members in ([], idle):
        team = await add_team(world, place.account_id, members)
        (outcome,) = await assign(world, place, kind, team_id=team)
        assert (outcome.error_class, outcome.message) == (
            "rejected",
            f"no eligible user: team {team} has no active user to assign to",
        )
    assert await owned(world, place) == {}
    assert await events(world) == []


async def test_an_account_without_users_has_no_eligible_user(world: Bench) -> None:
    place = await world.seed([])
    (outcome,) = await assign(world, place, "least_busy")
    assert (outcome.error_class, outcome.message) == (
        "rejected",
        "no eligible user: the account has no active user to assign to",
    )


async def test_a_user_who_is_not_active_gets_nothing(world: Bench) -> None:
    place = await world.seed([])
    (idle,) = await add_users(world, place.account_id, "Idle", active=False)
    (outcome,) = await assign(world, place, "specific", user_id=idle)
    assert (outcome.error_class, outcome.message) == (
        "rejected",
        f"no eligible user: user {idle} is not active; choose another or activate them",
    )


async def test_users_and_teams_of_other_accounts_do_not_exist(world: Bench) -> None:
    other = await world.seed([])
    theirs = await add_users(world, other.account_id, "Eve")
    their_team = await add_team(world, other.account_id, theirs)
    place = await world.seed([])
    nobody = str(new_id())
    for user_id in (nobody, theirs[0]):
        (outcome,) = await assign(world, place, "specific", user_id=user_id)
        assert (outcome.error_class, outcome.message) == (
            "invalid_config",
            f"user_id: there is no user {user_id}; choose another",
        )
    for team_id in (nobody, their_team):
        (outcome,) = await assign(world, place, "round_robin", team_id=team_id)
        assert (outcome.error_class, outcome.message) == (
            "invalid_config",
            f"team_id: there is no team {team_id}; choose another",
        )
    assert await world.rows("SELECT count(*) FROM assignment_turns") == [(0,)]
