"""The body of an explanation: why an execution is where it is."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from gateway.models.base import Id, ProtoEnum, Resource
from gateway.models.executions import (
    ActionError,
    ActionExecutionStatusShown,
    ExecutionPause,
    ExecutionStateShown,
)
from treadle.execution.v1 import explanation_pb2, hold_pb2

EXPLANATION_REASON = ProtoEnum(explanation_pb2.ExplanationReason)
TIMEOUT_OUTCOME = ProtoEnum(explanation_pb2.TimeoutOutcome)
HOLD_CAUSE = ProtoEnum(hold_pb2.HoldCause)
ZONE_SOURCE = ProtoEnum(hold_pb2.ZoneSource)
CLOCK_CHANGE = ProtoEnum(hold_pb2.ClockChange)

ReasonShown = Annotated[str, EXPLANATION_REASON.documented]
TimeoutOutcomeShown = Annotated[str, TIMEOUT_OUTCOME.documented]
HoldCauseShown = Annotated[str, HOLD_CAUSE.documented]
ZoneSourceShown = Annotated[str, ZONE_SOURCE.documented]
ClockChangeShown = Annotated[str, CLOCK_CHANGE.documented]


class ExplainedStep(Resource):
    """Where the run stands; of a run that has ended, the step it ended with."""

    action_id: Id
    action_execution_id: Id
    action_name: str | None
    action_type: str
    position: int = Field(description="In its path: the main one, or a branch.")
    branch_id: Id | None
    branch_name: str | None
    status: ActionExecutionStatusShown
    attempt_id: Id
    attempt_number: int = Field(description="Of the current attempt, from 1.")
    reached_at: datetime | None = Field(description="Since when the run stands at the step.")
    lease_until: datetime | None = Field(
        description="Without an answer by then the attempt is handed out again."
    )
    times_handed_out_again: int
    claimed_at: datetime | None = Field(
        description="When the attempt was given the right to call its provider."
    )


class Hold(Resource):
    """The rule by which the step does not go on before `goes_on_at`."""

    cause: HoldCauseShown
    zones: list[str] = Field(description="The time zones by whose clocks it was found.")
    zone_source: ZoneSourceShown | None
    clock_change: ClockChangeShown | None = Field(
        description="What a change of the clock did to the wall time."
    )
    peer: str | None = Field(description="Who is called: `twilio`, `webhook:<host>` and so on.")
    hours: str | None = Field(description="Of quiet hours: as configured, or the law's in words.")
    per_second: int | None = Field(description="Of a limit: calls a second.")


class AwaitedEvent(Resource):
    """What a wait for an event waits for, and what follows when it does not come."""

    event_type: str = Field(description="As events are published, such as `email_opened`.")
    related_action_id: Id | None = Field(
        description="The action whose message alone counts; null for any."
    )
    related_action_name: str | None
    related_action_type: str | None
    ignores_automatic: bool = Field(description="Opens and clicks of programs do not count.")
    ignored: int = Field(description="How many such have come.")
    last_ignored_at: datetime | None
    timeout_at: datetime | None
    timeout_outcome: TimeoutOutcomeShown
    timeout_branch_id: Id | None
    timeout_branch_name: str | None
    timeout_action_id: Id | None = Field(
        description="The action that the run goes on with then; null where it ends."
    )


class Retries(Resource):
    """How often the step may be tried again after errors such as its last one."""

    made: int
    allowed: int
    left: int
    next_backoff_at_most_seconds: float | None = Field(
        description="After one more such error; null when there is no further attempt."
    )


class UnknownOutcome(Resource):
    """What is known of an attempt that may or may not have sent its message."""

    unknown_send_id: Id = Field(description="The entry for it in `/api/v1/unknown-sends`.")
    provider: str | None
    times_asked: int
    next_asked_at: datetime | None


class Explanation(Resource):
    """Why an execution is where it is, and what it takes to go on."""

    execution_id: Id
    state: ExecutionStateShown
    reason: ReasonShown
    sentences: list[str] = Field(description="Plain English, in the order in which they are read.")
    explained_at: datetime | None
    step: ExplainedStep | None = Field(description="null for a workflow without actions.")
    since: datetime | None = Field(
        description="Since when it is so; where nobody has noted that, since when the run stands at"
        " the step."
    )
    goes_on_at: datetime | None = Field(
        description="When it goes on by itself, at the latest; null when nobody can say."
    )
    is_overdue: bool = Field(
        description="`goes_on_at` has passed, and whoever was to have it go on is down or late."
    )
    rule: str | None = Field(description="The rule that gave `goes_on_at`, in words.")
    hold: Hold | None = Field(description="The same in data.")
    event: AwaitedEvent | None
    retries: Retries | None
    last_error: ActionError | None = Field(description="Of the last attempt that failed.")
    unknown_outcome: UnknownOutcome | None
    ending: str | None = Field(description="Why it failed or was cancelled.")
    is_workflow_paused: bool
    dead_letter_id: Id | None = Field(
        description="The entry in `/api/v1/dead-letters` of a message of the step that was given"
        " up, while nobody has said what is to become of it."
    )
    pause: ExecutionPause | None = Field(
        description="Somebody has paused it: what becomes due is held until it is resumed."
    )
