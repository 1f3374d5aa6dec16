"""What actions make of a contact's fields: set, append, increment (SPEC-WFL-003 R3.1 and R3.2)."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TypeAlias

from action_service.domain.contact import custom_fields_problems
from action_service.domain.custom_fields import (
    CustomFieldType,
    NotOfTypeError,
    as_json,
    bounded,
    decimal_of,
    typed,
)
from action_service.domain.plan import Json

Fields: TypeAlias = dict[str, Json]
# The declared types of custom fields, by name.
Types: TypeAlias = Mapping[str, CustomFieldType]

CUSTOM_PREFIX = "custom_fields."
MAX_TEXT = 65_536
# Of the built-in fields only names are appended to.
MAX_NAME = 200
BUILT_IN = ("email", "phone", "first_name", "last_name", "timezone", "owner_id")


class UpdateMode(StrEnum):
    """How a value meets the one that is there."""

    SET = "set"
    APPEND = "append"
    INCREMENT = "increment"


class ChangeRefusedError(Exception):
    """The change makes no sense for the field's present value; the text names the field."""


class ImpossibleChangeError(ChangeRefusedError):
    """The change makes no sense whatever the field holds."""


def changed(
    fields: Mapping[str, Json],
    mode: UpdateMode,
    changes: Sequence[tuple[str, Json]],
    types: Types,
) -> Fields:
    """The fields after the changes.

    `fields` has the built-in names and `custom_fields.<name>`. Setting a custom field to null
    removes it. Raises ChangeRefusedError and leaves `fields` as it was.
    """
    after = dict(fields)
    for name, value in changes:
        if name not in BUILT_IN and not name.startswith(CUSTOM_PREFIX):
            raise ImpossibleChangeError(f"{name} is not a field that can be changed")
        kind = types.get(name.removeprefix(CUSTOM_PREFIX)) if name not in BUILT_IN else None
        match mode:
            case UpdateMode.SET:
                after[name] = _set(name, value, kind)
            case UpdateMode.APPEND:
                after[name] = _appended(name, after.get(name), value, kind)
            case UpdateMode.INCREMENT:
                after[name] = _incremented(name, after.get(name), value, kind)
    left = {name: value for name, value in after.items() if name in BUILT_IN or value is not None}
    # Numbers that grow need no look at the whole.
    if mode is not UpdateMode.INCREMENT or len(left) > len(fields):
        _check_custom_fields(left)
    return left


def custom_fields_of(fields: Mapping[str, Json]) -> Fields:
    """The custom fields, by their own names."""
    return {
        name.removeprefix(CUSTOM_PREFIX): value
        for name, value in fields.items()
        if name.startswith(CUSTOM_PREFIX)
    }


def _check_custom_fields(fields: Mapping[str, Json]) -> None:
    for path, problem in custom_fields_problems(custom_fields_of(fields)):
        # A path names the value that is wrong in itself; without one it is all of them together.
        refusal = ImpossibleChangeError if path else ChangeRefusedError
        raise refusal(f"custom_fields{path}: {problem}")


def _set(name: str, value: Json, kind: CustomFieldType | None) -> Json:
    if name in BUILT_IN and not (value is None or isinstance(value, str)):
        raise ImpossibleChangeError(f"{name} takes text, not {_kind(value)}")
    if kind is None:
        return value
    try:
        return typed(kind, value)
    except NotOfTypeError as error:
        raise ImpossibleChangeError(f"{name} {error}") from None


def _appended(name: str, before: Json, value: Json, kind: CustomFieldType | None) -> Json:
    if kind not in {None, CustomFieldType.TEXT}:
        raise ImpossibleChangeError(f"{name} cannot be appended to: it is declared a {kind}")
    if isinstance(before, list):
        return [*before, value]
    if not isinstance(value, str):
        raise ImpossibleChangeError(f"{name} cannot be appended to: {_kind(value)} is not text")
    if before is None:
        return value
    if not isinstance(before, str):
        raise ChangeRefusedError(f"{name} cannot be appended to: it holds {_kind(before)}")
    most = MAX_NAME if name in BUILT_IN else MAX_TEXT
    if len(before) + len(value) > most:
        raise ChangeRefusedError(f"{name} would be longer than {most} characters")
    return before + value


def _incremented(name: str, before: Json, value: Json, kind: CustomFieldType | None) -> Json:
    """Exact: adding 0.1 ten times makes 1."""
    refusal = f"{name} cannot be incremented"
    if name in BUILT_IN:
        raise ImpossibleChangeError(f"{refusal}: it holds text")
    if kind not in {None, CustomFieldType.NUMBER}:
        raise ImpossibleChangeError(f"{refusal}: it is declared a {kind}")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ImpossibleChangeError(f"{refusal}: {_kind(value)} is not a number")
    try:
        step = decimal_of(value)
    except NotOfTypeError as error:
        raise ImpossibleChangeError(f"{refusal} by this: it {error}") from None
    if before is None:
        return as_json(step)
    if isinstance(before, bool) or not isinstance(before, int | float | str):
        raise ChangeRefusedError(f"{refusal}: it holds {_kind(before)}")
    try:
        start = decimal_of(before)
    except NotOfTypeError as error:
        raise ChangeRefusedError(f"{refusal}: what it holds {error}") from None
    try:
        return as_json(bounded(start + step))
    except NotOfTypeError as error:
        raise ChangeRefusedError(f"{refusal}: the sum {error}") from None


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
