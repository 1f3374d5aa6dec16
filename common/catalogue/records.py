"""What may be set on a record, derived from its message as configurations are from theirs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from uuid import UUID

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message
from pydantic import ValidationError

from common.catalogue import convert
from common.catalogue.fields import Arity, FieldSpec, MessageSpec, message_spec
from common.catalogue.kinds import check_kind
from common.catalogue.models import ConfigModel, model_of, violations_of
from common.catalogue.shapes import as_list, as_object
from common.catalogue.violations import Violation


@dataclass(frozen=True)
class RecordSpec:
    """A record's message. Values are JSON objects, in which an empty text is no value."""

    message: MessageSpec
    # The fields that callers may set, at least when the record is made.
    inputs: MessageSpec

    @property
    def editable(self) -> frozenset[str]:
        """The fields that callers may set at any time."""
        return frozenset(name for name, field in self.inputs.fields.items() if field.editable)

    def read(self, message: Message) -> dict[str, Any]:
        """What `message` sets of the fields that callers may set; UUIDs in their usual form."""
        return _canonical(self.inputs, convert.read(message, self.inputs))

    def violations(self, values: Mapping[str, object]) -> tuple[Violation, ...]:
        """Everything that is wrong with the values of a whole record."""
        try:
            self._model.model_validate(values)
        except ValidationError as error:
            return violations_of(error, self.inputs, self.message.name)
        return ()

    def fill(self, message: Message, values: Mapping[str, object]) -> None:
        """Sets the fields of `message`."""
        convert.fill(message, self.message, values)

    @cached_property
    def _model(self) -> type[ConfigModel]:
        return model_of(self.inputs)


def record_spec(descriptor: Descriptor) -> RecordSpec:
    """The spec of a record's message."""
    message = message_spec(descriptor)
    return RecordSpec(message, _inputs(message))


def _inputs(message: MessageSpec) -> MessageSpec:
    settable = {
        name: replace(field, message=_inputs(field.message)) if field.message else field
        for name, field in message.fields.items()
        if field.editable or field.create_only
    }
    return replace(message, fields=settable)


def _canonical(message: MessageSpec, values: Mapping[str, object]) -> dict[str, Any]:
    canonical: dict[str, Any] = {}
    for name, value in values.items():
        field = message.fields[name]
        if field.arity is Arity.LIST:
            canonical[name] = [_canonical_item(field, item) for item in as_list(value) or ()]
        # A required text that is empty is refused as such.
        elif value != "" or field.required:
            canonical[name] = _canonical_item(field, value)
    return canonical


def _canonical_item(field: FieldSpec, value: object) -> object:
    if field.message is not None and (inside := as_object(value)) is not None:
        return _canonical(field.message, inside)
    if field.kind == "uuid" and isinstance(value, str) and check_kind("uuid", value) is None:
        return str(UUID(value))
    return value
