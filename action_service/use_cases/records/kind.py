"""A kind of record: what the generic use cases know about it beyond its message."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias, cast
from uuid import UUID

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from action_service.domain.plan import Json
from action_service.domain.record import Record
from action_service.use_cases.ports import Writer
from common.catalogue.fields import snake
from common.catalogue.records import RecordSpec, record_spec
from common.errors import FieldViolation


@dataclass(frozen=True, slots=True)
class Draft:
    """A record on its way into the store; `before` is None for a new one.

    Values that are wrong by themselves have been taken out: `broken` are their fields.
    """

    id: UUID
    before: Record | None
    values: dict[str, Json]
    broken: frozenset[str]

    def changes(self, name: str) -> bool:
        """Whether a field gets another value than it has."""
        return self.before is None or self.values.get(name) != self.before.values.get(name)


# Sets what follows from the values that were given, and finds what is wrong with them together, by
# paths below the record. Nothing is stored when anything is wrong.
Settle: TypeAlias = Callable[[Writer, Draft], Awaitable[Sequence[FieldViolation]]]
# Tells workflows of a record that was made (None before) or changed.
Announce: TypeAlias = Callable[[Writer, Record | None, Record], None]


async def _as_given(tx: Writer, draft: Draft) -> Sequence[FieldViolation]:
    return ()


def _silently(tx: Writer, before: Record | None, after: Record) -> None:
    return


@dataclass(frozen=True)
class RecordKind:
    """A kind of record."""

    message: type[Message]
    plural: str
    # Lists are by name, else newest first.
    by_name: bool = False
    # What a field that callers leave out is set to.
    defaults: Mapping[str, Json] = field(default_factory=dict[str, Json])
    # The field with the record, by its kind, that whatever parts point to must belong to.
    within: Mapping[str, str] = field(default_factory=dict[str, str])
    settle: Settle = _as_given
    announce: Announce = _silently
    # What to do when other records forbid that one is deleted.
    way_out: str = "change or delete these first"

    @cached_property
    def spec(self) -> RecordSpec:
        """What the message declares."""
        return record_spec(cast("Descriptor", self.message.DESCRIPTOR))

    @property
    def name(self) -> str:
        """Such as `custom_field`: in requests, field paths and the audit log."""
        return snake(self.message.DESCRIPTOR.name)

    @property
    def label(self) -> str:
        """Such as `custom field`, for people."""
        return self.name.replace("_", " ")
