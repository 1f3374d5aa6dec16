"""Plans `wait_until_date`: reads its configuration and the contact's field for the domain."""

from collections.abc import Mapping
from datetime import time
from types import MappingProxyType
from typing import Final

from scheduler_service.domain import wait_until_date
from scheduler_service.domain.wait import Wait, WaitError
from scheduler_service.domain.wait_until_date import Moment, Offset, OffsetUnit, parse_moment
from scheduler_service.domain.zones import ZoneCandidate, ZoneOwner
from scheduler_service.use_cases.wait_facts import WaitFacts
from treadle.catalog.v1.wait_until_date_pb2 import (
    DateOffsetUnit,
    DateType,
    TimezoneMode,
    WaitUntilDateConfig,
)
from treadle.workflow.v1.action_pb2 import ActionConfig

_UNITS: Final[Mapping[int, OffsetUnit]] = MappingProxyType(
    {
        number: OffsetUnit(name.removeprefix("DATE_OFFSET_UNIT_").lower())
        for name, number in DateOffsetUnit.items()
        if number != DateOffsetUnit.DATE_OFFSET_UNIT_UNSPECIFIED
    }
)


def plan(config: ActionConfig, facts: WaitFacts) -> Wait:
    """When the step goes on; raises WaitError when it cannot wait as configured."""
    chosen = config.wait_until_date
    return wait_until_date.plan(
        _base(chosen, facts),
        facts.ready_at,
        _zones(chosen.timezone_mode, facts),
        offset=_offset(chosen),
        time_of_day=_time_of_day(chosen.time_of_day),
    )


def _base(chosen: WaitUntilDateConfig, facts: WaitFacts) -> Moment:
    match chosen.date_type:
        case DateType.DATE_TYPE_SPECIFIC:
            return parse_moment(chosen.date_value, "date_value")
        case DateType.DATE_TYPE_CONTACT_FIELD:
            return _of_field(chosen.field_name, facts)
        case DateType.DATE_TYPE_CALCULATED if chosen.field_name:
            return _of_field(chosen.field_name, facts)
        case DateType.DATE_TYPE_CALCULATED:
            return Moment(facts.ready_at, "the moment at which the step was reached")
        case _:
            raise WaitError("date_type is missing")


def _of_field(name: str, facts: WaitFacts) -> Moment:
    return parse_moment(facts.contact_field(name), f"the contact's {name}")


def _offset(chosen: WaitUntilDateConfig) -> Offset | None:
    if not chosen.HasField("offset_value"):
        return None
    unit = _UNITS.get(chosen.offset_unit)
    if unit is None:
        raise WaitError("offset_unit is missing")
    return Offset(chosen.offset_value, unit)


def _time_of_day(text: str) -> time | None:
    if not text:
        return None
    try:
        return time.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        raise WaitError(f"time_of_day is {text[:20]!r}, which is no time such as 09:30") from None


def _zones(mode: TimezoneMode, facts: WaitFacts) -> tuple[ZoneCandidate, ...]:
    contact, account = facts.zones()
    match mode:
        case TimezoneMode.TIMEZONE_MODE_UTC:
            return (ZoneCandidate(ZoneOwner.CONFIGURED, "UTC"),)
        case TimezoneMode.TIMEZONE_MODE_ACCOUNT:
            return (account,)
        case _:
            return (contact, account)
