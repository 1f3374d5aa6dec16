"""revoke_course_access: SPEC-WFL-003 R6.2."""

import pytest

from tests.unit.executor_service.handlers.harness import Bench, Case, case_id

COURSE = "660e8400-e29b-41d4-a716-446655440000"
CASES = [
    Case("revokes access", {"course_id": COURSE}, claims=0),
    Case(
        "names the value that is missing",
        {"course_id": COURSE, "revocation_reason": "{{ contact.nickname }}"},
        outcome="failed",
        error="invalid_config",
        message=r"revocation_reason: contact\.nickname has no value",
    ),
    Case(
        "refuses a reason that rendering makes too long",
        {"course_id": COURSE, "revocation_reason": "{% for i in (1..501) %}x{% endfor %}"},
        outcome="failed",
        error="invalid_config",
        message="revocation_reason: .*500",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=case_id)
async def test_revoke_course_access_action(bench: Bench, case: Case) -> None:
    await bench.check("revoke_course_access", "sink", case)


async def test_effect_is_the_configuration_rendered(bench: Bench) -> None:
    config = {
        "course_id": COURSE,
        "retain_progress": False,
        "revocation_reason": "{{ contact.first_name }} left",
    }
    expected = config | {"revocation_reason": "Ann left"}
    assert await bench.change("revoke_course_access", config) == expected


async def test_progress_is_kept_unless_said_otherwise(bench: Bench) -> None:
    result = await bench.result("revoke_course_access", {"course_id": COURSE})
    (effect,) = result.completed.effects
    assert effect.revoke_course_access.retain_progress
