"""Fallbacks that would run in a circle."""

from collections.abc import Mapping
from uuid import UUID

import pytest

from action_service.domain.graph import fallback_problems

A, B, C, D, E, F = (UUID(int=number) for number in range(1, 7))
SIDE, OTHER = UUID(int=101), UUID(int=102)
# A -> B -> C on the main path, D -> E on SIDE, F on OTHER.
PATHS: Mapping[UUID | None, tuple[UUID, ...]] = {None: (A, B, C), SIDE: (D, E), OTHER: (F,)}


def at_fault(fallbacks: dict[UUID, UUID], parents: dict[UUID, UUID] | None = None) -> set[UUID]:
    found = fallback_problems(PATHS, branch_parents=parents or {}, fallbacks=fallbacks)
    return {problem.action_id for problem in found}


@pytest.mark.parametrize(
    "fallbacks",
    [
        {},
        {A: B},
        {A: C, B: C},
        {C: D},
        {A: D, E: C},
        {B: F, F: C},
    ],
)
def test_fallbacks_that_lead_on(fallbacks: dict[UUID, UUID]) -> None:
    assert at_fault(fallbacks) == set()


@pytest.mark.parametrize(
    ("fallbacks", "wrong"),
    [
        ({B: B}, {B}),
        ({C: A}, {C}),
        ({C: UUID(int=77)}, {C}),
        ({B: D, E: A}, {B, E}),
        ({C: D, D: B}, {C, D}),
        ({C: F, F: D, E: C}, {C, F, E}),
        ({A: C, C: B}, {C}),
    ],
)
def test_fallbacks_that_do_not(fallbacks: dict[UUID, UUID], wrong: set[UUID]) -> None:
    assert at_fault(fallbacks) == wrong


def test_a_branch_is_entered_from_its_parent() -> None:
    assert at_fault({E: C}, {SIDE: B}) == set()
    assert at_fault({E: B}, {SIDE: B}) == {E}
    assert at_fault({E: A}, {SIDE: B}) == {E}
    assert at_fault({F: D}, {SIDE: B, OTHER: E}) == {F}


def test_a_branch_without_actions_leads_nowhere() -> None:
    found = fallback_problems({None: (A, B)}, branch_parents={SIDE: B}, fallbacks={A: B})
    assert found == ()
