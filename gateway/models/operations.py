"""Bodies of the endpoints for operations on many executions at once."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from gateway.models.base import (
    Body,
    Id,
    Instant,
    JsonObject,
    ProtoEnum,
    Resource,
    UuidText,
    examples,
)
from gateway.models.executions import ExecutionStateName, ExecutionStateShown
from treadle.operation.v1 import operation_pb2

KIND = ProtoEnum(operation_pb2.OperationKind)
STATUS = ProtoEnum(operation_pb2.OperationStatus)
SKIP_REASON = ProtoEnum(operation_pb2.SkipReason)

KindName = Annotated[str, KIND]
KindShown = Annotated[str, KIND.documented]
StatusName = Annotated[str, STATUS]
StatusShown = Annotated[str, STATUS.documented]
SkipReasonShown = Annotated[str, SKIP_REASON.documented]

_EXAMPLE: JsonObject = {
    "kind": "pause",
    "filter": {
        "workflow_id": "0199d2a4-6f0e-7cc1-9f2b-0c5c1a7f3d10",
        "states": ["waiting"],
        "tags": ["vip"],
    },
}
_KIND = Field(description="What is done to each execution, as by its own endpoint of that name.")


class ExecutionFilterBody(Body):
    """Which executions: open ones that meet all that is given, and at least something is.

    Of those `pause` finds the ones that nobody has paused, `resume` the ones that somebody has.
    """

    workflow_id: UuidText | None = None
    version: int | None = Field(
        default=None, ge=1, le=2**31 - 1, description="Which they run on; with workflow_id."
    )
    action_id: UuidText | None = Field(default=None, description="The action that they stand at.")
    states: list[ExecutionStateName] | None = Field(
        default=None, min_length=1, description="Any of `running`, `waiting` and `paused`."
    )
    started_after: Instant | None = None
    started_before: Instant | None = None
    tags: list[str] | None = Field(
        default=None,
        min_length=1,
        max_length=50,
        description="Names: their contacts have any of these tags.",
    )
    contact_ids: list[UuidText] | None = Field(
        default=None,
        min_length=1,
        max_length=1000,
        description="They run for any of these contacts.",
    )


class PreviewOperationBody(Body):
    """What an operation would be."""

    model_config = examples(_EXAMPLE)

    kind: KindName = _KIND
    filter: ExecutionFilterBody


class StartOperationBody(Body):
    """What is done to which executions."""

    model_config = examples({**_EXAMPLE, "reason": "the offer is being changed"})

    kind: KindName = _KIND
    filter: ExecutionFilterBody
    reason: str | None = Field(
        default=None,
        max_length=500,
        description="Why; for the audit log and the executions themselves.",
    )


class OperationPreview(Resource):
    """What an operation would be about."""

    matched: int


class ExecutionFilter(Resource):
    """Which executions an operation is about."""

    workflow_id: Id | None
    version: int | None
    action_id: Id | None
    states: list[ExecutionStateShown]
    started_after: datetime | None
    started_before: datetime | None
    tags: list[str]
    contact_ids: list[Id]


class SkippedCount(Resource):
    """How many executions were left alone for a reason."""

    reason: SkipReasonShown = Field(
        description="`ended`: it had ended by then. `unchanged`: it was already as it would have "
        "been. `moved_on`: it had come to another step, state or version."
    )
    count: int


class OperationFailure(Resource):
    """An execution that could not be dealt with."""

    execution_id: Id
    reason: str


class Operation(Resource):
    """An operation on the executions that matched when it was started, and how far it is."""

    id: Id
    kind: KindShown
    filter: ExecutionFilter
    reason: str | None
    status: StatusShown
    matched: int = Field(
        description="The executions that it is about; done, skipped and failed come to make them "
        "up."
    )
    done: int
    skipped: int
    failed: int
    skipped_by_reason: list[SkippedCount]
    failures: list[OperationFailure] = Field(description="The first 100.")
    started_by: str = Field(description="`user:<id>` or `service:<name>`.")
    created_at: datetime | None
    finished_at: datetime | None


class OperationList(Resource):
    """Operations, newest first."""

    operations: list[Operation]
    next_page_token: str | None = Field(description="null on the last page.")
