"""SchedulerService over gRPC: messages in, use cases called, messages out."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from grpc import aio

from common.auth import current_principal
from common.errors import TreadleError, dependency_unavailable, malformed, overloaded
from common.paging import PageTokens
from scheduler_service.domain.timer import Timer, TimerKind
from scheduler_service.use_cases.ports import StoreBusyError, StoreUnavailableError
from scheduler_service.use_cases.read_timers import ReadTimers
from treadle.scheduler.v1 import scheduler_service_pb2 as pb
from treadle.scheduler.v1.scheduler_service_pb2_grpc import SchedulerServiceServicer

_SOON: Final = timedelta(seconds=1)
_TIMERS: Final = PageTokens("timers", tuple[datetime, UUID])
_KINDS: Final[Mapping[TimerKind, pb.TimerKind]] = MappingProxyType(
    {
        TimerKind.WAIT: pb.TimerKind.TIMER_KIND_WAIT,
        TimerKind.DELAYED_TASK: pb.TimerKind.TIMER_KIND_DELAYED_TASK,
    }
)


class SchedulerServicer(SchedulerServiceServicer):
    """Shows timers; the caller's account is the only one it has."""

    def __init__(self, timers: ReadTimers) -> None:
        self._timers = timers

    async def GetTimer(  # noqa: N802 - the contract's name
        self, request: pb.GetTimerRequest, context: aio.ServicerContext[Any, Any]
    ) -> pb.GetTimerResponse:
        """The timer of one attempt."""
        account_id = current_principal().require_account()
        timer = await self._timers.get(account_id, _uuid("attempt_id", request.attempt_id))
        return pb.GetTimerResponse(timer=_message(timer))

    async def ListTimers(  # noqa: N802 - the contract's name
        self, request: pb.ListTimersRequest, context: aio.ServicerContext[Any, Any]
    ) -> pb.ListTimersResponse:
        """The account's timers, next due first."""
        account_id = current_principal().require_account()
        execution_id = _uuid("execution_id", request.execution_id) if request.execution_id else None
        page = _TIMERS.page(
            request.page_size, request.page_token, account=account_id, execution=execution_id
        )
        rows = await self._timers.list(
            account_id, execution_id=execution_id, after=page.after, limit=page.limit
        )
        shown, next_page_token = page.cut(rows, lambda timer: (timer.due_at, timer.attempt_id))
        return pb.ListTimersResponse(
            timers=[_message(timer) for timer in shown], next_page_token=next_page_token
        )


def translate(error: Exception) -> TreadleError | None:
    """The refusal that a failure of the store amounts to; None when it is a fault of our own."""
    if isinstance(error, StoreBusyError):
        return overloaded(str(error), _SOON)
    if isinstance(error, StoreUnavailableError):
        return dependency_unavailable("the database", _SOON)
    return None


def _uuid(field: str, value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError:
        raise malformed(field, "must be a UUID") from None


def _message(timer: Timer) -> pb.Timer:
    return pb.Timer(
        attempt_id=str(timer.attempt_id),
        kind=_KINDS[timer.kind],
        execution_id=str(timer.execution_id),
        action_execution_id=str(timer.action_execution_id),
        due_at=timer.due_at,
        created_at=timer.created_at,
    )
