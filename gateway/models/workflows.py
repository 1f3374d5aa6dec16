"""Bodies of the workflow, branch and audit endpoints."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from gateway.models.base import Body, Etag, Id, JsonObject, ProtoEnum, Resource, UuidText, examples
from gateway.models.triggers import ReEntryShown, Trigger
from treadle.workflow.v1 import workflow_pb2

WORKFLOW_STATUS = ProtoEnum(workflow_pb2.WorkflowStatus)
IN_FLIGHT = ProtoEnum(workflow_pb2.InFlight)

WorkflowStatusName = Annotated[str, WORKFLOW_STATUS]
WorkflowStatusShown = Annotated[str, WORKFLOW_STATUS.documented]
InFlightName = Annotated[str, IN_FLIGHT]


class CreateWorkflowBody(Body):
    """A new workflow, in `draft`."""

    model_config = examples({"name": "Welcome series", "description": "New customers, first week"})

    name: str = Field(min_length=1)
    description: str | None = None


class UpdateWorkflowBody(Body):
    """Changes to a workflow; what is left out or null stays as it is."""

    model_config = examples({"name": "Welcome series, spring"})

    name: str | None = Field(default=None, min_length=1)
    description: str | None = Field(
        default=None, description="An empty string takes the description away."
    )
    etag: Etag | None = Field(default=None, description="As If-Match.")


class StatusChangeBody(Body):
    """A change of status; the whole body may be left out."""

    model_config = examples({"etag": "7"})

    etag: Etag | None = Field(default=None, description="As If-Match.")


class ActivateBody(StatusChangeBody):
    """How a workflow becomes active."""

    model_config = examples({"in_flight": "keep"})

    in_flight: InFlightName | None = Field(
        default=None,
        description="What happens to executions under way: `keep` (default) lets them finish on "
        "their version, `migrate` moves them to the new one.",
    )


class Workflow(Resource):
    """A workflow; its steps are at `/actions`."""

    id: Id
    name: str
    description: str | None
    status: WorkflowStatusShown
    version: int = Field(description="The newest frozen version; 0 before the first activation.")
    action_count: int
    has_unpublished_changes: bool
    created_at: datetime
    updated_at: datetime
    created_by: Id | None
    etag: str = Field(description="Changes with the workflow and with each of its actions.")
    triggers: list[Trigger] = Field(
        description="Any of them starts a run for the event's contact while the workflow is active."
    )
    re_entry: ReEntryShown


class WorkflowList(Resource):
    """Workflows, newest first."""

    workflows: list[Workflow]
    next_page_token: str | None = Field(description="null on the last page.")


class CreateBranchBody(Body):
    """A new branch: a path of its own that a step may turn into."""

    model_config = examples({"name": "No answer"})

    name: str = Field(min_length=1)
    parent_action_id: UuidText | None = Field(
        default=None, description="The action that leads into the branch."
    )


class Branch(Resource):
    """A path of its own; it ends the execution at its end."""

    id: Id
    workflow_id: Id
    parent_action_id: Id | None
    name: str


class BranchList(Resource):
    """All branches of a workflow, by name."""

    branches: list[Branch]


class AuditEntry(Resource):
    """One change that somebody made."""

    id: str
    occurred_at: datetime
    actor: str = Field(examples=["user:0199d2a4-6f0e-7cc1-9f2b-0c5c1a7f3d10"])
    operation: str = Field(examples=["action.deleted"])
    entity_type: str = Field(examples=["workflow_action"])
    entity_id: Id
    before: JsonObject | None
    after: JsonObject | None


class AuditList(Resource):
    """Changes of a workflow, newest first."""

    entries: list[AuditEntry]
    next_page_token: str | None = Field(description="null on the last page.")
