"""Rules between fields of one configuration."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self, TypeAlias

from common.catalogue.fields import CatalogueError, FieldSpec, MessageSpec, Shape
from common.catalogue.shapes import as_object
from common.catalogue.violations import ViolationKind, path_of
from treadle.options.v1 import options_pb2


@dataclass(frozen=True, slots=True)
class _Conditional:
    """A rule for the field at `path`, in force when `other_field` has one of `values`."""

    path: tuple[str, ...]
    other_field: str
    values: tuple[str, ...]
    # Of the field at `path`: those that are meant; all of them when there are none here.
    field_values: tuple[str, ...] = ()

    @classmethod
    def read(
        cls, option: options_pb2.RequiredWhen | options_pb2.ForbiddenWhen, message: MessageSpec
    ) -> Self:
        """Take the rule from its option; raises CatalogueError when it names unknown things."""
        meant = option.field_values if isinstance(option, options_pb2.ForbiddenWhen) else ()
        rule = cls(
            tuple(option.field.split(".")), option.other_field, tuple(option.values), tuple(meant)
        )
        named = type(option).__name__
        inside: MessageSpec | None = message
        field: FieldSpec | None = None
        for name in rule.path:
            field = None if inside is None else inside.fields.get(name)
            if field is None or not set(rule.field_values) <= _spellings(field):
                raise CatalogueError(f"{message.name}: {named} names {option.field}")
            inside = field.message
        other = message.fields.get(rule.other_field)
        if other is None or not set(rule.values) <= _spellings(other):
            raise CatalogueError(f"{message.name}: {named} names {option.other_field}")
        return rule


class RequiredWhen(_Conditional):
    """The field must be given when the other has one of the values."""

    __slots__ = ()


class ForbiddenWhen(_Conditional):
    """The field must not be given when the other has one of the values."""

    __slots__ = ()


FieldRule: TypeAlias = RequiredWhen | ForbiddenWhen


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """A rule that a configuration breaks, and the field to mend."""

    path: tuple[str, ...]
    kind: ViolationKind
    text: str


def read_rules(options: options_pb2.ActionOptions, message: MessageSpec) -> tuple[FieldRule, ...]:
    """The rules between the fields of an action; raises CatalogueError."""
    return (
        *(RequiredWhen.read(rule, message) for rule in options.required_when),
        *(ForbiddenWhen.read(rule, message) for rule in options.forbidden_when),
    )


def broken(
    rules: tuple[FieldRule, ...], message: MessageSpec, config: Mapping[str, object]
) -> Iterator[BrokenRule]:
    """Every rule that `config` breaks."""
    for rule in rules:
        other = config.get(rule.other_field)
        if other is None:
            other = message.fields[rule.other_field].default
        if spelled(other) not in rule.values:
            continue
        field, when = path_of(rule.path), f"when {rule.other_field} is {spelled(other)}"
        match rule:
            case RequiredWhen() if not _given(config, rule.path, without_parent=True):
                text = f"{field} is required {when}; give it, or choose another {rule.other_field}"
                yield BrokenRule(rule.path, ViolationKind.MISSING, text)
            case ForbiddenWhen(field_values=meant) if meant:
                value = spelled(config.get(rule.path[0]))
                if value in meant:
                    text = (
                        f"{field} must not be {value} {when}; "
                        f"choose another {field}, or another {rule.other_field}"
                    )
                    yield BrokenRule(rule.path, ViolationKind.INVALID, text)
            case ForbiddenWhen() if _given(config, rule.path, without_parent=False):
                text = (
                    f"{field} must not be given {when}; "
                    f"leave it out, or choose another {rule.other_field}"
                )
                yield BrokenRule(rule.path, ViolationKind.INVALID, text)
            case _:
                pass


def spelled(value: object) -> object:
    """A value as rules spell it; true and false are words there."""
    return str(value).lower() if isinstance(value, bool) else value


def _spellings(field: FieldSpec) -> set[str]:
    """What rules may say of a field's value."""
    if field.shape is Shape.BOOLEAN:
        return {"true", "false"}
    return set() if field.enum is None else set(field.enum.numbers)


def _given(config: Mapping[str, object], path: tuple[str, ...], *, without_parent: bool) -> bool:
    """Whether the value is there; `without_parent` is the answer when its parent is missing."""
    value: object = config
    for depth, name in enumerate(path):
        inside = as_object(value)
        if inside is None:
            return without_parent
        value = inside.get(name)
        if value is None:
            return depth < len(path) - 1 and without_parent
    return value not in ("", [])
