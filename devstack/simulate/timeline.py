"""What is told of a simulated run: one entry for each thing that happens, in order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from action_service.domain.plan import Json, PlanStep


class Kind(StrEnum):
    """What an entry is about."""

    STARTED = "started"
    COMPLETED = "completed"
    WAITING = "waiting"
    REARMED = "rearmed"
    HELD_BACK = "held back"
    RETRY = "retry"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNKNOWN = "unknown outcome"
    EVENT = "event"
    CHANGE = "change"
    NOTE = "note"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Doing:
    """What a step does, or would do: in words, and as data."""

    summary: str
    details: Mapping[str, Json] = field(default_factory=dict[str, Json])


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happens at a virtual instant; `zone` is the contact's at that time."""

    at: datetime
    zone: ZoneInfo
    kind: Kind
    step: PlanStep | None = None
    # What happens, why, and how the run goes on.
    says: tuple[str, ...] = ()
    doings: tuple[Doing, ...] = ()
    # Until when, of what waits or is held back.
    until: datetime | None = None
    details: Mapping[str, Json] = field(default_factory=dict[str, Json])


class Timeline:
    """Entries as they come; each is dated by the clock and the contact's zone."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._doings: dict[str, list[Doing]] = {}

    def add(self, entry: Entry) -> None:
        """Adds an entry."""
        self.entries.append(entry)

    def does(self, action_execution_id: str, doing: Doing) -> None:
        """Keeps what a step does until it is told how that came out."""
        self._doings.setdefault(action_execution_id, []).append(doing)

    def done(self, action_execution_id: str) -> tuple[Doing, ...]:
        """What the step has done since this was asked last."""
        return tuple(self._doings.pop(action_execution_id, ()))


def step_name(step: PlanStep) -> str:
    """What people call a step: its name, else its type and place."""
    return step.name or f"{step.action_type} {step.position}"
