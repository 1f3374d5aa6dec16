"""add_to_campaign: SPEC-WFL-003 R3.5."""

import pytest

from tests.unit.executor_service.handlers.harness import Bench, Case, case_id
from treadle.catalog.v1 import add_to_campaign_pb2 as pb

CAMPAIGN = "660e8400-e29b-41d4-a716-446655440000"
STEP = "770e8400-e29b-41d4-a716-446655440000"
CASES = [
    Case("enrols at the beginning", {"campaign_id": CAMPAIGN}, claims=0),
    Case(
        "takes every field",
        {
            "campaign_id": CAMPAIGN,
            "start_position": "specific_step",
            "step_id": STEP,
            "skip_if_enrolled": False,
        },
    ),
]


@pytest.mark.parametrize("case", CASES, ids=case_id)
async def test_add_to_campaign_action(bench: Bench, case: Case) -> None:
    await bench.check("add_to_campaign", "sink", case)


async def test_the_effect_says_all_that_is_configured(bench: Bench) -> None:
    result = await bench.result("add_to_campaign", CASES[1].config)
    (effect,) = result.completed.effects
    assert effect.add_to_campaign == pb.AddToCampaignConfig(
        campaign_id=CAMPAIGN,
        start_position=pb.START_POSITION_SPECIFIC_STEP,
        step_id=STEP,
        skip_if_enrolled=False,
    )


async def test_defaults(bench: Bench) -> None:
    result = await bench.result("add_to_campaign", {"campaign_id": CAMPAIGN})
    (effect,) = result.completed.effects
    assert effect.add_to_campaign.skip_if_enrolled is True
    assert effect.add_to_campaign.start_position == pb.START_POSITION_BEGINNING
