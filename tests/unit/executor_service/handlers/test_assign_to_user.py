"""assign_to_user: SPEC-WFL-003 R3.8."""

from typing import Any

import pytest

from tests.unit.executor_service.handlers.harness import Bench, Case, case_id

USER = "550e8400-e29b-41d4-a716-44665544000a"
TEAM = "660e8400-e29b-41d4-a716-44665544000b"
TEMPLATED = "{{ contact.owner_id | default: '" + USER + "' }}"

CASES = [
    Case("assigns to a user", {"assignment_type": "specific", "user_id": USER}, claims=0),
    Case(
        "refuses a user that rendering makes invalid",
        {"assignment_type": "specific", "user_id": "{{ contact.first_name }}"},
        outcome="failed",
        error="invalid_config",
        message="^user_id: must be a UUID",
    ),
    Case(
        "refuses a user that rendering makes blank",
        {"assignment_type": "specific", "user_id": "{{ contact.owner_id | default: '' }}"},
        outcome="failed",
        error="invalid_config",
        message="^user_id: user_id is required when assignment_type is specific",
    ),
    Case(
        "names the value that is missing",
        {"assignment_type": "specific", "user_id": "{{ contact.owner_id }}"},
        outcome="failed",
        error="invalid_config",
        message=r"^user_id: contact\.owner_id has no value",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=case_id)
async def test_assign_to_user_action(bench: Bench, case: Case) -> None:
    await bench.check("assign_to_user", "sink", case)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"assignment_type": "specific", "user_id": USER.upper()}, {"user_id": USER}),
        ({"assignment_type": "specific", "user_id": TEMPLATED}, {"user_id": USER}),
        ({"assignment_type": "round_robin", "team_id": TEAM.upper()}, {"team_id": TEAM}),
        ({"assignment_type": "round_robin"}, {}),
        ({"assignment_type": "least_busy", "team_id": TEAM}, {"team_id": TEAM}),
        # Whoever is named beside a turn does not matter.
        ({"assignment_type": "least_busy", "user_id": USER}, {}),
        ({"assignment_type": "round_robin", "notify_assignee": False}, {"notify_assignee": False}),
    ],
)
async def test_effect_carries_the_assignment(
    bench: Bench, config: dict[str, Any], expected: dict[str, Any]
) -> None:
    kind = f"ASSIGNMENT_TYPE_{config['assignment_type'].upper()}"
    everything = {"assignment_type": kind, "notify_assignee": True} | expected
    assert await bench.change("assign_to_user", config) == everything
