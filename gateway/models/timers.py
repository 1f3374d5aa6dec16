"""Bodies of the timer endpoints: what the scheduler holds, for operators."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from gateway.models.base import Id, ProtoEnum, Resource
from treadle.scheduler.v1 import scheduler_service_pb2

TIMER_KIND = ProtoEnum(scheduler_service_pb2.TimerKind)
TimerKindShown = Annotated[str, TIMER_KIND.documented]


class Timer(Resource):
    """A wait, or a retry held back, until its instant."""

    attempt_id: Id
    kind: TimerKindShown
    execution_id: Id
    action_execution_id: Id
    due_at: datetime
    created_at: datetime | None


class TimerList(Resource):
    """Timers, next due first."""

    timers: list[Timer]
    next_page_token: str | None = Field(description="null on the last page.")
