"""Action types: what the palette offers and what its forms ask."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query

from gateway.headers import CallerDep, UpstreamDep
from gateway.mapping.catalog import action_type
from gateway.models.catalog import ActionType, ActionTypeList
from gateway.requests import StrictRoute
from treadle.catalog.v1 import catalog_service_pb2 as pb

router: Final = APIRouter(
    prefix="/api/v1/action-types", tags=["action types"], route_class=StrictRoute
)

CategoryFilter = Annotated[str, Query(description="Keep only this category.", examples=["crm"])]
TypeName = Annotated[str, Path(max_length=50, examples=["send_email"])]


@router.get("", operation_id="listActionTypes")
async def list_action_types(
    caller: CallerDep, upstream: UpstreamDep, category: CategoryFilter = ""
) -> ActionTypeList:
    """List the action types that this deployment can run, by category and type."""
    request = pb.ListActionTypesRequest(category=category)
    answer = await caller.call(upstream.catalog.ListActionTypes, request)
    return ActionTypeList(action_types=[action_type(t) for t in answer.action_types])


@router.get("/{type}", operation_id="getActionType")
async def get_action_type(type: TypeName, caller: CallerDep, upstream: UpstreamDep) -> ActionType:  # noqa: A002 - the path's own name
    """Show one action type."""
    answer = await caller.call(upstream.catalog.GetActionType, pb.GetActionTypeRequest(type=type))
    return action_type(answer.action_type)
