"""Imports of contacts: what one is, and what became of its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from action_service.domain.compliance import Channel

TAGS = "tags"
# What the contact has said of marketing, by channel: granted or withdrawn.
CONSENTS: Final[Mapping[str, Channel]] = {f"{each.value}_consent": each for each in Channel}


class ImportStatus(StrEnum):
    """Where an import stands."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


class Duplicates(StrEnum):
    """What happens to a row whose email a contact has."""

    SKIP = "skip"
    UPDATE = "update"


class Column(NamedTuple):
    """A column of the file, and the contact field that it fills: empty when it is left out."""

    name: str
    field: str


class Row(NamedTuple):
    """A row of the file; `number` is as a spreadsheet counts, the header being row 1."""

    number: int
    cells: Sequence[str]


class RowProblem(NamedTuple):
    """What is wrong with a row; the column is empty when it is the row as a whole."""

    column: str
    description: str


class RefusedRow(NamedTuple):
    """A row that was not imported, as it was given."""

    number: int
    problems: Sequence[RowProblem]
    given: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of rows; a row that changes nothing of its contact counts as skipped."""

    created: int = 0
    updated: int = 0
    skipped: int = 0
    refused: int = 0

    @property
    def processed(self) -> int:
        """All of them."""
        return self.created + self.updated + self.skipped + self.refused

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.created + other.created,
            self.updated + other.updated,
            self.skipped + other.skipped,
            self.refused + other.refused,
        )


@dataclass(frozen=True, slots=True)
class ContactImport:
    """An import; rows without any value are none."""

    id: UUID
    file_name: str
    columns: Sequence[Column]
    duplicates: Duplicates
    status: ImportStatus
    total_rows: int
    counts: Counts
    failure: str | None
    created_at: datetime
    finished_at: datetime | None


def given_cells(columns: Sequence[Column], cells: Sequence[str]) -> dict[str, str]:
    """A row's cells by column; those beyond the header are `column 7` and so on."""
    names = [column.name for column in columns]
    names += [f"column {number}" for number in range(len(names) + 1, len(cells) + 1)]
    return dict(zip(names, cells, strict=False))
