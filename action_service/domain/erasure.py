"""Erasures: what is on record when everything else of a person is gone."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from action_service.domain.contact import ContactValues

# In the place of an address that must stay suppressed and must not be kept.
_DIGEST_PREFIX: Final = "erased:"


class ErasureStatus(StrEnum):
    """How far an erasure has come."""

    PENDING = "pending"
    PURGING = "purging"
    COMPLETED = "completed"


@dataclass(frozen=True, slots=True)
class Erasure:
    """The record of one."""

    id: UUID
    contact_id: UUID
    status: ErasureStatus
    requested_by: str
    requested_at: datetime
    completed_at: datetime | None
    cancelled_executions: int
    erased: Mapping[str, int]


def digest_address(digest: str) -> str:
    """What a suppression is kept by in the place of the address that `digest` is of."""
    return _DIGEST_PREFIX + digest


def is_digest(address: str) -> bool:
    """Whether a suppression's address stands for one that was erased."""
    return address.startswith(_DIGEST_PREFIX)


def addresses_of(values: ContactValues) -> frozenset[str]:
    """By what a contact is reached now, in the form that suppressions are kept by."""
    found = (values.email and values.email.lower(), values.phone)
    return frozenset(each for each in found if each)


def blanked_rows(
    rows: Iterable[tuple[int, list[str]]], addresses: Collection[str]
) -> tuple[list[tuple[int, list[str]]], int]:
    """Rows of a file, those with one of the addresses emptied; and how many those are.

    The row stays, so that the file's count of rows is right: an empty one is refused.
    """
    kept: list[tuple[int, list[str]]] = []
    blanked = 0
    for number, cells in rows:
        if any(cell.strip().lower() in addresses for cell in cells):
            kept.append((number, [""] * len(cells)))
            blanked += 1
        else:
            kept.append((number, cells))
    return kept, blanked
