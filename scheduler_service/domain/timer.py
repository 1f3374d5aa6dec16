"""A timer: one attempt that must not go on before its instant."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from uuid import UUID


class TimerKind(IntEnum):
    """What firing does. The numbers are stored."""

    WAIT = 1
    """Completes the wait step."""
    DELAYED_TASK = 2
    """Tells the engine that the attempt held back may run."""


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer as operators see it."""

    attempt_id: UUID
    kind: TimerKind
    execution_id: UUID
    action_execution_id: UUID
    due_at: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NewTimer:
    """A timer to be stored; `payload` is the beginning of the result it turns into."""

    attempt_id: UUID
    account_id: UUID
    kind: TimerKind
    execution_id: UUID
    action_execution_id: UUID
    due_at: datetime
    # As of when it was worked out: of two plans of one wait the later counts.
    planned_at: datetime
    payload: bytes


@dataclass(frozen=True, slots=True)
class HeldTimer:
    """What is kept of an attempt whose timer was there already."""

    due_at: datetime
    planned_at: datetime


@dataclass(frozen=True, slots=True)
class DueTimer:
    """A timer whose instant has come, claimed for firing."""

    attempt_id: UUID
    kind: TimerKind
    due_at: datetime
    payload: bytes
