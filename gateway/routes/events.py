"""An execution's changes as they happen."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Request, Response

from gateway.events import END_ID, StreamSettings, open_stream
from gateway.headers import CallerDep, UpstreamDep
from gateway.openapi import STREAMS
from gateway.parameters import ExecutionId
from gateway.requests import StrictRoute
from treadle.execution.v1.execution_service_pb2 import WatchExecutionRequest

router: Final = APIRouter(prefix="/api/v1", tags=["executions"], route_class=StrictRoute)


async def _stream_settings(request: Request) -> StreamSettings:
    settings: StreamSettings = request.app.state.streams
    return settings


StreamsDep = Annotated[StreamSettings, Depends(_stream_settings)]
LastEventId = Annotated[
    str,
    Header(alias="Last-Event-ID", max_length=64, description="Sent by a reader that reconnects."),
]


@router.get(
    "/executions/{execution_id}/events",
    operation_id="watchExecution",
    response_class=Response,
    responses=STREAMS,
)
async def watch_execution(
    execution_id: ExecutionId,
    caller: CallerDep,
    upstream: UpstreamDep,
    streams: StreamsDep,
    last_event_id: LastEventId = "",
) -> Response:
    """Stream the execution and its actions, as they stand and at every change (SSE).

    Events named `execution` carry an ExecutionSnapshot; `end` follows the last one; `error` carries
    a Problem. Comments keep the connection alive.
    """
    if last_event_id == END_ID:
        return Response(status_code=204)
    request = WatchExecutionRequest(execution_id=execution_id)
    watch = caller.watch(upstream.executions.WatchExecution, request)
    return await open_stream(watch, streams, last_event_id)
