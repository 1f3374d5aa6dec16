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
    """Dispatches the task that was held back."""


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
    """A timer to be stored.

    When it fires, a delayed task's `payload` goes out on `subject` as it is; a wait's is the
    beginning of the result that goes out there.
    """

    attempt_id: UUID
    account_id: UUID
    kind: TimerKind
    execution_id: UUID
    action_execution_id: UUID
    due_at: datetime
    subject: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class DueTimer:
    """A timer whose instant has come, claimed for firing."""

    attempt_id: UUID
    kind: TimerKind
    due_at: datetime
    subject: str
    payload: bytes
