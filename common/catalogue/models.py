"""Pydantic models of the configurations, created from their descriptors.

pydantic walks the structure and collects every error; the rules for single values are in
`checks`, those between fields in `rules`.
"""

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self, TypeAlias, cast

from google.protobuf.timestamp_pb2 import Timestamp
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    Strict,
    ValidationError,
    create_model,
    model_validator,
)
from pydantic_core import CoreSchema, ErrorDetails, InitErrorDetails, PydanticCustomError

from common.catalogue import rules as cross_field
from common.catalogue.checks import (
    Problem,
    check_items,
    check_json,
    check_key,
    check_number,
    check_text,
)
from common.catalogue.fields import Arity, FieldSpec, MessageSpec, Shape
from common.catalogue.rules import FieldRule, own_rules
from common.catalogue.schema import message_schema
from common.catalogue.variants import Variants, without_templates
from common.catalogue.violations import Loc, Violation, ViolationKind, path_of, segments_of

_PREFIX = "treadle_"


class ConfigModel(BaseModel):
    """Base of the derived models: strict types, no unknown fields, all violations at once."""

    model_config = ConfigDict(extra="forbid", strict=True, protected_namespaces=())

    spec__: ClassVar[MessageSpec]
    rules__: ClassVar[tuple[FieldRule, ...]] = ()
    forms__: ClassVar["Forms"] = ()

    @model_validator(mode="wrap")
    @classmethod
    def _with_rules(cls, data: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Check the rules between fields even when single fields are wrong."""
        errors: list[InitErrorDetails] = []
        result: Self | None = None
        try:
            result = handler(data)
        except ValidationError as error:
            errors += [_kept(details) for details in error.errors(include_url=False)]
        if isinstance(data, Mapping):
            config = cast("Mapping[str, object]", data)
            for rule in cross_field.broken(cls.rules__, cls.spec__, config):
                errors.append(_error(Problem(rule.kind, rule.text, rule.path), None))
            for violation in form_violations(cls.forms__, config):
                loc = segments_of(violation.field)
                errors.append(_error(Problem(violation.kind, violation.description, loc), None))
        if errors or result is None:
            raise ValidationError.from_exception_data(cls.__name__, errors)
        return result

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler, /
    ) -> dict[str, Any]:
        """Use the catalogue's schema, so that OpenAPI and the palette show the same."""
        return message_schema(cls.spec__, cls.rules__, [variants for variants, _ in cls.forms__])


# The models of the forms that an object may have, by the value that chooses among them.
Forms: TypeAlias = Sequence[tuple[Variants, Mapping[str, type[ConfigModel]]]]


def model_of(
    message: MessageSpec,
    rules: tuple[FieldRule, ...] = (),
    variants: Sequence[Variants] = (),
) -> type[ConfigModel]:
    """Create the model of a message; `rules` are beside those that it declares itself."""
    definitions: dict[str, Any] = {f.name: _definition(f) for f in message.fields.values()}
    model = create_model(message.name, __base__=ConfigModel, **definitions)
    model.spec__ = message
    model.rules__ = (*rules, *own_rules(message))
    model.forms__ = forms_of(variants)
    return model


def forms_of(variants: Sequence[Variants], *, rendered: bool = False) -> Forms:
    """The models of all forms, for values as they are saved or as they are `rendered`."""
    return tuple(
        (
            each,
            {
                value: model_of(without_templates(message) if rendered else message)
                for value, message in each.messages.items()
            },
        )
        for each in variants
    )


def form_violations(forms: Forms, config: Mapping[str, object]) -> Iterator[Violation]:
    """What is wrong inside the objects whose form depends on another field."""
    for variants, models in forms:
        chosen = variants.chosen(config)
        if chosen is None:
            continue
        value, given = chosen
        try:
            models[value].model_validate(given)
        except ValidationError as error:
            where = f"{variants.field} when {variants.other_field} is {value}"
            for found in violations_of(error, variants.messages[value], where):
                path = path_of((variants.field, *segments_of(found.field)))
                # Whatever it is, the object itself can be kept.
                missing = found.kind is ViolationKind.MISSING
                kind = ViolationKind.MISSING if missing else ViolationKind.INVALID
                yield Violation(path, found.description, kind)


def _definition(field: FieldSpec) -> tuple[object, object]:
    annotation = annotation_of(field)
    if field.required:
        return annotation, Field(...)
    return annotation | None, Field(default=field.default)  # pyright: ignore[reportOperatorIssue, reportUnknownVariableType] - a runtime type


def annotation_of(field: FieldSpec) -> Any:
    """The type of a field that is given, with the checks of its rules."""
    value = _value_annotation(field)
    if field.arity is Arity.ONE:
        return value
    if field.arity is Arity.LIST:
        items: Any = list[value]
    else:
        items = dict[Annotated[str, Strict(), _after(lambda key: check_key(field, key))], value]
    return Annotated[
        items, _after(lambda found: check_items(field, tuple(cast("Iterable[object]", found))))
    ]


def _value_annotation(field: FieldSpec) -> Any:
    match field.shape:
        case Shape.TEXT:
            return Annotated[str, Strict(), _after(lambda text: check_text(field, text))]
        case Shape.BOOLEAN:
            return Annotated[bool, Strict()]
        case Shape.INTEGER:
            return Annotated[int, Strict(), _after(lambda number: check_number(field, number))]
        case Shape.NUMBER:
            return Annotated[float, Strict(), _after(lambda number: check_number(field, number))]
        case Shape.ENUM:
            spellings = field.enum.spellings if field.enum else ()
            return Literal[spellings]  # pyright: ignore[reportInvalidTypeForm] - a runtime type
        case Shape.TIMESTAMP:
            return Annotated[str, Strict(), _after(_check_timestamp)]
        case Shape.OBJECT:
            return Annotated[dict[str, Any], AfterValidator(lambda value: _json(field, value))]
        case Shape.ANY:
            return Annotated[Any, AfterValidator(lambda value: _json(field, value))]
        case Shape.MESSAGE:
            assert field.message is not None  # noqa: S101 - by construction
            return model_of(field.message)


def _after(check: Callable[[Any], Problem | None]) -> AfterValidator:
    def validate(value: object) -> object:
        if problem := check(value):
            raise _custom(problem)
        return value

    return AfterValidator(validate)


def _check_timestamp(text: str) -> Problem | None:
    try:
        Timestamp().FromJsonString(text)
    except ValueError:
        return Problem(
            ViolationKind.MALFORMED, "must be an RFC 3339 date and time, as 2026-01-26T10:00:00Z"
        )
    return None


def _json(field: FieldSpec, value: object) -> object:
    if problems := check_json(field, value):
        raise ValidationError.from_exception_data(
            field.name, [_error(problem, value) for problem in problems]
        )
    return value


def _custom(problem: Problem) -> PydanticCustomError:
    # Without a context pydantic leaves the braces of a message alone.
    return PydanticCustomError(_PREFIX + problem.kind.value, cast("Any", problem.text))


def _error(problem: Problem, value: object) -> InitErrorDetails:
    return InitErrorDetails(type=_custom(problem), loc=problem.loc, input=value)


def _kept(details: ErrorDetails) -> InitErrorDetails:
    kind = PydanticCustomError(cast("Any", details["type"]), cast("Any", details["msg"]))
    return InitErrorDetails(type=kind, loc=details["loc"], input=details["input"])


def violations_of(
    error: ValidationError, message: MessageSpec, type_name: str
) -> tuple[Violation, ...]:
    """The errors of a model in the words of the catalogue, in the order of the fields."""
    found: dict[tuple[str, str], Violation] = {}
    for details in error.errors(include_url=False):
        violation = _translate(details, message, type_name)
        found.setdefault((violation.field, violation.description), violation)
    order = {name: index for index, name in enumerate(message.fields)}
    return tuple(sorted(found.values(), key=lambda v: order.get(_head(v.field), len(order))))


def _head(path: str) -> str:
    return path.split(".")[0].split("[")[0]


def _translate(details: ErrorDetails, message: MessageSpec, type_name: str) -> Violation:
    loc: Loc = details["loc"]
    if loc and loc[-1] == "[key]":
        loc = loc[:-1]
    kind = details["type"]
    path = path_of(loc)
    if kind.startswith(_PREFIX):
        return Violation(path, details["msg"], ViolationKind(kind.removeprefix(_PREFIX)))
    if kind == "extra_forbidden":
        owner = _owner(loc, message)
        where = type_name if len(loc) == 1 else path_of(loc[:-1])
        return Violation(path, _unknown(str(loc[-1]), owner, where), ViolationKind.MALFORMED)
    field = _field(loc, message)
    if field is None:
        return Violation(path, "must be an object", ViolationKind.MALFORMED)
    item = isinstance(loc[-1], int) or loc[-1] != field.name
    if kind == "missing" or (details["input"] is None and field.required and not item):
        why = f": {field.help}" if field.help else ""
        return Violation(path, f"is required{why}", ViolationKind.MISSING)
    text = _wanted(field, details["input"], item=item)
    return Violation(path, text, ViolationKind.MALFORMED)


def _owner(loc: Loc, message: MessageSpec) -> MessageSpec:
    field = _field(loc[:-1], message)
    return field.message if field and field.message else message


def _field(loc: Loc, message: MessageSpec) -> FieldSpec | None:
    """The field that a location lies in; locations inside a JSON value are its field's."""
    inside: MessageSpec | None = message
    field: FieldSpec | None = None
    for segment in loc:
        if inside is not None and isinstance(segment, str) and segment in inside.fields:
            field = inside.fields[segment]
            inside = field.message
    return field


def _unknown(name: str, owner: MessageSpec, where: str) -> str:
    known: Iterable[str] = owner.fields
    close = difflib.get_close_matches(name, list(known), n=1)
    hint = f"did you mean '{close[0]}'?" if close else f"its fields are {', '.join(known)}"
    return f"is not a field of {where}; {hint}"


_NOUNS: Mapping[Shape, str] = {
    Shape.TEXT: "text",
    Shape.BOOLEAN: "true or false",
    Shape.INTEGER: "a whole number",
    Shape.NUMBER: "a number",
    Shape.TIMESTAMP: "an RFC 3339 date and time",
    Shape.MESSAGE: "an object",
    Shape.OBJECT: "an object",
    Shape.ANY: "JSON",
}


def _wanted(field: FieldSpec, value: object, *, item: bool) -> str:
    if field.arity is Arity.LIST and not item:
        return f"must be a list, not {_typed(value)}"
    if field.arity is Arity.MAP and not item:
        return f"must be an object, not {_typed(value)}"
    if field.enum is None:
        return f"must be {_NOUNS[field.shape]}, not {_typed(value)}"
    return _wanted_enum(field.enum.spellings, value)


def _wanted_enum(spellings: Sequence[str], value: object) -> str:
    text = f"must be one of {', '.join(spellings)}"
    if isinstance(value, str):
        by_case = {spelling.lower(): spelling for spelling in spellings}
        if close := difflib.get_close_matches(value.lower(), list(by_case), n=1):
            return f"{text}; did you mean '{by_case[close[0]]}'?"
    return text


def _typed(value: object) -> str:
    if value is None:
        return "null"
    names: Mapping[type, str] = {
        bool: "a boolean",
        str: "text",
        int: "a number",
        float: "a number with a fraction",
        list: "a list",
        dict: "an object",
    }
    return names.get(type(value), "another type")
