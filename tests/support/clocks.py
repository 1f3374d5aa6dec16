"""Every clock change of the next years, in every zone, found by watching the zones' clocks."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

ZONES = sorted(available_timezones())
SECOND = timedelta(seconds=1)
_FIRST, _LAST = datetime(2025, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


def local(instant: datetime, zone: ZoneInfo) -> datetime:
    """What the zone's clock shows, naive."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


@cache
def changes(zone: ZoneInfo) -> Sequence[datetime]:
    """The instants (UTC) from 2025 to 2030 at which the zone's offset changes."""
    return tuple(_changes(zone))


def _changes(zone: ZoneInfo) -> Iterator[datetime]:
    day, offset = _FIRST, _FIRST.astimezone(zone).utcoffset()
    while day < _LAST:
        following = (day + _DAY).astimezone(zone).utcoffset()
        if following != offset:
            low, high = day, day + _DAY
            while high - low > SECOND:
                middle = low + (high - low) // (2 * SECOND) * SECOND
                if middle.astimezone(zone).utcoffset() == offset:
                    low = middle
                else:
                    high = middle
            yield high
        day, offset = day + _DAY, following


def walls_around(change: datetime, zone: ZoneInfo) -> tuple[Sequence[datetime], Sequence[datetime]]:
    """Wall times at a change: those that it skips or doubles, and those right beside them."""
    before, after = local(change - SECOND, zone) + SECOND, local(change, zone)
    low, high = min(before, after), max(before, after)
    inside = (low, low + (high - low) / 2, high - timedelta(microseconds=1))
    return inside, (low - SECOND, high, high + SECOND)
