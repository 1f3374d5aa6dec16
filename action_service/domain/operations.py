"""Operations: one thing done to all runs that a filter finds, in the background.

An operation is about the runs that matched when it was started; those that start later are not
touched. Each run's turn comes a moment later. It is looked at again then, and left alone when it
has ended, is as it would be afterwards, or does not match any more: who cancels what stands at a
step does not mean those that have passed it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple, Self
from uuid import UUID

from action_service.domain.control import Control, Obstacle, Run
from action_service.domain.plan import Json
from action_service.domain.states import ExecutionState

# Runs that are dealt with in one transaction: few enough that nobody waits for it.
BATCH: Final = 500
# Failures that are shown one by one; all are counted.
SHOWN_FAILURES: Final = 100

OPEN: Final = (ExecutionState.RUNNING, ExecutionState.WAITING, ExecutionState.PAUSED)


class OperationStatus(StrEnum):
    """Where an operation stands."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    # Somebody has stopped it; what it has done by then stays done.
    CANCELLED = "cancelled"


class SkipReason(StrEnum):
    """Why a run that had matched is left alone."""

    ENDED = "ended"
    UNCHANGED = "unchanged"
    MOVED_ON = "moved_on"


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs: those that meet all that is given; of a list, any of it."""

    workflow_id: UUID | None = None
    # Of the workflow.
    version: int | None = None
    # The action that they stand at.
    action_id: UUID | None = None
    states: Sequence[ExecutionState] = ()
    started_after: datetime | None = None
    started_before: datetime | None = None
    # Names of tags that their contacts have.
    tags: Sequence[str] = ()
    contact_ids: Sequence[UUID] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked of the runs."""
        return self == RunFilter()

    def still_matches(self, run: Run) -> bool:
        """Whether it does by where the run stands; what its contact is like counts at the start."""
        return (
            self.version in (None, run.version)
            and self.action_id in (None, run.action_id)
            and (not self.states or run.state in self.states)
        )

    def to_json(self) -> dict[str, Json]:
        """What is given, as it is stored."""
        texts = {
            "workflow_id": self.workflow_id and str(self.workflow_id),
            "action_id": self.action_id and str(self.action_id),
            "started_after": self.started_after and self.started_after.isoformat(),
            "started_before": self.started_before and self.started_before.isoformat(),
        }
        lists: dict[str, list[Json]] = {
            "states": [state.value for state in self.states],
            "tags": list(self.tags),
            "contact_ids": [str(contact_id) for contact_id in self.contact_ids],
        }
        return {
            **{name: value for name, value in texts.items() if value},
            **({} if self.version is None else {"version": self.version}),
            **{name: values for name, values in lists.items() if values},
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Json]) -> Self:
        """What `to_json` has made."""
        return cls(
            workflow_id=_uuid(stored.get("workflow_id")),
            version=version if isinstance(version := stored.get("version"), int) else None,
            action_id=_uuid(stored.get("action_id")),
            states=tuple(ExecutionState(each) for each in _texts(stored.get("states"))),
            started_after=_instant(stored.get("started_after")),
            started_before=_instant(stored.get("started_before")),
            tags=_texts(stored.get("tags")),
            contact_ids=tuple(UUID(each) for each in _texts(stored.get("contact_ids"))),
        )


class Failure(NamedTuple):
    """A run that could not be dealt with, and why."""

    execution_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class Progress:
    """What has become of the runs so far."""

    done: int = 0
    skipped: Mapping[SkipReason, int] = field(default_factory=dict[SkipReason, int])
    failed: int = 0
    # The first of those that failed.
    failures: Sequence[Failure] = ()

    def __add__(self, other: "Progress") -> "Progress":
        reasons = [reason for reason in SkipReason if reason in {*self.skipped, *other.skipped}]
        return Progress(
            self.done + other.done,
            {each: self.skipped.get(each, 0) + other.skipped.get(each, 0) for each in reasons},
            self.failed + other.failed,
            (*self.failures, *other.failures)[:SHOWN_FAILURES],
        )

    @property
    def processed(self) -> int:
        """All of them."""
        return self.done + sum(self.skipped.values()) + self.failed


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation and how far it is."""

    id: UUID
    control: Control
    filter: RunFilter
    reason: str
    actor: str
    status: OperationStatus
    matched: int
    progress: Progress
    created_at: datetime
    finished_at: datetime | None

    @property
    def has_ended(self) -> bool:
        """Whether it does nothing more."""
        return self.status in {OperationStatus.COMPLETED, OperationStatus.CANCELLED}


def eligible(runs: Sequence[Run], which: RunFilter) -> tuple[list[Run], Progress]:
    """Of runs that matched those that still do, and the others as skipped."""
    staying = [run for run in runs if run.state not in OPEN or which.still_matches(run)]
    moved = len(runs) - len(staying)
    return staying, Progress(skipped={SkipReason.MOVED_ON: moved} if moved else {})


def outcome(runs: Sequence[Run], obstacles: Mapping[UUID, Obstacle]) -> Progress:
    """What it comes to that these stood in the way of some of the runs."""
    skipped: dict[SkipReason, int] = {}
    for obstacle in obstacles.values():
        reason = SkipReason.ENDED if obstacle is Obstacle.ENDED else SkipReason.UNCHANGED
        skipped[reason] = skipped.get(reason, 0) + 1
    return Progress(len(runs) - len(obstacles), skipped)


def gone(execution_ids: Collection[UUID]) -> Progress:
    """What it comes to that runs are not there any more."""
    return Progress(skipped={SkipReason.ENDED: len(execution_ids)} if execution_ids else {})


def _uuid(value: Json) -> UUID | None:
    return UUID(value) if isinstance(value, str) else None


def _instant(value: Json) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(str(each) for each in value) if isinstance(value, list) else ()
