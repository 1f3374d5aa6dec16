"""Records between JSON and protobuf, by what their messages declare."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from common.catalogue import Arity, FieldSpec, MessageSpec, Shape
from common.catalogue.convert import fill, number_json
from gateway.mapping.values import instant, json_object, text
from gateway.models.records import is_always_there


def shown(message: Message, spec: MessageSpec) -> dict[str, object]:
    """A record's values as its resource takes them: all fields, None for those without a value."""
    return {name: _field(message, field) for name, field in spec.fields.items()}


def given(message: Message, spec: MessageSpec, values: Mapping[str, object]) -> FieldMask:
    """Set what a body gives in `message`; the mask names all that it gives.

    None gives nothing. The empty string gives no value: the field is named and stays unset.
    """
    changed = {name: value for name, value in values.items() if value is not None}
    fill(message, spec, {name: value for name, value in changed.items() if value != ""})
    return FieldMask(paths=list(changed))


def filters(spec: MessageSpec, values: Mapping[str, object]) -> dict[str, object]:
    """Query parameters as fields of a list request; those not given are left out."""
    return {
        name: field.enum.numbers[cast("str", values[name])] if field.enum else values[name]
        for name, field in spec.fields.items()
        if values.get(name) is not None
    }


def _field(message: Message, field: FieldSpec) -> object:
    value: Any = getattr(message, field.name)
    if field.arity is Arity.LIST:
        return [_value(item, field) for item in cast("Iterable[Any]", value)]
    if field.arity is Arity.MAP:
        return {key: _value(item, field) for key, item in value.items()}
    if is_always_there(field) or message.HasField(field.name):
        return _value(value, field)
    return None


def _value(value: Any, field: FieldSpec) -> object:
    if field.message is not None:
        return shown(value, field.message)
    if field.enum is not None:
        # A newer service may know more than we.
        return field.enum.spelling(value) or "unspecified"
    match field.shape:
        case Shape.TEXT:
            return value if is_always_there(field) else text(value)
        case Shape.TIMESTAMP:
            return instant(value)
        case Shape.OBJECT:
            return json_object(value)
        case _:
            return number_json(value)
