"""Plans `wait_for_event`: its timeout, for the event itself is the engine's business."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from scheduler_service.domain import wait_for_event
from scheduler_service.domain.wait import Wait, WaitError
from scheduler_service.domain.wait_for_event import DEFAULT_TIMEOUT, TimeoutUnit
from scheduler_service.use_cases.wait_facts import WaitFacts
from treadle.catalog.v1.wait_for_event_pb2 import TimeoutUnit as WireUnit
from treadle.workflow.v1.action_pb2 import ActionConfig

_UNITS: Final[Mapping[int, TimeoutUnit]] = MappingProxyType(
    {
        number: TimeoutUnit(name.removeprefix("TIMEOUT_UNIT_").lower())
        for name, number in WireUnit.items()
        if number != WireUnit.TIMEOUT_UNIT_UNSPECIFIED
    }
)


def plan(config: ActionConfig, facts: WaitFacts) -> Wait:
    """Until when the step waits; raises WaitError when it cannot wait as configured."""
    chosen = config.wait_for_event
    duration, unit = DEFAULT_TIMEOUT
    if chosen.HasField("timeout_duration"):
        duration = chosen.timeout_duration
        unit = _UNITS.get(chosen.timeout_unit)
        if unit is None:
            raise WaitError("timeout_unit is missing")
    return wait_for_event.plan(chosen.event_type, duration, unit, facts.ready_at)
