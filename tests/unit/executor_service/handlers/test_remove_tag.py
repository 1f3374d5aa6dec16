"""remove_tag: SPEC-WFL-003 R3.4."""

import pytest

from tests.unit.executor_service.handlers.harness import Bench, Case, case_id

CASES = [
    Case("removes the tag", {"tag_name": "customer"}, claims=0),
    Case(
        "names the value that is missing",
        {"tag_name": "{{ contact.nickname }}"},
        outcome="failed",
        error="invalid_config",
        message=r"tag_name: contact\.nickname has no value",
    ),
    Case(
        "refuses a tag that rendering makes too long",
        {"tag_name": "{% for i in (1..101) %}x{% endfor %}"},
        outcome="failed",
        error="invalid_config",
        message="tag_name: .*100",
    ),
    Case(
        "refuses a tag that rendering makes blank",
        {"tag_name": "{% if false %}x{% endif %}"},
        outcome="failed",
        error="invalid_config",
        message="tag_name: must not be blank",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=case_id)
async def test_remove_tag_action(bench: Bench, case: Case) -> None:
    await bench.check("remove_tag", "sink", case)


async def test_effect_names_the_rendered_tag(bench: Bench) -> None:
    config = {"tag_name": "plan-{{ contact.custom_fields.plan }}"}
    assert await bench.change("remove_tag", config) == {"tag_name": "plan-gold"}
