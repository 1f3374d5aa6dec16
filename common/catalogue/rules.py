"""Rules between fields of one configuration, or of one part of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self, TypeAlias

from common.catalogue.fields import CatalogueError, FieldSpec, MessageSpec, Shape
from common.catalogue.kinds import check_kind
from common.catalogue.shapes import as_object
from common.catalogue.violations import ViolationKind, path_of
from common.templating import has_markup
from treadle.options.v1 import options_pb2


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """A rule that a configuration breaks, and the field to mend."""

    path: tuple[str, ...]
    kind: ViolationKind
    text: str


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

    def _condition(self, message: MessageSpec, config: Mapping[str, object]) -> str | None:
        """In words, when it is fulfilled; else None."""
        other = config.get(self.other_field)
        if other is None:
            other = message.fields[self.other_field].default
        value = spelled(other)
        return f"when {self.other_field} is {value}" if value in self.values else None


class RequiredWhen(_Conditional):
    """The field must be given when the other has one of the values."""

    __slots__ = ()

    def broken_by(self, message: MessageSpec, config: Mapping[str, object]) -> BrokenRule | None:
        """What is wrong, if anything is."""
        when = self._condition(message, config)
        if when is None or _given(config, self.path, without_parent=True):
            return None
        text = (
            f"{path_of(self.path)} is required {when}; "
            f"give it, or choose another {self.other_field}"
        )
        return BrokenRule(self.path, ViolationKind.MISSING, text)


class ForbiddenWhen(_Conditional):
    """The field must not be given when the other has one of the values."""

    __slots__ = ()

    def broken_by(self, message: MessageSpec, config: Mapping[str, object]) -> BrokenRule | None:
        """What is wrong, if anything is."""
        when, field = self._condition(message, config), path_of(self.path)
        if when is None or not _given(config, self.path, without_parent=False):
            return None
        if self.field_values:
            value = spelled(config.get(self.path[0]))
            if value not in self.field_values:
                return None
            text = (
                f"{field} must not be {value} {when}; "
                f"choose another {field}, or another {self.other_field}"
            )
        else:
            text = (
                f"{field} must not be given {when}; "
                f"leave it out, or choose another {self.other_field}"
            )
        return BrokenRule(self.path, ViolationKind.INVALID, text)


@dataclass(frozen=True, slots=True)
class MeansWhen(_Conditional):
    """The text is of `kind`, and may point to a `reference`, when the other has the value."""

    kind: str | None = None
    reference: str | None = None
    template: bool = False

    def broken_by(self, message: MessageSpec, config: Mapping[str, object]) -> BrokenRule | None:
        """What is wrong, if anything is; nothing yet while the text has merge fields."""
        when, value = self._condition(message, config), config.get(self.path[0])
        if when is None or not isinstance(value, str) or not value.strip():
            return None
        if self.template and has_markup(value):
            return None
        problem = check_kind(self.kind, value)
        text = f"{problem}, {when}"
        return BrokenRule(self.path, ViolationKind.INVALID, text) if problem else None


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of the fields must be given."""

    fields: tuple[str, ...]

    @classmethod
    def read(cls, option: options_pb2.AnyOf, message: MessageSpec) -> Self:
        """Take the rule from its option; raises CatalogueError when it names unknown things."""
        if unknown := set(option.fields) - set(message.fields):
            raise CatalogueError(f"{message.name}: AnyOf names {', '.join(sorted(unknown))}")
        return cls(tuple(option.fields))

    def broken_by(self, message: MessageSpec, config: Mapping[str, object]) -> BrokenRule | None:
        """What is wrong, if anything is."""
        if any(_given(config, (name,), without_parent=False) for name in self.fields):
            return None
        text = f"needs at least one of {', '.join(self.fields)}"
        return BrokenRule((), ViolationKind.MISSING, text)


Conditional: TypeAlias = RequiredWhen | ForbiddenWhen | MeansWhen
FieldRule: TypeAlias = Conditional | AnyOf


def read_rules(
    options: options_pb2.ActionOptions | options_pb2.MessageRules, message: MessageSpec
) -> tuple[Conditional, ...]:
    """The rules between the fields of a message that name two; raises CatalogueError."""
    return (
        *(RequiredWhen.read(rule, message) for rule in options.required_when),
        *(ForbiddenWhen.read(rule, message) for rule in options.forbidden_when),
        *_meanings(message),
    )


def _meanings(message: MessageSpec) -> Iterator[MeansWhen]:
    for field in message.fields.values():
        for meaning in field.meanings:
            other = message.fields.get(meaning.other_field)
            if other is None or meaning.value not in _spellings(other):
                raise CatalogueError(f"{message.name}.{field.name}: {meaning.value} means nothing")
            yield MeansWhen(
                (field.name,),
                meaning.other_field,
                (meaning.value,),
                kind=meaning.kind,
                reference=meaning.reference,
                template=field.template,
            )


def own_rules(message: MessageSpec) -> tuple[FieldRule, ...]:
    """The rules that a part of a configuration declares of itself; raises CatalogueError."""
    if message.rules is None:
        return ()
    return (
        *read_rules(message.rules, message),
        *(AnyOf.read(rule, message) for rule in message.rules.any_of),
    )


def broken(
    rules: tuple[FieldRule, ...], message: MessageSpec, config: Mapping[str, object]
) -> Iterator[BrokenRule]:
    """Every rule that `config` breaks."""
    for rule in rules:
        if found := rule.broken_by(message, config):
            yield found


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
