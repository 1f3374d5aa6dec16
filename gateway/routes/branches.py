"""Branches of a workflow: paths of their own that a step may turn into."""

from typing import Final

from fastapi import APIRouter, Response

from gateway.headers import CallerDep, RequestIdDep, UpstreamDep
from gateway.mapping.workflows import branch, branch_list
from gateway.models.workflows import Branch, BranchList, CreateBranchBody
from gateway.openapi import CREATES
from gateway.parameters import BranchId, WorkflowId
from gateway.pointers import BodyFields
from gateway.requests import StrictRoute
from treadle.workflow.v1 import workflow_service_pb2 as pb

router: Final = APIRouter(
    prefix="/api/v1/workflows/{workflow_id}/branches", tags=["workflows"], route_class=StrictRoute
)
_CREATE_FIELDS: Final = BodyFields.of(CreateBranchBody)


@router.post("", status_code=201, operation_id="createBranch", responses=CREATES)
async def create_branch(
    workflow_id: WorkflowId,
    body: CreateBranchBody,
    request_id: RequestIdDep,
    caller: CallerDep,
    upstream: UpstreamDep,
    response: Response,
) -> Branch:
    """Create a branch; it has no actions yet."""
    request = pb.CreateBranchRequest(
        workflow_id=workflow_id,
        name=body.name,
        parent_action_id=body.parent_action_id or "",
        request_id=request_id,
    )
    answer = await caller.call(upstream.workflows.CreateBranch, request, fields=_CREATE_FIELDS)
    response.headers["Location"] = f"/api/v1/workflows/{workflow_id}/branches"
    return branch(answer.branch)


@router.get("", operation_id="listBranches")
async def list_branches(
    workflow_id: WorkflowId, caller: CallerDep, upstream: UpstreamDep
) -> BranchList:
    """List all branches, by name."""
    request = pb.ListBranchesRequest(workflow_id=workflow_id)
    return branch_list(await caller.call(upstream.workflows.ListBranches, request))


@router.delete("/{branch_id}", status_code=204, operation_id="deleteBranch")
async def delete_branch(
    workflow_id: WorkflowId, branch_id: BranchId, caller: CallerDep, upstream: UpstreamDep
) -> None:
    """Delete a branch without actions."""
    request = pb.DeleteBranchRequest(workflow_id=workflow_id, branch_id=branch_id)
    await caller.call(upstream.workflows.DeleteBranch, request)
