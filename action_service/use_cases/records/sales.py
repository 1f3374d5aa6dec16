"""Pipelines with their stages, and the opportunities that go through them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final
from uuid import UUID

from action_service.domain.plan import Json
from action_service.domain.record import Record, items_in, text_in
from action_service.use_cases.ports import Writer
from action_service.use_cases.records.kind import Draft, RecordKind
from action_service.use_cases.records.parts import (
    check_dropped,
    check_unneeded,
    parts_before,
    repeated_ids,
    with_ids,
)
from action_service.use_cases.records.ports import NOW
from common.errors import FieldViolation
from treadle.record.v1 import opportunity_pb2, pipeline_pb2

_OPEN = "open"
_DECIMALS = 2


async def _settle_pipeline(tx: Writer, draft: Draft) -> Sequence[FieldViolation]:
    if "stages" in draft.broken:
        return ()
    if found := repeated_ids(draft, "stages"):
        return found
    draft.values["stages"] = with_ids(items_in(draft.values, "stages"), outcome=_OPEN)
    await check_dropped(tx, PIPELINE, "pipeline_stage", draft, "stages")
    outcomes = {text_in(s, "id"): s["outcome"] for s in items_in(draft.values, "stages")}
    for stage in parts_before(draft, "stages"):
        # An opportunity's status is its stage's outcome, and when it was closed is known.
        if outcomes.get(text_in(stage, "id"), stage["outcome"]) != stage["outcome"]:
            await check_unneeded(
                tx, PIPELINE, "pipeline_stage", stage, "stages", by="opportunities"
            )
    return ()


async def _settle_opportunity(tx: Writer, draft: Draft) -> Sequence[FieldViolation]:
    values = draft.values
    if not (text_in(values, "currency") or "currency" in draft.broken):
        values["currency"] = await tx.records.currency()
    pipeline_id = text_in(values, "pipeline_id")
    if pipeline_id and "stage_id" not in draft.broken:
        stage = await _stage(tx, pipeline_id, text_in(values, "stage_id"))
        if stage is None:
            # It was deleted after it had been looked up.
            return [FieldViolation("pipeline_id", "there is no pipeline with this id")]
        values["stage_id"] = stage["id"]
        if draft.changes("stage_id"):
            outcome = stage["outcome"]
            closed_at = None if outcome == _OPEN else NOW
            values |= {"status": outcome, "stage_changed_at": NOW, "closed_at": closed_at}
    return _value_violations(values.get("value"))


async def _stage(tx: Writer, pipeline_id: str, stage_id: str) -> Mapping[str, Json] | None:
    """The stage, or the pipeline's first when it has no such one; None without a pipeline."""
    pipeline = await tx.records.get(PIPELINE.name, UUID(pipeline_id))
    stages = items_in(pipeline.values, "stages") if pipeline else []
    first = stages[0] if stages else None
    return next((stage for stage in stages if stage["id"] == stage_id), first)


def _value_violations(value: Json) -> Sequence[FieldViolation]:
    if isinstance(value, float) and round(Decimal(str(value)), _DECIMALS) != Decimal(str(value)):
        return [FieldViolation("value", f"must have at most {_DECIMALS} decimals")]
    return ()


def _announce_opportunity(tx: Writer, before: Record | None, after: Record) -> None:
    deal = after.values
    contact_id = UUID(text_in(deal, "contact_id"))
    place = {"opportunity_id": str(after.id), "pipeline_id": deal["pipeline_id"]}
    if before is None:
        amount = {name: deal.get(name) for name in ("value", "currency")}
        tx.emit(
            "opportunity_created", contact_id, {**place, "stage_id": deal["stage_id"], **amount}
        )
    elif deal["stage_id"] != before.values["stage_id"]:
        moved = {"previous_stage_id": before.values["stage_id"], "stage_id": deal["stage_id"]}
        tx.emit("stage_changed", contact_id, {**place, **moved, "status": deal["status"]})


PIPELINE: Final = RecordKind(
    pipeline_pb2.Pipeline,
    "pipelines",
    by_name=True,
    settle=_settle_pipeline,
    way_out="move or delete these first",
)
OPPORTUNITY: Final = RecordKind(
    opportunity_pb2.Opportunity,
    "opportunities",
    settle=_settle_opportunity,
    announce=_announce_opportunity,
)
