"""add_tag: SPEC-WFL-003 R3.3."""

import pytest

from tests.unit.executor_service.handlers.harness import CONTACT, Bench, Case, case_id

CASES = [
    Case("adds the tag", {"tag_name": "customer"}, output={"tag_name": "customer"}, claims=0),
    Case(
        "renders the tag",
        {"tag_name": "plan-{{ contact.custom_fields.plan }}"},
        output={"tag_name": "plan-gold"},
    ),
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
        message="tag_name: ",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=case_id)
async def test_add_tag_action(bench: Bench, case: Case) -> None:
    await bench.check("add_tag", "sink", case)


async def test_effect_names_contact_tag_and_colour(bench: Bench) -> None:
    result = await bench.result("add_tag", {"tag_name": "customer", "tag_color": "#1f77b4"})
    (effect,) = result.completed.effects
    assert effect.add_tag.contact_id == CONTACT["id"]
    assert effect.add_tag.tag_name == "customer"
    assert effect.add_tag.tag_color == "#1f77b4"


async def test_result_answers_the_task(bench: Bench) -> None:
    task = bench.task("add_tag", {"tag_name": "customer"})
    result = await bench.run(task)
    for name in ("attempt_id", "action_execution_id", "execution_id", "account_id"):
        assert getattr(result, name) == getattr(task, name)
