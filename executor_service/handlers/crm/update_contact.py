"""SPEC-WFL-003 R3.2: changes fields of the contact.

The catalogue checks a configuration when it is saved; what templates make of it is only known here,
so every value is checked again for the field it goes to. The engine applies the changes.
"""

import re
from collections.abc import Callable, Mapping
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from google.protobuf.struct_pb2 import Value

from executor_service import phones
from executor_service.domain.outcome import (
    Completed,
    ErrorClass,
    Failed,
    FieldChange,
    JsonScalar,
    Outcome,
    UpdateContact,
    UpdateMode,
)
from executor_service.handlers.base import EffectHandler
from treadle.catalog.v1.update_contact_pb2 import UpdateContactConfig
from treadle.catalog.v1.update_contact_pb2 import UpdateMode as WireMode
from treadle.dispatch.v1.task_pb2 import ActionTask

_CUSTOM = "custom_fields."
_EMAIL = re.compile(r"[^\s@,;<>\"]{1,64}@[^\s@,;<>\"]+\.[^\s@,;<>\"]{2,}")
_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,15})?")
_MODES = {
    WireMode.UPDATE_MODE_UNSPECIFIED: UpdateMode.SET,
    WireMode.UPDATE_MODE_SET: UpdateMode.SET,
    WireMode.UPDATE_MODE_APPEND: UpdateMode.APPEND,
    WireMode.UPDATE_MODE_INCREMENT: UpdateMode.INCREMENT,
}


class UpdateContactHandler(EffectHandler[UpdateContactConfig]):
    """One effect with all changes: they are applied together or not at all."""

    def apply(self, task: ActionTask, config: UpdateContactConfig) -> Outcome:
        """See `EffectHandler`."""
        mode = _MODES[config.update_mode]
        changes: list[FieldChange] = []
        for index, update in enumerate(config.field_updates):
            try:
                changes.append(_change(update.field, _scalar(update.value), mode))
            except ValueError as error:
                return Failed(
                    ErrorClass.INVALID_CONFIG,
                    f"field_updates[{index}] ({update.field}): {error}",
                )
        return Completed(
            output={"fields": [change.field for change in changes]},
            effects=(UpdateContact(task.contact_id, mode, tuple(changes)),),
        )


def _scalar(value: Value) -> JsonScalar:
    match value.WhichOneof("kind"):
        case "string_value":
            return value.string_value
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "bool_value":
            return value.bool_value
        case "null_value" | None:
            return None
        case _:
            raise ValueError("lists and objects cannot be stored in a field")


def _change(field: str, value: JsonScalar, mode: UpdateMode) -> FieldChange:
    custom = field.startswith(_CUSTOM) and len(field) > len(_CUSTOM)
    if not custom and field not in BUILT_IN:
        raise ValueError(
            f"is not a field of contacts; there are {', '.join(BUILT_IN)} and custom_fields.<name>"
        )
    match mode:
        case UpdateMode.INCREMENT:
            if not custom:
                raise ValueError("only custom fields can be incremented")
            return FieldChange(field, _number(value))
        case UpdateMode.APPEND:
            if not custom and field not in _NAMES:
                raise ValueError(f"nothing can be appended to {field}")
            return FieldChange(field, _appendable(value))
        case UpdateMode.SET:
            if custom or value is None:
                return FieldChange(field, value)
            return FieldChange(field, BUILT_IN[field](_text(value)))


def _number(value: JsonScalar) -> int | float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _NUMBER.fullmatch(text := value.strip()):
        return float(text) if "." in text else int(text)
    raise ValueError("increment needs a number")


def _appendable(value: JsonScalar) -> str:
    if isinstance(value, bool) or value is None:
        raise ValueError("append needs a text")
    return value if isinstance(value, str) else str(value)


def _text(value: JsonScalar) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a text")  # noqa: TRY004 - reported to the user as any bad value
    return value.strip()


def _name(text: str) -> str:
    if len(text) > 200:
        raise ValueError("is longer than 200 characters")
    return text


def _email(text: str) -> str:
    if len(text) > 254 or not _EMAIL.fullmatch(text):
        raise ValueError("is not an email address")
    return text


def _phone(text: str) -> str:
    number = phones.normalize(text)
    if number is None:
        raise ValueError("is not a phone number in international form, such as +14155550100")
    return number


def _timezone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is not a time zone, such as Europe/Berlin") from None
    return text


def _owner(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise ValueError("is not the id of a user") from None


BUILT_IN: Mapping[str, Callable[[str], str]] = {
    "first_name": _name,
    "last_name": _name,
    "email": _email,
    "phone": _phone,
    "timezone": _timezone,
    "owner_id": _owner,
}
_NAMES = frozenset({"first_name", "last_name"})
