"""Opportunities: SPEC-WFL-003 R3.7 and R5.2."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from action_service.domain.opportunities import (
    Opportunity,
    Selector,
    Stage,
    money,
    moved,
    selected,
)

START = datetime(2026, 3, 1, tzinfo=UTC)
NOW = START + timedelta(days=30)


def opportunity(
    name: str, pipeline: str = "sales", *, day: int = 0, status: str = "open"
) -> Opportunity:
    closed_at = None if status == "open" else START
    return Opportunity(
        name, pipeline, "new", status, START + timedelta(days=day), closed_at=closed_at
    )


OWN = [
    opportunity("b", day=1),
    opportunity("d", day=2, status="lost"),
    opportunity("a", day=1, status="won"),
    opportunity("c", day=2),
    opportunity("e", "renewals", day=3),
    opportunity("f", "renewals"),
]


@pytest.mark.parametrize(
    ("selector", "pipeline", "opportunity_id", "expected"),
    [
        # Of equal age the lower id counts as older; status plays no part.
        (Selector.FIRST, "sales", "", "a"),
        (Selector.LATEST, "sales", "", "d"),
        (Selector.FIRST, "renewals", "", "f"),
        (Selector.LATEST, "renewals", "", "e"),
        (Selector.FIRST, "other", "", None),
        (Selector.LATEST, "other", "", None),
        (Selector.SPECIFIC, "sales", "c", "c"),
        # It may come from another pipeline.
        (Selector.SPECIFIC, "sales", "e", "e"),
        (Selector.SPECIFIC, "sales", "x", None),
        (Selector.SPECIFIC, "sales", "", None),
        # Only a specific one is looked for by its id.
        (Selector.FIRST, "sales", "c", "a"),
    ],
)
def test_selection(
    selector: Selector, pipeline: str, opportunity_id: str, expected: str | None
) -> None:
    found = selected(OWN, selector, pipeline_id=pipeline, opportunity_id=opportunity_id)
    assert (found and found.id) == expected


@pytest.mark.parametrize(
    ("before", "stage", "status", "closed_at"),
    [
        ("open", Stage("next", "open"), "open", None),
        ("open", Stage("end", "won"), "won", NOW),
        ("open", Stage("end", "lost"), "lost", NOW),
        ("won", Stage("next", "open"), "open", None),
        ("won", Stage("end", "lost"), "lost", NOW),
    ],
)
def test_moving(before: str, stage: Stage, status: str, closed_at: datetime | None) -> None:
    after = moved(opportunity("a", status=before), "other", stage, now=NOW)
    assert (after.id, after.pipeline_id, after.stage_id) == ("a", "other", stage.id)
    assert (after.status, after.closed_at) == (status, closed_at)


def test_moving_to_where_it_is() -> None:
    there = opportunity("a", status="won")
    assert moved(there, "sales", Stage("new", "open"), now=NOW) is there


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [
        ("0", "0.00"),
        ("12.5", "12.50"),
        ("0.005", "0.00"),
        ("0.015", "0.02"),
        ("2.675", "2.68"),
        ("1000000000000", "1000000000000.00"),
        ("0.1249", "0.12"),
    ],
)
def test_money(amount: str, rounded: str) -> None:
    assert str(money(Decimal(amount))) == rounded
