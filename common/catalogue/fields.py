"""Reads the descriptors of action configurations into small typed values.

Everything dynamic about protobuf descriptors and custom options stays in this module; the rest of
the catalogue works on FieldSpec and MessageSpec.
"""

from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from typing import cast

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from treadle.options.v1 import options_pb2


class CatalogueError(Exception):
    """The protos declare something the catalogue cannot derive; a mistake of the developer."""


class Shape(Enum):
    """What one value of a field looks like in JSON."""

    TEXT = auto()
    BOOLEAN = auto()
    INTEGER = auto()
    NUMBER = auto()
    ENUM = auto()
    TIMESTAMP = auto()
    MESSAGE = auto()
    # google.protobuf.Struct: any JSON object.
    OBJECT = auto()
    # google.protobuf.Value: any JSON value, null among them.
    ANY = auto()


class Arity(Enum):
    """How many values a field holds."""

    ONE = auto()
    LIST = auto()
    # By a text key.
    MAP = auto()


@dataclass(frozen=True, slots=True)
class EnumSpec:
    """An enum's JSON spellings and numbers; UNSPECIFIED is no value."""

    name: str
    numbers: dict[str, int]

    @property
    def spellings(self) -> tuple[str, ...]:
        """The values, in the order of the proto file."""
        return tuple(self.numbers)

    def spelling(self, number: int) -> str | None:
        """JSON spelling of a number; None when the enum has no such value."""
        return next((text for text, known in self.numbers.items() if known == number), None)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a text means while the field `other_field` beside it has `value`."""

    other_field: str
    value: str
    kind: str | None
    reference: str | None


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field: its shape, its rules and its presentation. None means that a rule is not given."""

    name: str
    shape: Shape
    arity: Arity
    kind: str | None
    required: bool
    template: bool
    # What its templates start values with beside what all do.
    template_roots: tuple[str, ...]
    label: str
    help: str
    example: str
    min_length: int | None
    max_length: int | None
    # Of a template, once it is rendered.
    max_rendered_length: int | None
    minimum: int | None
    maximum: int | None
    # What an integer's wire type can hold; 0 for other shapes.
    wire_minimum: int
    wire_maximum: int
    min_items: int | None
    max_items: int | None
    reference: str | None
    # The field beside this one with the id of what the record referred to is part of.
    reference_parent: str | None
    # Of a field whose kind and reference another one decides.
    meanings: tuple[Meaning, ...]
    editable: bool
    create_only: bool
    default: str | int | float | bool | None
    enum: EnumSpec | None
    message: "MessageSpec | None"


@dataclass(frozen=True, slots=True)
class MessageSpec:
    """A message and its fields in the order of the proto file."""

    name: str
    fields: dict[str, FieldSpec]
    # Between its fields; an action's own are among its options.
    rules: options_pb2.MessageRules | None = None


_INTEGER_BOUNDS = {
    FieldDescriptor.TYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.TYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_UINT64: (0, 2**64 - 1),
}
_WELL_KNOWN = {
    "google.protobuf.Struct": Shape.OBJECT,
    "google.protobuf.Value": Shape.ANY,
    "google.protobuf.Timestamp": Shape.TIMESTAMP,
}
_SCALARS = {
    FieldDescriptor.TYPE_STRING: Shape.TEXT,
    FieldDescriptor.TYPE_BOOL: Shape.BOOLEAN,
    FieldDescriptor.TYPE_DOUBLE: Shape.NUMBER,
    FieldDescriptor.TYPE_ENUM: Shape.ENUM,
    **dict.fromkeys(_INTEGER_BOUNDS, Shape.INTEGER),
}


def snake(name: str) -> str:
    """`SendEmail` as `send_email`; acronyms are written as words in the protos."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


def action_options(descriptor: Descriptor) -> options_pb2.ActionOptions | None:
    """The `action` option of a message, when it has one."""
    return cast("options_pb2.ActionOptions | None", _extension(descriptor, options_pb2.action))


def _extension(
    descriptor: Descriptor | FieldDescriptor, extension: FieldDescriptor
) -> Message | None:
    options = cast("Message", descriptor.GetOptions())
    handle = cast("object", extension)
    if not options.HasExtension(handle):  # pyright: ignore[reportArgumentType] - protoc's stubs type extensions as plain descriptors
        return None
    return cast("Message", options.Extensions[handle])  # pyright: ignore[reportArgumentType, reportUnknownMemberType]


def enum_name(descriptor: EnumDescriptor, number: int) -> str:
    """Lower-case name of a value without the enum's prefix: `communication`."""
    prefix = snake(descriptor.name).upper() + "_"
    return descriptor.values_by_number[number].name.removeprefix(prefix).lower()


@lru_cache
def enum_spec(descriptor: EnumDescriptor) -> EnumSpec:
    """Spellings of an enum: the `json_value` option, else the lower-case name without prefix."""
    numbers: dict[str, int] = {}
    for value in descriptor.values:
        if value.number == 0:
            continue
        options = cast("Message", value.GetOptions())
        handle = cast("object", options_pb2.json_value)
        spelled = cast("str", options.Extensions[handle])  # pyright: ignore[reportArgumentType, reportUnknownMemberType] - as in _extension
        numbers[spelled or enum_name(descriptor, value.number)] = value.number
    return EnumSpec(descriptor.name, numbers)


@lru_cache
def message_spec(descriptor: Descriptor) -> MessageSpec:
    """Read a message with everything below it; recursive messages are refused."""
    return _message_spec(descriptor, ())


def _message_spec(descriptor: Descriptor, above: tuple[str, ...]) -> MessageSpec:
    if descriptor.full_name in above:
        raise CatalogueError(f"{descriptor.full_name} contains itself")
    inside = (*above, descriptor.full_name)
    fields = {field.name: _field_spec(field, inside) for field in descriptor.fields}
    for field in fields.values():
        if field.reference_parent is not None and field.reference_parent not in fields:
            raise CatalogueError(f"{descriptor.full_name} has no {field.reference_parent}")
    rules = cast("options_pb2.MessageRules | None", _extension(descriptor, options_pb2.rules))
    return MessageSpec(descriptor.name, fields, rules)


def _field_spec(field: FieldDescriptor, above: tuple[str, ...]) -> FieldSpec:
    value, arity = _value_field(field)
    shape = _shape(value)
    rules = cast("options_pb2.FieldRules | None", _extension(field, options_pb2.field))
    rules = rules or options_pb2.FieldRules()
    enum = enum_spec(value.enum_type) if shape is Shape.ENUM and value.enum_type else None
    nested = value.message_type if shape is Shape.MESSAGE else None
    low, high = _INTEGER_BOUNDS.get(value.type, (0, 0))
    integer = shape is Shape.INTEGER
    return FieldSpec(
        name=field.name,
        shape=shape,
        arity=arity,
        kind=_option_name("FieldKind", rules.kind),
        required=rules.required,
        template=rules.template,
        template_roots=tuple(rules.template_roots),
        label=rules.label or field.name.replace("_", " ").capitalize(),
        help=rules.help,
        example=rules.example,
        min_length=_given(rules, "min_length"),
        max_length=_given(rules, "max_length"),
        max_rendered_length=_given(rules, "max_rendered_length"),
        minimum=rules.minimum if rules.HasField("minimum") else low if integer else None,
        maximum=rules.maximum if rules.HasField("maximum") else high if integer else None,
        wire_minimum=low,
        wire_maximum=high,
        min_items=_given(rules, "min_items"),
        max_items=_given(rules, "max_items"),
        reference=_option_name("ReferenceKind", rules.reference),
        reference_parent=rules.reference_parent or None,
        meanings=tuple(_meaning(meaning) for meaning in rules.meanings),
        editable=rules.editable,
        create_only=rules.create_only,
        default=_default(field, enum),
        enum=enum,
        message=_message_spec(nested, above) if nested else None,
    )


def _meaning(meaning: options_pb2.Meaning) -> Meaning:
    return Meaning(
        meaning.other_field,
        meaning.value,
        _option_name("FieldKind", meaning.kind),
        _option_name("ReferenceKind", meaning.reference),
    )


def _value_field(field: FieldDescriptor) -> tuple[FieldDescriptor, Arity]:
    entry = field.message_type
    if entry is not None and entry.GetOptions().map_entry:
        if entry.fields_by_name["key"].type != FieldDescriptor.TYPE_STRING:
            raise CatalogueError(f"{field.full_name}: only maps with text keys are supported")
        return entry.fields_by_name["value"], Arity.MAP
    return field, Arity.LIST if field.is_repeated else Arity.ONE


def _shape(field: FieldDescriptor) -> Shape:
    if field.message_type is not None:
        return _WELL_KNOWN.get(field.message_type.full_name, Shape.MESSAGE)
    shape = _SCALARS.get(field.type)
    if shape is None:
        raise CatalogueError(f"{field.full_name} has a type without a JSON form")
    return shape


def _option_name(enum: str, number: int) -> str | None:
    return enum_name(options_pb2.DESCRIPTOR.enum_types_by_name[enum], number) if number else None


def _given(rules: options_pb2.FieldRules, name: str) -> int | None:
    return cast("int", getattr(rules, name)) if rules.HasField(name) else None


def _default(field: FieldDescriptor, enum: EnumSpec | None) -> str | int | float | bool | None:
    if not field.has_default_value:
        return None
    value = cast("str | int | float | bool", field.default_value)
    return enum.spelling(int(value)) if enum else value
