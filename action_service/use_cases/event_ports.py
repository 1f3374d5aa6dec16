"""What the use cases of other systems' events need."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID


class By(StrEnum):
    """How the contact of an event is named."""

    ID = "contact_id"
    EMAIL = "email"
    PHONE = "phone"


# How, and the text in the form in which contacts are found by it.
ContactKey = tuple[By, str]


@dataclass(frozen=True, slots=True)
class OwnEventType:
    """A type that the account has made for itself."""

    name: str
    description: str
    created_at: datetime


class EventReads(Protocol):
    """Types of events."""

    async def types(self) -> Sequence[OwnEventType]:
        """The account's own, by name."""
        ...


class EventWrites(EventReads, Protocol):
    """Events that come in, and changes of types."""

    async def add_type(self, name: str, description: str) -> OwnEventType | None:
        """Stores a type; None when there is one of that name."""
        ...

    async def delete_type(self, name: str) -> bool:
        """Deletes a type; False when there is none of that name."""
        ...

    async def contacts(self, keys: Sequence[ContactKey]) -> Mapping[ContactKey, UUID]:
        """The contacts that there are."""
        ...

    async def remember(self, source_ids: Sequence[str]) -> set[str]:
        """Keeps the ids of events; returns those that were not known."""
        ...
