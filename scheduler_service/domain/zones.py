"""Wall time and instants: which zone counts, and which instant a wall time there means.

Clock changes make some wall times not exist and others come twice. Treadle takes the first valid
instant in a gap and the first occurrence in an overlap; PEP 495 (`fold`) tells the cases apart.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

_SECOND = timedelta(seconds=1)
_LONGEST_NAME = 64


class Adjustment(Enum):
    """What a clock change did to a wall time."""

    NONE = "none"
    GAP = "gap"
    OVERLAP = "overlap"


ADJUSTMENT_WORDS: Final[Mapping[Adjustment, str]] = MappingProxyType(
    {
        Adjustment.NONE: "",
        Adjustment.GAP: (
            "; a clock change skips that time on that day, so the first moment after it counts"
        ),
        Adjustment.OVERLAP: (
            "; a clock change makes that time come twice on that day, so the first one counts"
        ),
    }
)


class ZoneOwner(StrEnum):
    """Whose zone may count, in words."""

    CONTACT = "the contact's time zone"
    ACCOUNT = "the account's time zone"
    CONFIGURED = "as configured"
    DEFAULT = "the default time zone"


@dataclass(frozen=True, slots=True)
class ZoneCandidate:
    """A zone that may count: whose it is, in words, and the name found there, if any."""

    owner: str
    name: object


@dataclass(frozen=True, slots=True)
class ChosenZone:
    """The zone that counts, whose it is, and why candidates before it do not count."""

    zone: ZoneInfo
    owner: str
    rejected: tuple[str, ...] = ()


@lru_cache(maxsize=1024)
def find_zone(name: str) -> ZoneInfo | None:
    """The IANA zone of that name; None when there is none."""
    if not name or len(name) > _LONGEST_NAME:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        # An unknown key, a key that is no relative path, the name of a folder of zones.
        return None


def choose_zone(candidates: Iterable[ZoneCandidate]) -> ChosenZone:
    """The first candidate with a known zone, else UTC."""
    rejected: list[str] = []
    for candidate in candidates:
        name = candidate.name
        if name is None or name == "":
            continue
        zone = find_zone(name) if isinstance(name, str) else None
        if zone is not None:
            return ChosenZone(zone, candidate.owner, tuple(rejected))
        rejected.append(f"{candidate.owner} {str(name)[:_LONGEST_NAME]!r} is not a known time zone")
    return ChosenZone(ZoneInfo("UTC"), ZoneOwner.DEFAULT, tuple(rejected))


def first_instant(wall: datetime, zone: ZoneInfo) -> tuple[datetime, Adjustment]:
    """The instant (UTC) that the naive `wall` means in `zone`, and what a clock change did to it.

    Raises OverflowError when the instant is beyond the calendar.
    """
    before = _offset(wall, zone, fold=0)
    after = _offset(wall, zone, fold=1)
    if before < after:
        return _end_of_gap(wall, before, after, zone), Adjustment.GAP
    instant = (wall - before).replace(tzinfo=UTC)
    return instant, Adjustment.NONE if before == after else Adjustment.OVERLAP


def _offset(wall: datetime, zone: ZoneInfo, *, fold: int) -> timedelta:
    offset = wall.replace(tzinfo=zone, fold=fold).utcoffset()
    if offset is None:
        raise ValueError(f"{zone.key} gives no offset")
    return offset


def _end_of_gap(wall: datetime, before: timedelta, after: timedelta, zone: ZoneInfo) -> datetime:
    """The instant of the clock change that skips `wall`, found by bisection on whole seconds."""
    low = (wall - after).replace(tzinfo=UTC, microsecond=0)
    high = (wall - before).replace(tzinfo=UTC, microsecond=0) + _SECOND
    while high - low > _SECOND:
        middle = low + (high - low) // (2 * _SECOND) * _SECOND
        if middle.astimezone(zone).replace(tzinfo=None) >= wall:
            high = middle
        else:
            low = middle
    return high
