"""The arithmetic of `wait_until_date` (SPEC-WFL-003 R4.2).

A date is an instant when it carries an offset from UTC, and else wall time in the zone that counts.
An offset of minutes or hours is exact; one of days, weeks or months moves the date and keeps the
wall time. A time of day takes the place of the date's own time at the end.
"""

from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from scheduler_service.domain.wait import Wait, WaitError, WallClock
from scheduler_service.domain.zones import (
    ADJUSTMENT_WORDS,
    ChosenZone,
    ZoneCandidate,
    choose_zone,
    first_instant,
)

_MONTHS_IN_YEAR: Final = 12
# The database takes the calendar's very last microsecond for no instant at all.
_LAST: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
_SHOWN: Final = 60


class OffsetUnit(StrEnum):
    """The units of an offset, as configurations spell them."""

    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"


_EXACT: Final[Mapping[OffsetUnit, timedelta]] = MappingProxyType(
    {OffsetUnit.MINUTES: timedelta(minutes=1), OffsetUnit.HOURS: timedelta(hours=1)}
)


@dataclass(frozen=True, slots=True)
class Offset:
    """So many units after a date; before it when negative."""

    value: int
    unit: OffsetUnit

    def __str__(self) -> str:
        count = abs(self.value)
        words = self.unit.value if count != 1 else self.unit.value[:-1]
        return f"{count} {words} {'before' if self.value < 0 else 'after'}"


@dataclass(frozen=True, slots=True)
class Moment:
    """A date, and in words where it comes from; naive means wall time in the zone that counts."""

    at: datetime
    source: str


def parse_moment(value: object, source: str) -> Moment:
    """The date that `value` spells in ISO 8601; a date alone is its midnight. Raises WaitError."""
    if value is None or value == "":
        raise WaitError(f"{source} is empty, so there is no date to wait for")
    text = value.strip() if isinstance(value, str) else ""
    try:
        return Moment(datetime.fromisoformat(text), source)
    except ValueError:
        shown = str(value)[:_SHOWN]
        raise WaitError(
            f"{source} is {shown!r}, which is no date of ISO 8601 such as 2026-12-24 or"
            " 2026-12-24T09:00:00+01:00"
        ) from None


def plan(
    base: Moment,
    ready_at: datetime,
    zones: Iterable[ZoneCandidate],
    *,
    offset: Offset | None = None,
    time_of_day: time | None = None,
) -> Wait:
    """The wait until `base`, moved by `offset` and set to `time_of_day`, by the first known zone.

    An instant that has passed at `ready_at` ends the wait at once. Raises WaitError when the
    calendar ends before the wait.
    """
    chosen = choose_zone(zones)
    try:
        at, base_words, base_clock = _moved(base.at, offset, chosen)
        if time_of_day is not None:
            at = datetime.combine(_wall(at, chosen).date(), time_of_day)
        due_at, where, clock = _instant(at, chosen)
    except (OverflowError, ValueError):
        raise WaitError("the wait would end outside the years 1 to 9999") from None
    parts = [f"waits until {where}, which is {_origin(base, offset)}"]
    if clock is None and base_clock is not None:
        parts.append(f"that date is {base_words}")
    if due_at <= ready_at:
        parts.append("that has passed, so the run goes on at once")
    reason = "; ".join((*parts, *chosen.rejected))
    return Wait(min(due_at, _LAST), reason, clock or base_clock)


def _moved(
    at: datetime, offset: Offset | None, chosen: ChosenZone
) -> tuple[datetime, str, WallClock | None]:
    """The date with its offset, and the rule that gave the instant from which that was counted."""
    if offset is None:
        return at, "", None
    exact = _EXACT.get(offset.unit)
    if exact is None:
        return _moved_wall(at, offset, chosen), "", None
    instant, words, clock = _instant(at, chosen)
    return instant + offset.value * exact, words, clock


def _moved_wall(at: datetime, offset: Offset, chosen: ChosenZone) -> datetime:
    wall = _wall(at, chosen)
    match offset.unit:
        case OffsetUnit.MONTHS:
            return datetime.combine(_months_later(wall.date(), offset.value), wall.time())
        case OffsetUnit.WEEKS:
            return wall + timedelta(weeks=offset.value)
        case _:
            return wall + timedelta(days=offset.value)


def _months_later(day: date, months: int) -> date:
    """The same day of the month, or the month's last when it has no such day."""
    years, month = divmod(day.month - 1 + months, _MONTHS_IN_YEAR)
    year = day.year + years
    if not date.min.year <= year <= date.max.year:
        raise OverflowError
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _wall(at: datetime, chosen: ChosenZone) -> datetime:
    if at.tzinfo is None:
        return at
    return at.astimezone(chosen.zone).replace(tzinfo=None, fold=0)


def _instant(at: datetime, chosen: ChosenZone) -> tuple[datetime, str, WallClock | None]:
    """The instant (UTC), and the rule that gave it: in words, and the clock if one was asked."""
    if at.tzinfo is not None:
        instant = at.astimezone(UTC)
        return instant, f"{instant:%Y-%m-%d %H:%M:%S} UTC", None
    instant, adjustment = first_instant(at, chosen.zone)
    words = ADJUSTMENT_WORDS[adjustment]
    where = f"{at:%Y-%m-%d %H:%M:%S} wall time in {chosen.zone.key} ({chosen.owner}){words}"
    return instant, where, WallClock(chosen, adjustment)


def _origin(base: Moment, offset: Offset | None) -> str:
    return base.source if offset is None else f"{offset} {base.source}"
