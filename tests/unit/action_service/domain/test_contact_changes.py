"""Set, append and increment on a contact's fields."""

import pytest

from action_service.domain.contact_changes import ChangeRefusedError, UpdateMode, changed
from action_service.domain.plan import Json

CONTACT: dict[str, Json] = {
    "email": "ada@example.com",
    "first_name": "Ada",
    "owner_id": None,
    "custom_fields.visits": 2,
    "custom_fields.score": "1.5",
    "custom_fields.topics": ["math"],
    "custom_fields.vip": True,
}


@pytest.mark.parametrize(
    ("mode", "field", "value", "expected"),
    [
        (UpdateMode.SET, "first_name", "Grace", "Grace"),
        (UpdateMode.SET, "custom_fields.plan", {"tier": 1}, {"tier": 1}),
        (UpdateMode.SET, "email", None, None),
        (UpdateMode.APPEND, "first_name", " L.", "Ada L."),
        (UpdateMode.APPEND, "custom_fields.note", "new", "new"),
        (UpdateMode.APPEND, "custom_fields.topics", "poetry", ["math", "poetry"]),
        (UpdateMode.INCREMENT, "custom_fields.visits", 1, 3),
        (UpdateMode.INCREMENT, "custom_fields.visits", -5, -3),
        (UpdateMode.INCREMENT, "custom_fields.score", 0.25, 1.75),
        (UpdateMode.INCREMENT, "custom_fields.new", "4", 4),
        (UpdateMode.INCREMENT, "custom_fields.new", 1 / 3, 1 / 3),
    ],
)
def test_changes(mode: UpdateMode, field: str, value: Json, expected: Json) -> None:
    after = changed(CONTACT, mode, [(field, value)])
    assert after.get(field) == expected


def test_increments_are_exact() -> None:
    fields: dict[str, Json] = {}
    for _ in range(10):
        fields = changed(fields, UpdateMode.INCREMENT, [("custom_fields.sum", 0.1)])
    assert fields == {"custom_fields.sum": 1}


def test_null_removes_a_custom_field_only() -> None:
    after = changed(CONTACT, UpdateMode.SET, [("custom_fields.visits", None), ("email", None)])
    assert "custom_fields.visits" not in after
    assert after["email"] is None


@pytest.mark.parametrize(
    ("mode", "field", "value", "message"),
    [
        (UpdateMode.SET, "id", "x", "id is not a field"),
        (UpdateMode.SET, "first_name", 3, "first_name takes text, not a number"),
        (UpdateMode.APPEND, "custom_fields.visits", "x", "holds a number"),
        (UpdateMode.APPEND, "first_name", 3, "a number is not text"),
        (UpdateMode.INCREMENT, "first_name", 1, "first_name cannot be incremented"),
        (UpdateMode.INCREMENT, "custom_fields.topics", 1, "a list is not a number"),
        (UpdateMode.INCREMENT, "custom_fields.vip", 1, "true or false is not a number"),
        (UpdateMode.INCREMENT, "custom_fields.visits", "many", "text is not a number"),
        (UpdateMode.INCREMENT, "custom_fields.visits", "NaN", "not finite"),
        (UpdateMode.INCREMENT, "custom_fields.visits", "1e300", "at most 15 digits"),
        (UpdateMode.INCREMENT, "custom_fields.visits", 1e300, "at most 15 digits"),
        (UpdateMode.INCREMENT, "custom_fields.visits", "1e999999999", "at most 15 digits"),
        (UpdateMode.INCREMENT, "custom_fields.visits", "1e-999999999", "at most 15 digits"),
        (UpdateMode.INCREMENT, "custom_fields.visits", "9" * 15, "at most 15 digits"),
        (UpdateMode.APPEND, "first_name", "x" * 70_000, "longer than"),
    ],
)
def test_refusals_name_the_field_and_change_nothing(
    mode: UpdateMode, field: str, value: Json, message: str
) -> None:
    before = dict(CONTACT)
    with pytest.raises(ChangeRefusedError, match=message) as caught:
        changed(CONTACT, mode, [("custom_fields.new", "1"), (field, value)])
    assert field in str(caught.value)
    assert before == CONTACT
