"""Plans `wait_time`: reads its configuration for the arithmetic in the domain."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from scheduler_service.domain import wait_time
from scheduler_service.domain.wait import Wait, WaitError
from scheduler_service.domain.wait_time import Unit
from scheduler_service.use_cases.wait_facts import WaitFacts
from treadle.catalog.v1.wait_time_pb2 import WaitUnit
from treadle.workflow.v1.action_pb2 import ActionConfig

_UNITS: Final[Mapping[int, Unit]] = MappingProxyType(
    {
        number: Unit(name.removeprefix("WAIT_UNIT_").lower())
        for name, number in WaitUnit.items()
        if number != WaitUnit.WAIT_UNIT_UNSPECIFIED
    }
)


def plan(config: ActionConfig, facts: WaitFacts) -> Wait:
    """When the step goes on; raises WaitError when it cannot wait as configured."""
    chosen = config.wait_time
    unit = _UNITS.get(chosen.unit)
    if unit is None:
        raise WaitError("unit is missing")
    zones = facts.zones() if unit is Unit.CALENDAR_DAYS else ()
    return wait_time.plan(chosen.duration, unit, facts.ready_at, zones)
