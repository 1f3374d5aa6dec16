"""Bodies and resources of records, made from the messages that the contracts declare.

A field's rules say whether callers may set it and what it may hold; its label and help document it.
Nothing here knows a single kind of record.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field, ValidatorFunctionWrapHandler, WithJsonSchema, WrapValidator
from pydantic import create_model as new_model

from common.catalogue import Arity, FieldSpec, MessageSpec, Shape
from common.catalogue.models import annotation_of
from common.catalogue.schema import field_schema
from gateway.models.base import Body, Etag, Id, JsonObject, Resource, UuidText, examples
from gateway.parameters import DEFAULT_PAGE_SIZE, PageSize, PageToken

# What every record says of itself.
_ALWAYS_THERE: Final = frozenset({"id", "created_at", "updated_at", "etag"})
# Shapes without a value that stands for none; in changes the empty string does.
_CAN_BE_TAKEN_AWAY: Final = frozenset({Shape.TEXT, Shape.INTEGER, Shape.NUMBER, Shape.TIMESTAMP})
# Shown even when they hold what protobuf leaves out.
_HAS_A_ZERO: Final = frozenset({Shape.BOOLEAN, Shape.ENUM, Shape.OBJECT})


@dataclass(frozen=True, slots=True)
class Wording:
    """How a model is documented."""

    name: str
    about: str
    example: JsonObject | None = None


def create_body(inputs: MessageSpec, wording: Wording) -> type[Body]:
    """The body that makes a record of what callers may set."""
    fields = {
        field.name: (_given(field), _documented(field, ...))
        if field.required
        else (_optional(_given(field)), _documented(field, None))
        for field in inputs.fields.values()
    }
    return _body(wording, fields)


def update_body(inputs: MessageSpec, wording: Wording) -> type[Body]:
    """The body that changes a record: all optional; the empty string takes a value away."""
    fields = {
        field.name: (_optional(_changed(field)), _documented(field, None))
        for field in inputs.fields.values()
        if field.editable
    }
    etag = (_optional(Etag), Field(default=None, description="As If-Match."))
    return _body(wording, fields | {"etag": etag})


def resource(message: MessageSpec, wording: Wording) -> type[Resource]:
    """The record as it is shown: every field, null when it has no value."""
    fields: dict[str, Any] = {
        field.name: (_shown(field), _documented(field, ...)) for field in message.fields.values()
    }
    return new_model(wording.name, __base__=Resource, __doc__=wording.about, **fields)


def resource_page(member: str, shown: type[Resource], wording: Wording) -> type[Resource]:
    """One page of a list, the records as `member`."""
    fields: dict[str, Any] = {
        member: (list[shown], ...),
        "next_page_token": (str | None, Field(description="null on the last page.")),
    }
    return new_model(wording.name, __base__=Resource, __doc__=wording.about, **fields)


def list_query(request: MessageSpec, *, leave_out: str = "") -> type[BaseModel]:
    """The query parameters of a list: the page, and the request's other fields as filters."""
    fields: dict[str, Any] = {
        "page_size": (PageSize, DEFAULT_PAGE_SIZE),
        "page_token": (PageToken, ""),
    }
    for field in request.fields.values():
        if field.name not in (*fields, leave_out):
            fields[field.name] = (_filter(field), _documented(field, None))
    return new_model(f"{request.name}Query", **fields)


def is_always_there(field: FieldSpec) -> bool:
    """Whether a shown field is never null: lists and objects are empty instead."""
    if field.required or field.name in _ALWAYS_THERE or field.arity is not Arity.ONE:
        return True
    return field.shape in _HAS_A_ZERO or (field.shape is Shape.INTEGER and not field.editable)


def _body(wording: Wording, fields: dict[str, Any]) -> type[Body]:
    return new_model(
        wording.name,
        __base__=Body,
        __doc__=wording.about,
        __cls_kwargs__=dict(examples(wording.example)) if wording.example else None,
        **fields,
    )


def _documented(field: FieldSpec, default: object) -> Any:
    schema = field_schema(field)
    bounds = {key: schema[key] for key in ("minItems", "maxItems") if key in schema}
    return Field(
        default,
        title=field.label,
        description=field.help or None,
        examples=schema.get("examples"),
        json_schema_extra=bounds or None,
    )


def _given(field: FieldSpec) -> Any:
    """The type of a given value, with its checks and its schema from the catalogue."""
    if field.message is not None:
        named = replace(field.message, name=f"{field.message.name}Body")
        return annotation_of(replace(field, message=named))
    return Annotated[annotation_of(field), WithJsonSchema(_value_schema(field))]


def _changed(field: FieldSpec) -> Any:
    """As `_given`, or the empty string where there may be no value."""
    if field.required or field.arity is not Arity.ONE or field.shape not in _CAN_BE_TAKEN_AWAY:
        return _given(field)
    schema = {"anyOf": [_value_schema(field), {"const": ""}]}
    return Annotated[annotation_of(field), WrapValidator(_or_empty), WithJsonSchema(schema)]


def _or_empty(value: object, check: ValidatorFunctionWrapHandler) -> object:
    return value if value == "" else check(value)


def _value_schema(field: FieldSpec) -> dict[str, Any]:
    documented = ("title", "description", "examples")
    schema = field_schema(field)
    return {key: value for key, value in schema.items() if key not in documented}


def _optional(annotation: Any) -> Any:
    return annotation | None


def _shown(field: FieldSpec) -> Any:
    value = _shown_value(field)
    if field.arity is Arity.LIST:
        return list[value]
    if field.arity is Arity.MAP:
        return dict[str, value]
    return value if is_always_there(field) else _optional(value)


def _shown_value(field: FieldSpec) -> Any:
    if field.message is not None:
        return resource(field.message, Wording(field.message.name, ""))
    if field.enum is not None:
        spellings = list(field.enum.spellings)
        return Annotated[str, WithJsonSchema({"type": "string", "enum": spellings})]
    if _is_id(field):
        return Id
    types: dict[Shape, Any] = {
        Shape.TEXT: str,
        Shape.BOOLEAN: bool,
        Shape.INTEGER: int,
        Shape.NUMBER: Annotated[int | float, WithJsonSchema({"type": "number"})],
        Shape.TIMESTAMP: datetime,
        Shape.OBJECT: JsonObject,
    }
    return types[field.shape]


def _is_id(field: FieldSpec) -> bool:
    """Whether it is one of ours: what callers may set says so, and may be somebody else's."""
    if field.editable or field.create_only:
        return field.kind == "uuid"
    return field.name == "id" or field.name.endswith(("_id", "_ids"))


def _filter(field: FieldSpec) -> Any:
    """The type of a query parameter; parameters are text, so it is not as strict as a body's."""
    if field.enum is not None:
        return _optional(Literal[field.enum.spellings])
    if field.shape is Shape.BOOLEAN:
        return bool | None
    return _optional(UuidText if field.kind == "uuid" else str)
