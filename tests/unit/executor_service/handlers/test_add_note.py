"""add_note: SPEC-WFL-003 R3.10."""

import pytest

from tests.unit.executor_service.handlers.harness import Bench, Case, case_id

CASES = [
    Case("writes a note", {"content": "Met {{ contact.first_name }}"}, claims=0),
    Case("takes a kind", {"content": "Met", "note_type": "system"}),
    Case(
        "names the value that is missing",
        {"content": "{{ contact.nickname }}"},
        outcome="failed",
        error="invalid_config",
        message=r"content: contact\.nickname has no value",
    ),
    Case(
        "refuses a note that rendering makes blank",
        {"content": "{% if false %}x{% endif %}"},
        outcome="failed",
        error="invalid_config",
        message="content: ",
    ),
    Case(
        "refuses a note that rendering makes too long",
        {"content": "{% for i in (1..5000) %}xxx{% endfor %}"},
        outcome="failed",
        error="invalid_config",
        message="content: .*10,000",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=case_id)
async def test_add_note_action(bench: Bench, case: Case) -> None:
    await bench.check("add_note", "sink", case)


async def test_effect_is_the_configuration_rendered(bench: Bench) -> None:
    config = {"content": "Met {{ contact.last_name }}\nAgain", "note_type": "workflow"}
    assert await bench.change("add_note", config) == {
        "content": "Met Öz <b>\nAgain",
        "note_type": "NOTE_TYPE_WORKFLOW",
    }
