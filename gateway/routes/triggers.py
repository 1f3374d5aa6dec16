"""Triggers: the events that start a workflow."""

from typing import Final

from fastapi import APIRouter, Response

from gateway.headers import CallerDep, IfMatchDep, UpstreamDep, agreed_etag, quoted
from gateway.mapping.triggers import event_type_list, trigger_messages
from gateway.mapping.workflows import workflow
from gateway.models.triggers import RE_ENTRY, EventTypeList, SetTriggersBody
from gateway.models.workflows import Workflow
from gateway.openapi import SHOWS_ETAG
from gateway.parameters import WorkflowId
from gateway.pointers import BodyFields
from gateway.requests import StrictRoute
from treadle.workflow.v1 import workflow_service_pb2 as pb

router: Final = APIRouter(prefix="/api/v1", tags=["workflows"], route_class=StrictRoute)
_SET_FIELDS: Final = BodyFields.of(SetTriggersBody)


@router.put("/workflows/{workflow_id}/triggers", operation_id="setTriggers", responses=SHOWS_ETAG)
async def set_triggers(
    workflow_id: WorkflowId,
    body: SetTriggersBody,
    if_match: IfMatchDep,
    caller: CallerDep,
    upstream: UpstreamDep,
    response: Response,
) -> Workflow:
    """Replace what starts a workflow that is in `draft` or `paused`."""
    request = pb.SetTriggersRequest(
        workflow_id=workflow_id,
        triggers=trigger_messages(body.triggers),
        re_entry=RE_ENTRY.number(body.re_entry),
        etag=agreed_etag(if_match, body.etag),
    )
    answer = await caller.call(upstream.workflows.SetTriggers, request, fields=_SET_FIELDS)
    response.headers["ETag"] = quoted(answer.workflow.etag)
    return workflow(answer.workflow)


@router.get("/event-types", operation_id="listEventTypes")
async def list_event_types(caller: CallerDep, upstream: UpstreamDep) -> EventTypeList:
    """List the events that triggers can name, with the fields of their data."""
    request = pb.ListEventTypesRequest()
    return event_type_list(await caller.call(upstream.workflows.ListEventTypes, request))
