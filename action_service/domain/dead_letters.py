"""Messages that were given up: what may become of them.

    open -> replayed -> open, when it dies once more
    open -> discarded

A letter that ends a step has failed it. So a replay is more than sending the same again, which an
attempt that is no longer current makes void: the run that has failed there is opened again.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from action_service.domain.states import ActionStatus, ExecutionState
from action_service.domain.workflow import etag


class LetterKind(StrEnum):
    """What could not be processed."""

    ACTION = "action"
    RESULT = "result"
    DELAY = "delay"
    EVENT = "event"


class LetterState(StrEnum):
    """What has become of it."""

    OPEN = "open"
    REPLAYED = "replayed"
    DISCARDED = "discarded"


class Replay(StrEnum):
    """How a letter is processed once more."""

    # The message is sent where it came from.
    SEND = "send"
    # The run is opened again, with another attempt at the step.
    RETRY_STEP = "retry_step"


class CannotReplayError(Exception):
    """Nothing would come of a replay; says why and what to do."""


@dataclass(frozen=True, slots=True)
class Closing:
    """Who has said what is to become of a letter, and why."""

    by: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was given up, of one account."""

    id: UUID
    account_id: UUID
    kind: LetterKind
    state: LetterState
    source: str
    # Where it is sent by a replay.
    subject: str
    reason: str
    deliveries: int
    deaths: int
    died_at: datetime
    workflow_id: UUID | None
    execution_id: UUID | None
    action_execution_id: UUID | None
    action_type: str | None
    contact_id: UUID | None
    attempt_id: UUID | None
    closing: Closing | None
    payload: bytes
    revision: int

    @property
    def etag(self) -> str:
        """Changes with the letter."""
        return etag(self.revision)


@dataclass(frozen=True, slots=True)
class StepStanding:
    """Where the step of a letter stands by now."""

    status: ActionStatus
    # `unknown` when nobody knows whether its message was sent.
    outcome: str | None
    execution_state: ExecutionState
    # The run stands there, at the attempt that the letter names.
    is_current: bool


def how_to_replay(step: StepStanding | None) -> Replay:
    """What a replay does, by where the letter's step stands; None when it has none.

    Raises CannotReplayError.
    """
    if step is None:
        return Replay.SEND
    if step.outcome == "unknown":
        raise CannotReplayError(
            "its message may have been sent: decide about the unknown send of this attempt, which"
            " goes on from there"
        )
    if step.is_current:
        return Replay.SEND
    if step.status is ActionStatus.FAILED and step.execution_state is ExecutionState.FAILED:
        return Replay.RETRY_STEP
    raise CannotReplayError(
        f"its run has gone on without it (the step is {step.status.value}, the run"
        f" {step.execution_state.value}); discard it"
    )
