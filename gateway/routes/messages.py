"""What was sent, and what has become of it."""

from typing import Annotated, Final

from fastapi import APIRouter, Query

from gateway.headers import CallerDep, UpstreamDep
from gateway.mapping.messages import message_list
from gateway.models.messages import DELIVERY_STATE, DeliveryStateName, MessageList
from gateway.parameters import (
    DEFAULT_PAGE_SIZE,
    ContactId,
    ExecutionId,
    PageSize,
    PageToken,
    WorkflowId,
)
from gateway.requests import StrictRoute
from treadle.message.v1 import message_service_pb2 as pb

router: Final = APIRouter(prefix="/api/v1", tags=["messages"], route_class=StrictRoute)

StateFilter = Annotated[
    DeliveryStateName | None, Query(description="Keep only messages that have come this far.")
]


@router.get("/contacts/{contact_id}/messages", operation_id="listContactMessages")
async def list_contact_messages(
    contact_id: ContactId,
    caller: CallerDep,
    upstream: UpstreamDep,
    page_size: PageSize = DEFAULT_PAGE_SIZE,
    page_token: PageToken = "",
    state: StateFilter = None,
) -> MessageList:
    """List what was sent to a contact, newest first."""
    request = pb.ListMessagesRequest(
        contact_id=contact_id,
        state=DELIVERY_STATE.number(state),
        page_size=page_size,
        page_token=page_token,
    )
    return message_list(await caller.call(upstream.messages.ListMessages, request))


@router.get("/workflows/{workflow_id}/messages", operation_id="listWorkflowMessages")
async def list_workflow_messages(
    workflow_id: WorkflowId,
    caller: CallerDep,
    upstream: UpstreamDep,
    page_size: PageSize = DEFAULT_PAGE_SIZE,
    page_token: PageToken = "",
    state: StateFilter = None,
) -> MessageList:
    """List what a workflow has sent, newest first."""
    request = pb.ListMessagesRequest(
        workflow_id=workflow_id,
        state=DELIVERY_STATE.number(state),
        page_size=page_size,
        page_token=page_token,
    )
    return message_list(await caller.call(upstream.messages.ListMessages, request))


@router.get("/executions/{execution_id}/messages", operation_id="listExecutionMessages")
async def list_execution_messages(
    execution_id: ExecutionId,
    caller: CallerDep,
    upstream: UpstreamDep,
    page_size: PageSize = DEFAULT_PAGE_SIZE,
    page_token: PageToken = "",
) -> MessageList:
    """List what an execution has sent, newest first."""
    request = pb.ListMessagesRequest(
        execution_id=execution_id, page_size=page_size, page_token=page_token
    )
    return message_list(await caller.call(upstream.messages.ListMessages, request))
