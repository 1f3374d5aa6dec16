"""What the audit log says of a change."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from action_service.domain.changes import difference
from action_service.domain.plan import Json, OnError
from action_service.domain.workflow import Action, fallbacks, paths

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def action(number: int, position: int, branch: int | None = None) -> Action:
    return Action(
        id=UUID(int=number),
        workflow_id=UUID(int=99),
        action_type="add_tag",
        config={"tag_name": "x"},
        position=position,
        previous_action_id=None,
        next_action_id=None,
        branch_id=None if branch is None else UUID(int=branch),
        is_enabled=True,
        name=None,
        on_error=OnError.STOP,
        fallback_action_id=None,
        revision=1,
        created_at=NOW,
        updated_at=NOW,
        created_by=None,
    )


def test_only_what_differs_is_told() -> None:
    found = difference({"a": 1, "b": 2, "c": None}, {"a": 1, "b": 3, "d": 4})
    assert (found.before, found.after) == ({"b": 2, "d": None}, {"b": 3, "d": 4})
    assert found


def test_no_difference_is_none() -> None:
    assert not difference({"a": [1, {"b": None}]}, {"a": [1, {"b": None}], "c": None})


@pytest.mark.parametrize(
    ("before", "after"),
    [(True, 1), (0, False), ([False], [0]), ({"a": {"b": 1}}, {"a": {"b": True}}), ([1], [1, 2])],
)
def test_true_is_not_one(before: Json, after: Json) -> None:
    found = difference({"a": before}, {"a": after})
    assert (found.before, found.after) == ({"a": before}, {"a": after})
    assert not difference({"a": before}, {"a": before})


def test_the_facts_of_an_action() -> None:
    assert action(1, 2, 7).facts() == {
        "action_type": "add_tag",
        "name": None,
        "config": {"tag_name": "x"},
        "position": 2,
        "branch_id": str(UUID(int=7)),
        "is_enabled": True,
        "on_error": "stop",
        "fallback_action_id": None,
    }


def test_paths_of_a_draft() -> None:
    draft = [action(3, 2), action(5, 1, 7), action(1, 1)]
    assert paths(draft) == {
        None: (UUID(int=1), UUID(int=3)),
        UUID(int=7): (UUID(int=5),),
    }
    assert fallbacks(draft) == {}
