"""What keeps a message or call from reaching somebody now: quiet hours where they may be."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from common.contact_fields import timezone_problem
from executor_service import phones
from executor_service.domain import quiet_hours
from executor_service.domain.outcome import Deferred, ErrorClass, Failed
from executor_service.handlers.base import Step


def hold(
    step: Step[Any], number: str, now: datetime, *, start: str, end: str
) -> Deferred | Failed | None:
    """What keeps `number` (E.164) from being reached at `now`; None when nothing does.

    `start` and `end` are the configured quiet hours, as `HH:MM`.
    """
    window = quiet_hours.Window(
        quiet_hours.parse_time_of_day(start), quiet_hours.parse_time_of_day(end)
    )
    zones = _zones(step, number)
    allowed = quiet_hours.next_allowed(window, zones, now)
    if allowed == now:
        return None
    hours = f"{start}-{end}"
    names = ", ".join(zone.key for zone in zones[:3]) + (", ..." if len(zones) > 3 else "")
    if allowed is None:
        return Failed(
            ErrorClass.INVALID_CONFIG,
            f"quiet hours {hours} leave no time that is allowed in all of the contact's possible "
            f"time zones ({names}); set the contact's time zone",
        )
    return Deferred(allowed, f"quiet hours {hours} ({names})")


def _zones(step: Step[Any], number: str) -> Sequence[ZoneInfo]:
    """The contact's zone, else every zone its number may be in, else the account's, else UTC."""
    candidates = (
        (step.context_text("contact", "timezone"),),
        phones.candidate_zones(number),
        (step.context_text("account", "timezone"),),
    )
    for names in candidates:
        zones = [zone for name in names if (zone := _zone(name)) is not None]
        if zones:
            return zones
    return (ZoneInfo("UTC"),)


def _zone(name: str) -> ZoneInfo | None:
    return None if timezone_problem(name) else ZoneInfo(name)
