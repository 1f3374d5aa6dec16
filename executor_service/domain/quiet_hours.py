"""Quiet hours: when a text message may go out (TCPA; SPEC-WFL-003 R2.2).

A window is a pair of wall times in the contact's zone: its start is quiet, its end is not any more,
and it may wrap midnight. A window whose ends are equal is empty. Everything is decided on instants
(aware UTC), so days on which the clock jumps need no special rule in the callers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

# Every combination of zones and window repeats weekly but for clock changes.
_HORIZON = timedelta(days=8)


@dataclass(frozen=True, slots=True)
class Window:
    """Wall times: `start` inclusive, `end` exclusive."""

    start: time
    end: time

    def covers(self, wall: time) -> bool:
        """Whether a wall time is quiet."""
        if self.start <= self.end:
            return self.start <= wall < self.end
        return wall >= self.start or wall < self.end


def parse_time_of_day(text: str) -> time:
    """`HH:MM` as a wall time. Raises ValueError for anything else."""
    hours, colon, minutes = text.partition(":")
    digits = hours + minutes
    if not (colon and len(hours) == len(minutes) == 2 and digits.isascii() and digits.isdigit()):
        raise ValueError(f"not a time of day: {text!r}")
    return time(int(hours), int(minutes))


def is_quiet(window: Window, zone: ZoneInfo, instant: datetime) -> bool:
    """Whether `instant` lies in the window on the zone's clock."""
    return window.covers(instant.astimezone(zone).time())


def next_allowed(window: Window, zones: Sequence[ZoneInfo], now: datetime) -> datetime | None:
    """The first instant, `now` or later, that is quiet in none of the zones.

    `now` itself when sending is allowed at once; None when the zones leave no such instant.
    """
    instant = now
    while instant - now <= _HORIZON:
        for zone in zones:
            if is_quiet(window, zone, instant):
                instant = _end_of_quiet(window, zone, instant)
                break
        else:
            return instant
    return None


def _end_of_quiet(window: Window, zone: ZoneInfo, instant: datetime) -> datetime:
    """The first instant after a quiet `instant` at which the zone's clock is out of the window."""
    while is_quiet(window, zone, instant):
        end = min(at for at in _readings(window.end, zone, instant) if at > instant)
        if instant.astimezone(zone).utcoffset() != end.astimezone(zone).utcoffset():
            # The clock is set before the window's end, perhaps over it or back out of the window.
            jump = _jump_between(instant, end, zone)
            if not is_quiet(window, zone, jump):
                return jump
        instant = end
    return instant


def _readings(wall: time, zone: ZoneInfo, instant: datetime) -> Iterator[datetime]:
    """The instants of a wall time on this day and the next two, both when the clock is set back."""
    today = instant.astimezone(zone).date()
    for days in range(3):
        local = datetime.combine(today + timedelta(days=days), wall, tzinfo=zone)
        yield local.astimezone(UTC)
        yield local.replace(fold=1).astimezone(UTC)


def _jump_between(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """The instant, to the second, at which the zone's offset changes between two instants."""
    before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if middle <= low:
            break
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high
