"""Workflows and their life: draft, active, paused, archived."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from google.protobuf.field_mask_pb2 import FieldMask

from gateway.headers import CallerDep, IfMatchDep, RequestIdDep, UpstreamDep, agreed_etag, quoted
from gateway.mapping.workflows import audit_list, workflow, workflow_list
from gateway.models.workflows import (
    IN_FLIGHT,
    WORKFLOW_STATUS,
    ActivateBody,
    AuditList,
    CreateWorkflowBody,
    StatusChangeBody,
    UpdateWorkflowBody,
    Workflow,
    WorkflowList,
    WorkflowStatusName,
)
from gateway.openapi import CREATES_WITH_ETAG, SHOWS_ETAG
from gateway.parameters import DEFAULT_PAGE_SIZE, PageSize, PageToken, WorkflowId
from gateway.pointers import BodyFields
from gateway.requests import StrictRoute
from treadle.workflow.v1 import workflow_pb2
from treadle.workflow.v1 import workflow_service_pb2 as pb

router: Final = APIRouter(prefix="/api/v1/workflows", tags=["workflows"], route_class=StrictRoute)
_CREATE_FIELDS: Final = BodyFields.of(CreateWorkflowBody)
_UPDATE_FIELDS: Final = BodyFields.of(UpdateWorkflowBody)
_ACTIVATE_FIELDS: Final = BodyFields.of(ActivateBody)

StatusFilter = Annotated[
    WorkflowStatusName | None, Query(description="Keep only workflows in this status.")
]


@router.post("", status_code=201, operation_id="createWorkflow", responses=CREATES_WITH_ETAG)
async def create_workflow(
    body: CreateWorkflowBody,
    request_id: RequestIdDep,
    caller: CallerDep,
    upstream: UpstreamDep,
    response: Response,
) -> Workflow:
    """Create a workflow in `draft`."""
    request = pb.CreateWorkflowRequest(
        name=body.name, description=body.description or "", request_id=request_id
    )
    answer = await caller.call(upstream.workflows.CreateWorkflow, request, fields=_CREATE_FIELDS)
    response.headers["Location"] = f"/api/v1/workflows/{answer.workflow.id}"
    return _with_etag(answer.workflow, response)


@router.get("", operation_id="listWorkflows")
async def list_workflows(
    caller: CallerDep,
    upstream: UpstreamDep,
    page_size: PageSize = DEFAULT_PAGE_SIZE,
    page_token: PageToken = "",
    status: StatusFilter = None,
) -> WorkflowList:
    """List workflows, newest first."""
    request = pb.ListWorkflowsRequest(
        page_size=page_size, page_token=page_token, status=WORKFLOW_STATUS.number(status)
    )
    return workflow_list(await caller.call(upstream.workflows.ListWorkflows, request))


@router.get("/{workflow_id}", operation_id="getWorkflow", responses=SHOWS_ETAG)
async def get_workflow(
    workflow_id: WorkflowId, caller: CallerDep, upstream: UpstreamDep, response: Response
) -> Workflow:
    """Show one workflow."""
    request = pb.GetWorkflowRequest(workflow_id=workflow_id)
    answer = await caller.call(upstream.workflows.GetWorkflow, request)
    return _with_etag(answer.workflow, response)


@router.patch("/{workflow_id}", operation_id="updateWorkflow", responses=SHOWS_ETAG)
async def update_workflow(
    workflow_id: WorkflowId,
    body: UpdateWorkflowBody,
    if_match: IfMatchDep,
    caller: CallerDep,
    upstream: UpstreamDep,
    response: Response,
) -> Workflow:
    """Change a workflow's name or description."""
    request = pb.UpdateWorkflowRequest(
        workflow_id=workflow_id, etag=agreed_etag(if_match, body.etag)
    )
    paths: list[str] = []
    if body.name is not None:
        request.name = body.name
        paths.append("name")
    if body.description is not None:
        request.description = body.description
        paths.append("description")
    request.update_mask.CopyFrom(FieldMask(paths=paths))
    answer = await caller.call(upstream.workflows.UpdateWorkflow, request, fields=_UPDATE_FIELDS)
    return _with_etag(answer.workflow, response)


@router.post("/{workflow_id}/activate", operation_id="activateWorkflow", responses=SHOWS_ETAG)
async def activate_workflow(
    workflow_id: WorkflowId,
    if_match: IfMatchDep,
    caller: CallerDep,
    upstream: UpstreamDep,
    response: Response,
    body: ActivateBody | None = None,
) -> Workflow:
    """Freeze the draft as a version and let executions start; every action must be valid."""
    body = body or ActivateBody()
    request = pb.ActivateWorkflowRequest(
        workflow_id=workflow_id,
        etag=agreed_etag(if_match, body.etag),
        in_flight=IN_FLIGHT.number(body.in_flight),
    )
    answer = await caller.call(
        upstream.workflows.ActivateWorkflow, request, fields=_ACTIVATE_FIELDS
    )
    return _with_etag(answer.workflow, response)


@router.post("/{workflow_id}/pause", operation_id="pauseWorkflow", responses=SHOWS_ETAG)
async def pause_workflow(
    workflow_id: WorkflowId,
    if_match: IfMatchDep,
    caller: CallerDep,
    upstream: UpstreamDep,
    response: Response,
    body: StatusChangeBody | None = None,
) -> Workflow:
    """Hold due work and allow edits; timers keep running."""
    request = pb.PauseWorkflowRequest(
        workflow_id=workflow_id, etag=agreed_etag(if_match, body.etag if body else None)
    )
    answer = await caller.call(upstream.workflows.PauseWorkflow, request)
    return _with_etag(answer.workflow, response)


@router.post("/{workflow_id}/resume", operation_id="resumeWorkflow", responses=SHOWS_ETAG)
async def resume_workflow(
    workflow_id: WorkflowId,
    if_match: IfMatchDep,
    caller: CallerDep,
    upstream: UpstreamDep,
    response: Response,
    body: ActivateBody | None = None,
) -> Workflow:
    """Run again what was held; a changed draft becomes a new version."""
    body = body or ActivateBody()
    request = pb.ResumeWorkflowRequest(
        workflow_id=workflow_id,
        etag=agreed_etag(if_match, body.etag),
        in_flight=IN_FLIGHT.number(body.in_flight),
    )
    answer = await caller.call(upstream.workflows.ResumeWorkflow, request, fields=_ACTIVATE_FIELDS)
    return _with_etag(answer.workflow, response)


@router.post("/{workflow_id}/archive", operation_id="archiveWorkflow", responses=SHOWS_ETAG)
async def archive_workflow(
    workflow_id: WorkflowId,
    if_match: IfMatchDep,
    caller: CallerDep,
    upstream: UpstreamDep,
    response: Response,
    body: StatusChangeBody | None = None,
) -> Workflow:
    """End a workflow for good: executions under way finish, none can start."""
    request = pb.ArchiveWorkflowRequest(
        workflow_id=workflow_id, etag=agreed_etag(if_match, body.etag if body else None)
    )
    answer = await caller.call(upstream.workflows.ArchiveWorkflow, request)
    return _with_etag(answer.workflow, response)


@router.get("/{workflow_id}/audit", operation_id="listAuditEntries")
async def list_audit_entries(
    workflow_id: WorkflowId,
    caller: CallerDep,
    upstream: UpstreamDep,
    page_size: PageSize = DEFAULT_PAGE_SIZE,
    page_token: PageToken = "",
) -> AuditList:
    """Who changed what, newest first."""
    request = pb.ListAuditEntriesRequest(
        workflow_id=workflow_id, page_size=page_size, page_token=page_token
    )
    return audit_list(await caller.call(upstream.workflows.ListAuditEntries, request))


def _with_etag(message: workflow_pb2.Workflow, response: Response) -> Workflow:
    response.headers["ETag"] = quoted(message.etag)
    return workflow(message)
