"""grant_course_access: SPEC-WFL-003 R6.1."""

import pytest

from tests.unit.executor_service.handlers.harness import Bench, Case, case_id

COURSE = "660e8400-e29b-41d4-a716-446655440000"
CASES = [
    Case("grants access", {"course_id": COURSE}, claims=0, sent=0),
    Case(
        "takes every field",
        {
            "course_id": COURSE,
            "access_level": "preview",
            "duration_days": 30,
            "drip_content": False,
            "send_welcome": False,
        },
    ),
]


@pytest.mark.parametrize("case", CASES, ids=case_id)
async def test_grant_course_access(bench: Bench, case: Case) -> None:
    await bench.check("grant_course_access", "sendgrid", case)


async def test_effect_is_the_configuration(bench: Bench) -> None:
    config = {
        "course_id": COURSE,
        "access_level": "limited",
        "duration_days": 30,
        "drip_content": False,
        "send_welcome": False,
    }
    expected = config | {"access_level": "ACCESS_LEVEL_LIMITED"}
    assert await bench.change("grant_course_access", config) == expected


async def test_what_is_not_given_is_as_declared(bench: Bench) -> None:
    result = await bench.result("grant_course_access", {"course_id": COURSE})
    (effect,) = result.completed.effects
    grant = effect.grant_course_access
    assert grant.access_level == 1
    assert grant.drip_content
    assert grant.send_welcome
    assert not grant.HasField("duration_days")
