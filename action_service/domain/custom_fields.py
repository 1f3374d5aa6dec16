"""What the declared types of custom fields make of values, and of text such as a file's cells."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from action_service.domain.plan import Json

# Before the point what a double holds exactly; after it, more than one prints.
MAX_DIGITS = 15
MAX_DECIMALS = 30
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class CustomFieldType(StrEnum):
    """What the values of a declared custom field are."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"


_WANTED = {
    CustomFieldType.TEXT: "must be text",
    CustomFieldType.NUMBER: "must be a number, such as 12.5",
    CustomFieldType.BOOLEAN: "must be true or false",
    CustomFieldType.DATE: (
        "must be a date or time of ISO 8601, such as 2026-03-31 or 2026-03-31T09:00:00Z"
    ),
}


class NotOfTypeError(Exception):
    """This is no value of the type; says what it must be, in words that follow the field."""


def typed_fields(
    types: Mapping[str, CustomFieldType], fields: Mapping[str, Json]
) -> tuple[dict[str, Json], list[tuple[str, str]]]:
    """The fields as they are stored, and what is wrong with them, by name.

    A field without a declaration is kept as it is.
    """
    stored: dict[str, Json] = {}
    problems: list[tuple[str, str]] = []
    for name, value in fields.items():
        kind = types.get(name)
        try:
            stored[name] = value if kind is None else typed(kind, value)
        except NotOfTypeError as error:
            problems.append((name, str(error)))
    return stored, problems


def typed(kind: CustomFieldType, value: Json) -> Json:
    """The value as it is stored in a field of the type. Raises NotOfTypeError.

    Nothing stays nothing; text is read as `value_of` reads it.
    """
    if value is None:
        return None
    if isinstance(value, str):
        return value_of(kind, value)
    if kind is CustomFieldType.NUMBER and not isinstance(value, bool | list | dict):
        return as_json(decimal_of(value))
    if kind is CustomFieldType.BOOLEAN and isinstance(value, bool):
        return value
    raise NotOfTypeError(_WANTED[kind])


def value_of(kind: CustomFieldType, text: str) -> Json:
    """The value that the text spells. Raises NotOfTypeError."""
    match kind:
        case CustomFieldType.TEXT:
            return text
        case CustomFieldType.NUMBER:
            return as_json(decimal_of(text))
        case CustomFieldType.BOOLEAN:
            value = _BOOLEANS.get(text.strip().lower())
            if value is None:
                raise NotOfTypeError(_WANTED[kind])
            return value
        case CustomFieldType.DATE:
            return _date(text.strip())


def decimal_of(value: float | str) -> Decimal:
    """The number, exactly as it is written. Raises NotOfTypeError."""
    try:
        number = Decimal(str(value).strip())
    except ArithmeticError:
        raise NotOfTypeError(_WANTED[CustomFieldType.NUMBER]) from None
    return bounded(number)


def bounded(number: Decimal) -> Decimal:
    """The number, when it can be kept exactly. Raises NotOfTypeError.

    Looks at the exponent alone: writing 1e999999 out would take minutes.
    """
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int):
        raise NotOfTypeError("must be a finite number")
    if number.adjusted() >= MAX_DIGITS or exponent < -MAX_DECIMALS:
        raise NotOfTypeError(
            f"must be a number of at most {MAX_DIGITS} digits before the point and {MAX_DECIMALS}"
            " after it"
        )
    return number


def as_json(number: Decimal) -> Json:
    """The number as it is stored: whole ones without a fraction."""
    return int(number) if number == number.to_integral_value() else float(number)


def _date(text: str) -> Json:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise NotOfTypeError(_WANTED[CustomFieldType.DATE]) from None
    return text
