"""What keeps a message or call from reaching somebody now: quiet hours where they may be.

The configured hours and those that the law sets hold together: the stricter counts.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from common.contact_fields import timezone_problem
from executor_service import phones
from executor_service.domain import quiet_hours
from executor_service.domain.outcome import (
    Deferred,
    ErrorClass,
    Failed,
    Hold,
    HoldCause,
    ZoneSource,
)
from executor_service.domain.quiet_hour_ceilings import Ceiling, ceilings_of
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
    ceilings = ceilings_of(phones.region_of(number), number, _state(step))
    zones, source = _zones(step, number)
    allowed = quiet_hours.next_allowed([window, *ceilings], zones, now)
    if allowed == now:
        return None
    names = ", ".join(zone.key for zone in zones[:3]) + (", ..." if len(zones) > 3 else "")
    if allowed is None:
        return Failed(
            ErrorClass.INVALID_CONFIG,
            f"quiet hours {start}-{end} leave no time that is allowed in all of the contact's "
            f"possible time zones ({names}); set the contact's time zone",
        )
    if any(quiet_hours.is_quiet(window, zone, now) for zone in zones):
        hours = f"{start}-{end}"
        words = f"quiet hours {hours}"
    else:
        words = hours = _law(ceilings, zones, now)
    keys = tuple(zone.key for zone in zones)
    rule = Hold(HoldCause.QUIET_HOURS, zones=keys, zone_source=source, hours=hours)
    return Deferred(allowed, f"{words} ({names})", rule)


def _law(ceilings: Sequence[Ceiling], zones: Sequence[ZoneInfo], now: datetime) -> str:
    """The rules of law that forbid `now`."""
    words = [
        ceiling.words(local.date())
        for ceiling in ceilings
        for local in (now.astimezone(zone) for zone in zones)
        if ceiling.forbids(local)
    ]
    return "; ".join(dict.fromkeys(words))


def _state(step: Step[Any]) -> str:
    """The state that the contact is known to live in: their custom field `state`, if any."""
    contact = step.context.get("contact")
    fields = cast("Mapping[str, object]", contact).get("custom_fields") if contact else None
    state = cast("Mapping[str, object]", fields).get("state") if fields else None
    return state if isinstance(state, str) else ""


def _zones(step: Step[Any], number: str) -> tuple[Sequence[ZoneInfo], ZoneSource]:
    """The contact's zone, else every zone its number may be in, else the account's, else UTC."""
    candidates = (
        (ZoneSource.CONTACT, (step.context_text("contact", "timezone"),)),
        (ZoneSource.PHONE_NUMBER, phones.candidate_zones(number)),
        (ZoneSource.ACCOUNT, (step.context_text("account", "timezone"),)),
    )
    for source, names in candidates:
        zones = [zone for name in names if (zone := _zone(name)) is not None]
        if zones:
            return zones, source
    return (ZoneInfo("UTC"),), ZoneSource.DEFAULT


def _zone(name: str) -> ZoneInfo | None:
    return None if timezone_problem(name) else ZoneInfo(name)
