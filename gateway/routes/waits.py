"""Steps that wait, and what operators do to them."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from gateway.headers import (
    CallerDep,
    IfMatchDep,
    RequestIdDep,
    UpstreamDep,
    agreed_etag,
    quoted,
)
from gateway.mapping.executions import execution
from gateway.mapping.waits import wait, wait_list
from gateway.models.base import Instant
from gateway.models.executions import Execution
from gateway.models.waits import (
    AFTER,
    KIND,
    CancelWaitBody,
    FireWaitBody,
    KindName,
    RearmWaitBody,
    Wait,
    WaitList,
)
from gateway.openapi import SHOWS_ETAG
from gateway.parameters import (
    DEFAULT_PAGE_SIZE,
    ActionFilter,
    ContactFilter,
    PageSize,
    PageToken,
    WaitId,
    WorkflowFilter,
)
from gateway.pointers import BodyFields
from gateway.requests import StrictRoute
from treadle.execution.v1 import wait_pb2
from treadle.execution.v1 import wait_service_pb2 as pb

router: Final = APIRouter(prefix="/api/v1/waits", tags=["waits"], route_class=StrictRoute)
_REARM: Final = BodyFields.of(RearmWaitBody)
_FIRE: Final = BodyFields.of(FireWaitBody)
_CANCEL: Final = BodyFields.of(CancelWaitBody)

KindFilter = Annotated[KindName | None, Query(description="Keep only this kind.")]
DueFrom = Annotated[Instant | None, Query(description="Keep only those due then or later.")]
DueBefore = Annotated[Instant | None, Query(description="Keep only those due before.")]


@router.get("", operation_id="listWaits")
async def list_waits(
    caller: CallerDep,
    upstream: UpstreamDep,
    page_size: PageSize = DEFAULT_PAGE_SIZE,
    page_token: PageToken = "",
    workflow_id: WorkflowFilter = None,
    action_id: ActionFilter = None,
    contact_id: ContactFilter = None,
    kind: KindFilter = None,
    due_from: DueFrom = None,
    due_before: DueBefore = None,
) -> WaitList:
    """List the steps that wait, next due first."""
    request = pb.ListWaitsRequest(
        workflow_id=workflow_id or "",
        action_id=action_id or "",
        contact_id=contact_id or "",
        kind=KIND.number(kind),
        due_from=due_from,
        due_before=due_before,
        page_size=page_size,
        page_token=page_token,
    )
    return wait_list(await caller.call(upstream.waits.ListWaits, request))


@router.get("/{wait_id}", operation_id="getWait", responses=SHOWS_ETAG)
async def get_wait(
    wait_id: WaitId, caller: CallerDep, upstream: UpstreamDep, response: Response
) -> Wait:
    """Show what a step waits for, until when, and by which rule."""
    answer = await caller.call(upstream.waits.GetWait, pb.GetWaitRequest(id=wait_id))
    return _shown(answer.wait, response)


@router.post("/{wait_id}/rearm", operation_id="rearmWait", responses=SHOWS_ETAG)
async def rearm_wait(
    wait_id: WaitId,
    request_id: RequestIdDep,
    caller: CallerDep,
    upstream: UpstreamDep,
    if_match: IfMatchDep,
    response: Response,
    body: RearmWaitBody | None = None,
) -> Wait:
    """Set another instant for a wait, or have it worked out anew."""
    body = body or RearmWaitBody()
    request = pb.RearmWaitRequest(
        id=wait_id,
        due_at=body.due_at,
        reason=body.reason or "",
        etag=agreed_etag(if_match, body.etag),
        request_id=request_id,
    )
    answer = await caller.call(upstream.waits.RearmWait, request, fields=_REARM)
    return _shown(answer.wait, response)


@router.post("/{wait_id}/fire", operation_id="fireWait")
async def fire_wait(
    wait_id: WaitId,
    request_id: RequestIdDep,
    caller: CallerDep,
    upstream: UpstreamDep,
    if_match: IfMatchDep,
    body: FireWaitBody | None = None,
) -> Execution:
    """End a wait as if its instant had come: a timeout leads where the step says."""
    body = body or FireWaitBody()
    request = pb.FireWaitRequest(
        id=wait_id,
        reason=body.reason or "",
        etag=agreed_etag(if_match, body.etag),
        request_id=request_id,
    )
    answer = await caller.call(upstream.waits.FireWait, request, fields=_FIRE)
    return execution(answer.execution)


@router.post("/{wait_id}/cancel", operation_id="cancelWait")
async def cancel_wait(
    wait_id: WaitId,
    request_id: RequestIdDep,
    caller: CallerDep,
    upstream: UpstreamDep,
    if_match: IfMatchDep,
    body: CancelWaitBody | None = None,
) -> Execution:
    """Give a wait up: skip the step and go on, or end the run."""
    body = body or CancelWaitBody()
    request = pb.CancelWaitRequest(
        id=wait_id,
        then=AFTER.number(body.then),
        reason=body.reason or "",
        etag=agreed_etag(if_match, body.etag),
        request_id=request_id,
    )
    answer = await caller.call(upstream.waits.CancelWait, request, fields=_CANCEL)
    return execution(answer.execution)


def _shown(message: wait_pb2.Wait, response: Response) -> Wait:
    response.headers["ETag"] = quoted(message.etag)
    return wait(message)
