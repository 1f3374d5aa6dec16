"""The order of actions on a path."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from action_service.domain.ordering import (
    OrderError,
    inserted,
    insertion_index,
    links,
    removed,
    reordered,
)

A, B, C, X = (UUID(int=number) for number in (1, 2, 3, 9))
PATHS = st.lists(st.uuids(), unique=True, max_size=12)


@pytest.mark.parametrize(
    ("position", "previous", "index"),
    [
        (None, None, 3),
        (1, None, 0),
        (4, None, 3),
        (None, A, 1),
        (None, C, 3),
        (2, A, 1),
        (4, C, 3),
    ],
)
def test_where_a_new_action_goes(position: int | None, previous: UUID | None, index: int) -> None:
    assert insertion_index((A, B, C), position=position, previous_id=previous) == index


@pytest.mark.parametrize(
    ("position", "previous", "fields"),
    [
        (0, None, ["position"]),
        (-3, None, ["position"]),
        (5, None, ["position"]),
        (None, X, ["previous_action_id"]),
        (2, X, ["previous_action_id"]),
        (1, A, ["position", "previous_action_id"]),
        (9, A, ["position"]),
    ],
)
def test_where_a_new_action_cannot_go(
    position: int | None, previous: UUID | None, fields: list[str]
) -> None:
    with pytest.raises(OrderError) as refused:
        insertion_index((A, B, C), position=position, previous_id=previous)
    assert [problem.field for problem in refused.value.problems] == fields


def test_the_first_action_of_a_path() -> None:
    assert insertion_index((), position=None, previous_id=None) == 0
    assert insertion_index((), position=1, previous_id=None) == 0
    with pytest.raises(OrderError):
        insertion_index((), position=2, previous_id=None)


def test_a_reorder_that_is_complete() -> None:
    assert reordered((A, B, C), [C, A, B]) == (C, A, B)
    assert reordered((), []) == ()


def test_a_reorder_that_is_not_lists_everything_wrong() -> None:
    with pytest.raises(OrderError) as refused:
        reordered((A, B, C), [X, A, A])
    assert [(p.field, p.description) for p in refused.value.problems] == [
        ("action_ids[0]", "no such action on this path"),
        ("action_ids", f"{A} is named 2 times"),
        ("action_ids", f"{B} is missing"),
        ("action_ids", f"{C} is missing"),
    ]


@given(PATHS)
def test_links_chain_the_path(path: list[UUID]) -> None:
    chain = links(path)
    assert [link.id for link in chain] == path
    assert [link.position for link in chain] == list(range(1, len(path) + 1))
    assert [link.previous_id for link in chain] == [None, *path][: len(path)]
    assert [link.next_id for link in chain] == [*path[1:], None][: len(path)]


@given(PATHS, st.integers(0, 12))
def test_removing_undoes_inserting(path: list[UUID], place: int) -> None:
    new = uuid4()
    longer = inserted(path, min(place, len(path)), new)
    assert longer.index(new) == min(place, len(path))
    assert removed(longer, new) == tuple(path)
