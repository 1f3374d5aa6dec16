"""SPEC-WFL-003 R3.2: changes fields of the contact.

The catalogue checks a configuration when it is saved; what templates make of it is only known here,
so every value is checked again for the field it goes to. The engine applies the changes.
"""

import math
from decimal import Decimal
from typing import Final

from google.protobuf.struct_pb2 import Value

from common.contact_fields import name_problem
from common.numbers import decimal_in
from executor_service.contact_values import BUILT_IN, stored
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
_NAMES = frozenset({"first_name", "last_name"})
# Sums stay far from where a JSON number stops being exact or finite.
_LARGEST_STEP: Final = Decimal(10) ** 15
_MOST_DECIMALS: Final = 15
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
            if not math.isfinite(number):
                raise ValueError("must be a finite number")
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
            text = _appendable(value)
            if not custom and (problem := name_problem(text)):
                raise ValueError(problem)
            return FieldChange(field, text)
        case UpdateMode.SET:
            if custom or value is None:
                return FieldChange(field, value)
            return FieldChange(field, stored(field, _text(value)))


def _number(value: JsonScalar) -> int | float:
    if isinstance(value, bool | None):
        raise ValueError("increment needs a number")  # noqa: TRY004 - as in _text
    # A number of JSON may be written with an exponent.
    number = decimal_in(value) if isinstance(value, str) else Decimal(str(value))
    if number is None:
        raise ValueError("increment needs a number")
    exponent = number.as_tuple().exponent
    exact = isinstance(exponent, int) and exponent >= -_MOST_DECIMALS
    if not exact or abs(number) > _LARGEST_STEP:
        raise ValueError(
            f"increment needs a number from -{_LARGEST_STEP:,} to {_LARGEST_STEP:,} "
            f"with at most {_MOST_DECIMALS} decimals"
        )
    return int(number) if number == number.to_integral_value() else float(number)


def _appendable(value: JsonScalar) -> str:
    if isinstance(value, bool) or value is None:
        raise ValueError("append needs a text")
    return value if isinstance(value, str) else str(value)


def _text(value: JsonScalar) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a text")  # noqa: TRY004 - reported to the user as any bad value
    return value
