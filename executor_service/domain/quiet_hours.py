"""Quiet hours: when a text message may go out (TCPA; SPEC-WFL-003 R2.2).

A window is a pair of wall times in the contact's zone: its start is quiet, its end is not any more,
and it may wrap midnight. A window whose ends are equal is empty. It is one rule among others, such
as the law's (`quiet_hour_ceilings`): what any of them forbids is quiet. Everything is decided on
instants (aware UTC), so days on which the clock jumps need no special rule in the callers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from typing import Protocol
from zoneinfo import ZoneInfo

# Every combination of zones and rules repeats weekly but for clock changes and holidays.
_HORIZON = timedelta(days=10)
# The longest quiet there is has two holidays around a Sunday.
_DAYS_AHEAD = 6


class Rule(Protocol):
    """What is quiet, by the wall clock of a zone."""

    def forbids(self, local: datetime) -> bool:
        """Whether it is quiet when the clock shows `local`."""
        ...

    def openings(self, day: date) -> Sequence[time]:
        """The wall times of a day at which quiet may end."""
        ...


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

    def forbids(self, local: datetime) -> bool:
        """See Rule."""
        return self.covers(local.time())

    def openings(self, day: date) -> Sequence[time]:
        """See Rule."""
        del day
        return (self.end,)


def parse_time_of_day(text: str) -> time:
    """`HH:MM` as a wall time. Raises ValueError for anything else."""
    hours, colon, minutes = text.partition(":")
    digits = hours + minutes
    if not (colon and len(hours) == len(minutes) == 2 and digits.isascii() and digits.isdigit()):
        raise ValueError(f"not a time of day: {text!r}")
    return time(int(hours), int(minutes))


def is_quiet(rule: Rule, zone: ZoneInfo, instant: datetime) -> bool:
    """Whether the rule forbids `instant` by the zone's clock."""
    return rule.forbids(instant.astimezone(zone))


def next_allowed(
    rules: Sequence[Rule], zones: Sequence[ZoneInfo], now: datetime
) -> datetime | None:
    """The first instant, `now` or later, that no rule forbids in any of the zones.

    `now` itself when sending is allowed at once; None when the zones leave no such instant.
    """
    instant = now
    while instant - now <= _HORIZON:
        for rule, zone in product(rules, zones):
            if is_quiet(rule, zone, instant):
                instant = _end_of_quiet(rule, zone, instant)
                break
        else:
            return instant
    return None


def _end_of_quiet(rule: Rule, zone: ZoneInfo, instant: datetime) -> datetime:
    """The first instant after a quiet `instant` that the rule allows by the zone's clock."""
    while is_quiet(rule, zone, instant):
        end = min(at for at in _readings(rule, zone, instant) if at > instant)
        if instant.astimezone(zone).utcoffset() != end.astimezone(zone).utcoffset():
            # The clock is set before the window's end, perhaps over it or back out of the window.
            jump = _jump_between(instant, end, zone)
            if not is_quiet(rule, zone, jump):
                return jump
        instant = end
    return instant


def _readings(rule: Rule, zone: ZoneInfo, instant: datetime) -> Iterator[datetime]:
    """The instants of the openings of the next days, both when the clock is set back."""
    today = instant.astimezone(zone).date()
    for day in (today + timedelta(days=days) for days in range(_DAYS_AHEAD)):
        for wall in rule.openings(day):
            local = datetime.combine(day, wall, tzinfo=zone)
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
