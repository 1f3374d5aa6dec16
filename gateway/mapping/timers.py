"""Timers as JSON."""

from gateway.mapping.values import instant, optional_instant, text
from gateway.models.timers import TIMER_KIND, Timer, TimerList
from treadle.scheduler.v1 import scheduler_service_pb2


def timer(message: scheduler_service_pb2.Timer) -> Timer:
    """A timer as a resource."""
    return Timer(
        attempt_id=message.attempt_id,
        kind=TIMER_KIND.shown(message.kind),
        execution_id=message.execution_id,
        action_execution_id=message.action_execution_id,
        due_at=instant(message.due_at),
        created_at=optional_instant(message, "created_at"),
    )


def timer_list(message: scheduler_service_pb2.ListTimersResponse) -> TimerList:
    """A page of timers."""
    return TimerList(
        timers=[timer(t) for t in message.timers], next_page_token=text(message.next_page_token)
    )
