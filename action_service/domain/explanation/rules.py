"""The rule that gave an instant: `09:00 on … in America/New_York, from the contact's zone`."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from action_service.domain.event_waits import WAIT_FOR_EVENT, WAIT_UNTIL_DATE
from action_service.domain.holds import ClockChange, Hold, HoldCause, ZoneSource
from action_service.domain.peers import label_of
from action_service.domain.plan import Json, PlanStep

REACHED: Final = "the moment the step was reached"
_SHOWN_ZONES: Final = 3

_SOURCES: Final[Mapping[ZoneSource, str]] = MappingProxyType(
    {
        ZoneSource.CONTACT: "from the contact's zone",
        ZoneSource.ACCOUNT: "from the account's zone",
        ZoneSource.CONFIGURED: "as the step is configured",
        ZoneSource.PHONE_NUMBER: "from what the contact's phone number allows",
        ZoneSource.DEFAULT: "as neither contact nor account has a zone",
    }
)
_CHANGES: Final[Mapping[ClockChange, str]] = MappingProxyType(
    {
        ClockChange.GAP: (
            "; a clock change skips the configured time on that day, so the first moment after it"
            " counts"
        ),
        ClockChange.OVERLAP: (
            "; a clock change makes that time come twice on that day, so the first one counts"
        ),
    }
)


def rule_of(at: datetime, hold: Hold | None, step: PlanStep | None) -> str:
    """Why the instant is this one; empty when nobody has said it."""
    if hold is None:
        return ""
    what = _wait(step) if hold.cause is HoldCause.CLOCK else _held(hold)
    where = _where(at, hold)
    if not where:
        return what
    return f"{where}: {what}" if what else where


def _where(at: datetime, hold: Hold) -> str:
    """The instant by the clocks that were asked."""
    if not hold.zones:
        return ""
    names = ", ".join(hold.zones[:_SHOWN_ZONES])
    if len(hold.zones) > _SHOWN_ZONES:
        names += f" and {len(hold.zones) - _SHOWN_ZONES} more zones"
    source = "" if hold.zone_source is None else f", {_SOURCES[hold.zone_source]}"
    change = "" if hold.clock_change is None else _CHANGES[hold.clock_change]
    wall = _wall(at, hold.zones[0]) if len(hold.zones) == 1 else ""
    return f"{wall}in {names}{source}{change}"


def _wall(at: datetime, zone: str) -> str:
    try:
        local = at.astimezone(ZoneInfo(zone))
    except (KeyError, ValueError, OSError):
        # The scheduler's table of zones may be newer than ours.
        return ""
    seconds = f":{local:%S}" if local.second else ""
    return f"{local:%H:%M}{seconds} on {local:%Y-%m-%d} "


def _wait(step: PlanStep | None) -> str:
    if step is None:
        return ""
    match step.action_type:
        case "wait_time":
            return (
                f"{_amount(step.config.get('duration'), step.config.get('unit'))} after {REACHED}"
            )
        case str(kind) if kind == WAIT_UNTIL_DATE:
            return _date(step.config)
        case str(kind) if kind == WAIT_FOR_EVENT:
            return f"the timeout of {timeout_words(step.config)} after {REACHED}"
        case _:
            return ""


def timeout_words(config: Mapping[str, Json]) -> str:
    """How long a wait for an event lasts at most."""
    if config.get("timeout_duration") is None:
        return "30 days"
    return _amount(config.get("timeout_duration"), config.get("timeout_unit") or "hours")


def _date(config: Mapping[str, Json]) -> str:
    field, given = config.get("field_name"), config.get("date_value")
    if field:
        base = f"the contact's {field}"
    elif given:
        base = f"the configured date {given}"
    else:
        base = REACHED
    offset = config.get("offset_value")
    if isinstance(offset, int):
        amount = _amount(abs(offset), config.get("offset_unit") or "days")
        base = f"{amount} {'before' if offset < 0 else 'after'} {base}"
    time_of_day = config.get("time_of_day")
    return f"{base}, at {time_of_day}" if time_of_day else base


def _held(hold: Hold) -> str:
    peer = label_of(hold.peer) if hold.peer else "the provider"
    match hold.cause:
        case HoldCause.QUIET_HOURS:
            return f"the end of the quiet hours ({hold.hours})"
        case HoldCause.RATE_LIMIT:
            limit = f" of {hold.per_second} calls a second" if hold.per_second else ""
            return f"when the limit{limit} to {peer} has room for it"
        case HoldCause.CIRCUIT_OPEN:
            return f"when calls to {peer} are tried again"
        case HoldCause.PROVIDER_PAUSE:
            return f"the end of the pause that {peer} has asked for"
        case HoldCause.PROVIDER_SLOW:
            return f"when it is its turn among the calls to {peer}"
        case HoldCause.OPERATOR:
            return "the instant that an operator has set"
        case HoldCause.SERVICE_AWAY | HoldCause.CLOCK:
            return "a few seconds after the last try"


def _amount(number: Json, unit: Json) -> str:
    words = str(unit).replace("_", " ")
    return f"{number} {words[:-1] if number == 1 else words}"
