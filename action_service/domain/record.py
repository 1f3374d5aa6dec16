"""A record of any kind: users, tags, campaigns, opportunities, notes and their like.

What a record of a kind holds is declared in the contracts. Here it is JSON by the names of its
fields, and what has no value is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from action_service.domain.plan import Json

# Where a page of a list ends: the name of its last record, empty in lists that are not by name,
# and that record's id.
Cursor: TypeAlias = tuple[str, UUID]


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it is stored; `revision` is 0 when its kind does not count them."""

    id: UUID
    values: Mapping[str, Json]
    revision: int


def text_in(values: Mapping[str, Json], name: str) -> str:
    """The text in a field; empty when there is none."""
    value = values.get(name)
    return value if isinstance(value, str) else ""


def items_in(values: Mapping[str, Json], name: str) -> list[dict[str, Json]]:
    """The objects in a field that is a list of them."""
    value = values.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
