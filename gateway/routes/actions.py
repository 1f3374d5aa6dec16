"""The steps of a workflow: SPEC-WFL-003's six endpoints."""

from typing import Final

from fastapi import APIRouter, Response
from google.protobuf.field_mask_pb2 import FieldMask

from gateway.action_bodies import (
    AddAction,
    AddActionDep,
    UpdateAction,
    UpdateActionDep,
    action_fields,
)
from gateway.headers import CallerDep, IfMatchDep, RequestIdDep, UpstreamDep, agreed_etag, quoted
from gateway.mapping.actions import action, action_list
from gateway.models.actions import (
    ON_ERROR,
    Action,
    ActionList,
    AddActionBody,
    ReorderActionsBody,
    UpdateActionBody,
)
from gateway.openapi import CREATES_WITH_ETAG, SHOWS_ETAG, accepts
from gateway.parameters import (
    DEFAULT_PAGE_SIZE,
    ActionId,
    BranchFilter,
    PageSize,
    PageToken,
    WorkflowId,
)
from gateway.pointers import BodyFields
from gateway.requests import StrictRoute
from treadle.workflow.v1 import action_pb2
from treadle.workflow.v1 import action_service_pb2 as pb

router: Final = APIRouter(
    prefix="/api/v1/workflows/{workflow_id}/actions", tags=["actions"], route_class=StrictRoute
)
_REORDER_FIELDS: Final = BodyFields.of(ReorderActionsBody)


@router.post(
    "",
    status_code=201,
    operation_id="addAction",
    openapi_extra=accepts(AddActionBody),
    responses=CREATES_WITH_ETAG,
)
async def add_action(
    workflow_id: WorkflowId,
    given: AddActionDep,
    request_id: RequestIdDep,
    caller: CallerDep,
    upstream: UpstreamDep,
    response: Response,
) -> Action:
    """Add an action to a workflow in `draft` or `paused`."""
    answer = await caller.call(
        upstream.actions.AddAction,
        _add_request(workflow_id, given, request_id),
        fields=action_fields(AddActionBody),
    )
    response.headers["Location"] = f"/api/v1/workflows/{workflow_id}/actions/{answer.action.id}"
    return _with_etag(answer.action, response)


@router.get("", operation_id="listActions")
async def list_actions(
    workflow_id: WorkflowId,
    caller: CallerDep,
    upstream: UpstreamDep,
    page_size: PageSize = DEFAULT_PAGE_SIZE,
    page_token: PageToken = "",
    branch_id: BranchFilter = None,
) -> ActionList:
    """List the actions: the main path by position, then each branch by position."""
    request = pb.ListActionsRequest(
        workflow_id=workflow_id,
        page_size=page_size,
        page_token=page_token,
        branch_id=branch_id or "",
    )
    return action_list(await caller.call(upstream.actions.ListActions, request))


@router.post("/reorder", operation_id="reorderActions")
async def reorder_actions(
    workflow_id: WorkflowId,
    body: ReorderActionsBody,
    if_match: IfMatchDep,
    caller: CallerDep,
    upstream: UpstreamDep,
) -> ActionList:
    """Put the actions of one path in a new order; answers with them in that order."""
    request = pb.ReorderActionsRequest(
        workflow_id=workflow_id,
        branch_id=body.branch_id or "",
        action_ids=body.action_ids,
        etag=agreed_etag(if_match, body.etag),
    )
    answer = await caller.call(upstream.actions.ReorderActions, request, fields=_REORDER_FIELDS)
    return ActionList(actions=[action(a) for a in answer.actions], next_page_token=None)


@router.get("/{action_id}", operation_id="getAction", responses=SHOWS_ETAG)
async def get_action(
    workflow_id: WorkflowId,
    action_id: ActionId,
    caller: CallerDep,
    upstream: UpstreamDep,
    response: Response,
) -> Action:
    """Show one action."""
    request = pb.GetActionRequest(workflow_id=workflow_id, action_id=action_id)
    answer = await caller.call(upstream.actions.GetAction, request)
    return _with_etag(answer.action, response)


@router.put(
    "/{action_id}",
    operation_id="updateAction",
    openapi_extra=accepts(UpdateActionBody),
    responses=SHOWS_ETAG,
)
async def update_action(
    workflow_id: WorkflowId,
    action_id: ActionId,
    given: UpdateActionDep,
    if_match: IfMatchDep,
    caller: CallerDep,
    upstream: UpstreamDep,
    response: Response,
) -> Action:
    """Change an action of a workflow in `draft` or `paused`; what is left out stays as it is."""
    request = _update_request(given)
    request.workflow_id, request.action_id = workflow_id, action_id
    request.etag = agreed_etag(if_match, given.body.etag)
    answer = await caller.call(
        upstream.actions.UpdateAction, request, fields=action_fields(UpdateActionBody)
    )
    return _with_etag(answer.action, response)


@router.delete("/{action_id}", status_code=204, operation_id="deleteAction")
async def delete_action(
    workflow_id: WorkflowId,
    action_id: ActionId,
    if_match: IfMatchDep,
    caller: CallerDep,
    upstream: UpstreamDep,
) -> None:
    """Take an action out of its workflow; the steps before and after it are joined."""
    request = pb.DeleteActionRequest(workflow_id=workflow_id, action_id=action_id, etag=if_match)
    await caller.call(upstream.actions.DeleteAction, request)


def _with_etag(message: action_pb2.Action, response: Response) -> Action:
    response.headers["ETag"] = quoted(message.etag)
    return action(message)


def _add_request(workflow_id: str, given: AddAction, request_id: str) -> pb.AddActionRequest:
    body = given.body
    request = pb.AddActionRequest(
        workflow_id=workflow_id,
        action_type=body.action_type,
        config=given.config,
        previous_action_id=body.previous_action_id or "",
        branch_id=body.branch_id or "",
        name=body.name or "",
        on_error=ON_ERROR.number(body.on_error),
        fallback_action_id=body.fallback_action_id or "",
        request_id=request_id,
        allow_incomplete=bool(body.allow_incomplete),
    )
    if body.position is not None:
        request.position = body.position
    if body.is_enabled is not None:
        request.is_enabled = body.is_enabled
    return request


def _update_request(given: UpdateAction) -> pb.UpdateActionRequest:
    body = given.body
    request = pb.UpdateActionRequest(
        config=given.config, allow_incomplete=bool(body.allow_incomplete)
    )
    if body.name is not None:
        request.name = body.name
    if body.is_enabled is not None:
        request.is_enabled = body.is_enabled
    if body.on_error is not None:
        request.on_error = ON_ERROR.number(body.on_error)
    if body.fallback_action_id is not None:
        request.fallback_action_id = body.fallback_action_id
    changed = {
        "config": given.config,
        "name": body.name,
        "is_enabled": body.is_enabled,
        "on_error": body.on_error,
        "fallback_action_id": body.fallback_action_id,
    }
    paths = [path for path, value in changed.items() if value is not None]
    request.update_mask.CopyFrom(FieldMask(paths=paths))
    return request
