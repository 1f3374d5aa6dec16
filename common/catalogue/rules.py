"""Rules between fields of one configuration."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from common.catalogue.fields import CatalogueError, MessageSpec
from common.catalogue.shapes import as_object
from common.catalogue.violations import path_of
from treadle.options.v1 import options_pb2


@dataclass(frozen=True, slots=True)
class RequiredWhen:
    """The field at `path` must be given when `other_field` has one of `values`."""

    path: tuple[str, ...]
    other_field: str
    values: tuple[str, ...]

    @classmethod
    def read(cls, option: options_pb2.RequiredWhen, message: MessageSpec) -> "RequiredWhen":
        """Take the rule from its option; raises CatalogueError when it names unknown things."""
        rule = cls(tuple(option.field.split(".")), option.other_field, tuple(option.values))
        inside: MessageSpec | None = message
        for name in rule.path:
            if inside is None or name not in inside.fields:
                raise CatalogueError(f"{message.name}: required_when names {option.field}")
            inside = inside.fields[name].message
        other = message.fields.get(rule.other_field)
        if other is None or other.enum is None or not set(rule.values) <= set(other.enum.numbers):
            raise CatalogueError(f"{message.name}: required_when names {option.other_field}")
        return rule


def broken(
    rules: tuple[RequiredWhen, ...], message: MessageSpec, config: Mapping[str, object]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Path and description of every rule that `config` breaks."""
    for rule in rules:
        other = config.get(rule.other_field)
        if other is None:
            other = message.fields[rule.other_field].default
        if other in rule.values and not _given(config, rule.path):
            yield (
                rule.path,
                (
                    f"{path_of(rule.path)} is required when {rule.other_field} is {other}; "
                    f"give it, or choose another {rule.other_field}"
                ),
            )


def _given(config: Mapping[str, object], path: tuple[str, ...]) -> bool:
    """Whether the value is there; a missing parent is another rule's business."""
    value: object = config
    for depth, name in enumerate(path):
        inside = as_object(value)
        if inside is None:
            return True
        value = inside.get(name)
        if value is None:
            return depth < len(path) - 1
    return value not in ("", [])
