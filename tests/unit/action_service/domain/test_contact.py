"""What may stand in a contact."""

import pytest

from action_service.domain.contact import (
    custom_fields_problems,
    json_problem,
    merged_custom_fields,
)
from action_service.domain.plan import Json


@pytest.mark.parametrize(
    "value", [None, True, 0, -1.5, "", "ü", [], {}, {"a": [1, {"b": None}]}, [[[[[[[1]]]]]]]]
)
def test_json_that_can_be_stored(value: Json) -> None:
    assert json_problem(value) is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("\0", "NUL"),
        ({"a\0": 1}, "NUL"),
        ([{"a": "b\0"}], "NUL"),
        (float("nan"), "finite"),
        ([float("inf")], "finite"),
        ([[[[[[[[[1]]]]]]]]], "deep"),
    ],
)
def test_json_that_cannot(value: Json, words: str) -> None:
    assert words in (json_problem(value) or "")


def test_custom_fields() -> None:
    assert custom_fields_problems({"plan": "gold", "_x-1": 2}) == ()
    problems = custom_fields_problems({"1st": 1, "a.b": 2, "": 3, "x" * 65: 4, "ok": "\0"})
    assert [path for path, _ in problems] == [".1st", ".a.b", ".", "." + "x" * 64, ".ok"]
    assert [path for path, _ in custom_fields_problems({f"f{i}": 1 for i in range(201)})] == [""]
    assert [path for path, _ in custom_fields_problems({"f": "x" * 65_536})] == [""]


def test_merging_replaces_adds_and_removes() -> None:
    merged = merged_custom_fields({"a": 1, "b": 2}, {"b": None, "c": {"d": 1}, "e": None})
    assert merged == {"a": 1, "c": {"d": 1}}
