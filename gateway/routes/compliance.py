"""Who may be reached: what contacts have consented to, and who is suppressed."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Response

from gateway.headers import CallerDep, RequestIdDep, UpstreamDep
from gateway.mapping.compliance import (
    consent,
    consent_message,
    suppression,
    suppression_list,
    suppression_message,
)
from gateway.models.base import UuidText
from gateway.models.compliance import (
    CAUSE,
    CHANNEL,
    AddSuppressionBody,
    CauseName,
    ChannelName,
    ConsentList,
    ContactCompliance,
    SetConsentsBody,
    Suppression,
    SuppressionList,
)
from gateway.openapi import CREATES
from gateway.parameters import DEFAULT_PAGE_SIZE, ContactFilter, ContactId, PageSize, PageToken
from gateway.pointers import BodyFields
from gateway.requests import StrictRoute
from treadle.compliance.v1 import compliance_service_pb2 as pb

router: Final = APIRouter(prefix="/api/v1", tags=["compliance"], route_class=StrictRoute)
_CONSENT_FIELDS: Final = BodyFields.of(SetConsentsBody)
_SUPPRESSION_FIELDS: Final = BodyFields.of(AddSuppressionBody, moved={("suppression",): ()})

SuppressionId = Annotated[UuidText, Path()]
ChannelFilter = Annotated[ChannelName | None, Query(description="Keep only this channel's.")]
AddressFilter = Annotated[str, Query(description="Keep only this address, in any spelling.")]
CauseFilter = Annotated[CauseName | None, Query(description="Keep only those with this cause.")]
Lifted = Annotated[bool, Query(description="Show those too that hold no more.")]


@router.get("/contacts/{contact_id}/consents", operation_id="listConsents")
async def list_consents(
    contact_id: ContactId, caller: CallerDep, upstream: UpstreamDep
) -> ContactCompliance:
    """Show what a contact has consented to, and what keeps them from being reached."""
    request = pb.ListConsentsRequest(contact_id=contact_id)
    answer = await caller.call(upstream.compliance.ListConsents, request)
    return ContactCompliance(
        consents=[consent(each) for each in answer.consents],
        suppressions=[suppression(each) for each in answer.suppressions],
    )


@router.patch("/contacts/{contact_id}/consents", operation_id="setConsents")
async def set_consents(
    contact_id: ContactId, body: SetConsentsBody, caller: CallerDep, upstream: UpstreamDep
) -> ConsentList:
    """Record what a contact has said; what is not named stays as it is."""
    request = pb.SetConsentsRequest(
        contact_id=contact_id, consents=[consent_message(each) for each in body.consents]
    )
    answer = await caller.call(upstream.compliance.SetConsents, request, fields=_CONSENT_FIELDS)
    return ConsentList(consents=[consent(each) for each in answer.consents])


@router.post("/suppressions", status_code=201, operation_id="addSuppression", responses=CREATES)
async def add_suppression(
    body: AddSuppressionBody,
    request_id: RequestIdDep,
    caller: CallerDep,
    upstream: UpstreamDep,
    response: Response,
) -> Suppression:
    """Keep an address, or a contact, from being reached."""
    request = pb.AddSuppressionRequest(suppression=suppression_message(body), request_id=request_id)
    answer = await caller.call(
        upstream.compliance.AddSuppression, request, fields=_SUPPRESSION_FIELDS
    )
    response.headers["Location"] = "/api/v1/suppressions"
    return suppression(answer.suppression)


@router.get("/suppressions", operation_id="listSuppressions")
async def list_suppressions(
    caller: CallerDep,
    upstream: UpstreamDep,
    page_size: PageSize = DEFAULT_PAGE_SIZE,
    page_token: PageToken = "",
    channel: ChannelFilter = None,
    address: AddressFilter = "",
    contact_id: ContactFilter = None,
    cause: CauseFilter = None,
    include_lifted: Lifted = False,  # noqa: FBT002 - a query parameter
) -> SuppressionList:
    """List suppressions, newest first."""
    request = pb.ListSuppressionsRequest(
        page_size=page_size,
        page_token=page_token,
        channel=CHANNEL.number(channel),
        address=address,
        contact_id=contact_id or "",
        cause=CAUSE.number(cause),
        include_lifted=include_lifted,
    )
    return suppression_list(await caller.call(upstream.compliance.ListSuppressions, request))


@router.post("/suppressions/{suppression_id}/lift", operation_id="liftSuppression")
async def lift_suppression(
    suppression_id: SuppressionId, caller: CallerDep, upstream: UpstreamDep
) -> Suppression:
    """End a suppression; it stays on record. A second time changes nothing."""
    request = pb.LiftSuppressionRequest(suppression_id=suppression_id)
    answer = await caller.call(upstream.compliance.LiftSuppression, request)
    return suppression(answer.suppression)
