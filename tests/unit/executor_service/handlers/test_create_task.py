"""create_task: SPEC-WFL-003 R3.9."""

import pytest

from tests.unit.executor_service.handlers.harness import Bench, Case, case_id

USER = "660e8400-e29b-41d4-a716-446655440000"
CASES = [
    Case("creates a task", {"title": "Call {{ contact.first_name }}"}, claims=0),
    Case(
        "takes every field",
        {
            "title": "Call",
            "description": "At once.\nPlease.",
            "due_date_offset": {"days": 1, "hours": 2},
            "assignee_id": USER,
            "priority": "high",
        },
    ),
    Case(
        "names the value that is missing",
        {"title": "Call {{ contact.nickname }}"},
        outcome="failed",
        error="invalid_config",
        message=r"title: contact\.nickname has no value",
    ),
    Case(
        "refuses a title that rendering makes blank",
        {"title": "{% if false %}x{% endif %}"},
        outcome="failed",
        error="invalid_config",
        message="title: ",
    ),
    Case(
        "refuses a title that rendering makes too long",
        {"title": "{% for i in (1..301) %}x{% endfor %}"},
        outcome="failed",
        error="invalid_config",
        message="title: .*300",
    ),
    Case(
        "refuses a description that rendering makes too long",
        {"title": "x", "description": "{% for i in (1..5000) %}xxx{% endfor %}"},
        outcome="failed",
        error="invalid_config",
        message="description: .*10,000",
    ),
    Case(
        "refuses an assignee that is no id",
        {"title": "x", "assignee_id": "{{ contact.first_name }}"},
        outcome="failed",
        error="invalid_config",
        message="assignee_id: must be a UUID",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=case_id)
async def test_create_task_action(bench: Bench, case: Case) -> None:
    await bench.check("create_task", "sink", case)


async def test_effect_is_the_configuration_rendered(bench: Bench) -> None:
    config = {
        "title": "Call {{ contact.first_name }}",
        "description": "{{ contact.phone }}",
        "due_date_offset": {"days": 1, "hours": 2},
        "assignee_id": USER,
        "priority": "low",
    }
    assert await bench.change("create_task", config) == {
        "title": "Call Ann",
        "description": "+4915112345678",
        "due_date_offset": {"days": 1, "hours": 2},
        "assignee_id": USER,
        "priority": "TASK_PRIORITY_LOW",
    }


async def test_an_assignee_that_comes_to_nothing_is_none(bench: Bench) -> None:
    given = {"title": "x", "assignee_id": "{{ contact.owner_id | default: '' }}"}
    assert await bench.change("create_task", given) == {"title": "x"}
