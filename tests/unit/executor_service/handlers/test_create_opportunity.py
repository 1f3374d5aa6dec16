"""create_opportunity: SPEC-WFL-003 R5.2."""

from typing import Any

import pytest

from tests.unit.executor_service.handlers.harness import Bench, Case, case_id

PIPELINE = "660e8400-e29b-41d4-a716-446655440000"
STAGE = "770e8400-e29b-41d4-a716-446655440000"


def deal(**fields: Any) -> dict[str, Any]:
    return {"pipeline_id": PIPELINE, "name": "Deal", **fields}


def refused(case: str, field: str, value: str, message: str) -> Case:
    """A case whose rendered value does not fit its field."""
    return Case(
        case,
        deal(**{field: value}),
        outcome="failed",
        error="invalid_config",
        message=f"{field}: {message}",
    )


CASES = [
    Case("creates an opportunity", deal(), claims=0),
    Case("takes every field", deal(stage_id=STAGE, value=99.5, currency="EUR")),
    refused(
        "names the value that is missing",
        "name",
        "{{ contact.nickname }}",
        r"contact\.nickname has no value",
    ),
    refused(
        "refuses a name that rendering makes blank",
        "name",
        "{% if false %}x{% endif %}",
        "must not be blank",
    ),
    refused(
        "refuses a name that rendering makes too long",
        "name",
        "{% for i in (1..301) %}x{% endfor %}",
        ".*300",
    ),
    refused(
        "refuses a value that rendering makes no number",
        "value",
        "{{ contact.first_name }}",
        "must be a number",
    ),
    refused("refuses the notation of programmers", "value", "{{ '1e3' }}", "must be a number"),
    refused("refuses a value below nothing", "value", "{{ '-0.01' }}", "must be .*0"),
    refused(
        "refuses a value beyond bounds",
        "value",
        "{{ '1000000000000.01' }}",
        "must be .*1,000,000,000,000",
    ),
    refused(
        "names the part of a value that is missing",
        "value",
        "{{ contact.custom_fields.budget }}",
        r"contact\.custom_fields\.budget has no value",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=case_id)
async def test_create_opportunity_action(bench: Bench, case: Case) -> None:
    await bench.check("create_opportunity", "sink", case)


@pytest.mark.parametrize(
    ("value", "kind", "sent"),
    [
        (12.5, "number_value", 12.5),
        ("12.5", "string_value", "12.5"),
        ("{{ contact.custom_fields.visits }}00", "string_value", "300"),
    ],
)
async def test_the_value_is_sent_as_it_is_rendered(
    bench: Bench, value: Any, kind: str, sent: float | str
) -> None:
    result = await bench.result("create_opportunity", deal(value=value))
    (effect,) = result.completed.effects
    assert getattr(effect.create_opportunity.value, kind) == sent


@pytest.mark.parametrize("value", ["{{ '' }}", "{{ contact.custom_fields.budget | default: '' }}"])
async def test_a_value_that_comes_to_nothing_is_none(bench: Bench, value: str) -> None:
    result = await bench.result("create_opportunity", deal(value=value))
    (effect,) = result.completed.effects
    assert not effect.create_opportunity.HasField("value")
