"""remove_from_campaign: SPEC-WFL-003 R3.6."""

import pytest

from tests.unit.executor_service.handlers.harness import Bench, Case, case_id

CAMPAIGN = "660e8400-e29b-41d4-a716-446655440000"


def because(reason: str) -> dict[str, str]:
    return {"campaign_id": CAMPAIGN, "reason": reason}


CASES = [
    Case("removes without a reason", {"campaign_id": CAMPAIGN}, claims=0),
    Case("takes every field", because("{{ contact.first_name }} has bought")),
    Case(
        "names the value that is missing",
        because("{{ contact.nickname }} has bought"),
        outcome="failed",
        error="invalid_config",
        message=r"reason: contact\.nickname has no value",
    ),
    Case(
        "refuses a reason that rendering makes too long",
        because("{% for i in (1..501) %}x{% endfor %}"),
        outcome="failed",
        error="invalid_config",
        message="reason: .*500",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=case_id)
async def test_remove_from_campaign_action(bench: Bench, case: Case) -> None:
    await bench.check("remove_from_campaign", "sink", case)


@pytest.mark.parametrize(
    ("given", "rendered"),
    [("{{ contact.first_name }} has bought", "Ann has bought"), ("{{ '' }}", ""), ("", "")],
)
async def test_the_reason_is_rendered(bench: Bench, given: str, rendered: str) -> None:
    result = await bench.result("remove_from_campaign", because(given))
    (effect,) = result.completed.effects
    assert effect.remove_from_campaign.campaign_id == CAMPAIGN
    assert effect.remove_from_campaign.reason == rendered
