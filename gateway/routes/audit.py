"""Who changed a record: contacts, opportunities, teams and the rest."""

from typing import Annotated, Final

from fastapi import APIRouter, Query

from gateway.headers import CallerDep, UpstreamDep
from gateway.mapping.workflows import audit_list
from gateway.models.base import UuidText
from gateway.models.workflows import AuditList
from gateway.parameters import DEFAULT_PAGE_SIZE, PageSize, PageToken
from gateway.requests import StrictRoute
from treadle.workflow.v1 import workflow_service_pb2 as pb

router: Final = APIRouter(prefix="/api/v1/audit", tags=["audit"], route_class=StrictRoute)

EntityId = Annotated[UuidText, Query(description="The record whose changes are listed.")]


@router.get("", operation_id="listRecordChanges")
async def list_record_changes(
    entity_id: EntityId,
    caller: CallerDep,
    upstream: UpstreamDep,
    page_size: PageSize = DEFAULT_PAGE_SIZE,
    page_token: PageToken = "",
) -> AuditList:
    """Who changed a record, and its values before and after, newest first."""
    request = pb.ListAuditEntriesRequest(
        entity_id=entity_id, page_size=page_size, page_token=page_token
    )
    return audit_list(await caller.call(upstream.workflows.ListAuditEntries, request))
