"""Opportunities on their way through a pipeline (SPEC-WFL-003 R3.7 and R5.2)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum

OPPORTUNITY_CREATED = "opportunity_created"
STAGE_CHANGED = "stage_changed"

_CENT = Decimal("0.01")


class Selector(StrEnum):
    """Which of a contact's opportunities is meant."""

    # The oldest one in the pipeline, and the newest.
    FIRST = "first"
    LATEST = "latest"
    # One by its id, which may come from another pipeline.
    SPECIFIC = "specific"


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage; `outcome` is what an opportunity is that has come there: open, won or lost."""

    id: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Opportunity:
    """An opportunity, as far as moving it goes; `status` is open, won or lost."""

    id: str
    pipeline_id: str
    stage_id: str
    status: str
    created_at: datetime
    closed_at: datetime | None = None


def selected(
    own: Iterable[Opportunity], selector: Selector, *, pipeline_id: str, opportunity_id: str = ""
) -> Opportunity | None:
    """The one that is meant among a contact's own opportunities, whatever their status."""
    if selector is Selector.SPECIFIC:
        return next((each for each in own if each.id == opportunity_id), None)
    in_pipeline = [each for each in own if each.pipeline_id == pipeline_id]
    choose = min if selector is Selector.FIRST else max
    return choose(in_pipeline, key=lambda each: (each.created_at, each.id), default=None)


def moved(
    opportunity: Opportunity, pipeline_id: str, stage: Stage, *, now: datetime
) -> Opportunity:
    """The opportunity in the stage; the same when it is there already."""
    if opportunity.stage_id == stage.id:
        return opportunity
    return replace(
        opportunity,
        pipeline_id=pipeline_id,
        stage_id=stage.id,
        status=stage.outcome,
        closed_at=None if stage.outcome == "open" else now,
    )


def money(amount: Decimal) -> Decimal:
    """The amount with two decimals, a half going to the even cent."""
    return amount.quantize(_CENT, rounding=ROUND_HALF_EVEN)
