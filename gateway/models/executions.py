"""Bodies of the execution endpoints: runs of workflows for contacts, and their log (R7.3)."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from gateway.models.base import Body, Id, JsonObject, ProtoEnum, Resource, UuidText, examples
from gateway.models.messages import Delivery, Message
from treadle.execution.v1 import execution_pb2

EXECUTION_STATE = ProtoEnum(execution_pb2.ExecutionState)
ACTION_EXECUTION_STATUS = ProtoEnum(execution_pb2.ActionExecutionStatus)
ERROR_CLASS = ProtoEnum(execution_pb2.ErrorClass)

ExecutionStateName = Annotated[str, EXECUTION_STATE]
ExecutionStateShown = Annotated[str, EXECUTION_STATE.documented]
ActionExecutionStatusShown = Annotated[str, ACTION_EXECUTION_STATUS.documented]
ErrorClassShown = Annotated[str, ERROR_CLASS.documented]


class StartExecutionsBody(Body):
    """Whom to run the workflow for: one contact, or up to 1,000 at once (all or none)."""

    model_config = examples(
        {
            "contact_id": "0199d2a4-6f0e-7cc1-9f2b-0c5c1a7f3d10",
            "event": {"order_number": "A-1001"},
        },
        {"contact_ids": ["0199d2a4-6f0e-7cc1-9f2b-0c5c1a7f3d10"]},
    )

    contact_id: UuidText | None = None
    contact_ids: list[UuidText] | None = Field(default=None, min_length=1, max_length=1000)
    event: JsonObject | None = Field(
        default=None, description="Data for templates as `event`; at most 32 KiB."
    )

    @model_validator(mode="after")
    def _one_or_many(self) -> Self:
        if (self.contact_id is None) == (self.contact_ids is None):
            raise PydanticCustomError(
                "one_of", "give either contact_id or contact_ids, and not both"
            )
        return self


class PauseExecutionBody(Body):
    """Why a run is paused; the whole body may be left out."""

    model_config = examples({"reason": "the customer has asked us to wait"})

    reason: str | None = Field(default=None, max_length=500)


class CancelExecutionBody(Body):
    """Why a run is cancelled; the whole body may be left out."""

    model_config = examples({"reason": "sent by mistake"})

    reason: str | None = Field(default=None, max_length=500)


class SteerStepBody(Body):
    """Which step is meant, and why, for the log."""

    model_config = examples(
        {
            "action_execution_id": "0199d2a4-6f0e-7cc1-9f2b-0c5c1a7f3d10",
            "reason": "the customer has called in the meantime",
        }
    )

    action_execution_id: UuidText = Field(
        description="The step's entry in the execution's log. Once it is done, the same again "
        "changes nothing."
    )
    reason: str | None = Field(default=None, max_length=500)


class ExecutionPause(Resource):
    """Somebody has paused a run."""

    paused_at: datetime | None
    paused_by: str = Field(description="`user:<id>` or `service:<name>`.")
    reason: str | None


class Execution(Resource):
    """One run of a workflow for one contact."""

    id: Id
    workflow_id: Id
    workflow_version: int
    contact_id: Id | None = Field(description="null once the contact has been erased.")
    state: ExecutionStateShown
    current_action_id: Id | None = Field(description="null once the run has ended.")
    started_at: datetime | None
    ended_at: datetime | None
    reason: str | None = Field(description="Why it failed or was cancelled.")
    event: JsonObject
    pause: ExecutionPause | None = Field(
        description="null unless somebody has paused it, also while its workflow is paused."
    )


class StartedExecutions(Resource):
    """The runs that were started, in the order of `contact_ids`."""

    execution_ids: list[Id]


class ExecutionList(Resource):
    """Executions, newest first."""

    executions: list[Execution]
    next_page_token: str | None = Field(description="null on the last page.")


class ActionError(Resource):
    """Why an action failed."""

    error_class: ErrorClassShown
    message: str


class Attempt(Resource):
    """One try at an action."""

    id: Id
    number: int = Field(description="From 1.")
    started_at: datetime | None
    finished_at: datetime | None
    error: ActionError | None
    provider_reference: str | None = Field(description="The provider's id of what it accepted.")


class ActionExecution(Resource):
    """The log of one action of one run."""

    id: Id
    execution_id: Id
    action_id: Id
    action_name: str | None
    contact_id: Id | None = Field(description="null once the contact has been erased.")
    action_type: str
    action_config: JsonObject = Field(description="The configuration it ran with, secrets left out")
    position: int
    status: ActionExecutionStatusShown
    outcome: str | None = Field(
        description="`unknown` while the provider may or may not have acted."
    )
    created_at: datetime | None
    scheduled_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    duration_seconds: float | None
    result: JsonObject
    error: ActionError | None
    reason: str | None = Field(description="Why it was skipped, deferred or is waiting.")
    retry_count: int
    attempts: list[Attempt]
    messages: list[Message] = Field(description="What it has sent, and what has become of it.")
    deliveries: list[Delivery] = Field(description="What it sends beside its own work.")
    explanation: str | None = Field(
        description="Where it was not known whether a message was sent: what is known by now, and "
        "what can be done."
    )
    unknown_send_id: Id | None = Field(description="The entry for it in `/api/v1/unknown-sends`.")
    dead_letter_id: Id | None = Field(
        description="The entry in `/api/v1/dead-letters` of a message of the step that was given "
        "up, while it is open."
    )


class ActionExecutionList(Resource):
    """The actions of a run, in the order in which they came to be."""

    action_executions: list[ActionExecution]
    next_page_token: str | None = Field(description="null on the last page.")


class ExecutionSnapshot(Resource):
    """Data of an `execution` event: the run and all its actions as they stand."""

    execution: Execution
    action_executions: list[ActionExecution]


class ExecutionCounts(Resource):
    """Executions of a workflow by state."""

    running: int
    waiting: int
    paused: int
    completed: int
    failed: int
    cancelled: int


class StepSummary(Resource):
    """Action executions of one action by status."""

    action_id: Id
    action_name: str | None
    action_type: str
    position: int
    branch_id: Id | None
    pending: int
    scheduled: int
    running: int
    waiting: int
    completed: int
    failed: int
    skipped: int
    cancelled: int
    retries: int = Field(description="Attempts beyond the first.")
    p50_duration_seconds: float | None
    p99_duration_seconds: float | None
    messages: dict[str, int] = Field(
        description="Messages of the action's own by how far they have come."
    )


class ExecutionsSummary(Resource):
    """How a workflow's executions stand, by state and by step."""

    executions: ExecutionCounts
    steps: list[StepSummary]
