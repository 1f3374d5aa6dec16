"""Between JSON configurations and their messages, without loss in either direction."""

from collections.abc import Iterable, Mapping, MutableSequence
from typing import Any, cast

from google.protobuf.message import Message
from google.protobuf.struct_pb2 import ListValue, Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp

from common.catalogue.checks import MAX_EXACT
from common.catalogue.fields import Arity, FieldSpec, MessageSpec, Shape


class MalformedConfigError(ValueError):
    """A configuration that was not validated does not fit its message."""


def fill(message: Message, spec: MessageSpec, config: Mapping[str, object]) -> None:
    """Set the fields of `message` from JSON; null leaves a field unset."""
    for name, value in config.items():
        field = spec.fields.get(name)
        if field is None:
            raise MalformedConfigError(f"{name} is not a field of {spec.name}")
        if value is None and (field.shape is not Shape.ANY or field.kind == "number"):
            continue
        try:
            _set(message, field, value)
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise MalformedConfigError(f"{name} does not fit {spec.name}") from error


def _set(message: Message, field: FieldSpec, value: object) -> None:
    if field.arity is Arity.LIST:
        target = cast("MutableSequence[Any]", getattr(message, field.name))
        for item in cast("Iterable[object]", value):
            if _is_message(field):
                _fill_message(cast("Any", target).add(), field, item)
            else:
                target.append(_scalar(field, item))
    elif field.arity is Arity.MAP:
        entries = cast("dict[str, Any]", getattr(message, field.name))
        for key, item in cast("Mapping[str, object]", value).items():
            if _is_message(field):
                _fill_message(entries[key], field, item)
            else:
                entries[key] = _scalar(field, item)
    elif _is_message(field):
        inner = cast("Message", getattr(message, field.name))
        inner.SetInParent()
        _fill_message(inner, field, value)
    else:
        setattr(message, field.name, _scalar(field, value))


def _is_message(field: FieldSpec) -> bool:
    return field.shape in (Shape.MESSAGE, Shape.OBJECT, Shape.ANY, Shape.TIMESTAMP)


def _scalar(field: FieldSpec, value: object) -> object:
    return field.enum.numbers[cast("str", value)] if field.enum is not None else value


def _fill_message(message: Message, field: FieldSpec, value: object) -> None:
    if isinstance(message, Timestamp):
        message.FromJsonString(cast("str", value))
    elif isinstance(message, Value):
        set_value(message, value)
    elif isinstance(message, Struct):
        set_struct(message, cast("Mapping[str, object]", value))
    elif field.message is not None:
        fill(message, field.message, cast("Mapping[str, object]", value))


def set_struct(target: Struct, value: Mapping[str, object]) -> None:
    """Fill a Struct from a JSON object."""
    for key, item in value.items():
        set_value(target.fields[key], item)


def set_value(target: Value, value: object) -> None:
    """Fill a Value from JSON."""
    if value is None:
        target.null_value = 0  # pyright: ignore[reportAttributeAccessIssue] - NULL_VALUE
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int | float):
        target.number_value = value
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, Mapping):
        target.struct_value.SetInParent()
        set_struct(target.struct_value, cast("Mapping[str, object]", value))
    elif isinstance(value, list | tuple):
        target.list_value.SetInParent()
        for item in cast("Iterable[object]", value):
            set_value(target.list_value.values.add(), item)
    else:
        raise MalformedConfigError("not JSON")


def read(message: Message, spec: MessageSpec) -> dict[str, Any]:
    """The fields that are set, as canonical JSON in the order of the proto file.

    Maps and objects come sorted by key: protobuf keeps no order. An enum number that this version
    does not know is returned as the number, for validation to refuse.
    """
    config: dict[str, Any] = {}
    for name, field in spec.fields.items():
        if field.arity is Arity.ONE:
            if not message.HasField(name):
                continue
            value = getattr(message, name)
            if field.enum is None or value != 0:
                config[name] = _json(field, value)
        elif field.arity is Arity.LIST:
            if items := [_json(field, item) for item in getattr(message, name)]:
                config[name] = items
        else:
            entries = cast("Mapping[str, object]", getattr(message, name))
            if entries:
                config[name] = {key: _json(field, entries[key]) for key in sorted(entries)}
    return config


def _json(field: FieldSpec, value: object) -> object:
    if field.enum is not None:
        number = cast("int", value)
        return field.enum.spelling(number) or number
    if field.message is not None:
        return read(cast("Message", value), field.message)
    if isinstance(value, Struct):
        return read_struct(value)
    if isinstance(value, Value):
        return read_value(value)
    if isinstance(value, Timestamp):
        return _instant(value)
    return number_json(value) if field.shape is Shape.NUMBER else value


def _instant(value: Timestamp) -> str:
    try:
        return value.ToJsonString()
    except ValueError:
        # What is no instant is for validation to refuse, as numbers of enums are.
        return f"{value.seconds}.{value.nanos}"


def number_json(value: object) -> object:
    """A double that holds a whole number exactly, as an int."""
    if isinstance(value, float) and value.is_integer() and abs(value) <= MAX_EXACT:
        # -0.0 is no int.
        return int(value) if value or str(value) == "0.0" else value
    return value


def read_struct(struct: Struct) -> dict[str, Any]:
    """A Struct as JSON, sorted by key."""
    fields = struct.fields
    return {key: read_value(fields[key]) for key in sorted(fields)}


def read_value(value: Value) -> object:
    """A Value as JSON."""
    match value.WhichOneof("kind"):
        case "number_value":
            return number_json(value.number_value)
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "struct_value":
            return read_struct(value.struct_value)
        case "list_value":
            return read_list(value.list_value)
        case _:
            return None


def read_list(values: ListValue) -> list[Any]:
    """A ListValue as JSON."""
    return [read_value(item) for item in values.values]
