"""What the declared types of custom fields make of text, such as the cells of a file."""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from action_service.domain.contact_changes import MAX_DECIMALS, MAX_DIGITS
from action_service.domain.plan import Json

_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class CustomFieldType(StrEnum):
    """What the values of a declared custom field are."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"


class NotOfTypeError(Exception):
    """The text is no value of the type; says what it must be, in words that follow the field."""


def value_of(kind: CustomFieldType, text: str) -> Json:
    """The value that the text spells. Raises NotOfTypeError."""
    match kind:
        case CustomFieldType.TEXT:
            return text
        case CustomFieldType.NUMBER:
            return _number(text.strip())
        case CustomFieldType.BOOLEAN:
            value = _BOOLEANS.get(text.strip().lower())
            if value is None:
                raise NotOfTypeError("must be true or false")
            return value
        case CustomFieldType.DATE:
            return _date(text.strip())


def _number(text: str) -> Json:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise NotOfTypeError("must be a number, such as 12.5") from None
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or number.adjusted() >= MAX_DIGITS or exponent < -MAX_DECIMALS:
        raise NotOfTypeError(
            f"must be a number of at most {MAX_DIGITS} digits before the point and {MAX_DECIMALS}"
            " after it"
        )
    return int(number) if number == number.to_integral_value() else float(number)


def _date(text: str) -> Json:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise NotOfTypeError(
            "must be a date or time of ISO 8601, such as 2026-03-31 or 2026-03-31T09:00:00Z"
        ) from None
    return text
