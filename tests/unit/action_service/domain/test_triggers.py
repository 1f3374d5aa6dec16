"""Every operator against every kind of value, paths, every re-entry rule in every state."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from action_service.domain.changes import difference
from action_service.domain.contact import ContactValues
from action_service.domain.contact_events import (
    CONTACT_CREATED,
    CONTACT_UPDATED,
    EventSource,
    created_data,
    updated_data,
)
from action_service.domain.event_types import EVENT_TYPES
from action_service.domain.plan import Json
from action_service.domain.triggers import (
    COMMIT_TIME,
    MAX_DEPTH,
    Condition,
    Entry,
    Operator,
    ReEntry,
    Trigger,
    entry_decision,
    is_heard,
    matches,
    triggers_from,
    triggers_json,
    value_at,
)

EQUALS, NOT_EQUALS, ONE_OF, CONTAINS, IS_SET, IS_NOT_SET = Operator
ONCE, AFTER_FINISHED, ALWAYS = ReEntry

DATA: dict[str, Json] = {
    "text": "VIP Customer",
    "empty": "",
    "number": 5,
    "fraction": 0.5,
    "numeral": "5.0",
    "zero": 0,
    "yes": True,
    "no": False,
    "null": None,
    "list": ["a", 2, True],
    "nothing": [],
    "object": {"inner": "x"},
    "hollow": {},
}


@pytest.mark.parametrize(
    ("operator", "field", "value", "holds"),
    [
        (EQUALS, "text", "VIP Customer", True),
        (EQUALS, "text", "vip customer", False),
        (EQUALS, "text", "VIP", False),
        (EQUALS, "number", 5, True),
        (EQUALS, "number", 5.0, True),
        (EQUALS, "number", "5", True),
        (EQUALS, "number", "five", False),
        (EQUALS, "number", 6, False),
        (EQUALS, "fraction", 0.5, True),
        (EQUALS, "numeral", 5, True),
        (EQUALS, "numeral", "5", False),
        (EQUALS, "text", 5, False),
        (EQUALS, "zero", 0, True),
        (EQUALS, "zero", False, False),
        (EQUALS, "yes", True, True),
        (EQUALS, "yes", 1, False),
        (EQUALS, "yes", "true", False),
        (EQUALS, "no", False, True),
        (EQUALS, "null", "", False),
        (EQUALS, "missing", "", False),
        (EQUALS, "list", "a", False),
        (EQUALS, "object.inner", "x", True),
        (NOT_EQUALS, "text", "VIP", True),
        (NOT_EQUALS, "text", "VIP Customer", False),
        (NOT_EQUALS, "number", 5.0, False),
        (NOT_EQUALS, "null", "VIP", True),
        (NOT_EQUALS, "missing", "VIP", True),
        (ONE_OF, "text", ["x", "VIP Customer"], True),
        (ONE_OF, "text", ["x", "y"], False),
        (ONE_OF, "number", ["x", 5.0], True),
        (ONE_OF, "yes", [1, "true"], False),
        (ONE_OF, "missing", ["", 0], False),
        (ONE_OF, "text", "VIP Customer", False),
        (CONTAINS, "text", "vip", True),
        (CONTAINS, "text", "CUSTOMER", True),
        (CONTAINS, "text", "vipcustomer", False),
        (CONTAINS, "number", "5", False),
        (CONTAINS, "list", "a", True),
        (CONTAINS, "list", "A", False),
        (CONTAINS, "list", 2.0, True),
        (CONTAINS, "list", True, True),
        (CONTAINS, "list", 1, False),
        (CONTAINS, "nothing", "a", False),
        (CONTAINS, "missing", "a", False),
        (CONTAINS, "object", "inner", False),
        (IS_SET, "text", None, True),
        (IS_SET, "zero", None, True),
        (IS_SET, "no", None, True),
        (IS_SET, "list", None, True),
        (IS_SET, "object", None, True),
        (IS_SET, "empty", None, False),
        (IS_SET, "null", None, False),
        (IS_SET, "nothing", None, False),
        (IS_SET, "hollow", None, False),
        (IS_SET, "missing", None, False),
        (IS_NOT_SET, "text", None, False),
        (IS_NOT_SET, "zero", None, False),
        (IS_NOT_SET, "empty", None, True),
        (IS_NOT_SET, "null", None, True),
        (IS_NOT_SET, "missing", None, True),
        (IS_NOT_SET, "object.missing", None, True),
        (IS_NOT_SET, "text.missing", None, True),
    ],
)
def test_a_condition(operator: Operator, field: str, value: Json, holds: bool) -> None:
    trigger = Trigger("tag_added", (Condition(field, operator, value),))
    assert matches(trigger, DATA) is holds


@pytest.mark.parametrize("event_type", ["email_opened", "email_clicked"])
def test_what_a_program_opens_counts_only_where_a_condition_speaks_of_it(event_type: str) -> None:
    by_program: dict[str, Json] = {"automatic": True}
    by_person: dict[str, Json] = {"automatic": False}
    plain = Trigger(event_type)
    assert (matches(plain, by_program), matches(plain, by_person)) == (False, True)
    programs = Trigger(event_type, (Condition("automatic", EQUALS, value=True),))
    assert (matches(programs, by_program), matches(programs, by_person)) == (True, False)
    both = Trigger(event_type, (Condition("automatic", IS_SET),))
    assert (matches(both, by_program), matches(both, by_person)) == (True, True)
    # What an account's own events say by that name is the account's business.
    assert matches(Trigger("gearbox_chosen"), by_program)


def test_all_conditions_must_hold() -> None:
    good, bad = Condition("number", EQUALS, 5), Condition("text", EQUALS, "x")
    assert matches(Trigger("tag_added"), {})
    assert matches(Trigger("tag_added", (good, good)), DATA)
    assert not matches(Trigger("tag_added", (good, bad)), DATA)
    assert not matches(Trigger("tag_added", (bad, good)), DATA)


@pytest.mark.parametrize(
    ("data", "path", "expected"),
    [
        ({"a": {"b": {"c": 1}}}, "a.b.c", 1),
        ({"a.b.c": 1, "a": {"b": {"c": 2}}}, "a.b.c", 1),
        ({"a": {"b.c": 1, "b": {"c": 2}}}, "a.b.c", 1),
        ({"a.b": {"x": 1}, "a": {"b": {"c": 2}}}, "a.b.c", 2),
        ({"a.b": None, "a": {"b": 2}}, "a.b", None),
        ({"changes": {"custom_fields.plan": {"after": "pro"}}},
         "changes.custom_fields.plan.after", "pro"),
        ({"changes": {"custom_fields.a.b": {"after": 1}}}, "changes.custom_fields.a.b.after", 1),
        ({"custom_fields": {"plan": "pro"}}, "custom_fields.plan", "pro"),
        ({"a": [1]}, "a.0", None),
        ({"a": 1}, "a.", None),
        ({"": {"a": 1}}, ".a", None),
        ({}, "a", None),
    ],
)  # fmt: skip
def test_a_path(data: dict[str, Json], path: str, expected: Json) -> None:
    assert value_at(data, path) == expected


DECISIONS = {
    # (re-entry, a run is under way, there has been one)
    (ONCE, False, False): Entry.START,
    (ONCE, False, True): Entry.ENTERED_BEFORE,
    (ONCE, True, True): Entry.ENTERED_BEFORE,
    (AFTER_FINISHED, False, False): Entry.START,
    (AFTER_FINISHED, False, True): Entry.START,
    (AFTER_FINISHED, True, True): Entry.UNDER_WAY,
    (ALWAYS, False, False): Entry.START,
    (ALWAYS, False, True): Entry.START,
    (ALWAYS, True, True): Entry.START,
}


@pytest.mark.parametrize("depth", [0, 1, MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1])
@pytest.mark.parametrize("case", DECISIONS)
def test_entry(case: tuple[ReEntry, bool, bool], depth: int) -> None:
    re_entry, open_run, any_run = case
    expected = DECISIONS[case]
    if expected is Entry.START and depth >= MAX_DEPTH:
        expected = Entry.TOO_DEEP
    given = entry_decision(re_entry, open_run=open_run, any_run=any_run, depth=depth)
    assert given is expected


def test_what_happened_before_the_activation_is_not_heard() -> None:
    active = datetime(2026, 1, 26, 12, tzinfo=UTC)
    instant = timedelta(microseconds=1)
    assert is_heard(active, active)
    assert is_heard(active + timedelta(days=1), active)
    assert is_heard(active - COMMIT_TIME, active)
    assert not is_heard(active - COMMIT_TIME - instant, active)


def test_triggers_are_stored_and_read() -> None:
    triggers = (
        Trigger(
            "tag_added", (Condition("tag_name", ONE_OF, ["a", 1]), Condition("tag_id", IS_SET))
        ),
        Trigger("contact_created"),
    )
    stored = triggers_json(triggers)
    assert stored == [
        {
            "event_type": "tag_added",
            "conditions": [
                {"field": "tag_name", "operator": "one_of", "value": ["a", 1]},
                {"field": "tag_id", "operator": "is_set"},
            ],
        },
        {"event_type": "contact_created", "conditions": []},
    ]
    assert triggers_from(stored) == triggers


@pytest.mark.parametrize(
    ("event_type", "path", "expected"),
    [
        ("tag_added", "tag_name", "value"),
        ("tag_added", "name", None),
        ("contact_created", "custom_fields.plan", "value"),
        ("contact_created", "custom_fields.a b.c", "value"),
        ("contact_created", "custom_fields", None),
        ("contact_created", "custom_fields.", None),
        ("contact_updated", "changes.email.after", "value"),
        ("contact_updated", "changes.custom_fields.plan.before", "value"),
        ("contact_updated", "changes.custom_fields.a.b.after", "value"),
        ("contact_updated", "changes.email", "holder"),
        ("contact_updated", "changes.custom_fields.plan", "holder"),
        ("contact_updated", "changes.emial.after", None),
        ("contact_updated", "changes", None),
        ("contact_updated", "changesXemail", None),
    ],
)
def test_fields_of_events(event_type: str, path: str, expected: str | None) -> None:
    known = EVENT_TYPES[event_type]
    assert known.has_value(path) is (expected == "value")
    assert known.has_holder(path) is (expected == "holder")


def test_every_field_that_is_listed_can_be_named() -> None:
    for event_type in EVENT_TYPES.values():
        assert event_type.description.endswith(".")
        for path in event_type.fields:
            assert event_type.has_value(path)
        for path in event_type.holders:
            assert event_type.has_holder(path)


@pytest.mark.parametrize(
    ("event_type", "data"),
    [
        (
            CONTACT_CREATED,
            created_data(
                EventSource.API, ContactValues(email="a@example.com", custom_fields={"plan": "pro"})
            ),
        ),
        (
            CONTACT_UPDATED,
            updated_data(
                EventSource.WORKFLOW,
                difference({"email": None}, {"email": "x", "custom_fields.plan": 1}),
            ),
        ),
    ],
)
def test_all_that_a_contact_tells_can_be_named(event_type: str, data: dict[str, Json]) -> None:
    paths = list(leaves(data))
    assert len(paths) > 4
    for path in paths:
        assert EVENT_TYPES[event_type].has_value(path), path


def leaves(data: dict[str, Json], above: str = "") -> Iterator[str]:
    for name, value in data.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{above}{name}.")
        else:
            yield above + name
