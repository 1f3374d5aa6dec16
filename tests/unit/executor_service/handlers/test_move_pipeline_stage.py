"""move_pipeline_stage: SPEC-WFL-003 R3.7."""

from typing import Any

import pytest

from tests.unit.executor_service.handlers.harness import CONTEXT, Bench, Case, case_id
from treadle.catalog.v1 import move_pipeline_stage_pb2 as pb

PIPELINE = "660e8400-e29b-41d4-a716-446655440000"
STAGE = "770e8400-e29b-41d4-a716-446655440000"
DEAL = "880e8400-e29b-41d4-a716-446655440000"
TO = {"pipeline_id": PIPELINE, "stage_id": STAGE}


def specific(opportunity_id: str) -> dict[str, str]:
    return TO | {"opportunity_selector": "specific", "opportunity_id": opportunity_id}


CASES = [
    Case("moves the first one", TO, claims=0),
    Case("moves the latest one", TO | {"opportunity_selector": "latest"}),
    Case("takes every field", specific(DEAL)),
    Case(
        "names the value that is missing",
        specific("{{ contact.custom_fields.deal }}"),
        outcome="failed",
        error="invalid_config",
        message=r"opportunity_id: contact\.custom_fields\.deal has no value",
    ),
    Case(
        "refuses an opportunity that is no id",
        specific("{{ contact.first_name }}"),
        outcome="failed",
        error="invalid_config",
        message="opportunity_id: must be a UUID",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=case_id)
async def test_move_pipeline_stage_action(bench: Bench, case: Case) -> None:
    await bench.check("move_pipeline_stage", "sink", case)


async def test_an_opportunity_named_by_an_earlier_step(bench: Bench) -> None:
    context: dict[str, Any] = {**CONTEXT, "steps": {"deal": {"opportunity_id": DEAL}}}
    config = specific("{{ steps.deal.opportunity_id }}")
    result = await bench.result("move_pipeline_stage", config, context)
    (effect,) = result.completed.effects
    assert effect.move_pipeline_stage == pb.MovePipelineStageConfig(
        pipeline_id=PIPELINE,
        stage_id=STAGE,
        opportunity_selector=pb.OPPORTUNITY_SELECTOR_SPECIFIC,
        opportunity_id=DEAL,
    )


async def test_the_first_one_is_the_default(bench: Bench) -> None:
    (effect,) = (await bench.result("move_pipeline_stage", TO)).completed.effects
    selector = effect.move_pipeline_stage.opportunity_selector
    assert selector == pb.OPPORTUNITY_SELECTOR_FIRST
