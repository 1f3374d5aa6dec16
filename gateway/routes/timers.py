"""What the scheduler holds, for operators."""

from typing import Final

from fastapi import APIRouter

from gateway.headers import CallerDep, UpstreamDep
from gateway.mapping.timers import timer, timer_list
from gateway.models.timers import Timer, TimerList
from gateway.parameters import (
    DEFAULT_PAGE_SIZE,
    AttemptId,
    ExecutionFilter,
    PageSize,
    PageToken,
)
from gateway.requests import StrictRoute
from treadle.scheduler.v1 import scheduler_service_pb2 as pb

router: Final = APIRouter(prefix="/api/v1/timers", tags=["timers"], route_class=StrictRoute)


@router.get("", operation_id="listTimers")
async def list_timers(
    caller: CallerDep,
    upstream: UpstreamDep,
    page_size: PageSize = DEFAULT_PAGE_SIZE,
    page_token: PageToken = "",
    execution_id: ExecutionFilter = None,
) -> TimerList:
    """List waits and held-back retries, next due first."""
    request = pb.ListTimersRequest(
        execution_id=execution_id or "", page_size=page_size, page_token=page_token
    )
    return timer_list(await caller.call(upstream.timers.ListTimers, request))


@router.get("/{attempt_id}", operation_id="getTimer")
async def get_timer(attempt_id: AttemptId, caller: CallerDep, upstream: UpstreamDep) -> Timer:
    """Show the timer of one attempt."""
    request = pb.GetTimerRequest(attempt_id=attempt_id)
    answer = await caller.call(upstream.timers.GetTimer, request)
    return timer(answer.timer)
