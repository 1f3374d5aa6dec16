"""Reading requests: ids, masks and enums, refused when they do not have the right shape."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol, TypeVar
from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from common.catalogue.kinds import check_kind
from common.errors import malformed

E = TypeVar("E", bound=StrEnum)


class EnumType(Protocol):
    """A generated enum."""

    def Name(self, number: int) -> str:
        """The name of a value; raises ValueError for an unknown number."""
        ...


def parse_uuid(field: str, value: str) -> UUID:
    """The UUID in a field that must hold one."""
    problem = check_kind("uuid", value)
    if problem is not None:
        raise malformed(field, problem)
    return UUID(value)


def parse_optional_uuid(field: str, value: str) -> UUID | None:
    """The UUID in a field that may be empty."""
    return parse_uuid(field, value) if value else None


def parse_uuids(field: str, values: Sequence[str]) -> list[UUID]:
    """The UUIDs in a list."""
    return [parse_uuid(f"{field}[{index}]", value) for index, value in enumerate(values)]


def parse_text(field: str, value: str) -> str:
    """The text in a field that records are looked for by: one that a record could have."""
    if "\0" in value:
        raise malformed(field, "must not contain a NUL character")
    return value


def parse_optional_text(field: str, value: str) -> str | None:
    """The text in a field that may be empty."""
    return parse_text(field, value) or None


def parse_instant(field: str, stamp: Timestamp) -> datetime:
    """The instant in a field that is set."""
    try:
        return stamp.ToDatetime(UTC)
    except (ValueError, OverflowError):
        raise malformed(field, "is no instant between the years 1 and 9999") from None


def parse_enum(field: str, kind: EnumType, prefix: str, number: int, domain: type[E]) -> E | None:
    """The value in the domain's terms; None when it is unspecified."""
    if number == 0:
        return None
    try:
        return domain(kind.Name(number).removeprefix(prefix).lower())
    except ValueError:
        raise malformed(field, f"has no value {number}") from None


def mask_of(mask: FieldMask, changed: Message, updatable: Collection[str]) -> frozenset[str]:
    """The fields to update: those the mask names, or without one those that are set."""
    paths = frozenset(mask.paths)
    if not paths:
        return frozenset(updatable) & {field.name for field, _ in changed.ListFields()}
    unknown = sorted(paths.difference(updatable))
    if unknown:
        known = ", ".join(sorted(updatable))
        raise malformed("update_mask", f"cannot name {', '.join(unknown)}; it can name {known}")
    return paths
