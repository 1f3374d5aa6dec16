"""Until when `wait_for_event` waits at most (SPEC-WFL-003 R4.3); the engine sees to the event."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from scheduler_service.domain.wait import Wait, WaitError


class TimeoutUnit(StrEnum):
    """The units of a timeout, as configurations spell them."""

    SECONDS = "seconds"
    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"


_LENGTH: Final[Mapping[TimeoutUnit, timedelta]] = MappingProxyType(
    {
        TimeoutUnit.SECONDS: timedelta(seconds=1),
        TimeoutUnit.MINUTES: timedelta(minutes=1),
        TimeoutUnit.HOURS: timedelta(hours=1),
        TimeoutUnit.DAYS: timedelta(days=1),
    }
)
# A wait without a timeout would stay for ever if its event never came.
DEFAULT_TIMEOUT: Final = (30, TimeoutUnit.DAYS)


def plan(event_type: str, duration: int, unit: TimeoutUnit, ready_at: datetime) -> Wait:
    """The wait for an event, `duration` units from `ready_at` (aware) at most. Raises WaitError."""
    if duration < 1:
        raise WaitError("timeout_duration must be at least 1")
    try:
        due_at = ready_at.astimezone(UTC) + duration * _LENGTH[unit]
    except OverflowError:
        raise WaitError("the wait would end after the year 9999") from None
    words = unit.value if duration != 1 else unit.value[:-1]
    return Wait(
        due_at,
        f"waits for {event_type}, {duration} {words} at most from "
        f"{ready_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC",
    )
