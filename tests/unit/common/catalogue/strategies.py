"""Hypothesis strategies for configurations, made from the catalogue."""

from typing import Any

from hypothesis import strategies as st

from common.catalogue import ActionSpec, Arity, FieldSpec, MessageSpec, Shape
from tests.unit.common.catalogue.cases import UUID

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n{"), max_size=40)
NUMBERS = st.one_of(st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False))
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXT)
JSON: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXT, inner, max_size=4)),
    max_leaves=12,
)
KINDS: dict[str, st.SearchStrategy[str]] = {
    "email": st.sampled_from(["a@b.io", "first.last@example.com"]),
    "phone": st.sampled_from(["+14155550100", "+493012345678"]),
    "url": st.sampled_from(["https://example.com/", "http://example.com:8080/a?b=c"]),
    "time_of_day": st.sampled_from(["00:00", "23:59", "09:30"]),
    "color": st.sampled_from(["#fff", "#1F77b4"]),
    "uuid": st.sampled_from([UUID, UUID.upper()]),
    "contact_field": st.sampled_from(["email", "custom_fields.plan"]),
    "http_header": st.text(st.characters(codec="ascii", exclude_categories=["C"]), max_size=20),
    "http_header_name": st.sampled_from(["X-Key", "Accept"]),
    "currency": st.sampled_from(["EUR", "USD"]),
}


def configs(spec: ActionSpec) -> st.SearchStrategy[dict[str, Any]]:
    """Configurations that fit the type's message; rules between fields may be broken."""
    return _messages(spec.config)


def _messages(message: MessageSpec) -> st.SearchStrategy[dict[str, Any]]:
    fields = {name: _fields(field) for name, field in message.fields.items()}
    return st.fixed_dictionaries(
        {name: values for name, values in fields.items() if message.fields[name].required},
        optional={
            name: values for name, values in fields.items() if not message.fields[name].required
        },
    )


def _fields(field: FieldSpec) -> st.SearchStrategy[Any]:
    value = _values(field)
    low = field.min_items or 0
    if field.arity is Arity.LIST:
        return st.lists(value, min_size=low, max_size=4, unique=field.enum is not None)
    if field.arity is Arity.MAP:
        keys = st.from_regex(r"X-[A-Za-z0-9]{1,8}", fullmatch=True)
        return st.dictionaries(keys, value, min_size=low, max_size=4)
    return value


def _values(field: FieldSpec) -> st.SearchStrategy[Any]:
    match field.shape:
        case Shape.TEXT:
            if field.kind in KINDS:
                return KINDS[field.kind]
            return TEXT.filter(lambda text: bool(text.strip()) or not field.required)
        case Shape.BOOLEAN:
            return st.booleans()
        case Shape.INTEGER:
            return st.integers(field.minimum, field.maximum)
        case Shape.ENUM if field.enum is not None:
            return st.sampled_from(field.enum.spellings)
        case Shape.ANY if field.kind == "number":
            return _numbers(field.minimum, field.maximum)
        case Shape.ANY:
            return SCALARS if field.kind == "scalar" else JSON
        case Shape.OBJECT:
            custom = field.kind == "custom_fields"
            names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,8}", fullmatch=True)
            return st.dictionaries(names if custom else TEXT, JSON, max_size=4)
        case Shape.MESSAGE if field.message is not None:
            return _messages(field.message)
        case _:
            raise AssertionError(f"no strategy for {field.shape}")


def _numbers(low: int | None, high: int | None) -> st.SearchStrategy[Any]:
    whole = st.integers(low, high)
    return st.one_of(whole, whole.map(str), st.floats(low, high), st.just("{{ contact.n }}"))
