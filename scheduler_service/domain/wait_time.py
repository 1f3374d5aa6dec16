"""The arithmetic of `wait_time` (SPEC-WFL-003 R4.1).

A day is 24 hours and a week seven of them, whatever the clocks do in between; `calendar_days` keeps
the wall time in the zone instead.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from scheduler_service.domain.wait import Wait, WaitError, WallClock
from scheduler_service.domain.zones import (
    ADJUSTMENT_WORDS,
    ZoneCandidate,
    choose_zone,
    first_instant,
)


class Unit(StrEnum):
    """The units of a wait, as configurations spell them."""

    SECONDS = "seconds"
    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    WEEKS = "weeks"
    CALENDAR_DAYS = "calendar_days"


_LENGTH: Final[Mapping[Unit, timedelta]] = MappingProxyType(
    {
        Unit.SECONDS: timedelta(seconds=1),
        Unit.MINUTES: timedelta(minutes=1),
        Unit.HOURS: timedelta(hours=1),
        Unit.DAYS: timedelta(days=1),
        Unit.WEEKS: timedelta(weeks=1),
    }
)


def plan(
    duration: int, unit: Unit, ready_at: datetime, zones: Iterable[ZoneCandidate] = ()
) -> Wait:
    """The wait of `duration` units from `ready_at` (aware).

    `zones` are looked at for calendar days only. Raises WaitError when `duration` is not positive
    or the wait would outlast the calendar.
    """
    if duration < 1:
        raise WaitError("duration must be at least 1")
    try:
        if unit is Unit.CALENDAR_DAYS:
            return _calendar_days(duration, ready_at, zones)
        due_at = ready_at.astimezone(UTC) + duration * _LENGTH[unit]
    except OverflowError:
        raise WaitError("the wait would end after the year 9999") from None
    return Wait(due_at, f"waits {_amount(duration, unit)} from {_utc(ready_at)}")


def _calendar_days(days: int, ready_at: datetime, zones: Iterable[ZoneCandidate]) -> Wait:
    chosen = choose_zone(zones)
    wall = ready_at.astimezone(chosen.zone).replace(tzinfo=None, fold=0) + timedelta(days=days)
    due_at, adjustment = first_instant(wall, chosen.zone)
    reason = (
        f"waits {_amount(days, Unit.CALENDAR_DAYS)} from {_utc(ready_at)}, until {wall:%H:%M:%S} "
        f"wall time in {chosen.zone.key} ({chosen.owner}){ADJUSTMENT_WORDS[adjustment]}"
    )
    return Wait(due_at, "; ".join((reason, *chosen.rejected)), WallClock(chosen, adjustment))


def _amount(duration: int, unit: Unit) -> str:
    words = unit.value.replace("_", " ")
    return f"{duration} {words if duration != 1 else words[:-1]}"


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
