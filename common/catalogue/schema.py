"""JSON Schema (draft 2020-12) of configurations and outputs, for the palette and OpenAPI."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from common.catalogue.fields import Arity, FieldSpec, MessageSpec, Shape
from common.catalogue.kinds import (
    COLOR_PATTERN,
    CURRENCY_PATTERN,
    CUSTOM_FIELD_NAME_PATTERN,
    DATE_TIME_PATTERN,
    EMAIL_PATTERN,
    EVENT_TYPE_PATTERN,
    HEADER_NAME_PATTERN,
    HEADER_PATTERN,
    PHONE_PATTERN,
    TIME_PATTERN,
    UUID_PATTERN,
    contact_field_pattern,
)
from common.catalogue.rules import AnyOf, FieldRule, MeansWhen, RequiredWhen, own_rules
from common.catalogue.variants import Variants
from common.numbers import NUMBER_PATTERN

DIALECT = "https://json-schema.org/draft/2020-12/schema"

JsonSchema = dict[str, Any]

_TYPES: Mapping[Shape, JsonSchema] = {
    Shape.TEXT: {"type": "string"},
    Shape.BOOLEAN: {"type": "boolean"},
    Shape.INTEGER: {"type": "integer"},
    Shape.NUMBER: {"type": "number"},
    Shape.ENUM: {"type": "string"},
    Shape.TIMESTAMP: {"type": "string", "format": "date-time"},
    Shape.OBJECT: {"type": "object"},
    Shape.ANY: {},
}


# A text with merge fields, whose form is seen only once they are filled in.
_MERGED: JsonSchema = {"pattern": r"\{[{%]"}


def _format(kind: str) -> JsonSchema:
    formats: Mapping[str, JsonSchema] = {
        "email": {"format": "email", "pattern": EMAIL_PATTERN},
        "phone": {"pattern": PHONE_PATTERN},
        "url": {"format": "uri", "pattern": "^https?://"},
        "public_url": {"format": "uri", "pattern": "^https://"},
        "time_of_day": {"pattern": TIME_PATTERN},
        "date_time": {"pattern": DATE_TIME_PATTERN},
        "event_type": {"pattern": EVENT_TYPE_PATTERN},
        "color": {"pattern": COLOR_PATTERN},
        "uuid": {"format": "uuid", "pattern": UUID_PATTERN},
        "contact_field": {"pattern": contact_field_pattern()},
        "secret": {"writeOnly": True},
        "scalar": {"type": ["string", "number", "boolean", "null"]},
        "http_header_name": {"pattern": HEADER_NAME_PATTERN},
        "http_header": {"pattern": HEADER_PATTERN},
        "currency": {"pattern": CURRENCY_PATTERN},
        "custom_fields": {"propertyNames": {"pattern": f"^{CUSTOM_FIELD_NAME_PATTERN}$"}},
        "number": {
            "type": ["number", "string"],
            # Or something with merge fields.
            "pattern": rf"^\s*{NUMBER_PATTERN}\s*$|\{{[{{%]",
        },
    }
    return formats.get(kind, {})


def message_schema(
    message: MessageSpec,
    rules: tuple[FieldRule, ...] = (),
    variants: Sequence[Variants] = (),
) -> JsonSchema:
    """Schema of a configuration object; `rules` may name those that the message declares too."""
    schema: JsonSchema = {
        "type": "object",
        "properties": {field.name: field_schema(field) for field in message.fields.values()},
        "additionalProperties": False,
    }
    if required := [field.name for field in message.fields.values() if field.required]:
        schema["required"] = required
    every = dict.fromkeys((*rules, *own_rules(message)))
    together = [_rule(message, rule) for rule in every]
    together += [_form(each, value) for each in variants for value in each.messages]
    if together:
        schema["allOf"] = together
    return schema


def output_schema(message: MessageSpec) -> JsonSchema:
    """Schema of an output; later versions of an action may add to it."""
    return message_schema(message) | {"additionalProperties": True}


def field_schema(field: FieldSpec) -> JsonSchema:
    """Schema of one field: its value's rules and what a form needs to show it."""
    schema: JsonSchema = {"title": field.label}
    if field.help:
        schema["description"] = field.help
    value = _value_schema(field)
    if field.arity is Arity.LIST:
        schema |= {"type": "array", "items": value} | _bounds(field, "Items")
    elif field.arity is Arity.MAP:
        schema |= {"type": "object", "additionalProperties": value} | _bounds(field, "Properties")
        if field.kind == "http_header":
            schema["propertyNames"] = {"pattern": HEADER_NAME_PATTERN}
    else:
        schema |= value
    if field.default is not None:
        schema["default"] = field.default
    if field.example:
        schema["examples"] = [_example(field)]
    return schema | _hints(field)


def _value_schema(field: FieldSpec) -> JsonSchema:
    if field.message is not None:
        return message_schema(field.message)
    schema = dict(_TYPES[field.shape])
    if field.enum is not None:
        schema["enum"] = list(field.enum.spellings)
    if field.shape in (Shape.ANY, Shape.OBJECT) and field.kind:
        schema |= _format(field.kind)
    if field.shape is Shape.TEXT:
        low = field.min_length or (1 if field.required and field.arity is Arity.ONE else None)
        if low is not None:
            schema["minLength"] = low
        if field.max_length is not None:
            schema["maxLength"] = field.max_length
        if field.max_rendered_length is not None:
            # A template may be longer, or shorter, than what it comes to.
            schema["anyOf"] = [{"maxLength": field.max_rendered_length}, {"pattern": r"\{[{%]"}]
            schema["x-treadle-max-rendered-length"] = field.max_rendered_length
        if field.kind and not field.template:
            schema |= _format(field.kind)
    if field.shape in (Shape.INTEGER, Shape.NUMBER) or field.kind == "number":
        if field.minimum is not None:
            schema["minimum"] = field.minimum
        if field.maximum is not None:
            schema["maximum"] = field.maximum
    if field.shape in (Shape.OBJECT, Shape.ANY) and field.max_length is not None:
        # Characters of the JSON text: JSON Schema has no word for that.
        schema["x-treadle-max-length"] = field.max_length
    return schema


def _bounds(field: FieldSpec, noun: str) -> JsonSchema:
    bounds: JsonSchema = {}
    low = field.min_items or (1 if field.required else None)
    if low is not None:
        bounds[f"min{noun}"] = low
    if field.max_items is not None:
        bounds[f"max{noun}"] = field.max_items
    if field.enum is not None:
        bounds["uniqueItems"] = True
    return bounds


def _hints(field: FieldSpec) -> JsonSchema:
    hints: JsonSchema = {}
    if field.kind:
        hints["x-treadle-kind"] = field.kind
    if field.template:
        hints["x-treadle-template"] = True
    if field.reference:
        hints["x-treadle-reference"] = field.reference
    return hints


def _example(field: FieldSpec) -> str | int | float | bool:
    if field.shape is Shape.INTEGER:
        return int(field.example)
    if field.shape is Shape.NUMBER:
        return float(field.example)
    return field.example == "true" if field.shape is Shape.BOOLEAN else field.example


def _form(variants: Variants, value: str) -> JsonSchema:
    return {
        "if": {
            "properties": {variants.other_field: {"const": value}},
            "required": [variants.other_field],
        },
        "then": {"properties": {variants.field: message_schema(variants.messages[value])}},
    }


def _rule(message: MessageSpec, rule: FieldRule) -> JsonSchema:
    if isinstance(rule, AnyOf):
        return {"anyOf": [{"required": [name]} for name in rule.fields]}
    other = message.fields[rule.other_field]
    values: list[object] = [
        value == "true" if other.shape is Shape.BOOLEAN else value for value in rule.values
    ]
    condition: JsonSchema = {"properties": {rule.other_field: {"enum": values}}}
    if other.default not in values:
        condition["required"] = [rule.other_field]
    given: JsonSchema = {"required": [rule.path[-1]]}
    if rule.field_values:
        given["properties"] = {rule.path[-1]: {"enum": list(rule.field_values)}}
    then: JsonSchema
    match rule:
        case RequiredWhen():
            then = given
        case MeansWhen():
            then = {"properties": {rule.path[-1]: _meaning(rule)}}
        case _:
            then = {"not": given}
    for name in reversed(rule.path[:-1]):
        then = {"properties": {name: then}}
    return {"if": condition, "then": then}


def _meaning(rule: MeansWhen) -> JsonSchema:
    hints = {"x-treadle-kind": rule.kind, "x-treadle-reference": rule.reference}
    shown: JsonSchema = {name: value for name, value in hints.items() if value}
    formed = _format(rule.kind or "")
    if not formed:
        return shown
    return shown | ({"anyOf": [formed, _MERGED]} if rule.template else formed)


def as_json(schema: JsonSchema) -> dict[str, Any]:
    """A deep copy that the caller may change."""
    return cast("dict[str, Any]", _copy(schema))


def _copy(value: object) -> object:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in cast("dict[str, object]", value).items()}
    if isinstance(value, list):
        return [_copy(item) for item in cast("list[object]", value)]
    return value
