"""Sends whose outcome nobody knows, and what operators decide about them."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from gateway.headers import CallerDep, IfMatchDep, UpstreamDep, agreed_etag, quoted
from gateway.mapping.unknown_sends import unknown_send, unknown_send_list
from gateway.models.base import Instant
from gateway.models.unknown_sends import (
    RESOLUTION,
    STATE,
    ResolvedUnknownSends,
    ResolveUnknownSendBody,
    ResolveUnknownSendsBody,
    StateName,
    UnknownSend,
    UnknownSendList,
)
from gateway.openapi import SHOWS_ETAG
from gateway.parameters import (
    DEFAULT_PAGE_SIZE,
    ContactFilter,
    PageSize,
    PageToken,
    UnknownSendId,
    WorkflowFilter,
)
from gateway.pointers import BodyFields
from gateway.requests import StrictRoute
from treadle.ledger.v1 import unknown_send_pb2
from treadle.ledger.v1 import unknown_send_service_pb2 as pb

router: Final = APIRouter(
    prefix="/api/v1/unknown-sends", tags=["unknown sends"], route_class=StrictRoute
)
_ONE: Final = BodyFields.of(ResolveUnknownSendBody)
_MANY: Final = BodyFields.of(ResolveUnknownSendsBody)

StateFilter = Annotated[StateName, Query(description="Keep only those in this state.")]
ChannelFilter = Annotated[
    str | None, Query(max_length=10, description="Keep only this channel's: `email`, `sms`.")
]
UnknownBefore = Annotated[
    Instant | None, Query(description="Keep only those that became unknown before.")
]


@router.get("", operation_id="listUnknownSends")
async def list_unknown_sends(
    caller: CallerDep,
    upstream: UpstreamDep,
    page_size: PageSize = DEFAULT_PAGE_SIZE,
    page_token: PageToken = "",
    state: StateFilter = "open",
    workflow_id: WorkflowFilter = None,
    contact_id: ContactFilter = None,
    channel: ChannelFilter = None,
    unknown_before: UnknownBefore = None,
) -> UnknownSendList:
    """List messages that may or may not have been sent, oldest first."""
    request = pb.ListUnknownSendsRequest(
        state=STATE.number(state),
        workflow_id=workflow_id or "",
        contact_id=contact_id or "",
        channel=channel or "",
        unknown_before=unknown_before,
        page_size=page_size,
        page_token=page_token,
    )
    return unknown_send_list(await caller.call(upstream.unknown_sends.ListUnknownSends, request))


@router.get("/{unknown_send_id}", operation_id="getUnknownSend", responses=SHOWS_ETAG)
async def get_unknown_send(
    unknown_send_id: UnknownSendId, caller: CallerDep, upstream: UpstreamDep, response: Response
) -> UnknownSend:
    """Show one: what was sent to whom, why it is not known, what its provider says."""
    request = pb.GetUnknownSendRequest(id=unknown_send_id)
    answer = await caller.call(upstream.unknown_sends.GetUnknownSend, request)
    return _shown(answer.unknown_send, response)


@router.post("/{unknown_send_id}/resolve", operation_id="resolveUnknownSend", responses=SHOWS_ETAG)
async def resolve_unknown_send(
    unknown_send_id: UnknownSendId,
    body: ResolveUnknownSendBody,
    caller: CallerDep,
    upstream: UpstreamDep,
    if_match: IfMatchDep,
    response: Response,
) -> UnknownSend:
    """Say what became of a message. It is decided once; the run goes on a moment later."""
    request = pb.ResolveUnknownSendRequest(
        id=unknown_send_id,
        resolution=RESOLUTION.number(body.resolution),
        reason=body.reason,
        provider_message_id=body.provider_message_id or "",
        etag=agreed_etag(if_match, body.etag),
    )
    answer = await caller.call(upstream.unknown_sends.ResolveUnknownSend, request, fields=_ONE)
    return _shown(answer.unknown_send, response)


@router.post("/resolve", operation_id="resolveUnknownSends")
async def resolve_unknown_sends(
    body: ResolveUnknownSendsBody, caller: CallerDep, upstream: UpstreamDep
) -> ResolvedUnknownSends:
    """Say the same of up to 200 messages."""
    request = pb.ResolveUnknownSendsRequest(
        ids=body.ids, resolution=RESOLUTION.number(body.resolution), reason=body.reason
    )
    answer = await caller.call(upstream.unknown_sends.ResolveUnknownSends, request, fields=_MANY)
    return ResolvedUnknownSends(
        resolved_ids=list(answer.resolved_ids), left_ids=list(answer.left_ids)
    )


def _shown(message: unknown_send_pb2.UnknownSend, response: Response) -> UnknownSend:
    response.headers["ETag"] = quoted(message.etag)
    return unknown_send(message)
