"""Bodies of the endpoints for steps that wait."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from gateway.models.base import Body, Etag, Id, Instant, ProtoEnum, Resource, examples
from gateway.models.executions import ActionError, ExecutionStateShown
from gateway.models.explanations import Hold
from treadle.execution.v1 import wait_pb2, wait_service_pb2

KIND = ProtoEnum(wait_pb2.WaitKind)
AFTER = ProtoEnum(wait_service_pb2.AfterWait)

KindName = Annotated[str, KIND]
KindShown = Annotated[str, KIND.documented]
AfterName = Annotated[str, AFTER]

_REASON = Field(default=None, max_length=500, description="For the log.")


class FireWaitBody(Body):
    """Why a wait is ended now; the whole body may be left out."""

    model_config = examples({"reason": "the customer has called in the meantime"})

    reason: str | None = _REASON
    etag: Etag | None = None


class RearmWaitBody(Body):
    """When a wait is to end; without an instant it is worked out by the step's rule."""

    model_config = examples({"due_at": "2027-03-01T09:00:00+01:00", "reason": "they asked for it"})

    due_at: Instant | None = Field(
        default=None,
        description="In the future, by 100 years at most. Without it the instant is worked out "
        "anew, from what is known of the contact now.",
    )
    reason: str | None = _REASON
    etag: Etag | None = None


class CancelWaitBody(Body):
    """What follows when a wait is given up; the whole body may be left out."""

    model_config = examples({"then": "end_run", "reason": "the offer has ended"})

    then: AfterName | None = Field(
        default=None,
        description="`go_on` (the default): the step is skipped and the run goes on with the next "
        "one on its path. `end_run`: the run is cancelled.",
    )
    reason: str | None = _REASON
    etag: Etag | None = None


class Wait(Resource):
    """A step that goes no further before an instant."""

    id: Id = Field(description="The step's: an entry of the execution's log.")
    kind: KindShown
    execution_id: Id
    execution_state: ExecutionStateShown
    workflow_id: Id
    workflow_version: int
    action_id: Id
    action_name: str | None
    action_type: str
    contact_id: Id | None
    since: datetime = Field(description="When the step was reached.")
    due_at: datetime | None = Field(
        description="When it goes on; of an event, when it waits no longer. null while it is "
        "worked out anew."
    )
    reason: str | None = Field(description="The rule that gave the instant, in words.")
    set_by_operator: bool = Field(
        description="Whether an operator has set the instant: changes of the contact do not move "
        "it then."
    )
    event_type: str | None = Field(description="What is waited for, of `wait_for_event`.")
    related_action_id: Id | None = Field(description="The action whose message alone counts.")
    error: ActionError | None = Field(description="What the attempt before has failed with.")
    retry_count: int
    hold: Hold | None = Field(description="The rule that gave the instant, in data.")
    etag: str


class WaitList(Resource):
    """Waits, next due first."""

    waits: list[Wait]
    next_page_token: str | None = Field(description="null on the last page.")
