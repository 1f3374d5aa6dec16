"""Operations: cancelling, pausing and resuming executions by the thousand, in the background."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Response

from gateway.headers import CallerDep, RequestIdDep, UpstreamDep
from gateway.mapping.operations import filter_message, operation, operation_list
from gateway.models.base import UuidText
from gateway.models.operations import (
    KIND,
    STATUS,
    Operation,
    OperationList,
    OperationPreview,
    PreviewOperationBody,
    StartOperationBody,
    StatusName,
)
from gateway.openapi import STARTS_IN_BACKGROUND
from gateway.parameters import DEFAULT_PAGE_SIZE, PageSize, PageToken
from gateway.pointers import BodyFields
from gateway.requests import StrictRoute
from treadle.operation.v1 import operation_service_pb2 as pb

PATH: Final = "/api/v1/operations"

router: Final = APIRouter(prefix=PATH, tags=["operations"], route_class=StrictRoute)
_START_FIELDS: Final = BodyFields.of(StartOperationBody)
_PREVIEW_FIELDS: Final = BodyFields.of(PreviewOperationBody)

OperationId = Annotated[UuidText, Path()]
StatusFilter = Annotated[
    StatusName | None, Query(description="Keep only operations in this status.")
]


@router.post("", status_code=202, operation_id="startOperation", responses=STARTS_IN_BACKGROUND)
async def start_operation(
    body: StartOperationBody,
    request_id: RequestIdDep,
    caller: CallerDep,
    upstream: UpstreamDep,
    response: Response,
) -> Operation:
    """Cancel, pause or resume all executions that match now; it goes on after the answer."""
    request = pb.StartOperationRequest(
        kind=KIND.number(body.kind),
        filter=filter_message(body.filter),
        reason=body.reason or "",
        request_id=request_id,
    )
    answer = await caller.call(upstream.operations.StartOperation, request, fields=_START_FIELDS)
    response.headers["Location"] = f"{PATH}/{answer.operation.id}"
    return operation(answer.operation)


@router.post("/preview", operation_id="previewOperation")
async def preview_operation(
    body: PreviewOperationBody, caller: CallerDep, upstream: UpstreamDep
) -> OperationPreview:
    """Count the executions that an operation would be about now, and do nothing."""
    request = pb.PreviewOperationRequest(
        kind=KIND.number(body.kind), filter=filter_message(body.filter)
    )
    answer = await caller.call(
        upstream.operations.PreviewOperation, request, fields=_PREVIEW_FIELDS
    )
    return OperationPreview(matched=answer.matched)


@router.get("", operation_id="listOperations")
async def list_operations(
    caller: CallerDep,
    upstream: UpstreamDep,
    page_size: PageSize = DEFAULT_PAGE_SIZE,
    page_token: PageToken = "",
    status: StatusFilter = None,
) -> OperationList:
    """List operations, newest first."""
    request = pb.ListOperationsRequest(
        status=STATUS.number(status), page_size=page_size, page_token=page_token
    )
    return operation_list(await caller.call(upstream.operations.ListOperations, request))


@router.get("/{operation_id}", operation_id="getOperation")
async def get_operation(
    operation_id: OperationId, caller: CallerDep, upstream: UpstreamDep
) -> Operation:
    """Show how far an operation is."""
    request = pb.GetOperationRequest(operation_id=operation_id)
    answer = await caller.call(upstream.operations.GetOperation, request)
    return operation(answer.operation)


@router.post("/{operation_id}/cancel", operation_id="cancelOperation")
async def cancel_operation(
    operation_id: OperationId, caller: CallerDep, upstream: UpstreamDep
) -> Operation:
    """Stop an operation where it has come to; what it has done stays done."""
    request = pb.CancelOperationRequest(operation_id=operation_id)
    answer = await caller.call(upstream.operations.CancelOperation, request)
    return operation(answer.operation)
