"""Single values between protobuf and JSON."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import ListValue, Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp
from pydantic import JsonValue

from gateway.models.base import JsonObject


def text(value: str) -> str | None:
    """The JSON of a protobuf string, whose empty value means that there is none."""
    return value or None


def instant(value: Timestamp) -> datetime:
    """The aware UTC time of a timestamp."""
    return value.ToDatetime(tzinfo=UTC)


def optional_instant(message: Message, field: str) -> datetime | None:
    """The aware UTC time in a message's timestamp field; None when it is not set."""
    if not message.HasField(field):
        return None
    value: Timestamp = getattr(message, field)
    return instant(value)


def optional_seconds(message: Message, field: str) -> float | None:
    """The seconds in a message's duration field; None when it is not set."""
    if not message.HasField(field):
        return None
    value: Duration = getattr(message, field)
    return value.ToTimedelta() / timedelta(seconds=1)


def json_object(struct: Struct) -> JsonObject:
    """A Struct as JSON; whole numbers, which a Struct keeps as floats, become integers again."""
    return {name: _json(value) for name, value in struct.fields.items()}


def optional_json_object(message: Message, field: str) -> JsonObject | None:
    """A message's Struct field as JSON; None when it is not set."""
    if not message.HasField(field):
        return None
    value: Struct = getattr(message, field)
    return json_object(value)


def _json(value: Value) -> JsonValue:
    match value.WhichOneof("kind"):
        case "struct_value":
            return json_object(value.struct_value)
        case "list_value":
            return [_json(item) for item in value.list_value.values]
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case _:
            return None


def struct(values: Mapping[str, JsonValue]) -> Struct:
    """JSON as a Struct."""
    message = Struct()
    for name, value in values.items():
        _fill(message.fields[name], value)
    return message


def _fill(message: Value, value: JsonValue) -> None:
    match value:
        case None:
            message.null_value = 0  # pyright: ignore[reportAttributeAccessIssue] - NULL_VALUE
        case bool():
            message.bool_value = value
        case int() | float():
            message.number_value = value
        case str():
            message.string_value = value
        case list():
            message.list_value.CopyFrom(ListValue(values=[_value(item) for item in value]))
        case dict():
            message.struct_value.CopyFrom(struct(value))


def _value(value: JsonValue) -> Value:
    message = Value()
    _fill(message, value)
    return message
