"""Merge fields of whole configurations: where they are, what they read, and rendering them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from google.protobuf.message import Message
from google.protobuf.struct_pb2 import ListValue, Struct, Value

from common import templating
from common.catalogue.checks import (
    check_number_text,
    check_rendered,
    in_stored_form,
    on_one_line,
    unstorable,
)
from common.catalogue.convert import read_struct, read_value
from common.catalogue.fields import Arity, FieldSpec, MessageSpec, Shape
from common.catalogue.violations import Loc, path_of
from common.templating import (
    ContextNeeds,
    TemplateError,
    TemplateRenderError,
    TemplateSyntaxError,
)

Context = Mapping[str, object]


class ConfigRenderError(Exception):
    """A field of the configuration cannot be rendered for this contact.

    `str()` names the field and the cause and is fit for the user; `missing` is the context path
    without a value, when that is the cause.
    """

    def __init__(self, field: str, cause: str, *, missing: str | None = None) -> None:
        super().__init__(f"{field}: {cause}")
        self.field = field
        self.cause = cause
        self.missing = missing


def template_strings(
    message: MessageSpec, config: Mapping[str, object]
) -> Iterator[tuple[str, str]]:
    """Path and source of every text in `config` that holds merge fields."""
    for loc, text in _texts(message, config, ()):
        if templating.has_markup(text):
            yield path_of(loc), text


def _texts(
    message: MessageSpec, config: Mapping[str, object], loc: Loc
) -> Iterator[tuple[Loc, str]]:
    for name, field in message.fields.items():
        value = config.get(name)
        if value is None:
            continue
        if field.message is not None:
            for at, item in _items(field, value, (*loc, name)):
                if isinstance(item, Mapping):
                    inner = cast("Mapping[str, object]", item)
                    yield from _texts(field.message, inner, at)
        elif field.template:
            yield from _strings(value, (*loc, name))


def _items(field: FieldSpec, value: object, loc: Loc) -> Iterator[tuple[Loc, object]]:
    if field.arity is Arity.LIST and isinstance(value, Sequence):
        for index, item in enumerate(cast("Sequence[object]", value)):
            yield (*loc, index), item
    elif field.arity is Arity.ONE:
        yield loc, value


def _strings(value: object, loc: Loc) -> Iterator[tuple[Loc, str]]:
    if isinstance(value, str):
        yield loc, value
    elif isinstance(value, Mapping):
        for key, item in cast("Mapping[str, object]", value).items():
            yield from _strings(item, (*loc, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(cast("Sequence[object]", value)):
            yield from _strings(item, (*loc, index))


def template_needs(message: MessageSpec, config: Mapping[str, object]) -> ContextNeeds:
    """What the templates of `config` read; those that cannot be parsed read nothing."""
    found = ContextNeeds()
    for _, text in template_strings(message, config):
        try:
            found |= templating.needs(text)
        except TemplateSyntaxError:
            continue
    return found


def has_templates(message: MessageSpec) -> bool:
    """Whether any field of the message may hold merge fields."""
    return any(
        field.template or (field.message is not None and has_templates(field.message))
        for field in message.fields.values()
    )


def may_have_markup(config: Message) -> bool:
    """Whether some text of the message could hold merge fields; cheap, and never wrongly False."""
    data = config.SerializeToString()
    return b"{{" in data or b"{%" in data


def render_message(config: Message, message: MessageSpec, context: Context) -> None:
    """Render every template of `config` in place; clear what is optional and comes to nothing."""
    _render(config, message, context, ())


def _render(config: Message, message: MessageSpec, context: Context, loc: Loc) -> None:
    for name, field in message.fields.items():
        if not field.template and field.message is None:
            continue
        at = (*loc, name)
        if field.arity is Arity.LIST:
            _render_list(getattr(config, name), field, context, at)
        elif field.arity is Arity.MAP:
            entries = cast("dict[str, Any]", getattr(config, name))
            for key in list(entries):
                if field.shape is Shape.TEXT:
                    entries[key] = _text(entries[key], field, context, (*at, key))
                else:
                    _render_nested(entries[key], field, context, (*at, key))
        elif config.HasField(name):
            value = getattr(config, name)
            if field.shape is Shape.TEXT:
                _render_text(config, cast("str", value), field, context, at)
            else:
                _render_nested(cast("Message", value), field, context, at)
                if field.kind == "number" and _is_blank(cast("Value", value)):
                    _raise_if("must not be blank" if field.required else None, at)
                    config.ClearField(name)


def _render_text(
    config: Message, source: str, field: FieldSpec, context: Context, loc: Loc
) -> None:
    text = _text(source, field, context, loc)
    if text.strip() or field.required:
        setattr(config, field.name, text)
    else:
        config.ClearField(field.name)


def _is_blank(value: Value) -> bool:
    return value.WhichOneof("kind") == "string_value" and not value.string_value.strip()


def _render_list(items: Any, field: FieldSpec, context: Context, loc: Loc) -> None:
    for index in range(len(items)):
        if field.shape is Shape.TEXT:
            items[index] = _text(items[index], field, context, (*loc, index))
        else:
            _render_nested(items[index], field, context, (*loc, index))


def _render_nested(value: Message, field: FieldSpec, context: Context, loc: Loc) -> None:
    if field.message is not None:
        _render(value, field.message, context, loc)
    elif isinstance(value, Struct):
        _render_struct(value, field, context, loc)
    elif isinstance(value, Value):
        _render_value(value, field, context, loc)
    else:
        return
    if isinstance(value, Struct | Value):
        _check_size(value, field, loc)


def _render_struct(struct: Struct, field: FieldSpec, context: Context, loc: Loc) -> None:
    for key in list(struct.fields):
        _render_value(struct.fields[key], field, context, (*loc, key))


def _render_list_value(values: ListValue, field: FieldSpec, context: Context, loc: Loc) -> None:
    for index, item in enumerate(values.values):
        _render_value(item, field, context, (*loc, index))


def _render_value(value: Value, field: FieldSpec, context: Context, loc: Loc) -> None:
    match value.WhichOneof("kind"):
        case "string_value":
            if templating.has_markup(value.string_value):
                value.string_value = text = _rendered(value.string_value, context, loc)
                if field.kind == "number" and text.strip():
                    _raise_if(check_number_text(field, text), loc)
        case "struct_value":
            _render_struct(value.struct_value, field, context, loc)
        case "list_value":
            _render_list_value(value.list_value, field, context, loc)
        case _:
            return


def _check_size(value: Struct | Value, field: FieldSpec, loc: Loc) -> None:
    if field.max_length is None or value.ByteSize() <= field.max_length:
        return
    data = read_struct(value) if isinstance(value, Struct) else read_value(value)
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    if len(text) > field.max_length:
        raise ConfigRenderError(
            path_of(loc),
            f"must have at most {field.max_length:,} characters, not {len(text):,}, once rendered",
        )


def _text(source: str, field: FieldSpec, context: Context, loc: Loc) -> str:
    if not templating.has_markup(source):
        return source
    text = in_stored_form(field, on_one_line(field, _rendered(source, context, loc)))
    # A list's or a map's item has to be something; another optional field is left out when blank.
    if text.strip() or field.required or field.arity is not Arity.ONE:
        _raise_if(check_rendered(field, text), loc)
    return text


def _raise_if(problem: str | None, loc: Loc) -> None:
    if problem:
        raise ConfigRenderError(path_of(loc), f"{problem}, once rendered")


def _rendered(source: str, context: Context, loc: Loc) -> str:
    try:
        text = templating.render(source, context)
    except TemplateRenderError as error:
        raise ConfigRenderError(path_of(loc), str(error), missing=error.missing) from error
    except TemplateError as error:
        raise ConfigRenderError(path_of(loc), str(error)) from error
    if "\0" in text or (not text.isascii() and unstorable(text)):
        raise ConfigRenderError(path_of(loc), "holds characters that cannot be stored")
    return text
