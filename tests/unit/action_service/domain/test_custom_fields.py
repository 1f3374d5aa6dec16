"""What the declared types of custom fields make of values."""

import pytest

from action_service.domain.custom_fields import CustomFieldType, NotOfTypeError, typed, value_of
from action_service.domain.plan import Json

TEXT, NUMBER = CustomFieldType.TEXT, CustomFieldType.NUMBER
BOOLEAN, DATE = CustomFieldType.BOOLEAN, CustomFieldType.DATE


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (TEXT, " as it is ", " as it is "),
        (NUMBER, " 12 ", 12),
        (NUMBER, "12.50", 12.5),
        (NUMBER, "-1e3", -1000),
        (NUMBER, "999999999999999", 999999999999999),
        (BOOLEAN, "Yes", True),
        (BOOLEAN, "TRUE ", True),
        (BOOLEAN, "0", False),
        (DATE, " 2026-03-31", "2026-03-31"),
        (DATE, "2026-03-31T09:00:00+02:00", "2026-03-31T09:00:00+02:00"),
    ],
)
def test_text_is_read_by_type(kind: CustomFieldType, text: str, value: Json) -> None:
    assert value_of(kind, text) == typed(kind, text) == value
    assert type(value_of(kind, text)) is type(value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [(kind, None) for kind in CustomFieldType]
    + [(NUMBER, 7), (NUMBER, 0.1), (BOOLEAN, False), (TEXT, "")],
)
def test_values_of_the_type_stay_what_they_are(kind: CustomFieldType, value: Json) -> None:
    assert typed(kind, value) == value


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (NUMBER, "twelve", "must be a number, such as 12.5"),
        (NUMBER, "", "must be a number, such as 12.5"),
        (NUMBER, "NaN", "must be a finite number"),
        (NUMBER, "Infinity", "must be a finite number"),
        (NUMBER, "1e999999999", "at most 15 digits before the point and 30 after it"),
        (NUMBER, 1e15, "at most 15 digits"),
        (NUMBER, "1e-31", "at most 15 digits"),
        (NUMBER, True, "must be a number"),
        (NUMBER, [1], "must be a number"),
        (BOOLEAN, "maybe", "must be true or false"),
        (BOOLEAN, 1, "must be true or false"),
        (DATE, "31.03.2026", "must be a date or time of ISO 8601"),
        (DATE, "2026-02-30", "must be a date or time of ISO 8601"),
        (DATE, 20260331, "must be a date or time of ISO 8601"),
        (TEXT, 7, "must be text"),
        (TEXT, {"a": "b"}, "must be text"),
    ],
)
def test_what_is_not_of_the_type(kind: CustomFieldType, value: Json, message: str) -> None:
    with pytest.raises(NotOfTypeError, match=message):
        typed(kind, value)
