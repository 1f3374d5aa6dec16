"""Objects whose form depends on another field, as a message's content does on the message's type.

On the wire they are a google.protobuf.Struct. A message for each value of the other field declares
what the object holds then, so that it is checked, documented and shown as everything else is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from google.protobuf import descriptor_pool

from common.catalogue.checks import on_one_line
from common.catalogue.fields import Arity, CatalogueError, MessageSpec, Shape, message_spec
from common.catalogue.shapes import as_list, as_object
from treadle.options.v1 import options_pb2


@dataclass(frozen=True)
class Variants:
    """What the object in `field` is, by the value of `other_field`."""

    field: str
    other_field: str
    messages: Mapping[str, MessageSpec]

    @classmethod
    def read(cls, option: options_pb2.Variants, message: MessageSpec) -> Self:
        """Take it from its option; raises CatalogueError unless each value has its form."""
        field, other = message.fields.get(option.field), message.fields.get(option.other_field)
        if field is None or field.shape is not Shape.OBJECT:
            raise CatalogueError(f"{message.name}: Variants names {option.field}")
        values = [variant.value for variant in option.variants]
        if other is None or other.enum is None or set(values) != set(other.enum.numbers):
            raise CatalogueError(f"{message.name}: Variants names {option.other_field}")
        find = descriptor_pool.Default().FindMessageTypeByName
        forms = {each.value: message_spec(find(each.message)) for each in option.variants}
        return cls(option.field, option.other_field, forms)

    def chosen(self, config: Mapping[str, object]) -> tuple[str, Mapping[str, object]] | None:
        """The value and the object; None while they are not there or are something else."""
        value, given = config.get(self.other_field), as_object(config.get(self.field))
        if not isinstance(value, str) or value not in self.messages or given is None:
            return None
        return value, given


def without_templates(message: MessageSpec) -> MessageSpec:
    """The same form for values that are rendered: braces in them are braces."""
    fields = {
        name: replace(
            field,
            template=False,
            message=None if field.message is None else without_templates(field.message),
        )
        for name, field in message.fields.items()
    }
    return replace(message, fields=fields)


def settled(message: MessageSpec, given: Mapping[str, object]) -> dict[str, object]:
    """A rendered object as single fields are settled: lines joined, and nothing left blank.

    What is blank and required stays, to be refused.
    """
    kept: dict[str, object] = {}
    for name, value in given.items():
        field = message.fields.get(name)
        if field is None:
            kept[name] = value
        elif field.message is not None:
            kept[name] = _inside(field.message, value, is_list=field.arity is Arity.LIST)
        elif isinstance(value, str) and field.shape is Shape.TEXT:
            text = on_one_line(field, value)
            if text.strip() or field.required:
                kept[name] = text
        else:
            kept[name] = value
    return kept


def _inside(message: MessageSpec, value: object, *, is_list: bool) -> object:
    items = as_list(value) if is_list else [value]
    if items is None:
        return value
    done = [
        item if (inner := as_object(item)) is None else settled(message, inner) for item in items
    ]
    return done if is_list else done[0]
