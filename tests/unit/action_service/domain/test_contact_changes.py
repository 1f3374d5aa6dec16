"""Set, append and increment on a contact's fields."""

import pytest

from action_service.domain.contact_changes import (
    ChangeRefusedError,
    ImpossibleChangeError,
    UpdateMode,
    changed,
)
from action_service.domain.custom_fields import CustomFieldType
from action_service.domain.plan import Json

SET, APPEND, INCREMENT = UpdateMode.SET, UpdateMode.APPEND, UpdateMode.INCREMENT
CONTACT: dict[str, Json] = {
    "email": "ada@example.com",
    "first_name": "Ada",
    "owner_id": None,
    "custom_fields.visits": 2,
    "custom_fields.score": "1.5",
    "custom_fields.topics": ["math"],
    "custom_fields.vip": True,
    "custom_fields.age": 36,
    "custom_fields.bio": "B",
    "custom_fields.huge": "1e300",
}
TYPES = {
    "age": CustomFieldType.NUMBER,
    "member": CustomFieldType.BOOLEAN,
    "born": CustomFieldType.DATE,
    "bio": CustomFieldType.TEXT,
    # A declaration of a name that is a built-in field's too concerns the custom field only.
    "first_name": CustomFieldType.NUMBER,
}


@pytest.mark.parametrize(
    ("mode", "field", "value", "expected"),
    [
        (SET, "first_name", "Grace", "Grace"),
        (SET, "custom_fields.plan", {"tier": 1}, {"tier": 1}),
        (SET, "email", None, None),
        (SET, "custom_fields.age", 37, 37),
        (SET, "custom_fields.age", 36.5, 36.5),
        (SET, "custom_fields.age", " 37.0 ", 37),
        (SET, "custom_fields.age", None, None),
        (SET, "custom_fields.member", True, True),
        (SET, "custom_fields.member", "No", False),
        (SET, "custom_fields.born", "1815-12-10", "1815-12-10"),
        (SET, "custom_fields.born", "1815-12-10T09:00:00Z", "1815-12-10T09:00:00Z"),
        (SET, "custom_fields.bio", "Countess", "Countess"),
        (APPEND, "first_name", " L.", "Ada L."),
        (APPEND, "custom_fields.note", "new", "new"),
        (APPEND, "custom_fields.topics", "poetry", ["math", "poetry"]),
        (APPEND, "custom_fields.bio", "io", "Bio"),
        (INCREMENT, "custom_fields.visits", 1, 3),
        (INCREMENT, "custom_fields.visits", -5, -3),
        (INCREMENT, "custom_fields.score", 0.25, 1.75),
        (INCREMENT, "custom_fields.new", "4", 4),
        (INCREMENT, "custom_fields.new", 1 / 3, 1 / 3),
        (INCREMENT, "custom_fields.age", 1, 37),
    ],
)
def test_changes(mode: UpdateMode, field: str, value: Json, expected: Json) -> None:
    after = changed(CONTACT, mode, [(field, value)], TYPES)
    assert after.get(field) == expected
    assert type(after.get(field)) is type(expected)


def test_increments_are_exact() -> None:
    fields: dict[str, Json] = {}
    for _ in range(10):
        fields = changed(fields, INCREMENT, [("custom_fields.sum", 0.1)], {})
    assert fields == {"custom_fields.sum": 1}


def test_null_removes_a_custom_field_only() -> None:
    after = changed(CONTACT, SET, [("custom_fields.visits", None), ("email", None)], {})
    assert "custom_fields.visits" not in after
    assert after["email"] is None


# What no contact can take: the configuration is at fault.
IMPOSSIBLE: list[tuple[UpdateMode, str, Json, str]] = [
    (SET, "id", "x", "id is not a field"),
    (SET, "first_name", 3, "first_name takes text, not a number"),
    (SET, "custom_fields.age", "old", "must be a number"),
    (SET, "custom_fields.age", True, "must be a number"),
    (SET, "custom_fields.age", [1], "must be a number"),
    (SET, "custom_fields.age", 1e15, "at most 15 digits"),
    (SET, "custom_fields.member", "maybe", "must be true or false"),
    (SET, "custom_fields.member", 1, "must be true or false"),
    (SET, "custom_fields.born", "10.12.1815", "must be a date or time of ISO 8601"),
    (SET, "custom_fields.born", 1815, "must be a date or time of ISO 8601"),
    (SET, "custom_fields.bio", 7, "must be text"),
    (SET, "custom_fields.note", "a\0b", "NUL"),
    (SET, "custom_fields.a b", "x", "a name is up to 64 letters"),
    (APPEND, "first_name", 3, "a number is not text"),
    (APPEND, "custom_fields.age", "1", "it is declared a number"),
    (INCREMENT, "first_name", 1, "first_name cannot be incremented"),
    (INCREMENT, "custom_fields.born", 1, "it is declared a date"),
    (INCREMENT, "custom_fields.visits", "many", "it must be a number"),
    (INCREMENT, "custom_fields.visits", True, "true or false is not a number"),
    (INCREMENT, "custom_fields.visits", "NaN", "finite"),
    (INCREMENT, "custom_fields.visits", "1e300", "at most 15 digits"),
    (INCREMENT, "custom_fields.visits", 1e300, "at most 15 digits"),
    (INCREMENT, "custom_fields.visits", "1e999999999", "at most 15 digits"),
    (INCREMENT, "custom_fields.visits", "1e-999999999", "at most 15 digits"),
]
# What this contact cannot take as it is now.
REFUSED: list[tuple[UpdateMode, str, Json, str]] = [
    (APPEND, "first_name", "x" * 198, "first_name would be longer than 200 characters"),
    (SET, "custom_fields.note", "x" * 70_000, "at most 65,536 bytes"),
    (APPEND, "custom_fields.visits", "x", "holds a number"),
    (APPEND, "custom_fields.bio", "x" * 65_536, "longer than 65536 characters"),
    (INCREMENT, "custom_fields.topics", 1, "it holds a list"),
    (INCREMENT, "custom_fields.vip", 1, "it holds true or false"),
    (INCREMENT, "custom_fields.huge", 1, "what it holds must be a number of at most 15 digits"),
    (INCREMENT, "custom_fields.visits", "9" * 15, "the sum must be a number of at most 15 digits"),
]


@pytest.mark.parametrize(("mode", "field", "value", "message"), IMPOSSIBLE + REFUSED)
def test_refusals_name_the_field_and_change_nothing(
    mode: UpdateMode, field: str, value: Json, message: str
) -> None:
    before = dict(CONTACT)
    with pytest.raises(ChangeRefusedError, match=message) as caught:
        changed(CONTACT, mode, [("custom_fields.new", "1"), (field, value)], TYPES)
    assert field.split(".")[0] in str(caught.value)
    assert before == CONTACT


@pytest.mark.parametrize(("mode", "field", "value", "message"), IMPOSSIBLE)
def test_the_configuration_is_at_fault(
    mode: UpdateMode, field: str, value: Json, message: str
) -> None:
    with pytest.raises(ImpossibleChangeError, match=message):
        changed(CONTACT, mode, [(field, value)], TYPES)


def test_a_contact_has_so_many_custom_fields() -> None:
    full: dict[str, Json] = {f"custom_fields.f{n}": n for n in range(200)}
    assert changed(full, INCREMENT, [("custom_fields.f7", 1)], {})["custom_fields.f7"] == 8
    for mode in (SET, INCREMENT):
        with pytest.raises(ChangeRefusedError, match="at most 200 fields"):
            changed(full, mode, [("custom_fields.one_more", 1)], {})
