"""What `update_contact` makes of a contact's fields: set, append, increment (SPEC-WFL-003 R3.2)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from action_service.domain.plan import Json

Fields: TypeAlias = dict[str, Json]

CUSTOM_PREFIX = "custom_fields."
MAX_TEXT = 65_536
# Before the point what a double holds exactly; after it, more than one prints.
MAX_DIGITS = 15
MAX_DECIMALS = 30
BUILT_IN = ("email", "phone", "first_name", "last_name", "timezone", "owner_id")


class UpdateMode(StrEnum):
    """How a value meets the one that is there."""

    SET = "set"
    APPEND = "append"
    INCREMENT = "increment"


class ChangeRefusedError(Exception):
    """The change makes no sense for the field's present value; the text names the field."""


def changed(
    fields: Mapping[str, Json], mode: UpdateMode, changes: Sequence[tuple[str, Json]]
) -> Fields:
    """The fields after the changes.

    `fields` has the built-in names and `custom_fields.<name>`. Setting a custom field to null
    removes it. Raises ChangeRefusedError and leaves `fields` as it was.
    """
    after = dict(fields)
    for name, value in changes:
        if name not in BUILT_IN and not name.startswith(CUSTOM_PREFIX):
            raise ChangeRefusedError(f"{name} is not a field that can be changed")
        match mode:
            case UpdateMode.SET:
                after[name] = _checked(name, value)
            case UpdateMode.APPEND:
                after[name] = _appended(name, after.get(name), value)
            case UpdateMode.INCREMENT:
                after[name] = _incremented(name, after.get(name), value)
    return {name: value for name, value in after.items() if name in BUILT_IN or value is not None}


def _checked(name: str, value: Json) -> Json:
    if name in BUILT_IN and not (value is None or isinstance(value, str)):
        raise ChangeRefusedError(f"{name} takes text, not {_kind(value)}")
    return value


def _appended(name: str, before: Json, value: Json) -> Json:
    if isinstance(before, list):
        return [*before, value]
    if not isinstance(value, str):
        raise ChangeRefusedError(f"{name} cannot be appended to: {_kind(value)} is not text")
    if before is None:
        return value
    if not isinstance(before, str):
        raise ChangeRefusedError(f"{name} cannot be appended to: it holds {_kind(before)}")
    if len(before) + len(value) > MAX_TEXT:
        raise ChangeRefusedError(f"{name} would be longer than {MAX_TEXT} characters")
    return before + value


def _incremented(name: str, before: Json, value: Json) -> Json:
    if name in BUILT_IN:
        raise ChangeRefusedError(f"{name} cannot be incremented: it holds text")
    step = _number(name, value)
    start = Decimal(0) if before is None else _number(name, before)
    total = _bounded(name, start + step)
    return int(total) if total == total.to_integral_value() else float(total)


def _number(name: str, value: Json) -> Decimal:
    """Exact: adding 0.1 ten times makes 1."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ChangeRefusedError(f"{name} cannot be incremented: {_kind(value)} is not a number")
    try:
        number = Decimal(str(value).strip())
    except ArithmeticError:
        raise ChangeRefusedError(
            f"{name} cannot be incremented: its text is not a number"
        ) from None
    return _bounded(name, number)


def _bounded(name: str, number: Decimal) -> Decimal:
    """Looks at the exponent alone: writing 1e999999 out would take minutes."""
    if not number.is_finite():
        raise ChangeRefusedError(f"{name} cannot be incremented: the number is not finite")
    exponent = number.as_tuple().exponent
    if number.adjusted() >= MAX_DIGITS or (isinstance(exponent, int) and exponent < -MAX_DECIMALS):
        raise ChangeRefusedError(
            f"{name} cannot be incremented: numbers have at most {MAX_DIGITS} digits before the"
            f" point and {MAX_DECIMALS} after it"
        )
    return number


def _kind(value: Json) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case dict():
            return "an object"
