"""Waits as operators see them, and what an operator may do to the step at which a run stands.

What they decide is an answer to the step's attempt: the outcome that the engine carries out, with
the execution locked, as it does with an executor's. Refusals say the way out.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from action_service.domain.event_waits import WAIT_FOR_EVENT, WAIT_TIME, WAIT_UNTIL_DATE
from action_service.domain.holds import Hold
from action_service.domain.plan import PlanStep
from action_service.domain.progress import Completed, Due, Failed, Outcome, Skipped
from action_service.domain.retry import ErrorClass
from action_service.domain.states import ActionStatus, ExecutionState

_PAST_ENDS: Final = frozenset({ActionStatus.COMPLETED, ActionStatus.SKIPPED})


class WaitKind(StrEnum):
    """What a step waits for."""

    TIME = "time"
    DATE = "date"
    EVENT = "event"
    CALL = "call"
    RETRY = "retry"
    DEFERRAL = "deferral"


_TIMED: Final = {
    WAIT_TIME: WaitKind.TIME,
    WAIT_UNTIL_DATE: WaitKind.DATE,
    WAIT_FOR_EVENT: WaitKind.EVENT,
}
PLANNED: Final = frozenset(_TIMED.values())
# What is added to an instant on its way has to stay an instant.
_FARTHEST: Final = timedelta(days=36_525)
HELD_BACK: Final = frozenset({WaitKind.RETRY, WaitKind.DEFERRAL})


class AfterWait(StrEnum):
    """What follows when a wait is given up."""

    GO_ON = "go_on"
    END_RUN = "end_run"


@dataclass(frozen=True, slots=True)
class StepState:
    """How an action execution stands."""

    id: UUID
    execution_id: UUID
    attempt_id: UUID
    action_type: str
    status: ActionStatus
    is_unknown: bool
    has_failed_before: bool
    completed_at: datetime | None
    reason: str | None
    # Whether its execution stands there.
    is_current: bool
    # Whether an answer to it is waited for: what is held is with nobody.
    is_handed_out: bool

    @property
    def kind(self) -> WaitKind | None:
        """What it waits for, if it does."""
        if not self.is_current:
            return None
        if self.status is ActionStatus.WAITING:
            return _TIMED.get(self.action_type, WaitKind.CALL)
        if self.status is ActionStatus.SCHEDULED:
            return WaitKind.RETRY if self.has_failed_before else WaitKind.DEFERRAL
        return None


@dataclass(frozen=True, slots=True)
class Wait:
    """A step that goes no further before an instant; `id` is the action execution's."""

    step: StepState
    kind: WaitKind
    execution_state: ExecutionState
    workflow_id: UUID
    workflow_version: int
    version_id: UUID
    action_id: UUID
    contact_id: UUID | None
    since: datetime
    # None while the scheduler works it out anew.
    due_at: datetime | None
    set_by_operator: bool
    error_class: str | None
    error_message: str | None
    retry_count: int
    # The rule that gave the instant, as far as it is known in data.
    hold: Hold | None

    @property
    def place(self) -> tuple[datetime, UUID]:
        """Where it comes in lists."""
        return self.due_at or self.since, self.step.id


class SteeringError(Exception):
    """What an operator asks for cannot be done; the text says why, and what can be."""


def fired(kind: WaitKind, now: datetime) -> Outcome:
    """What the instant of such a wait comes to when an operator says that it is there.

    Of a wait for an event it is the timeout; an event that has come is found where that is decided.
    """
    if kind in PLANNED:
        instant = now.astimezone(UTC).isoformat().replace("+00:00", "Z")
        return Completed(json.dumps({"waited_until": instant}))
    return Due()


def check_rearm(kind: WaitKind, due_at: datetime | None, now: datetime) -> None:
    """Raises SteeringError where a wait cannot be armed anew, or not so."""
    if kind is WaitKind.CALL:
        raise SteeringError(
            "a call that is under way ends when its provider says so; fire the wait to look how it"
            " stands"
        )
    if due_at is None and kind in HELD_BACK:
        raise SteeringError(
            "an attempt that is held back has no rule to work its instant out from: give due_at,"
            " or fire the wait to have it tried now"
        )
    if due_at is not None and due_at <= now:
        raise SteeringError("due_at is past: fire the wait to end it now")
    if due_at is not None and due_at - now > _FARTHEST:
        raise SteeringError("due_at is more than 100 years ahead: cancel the wait if it is to end")


def passed_over(step: StepState, *, may_be_under_way: bool, reason: str) -> Skipped:
    """The outcome that passes the current step over; raises SteeringError.

    `may_be_under_way` says of a step that was handed out whether its call may be made without
    asking anybody first.
    """
    if step.kind is WaitKind.CALL:
        raise SteeringError(
            "its call is under way: it ends when the provider says so; fire the wait to look how it"
            " stands, or cancel the execution"
        )
    if step.is_unknown:
        lost = Failed(ErrorClass.UNKNOWN_OUTCOME, "given up: nobody knows whether it was sent")
        return Skipped(reason, lost)
    if step.status is ActionStatus.RUNNING:
        raise SteeringError(
            "its message is just being handed to the provider: skip it once that is answered, or"
            " cancel the execution"
        )
    if step.is_handed_out and may_be_under_way and step.status is ActionStatus.PENDING:
        raise SteeringError(
            "its call may be on its way: skip it once it is answered or put off, or cancel the"
            " execution"
        )
    return Skipped(reason)


def ended_words(step: StepState) -> str:
    """How a step that is waited for no more stands, in words."""
    when = "" if step.completed_at is None else f" at {step.completed_at:%Y-%m-%d %H:%M:%S} UTC"
    if step.status in _PAST_ENDS or step.status is ActionStatus.FAILED:
        return f"the wait is over: its step has {_VERB[step.status]}{when}"
    if step.status is ActionStatus.CANCELLED:
        return f"the wait is over: its run was cancelled{when}"
    return f"the step does not wait: it is {step.status.value}"


_VERB: Final = {
    ActionStatus.COMPLETED: "completed",
    ActionStatus.SKIPPED: "been skipped",
    ActionStatus.FAILED: "failed",
}


def rule_of(step: PlanStep) -> tuple[str, str]:
    """The type of events that the step waits for and the action that they must be about, if any."""
    if step.action_type != WAIT_FOR_EVENT:
        return "", ""
    named = (step.config.get("event_type"), step.config.get("related_action_id"))
    event_type, related = (each if isinstance(each, str) else "" for each in named)
    return event_type, related
