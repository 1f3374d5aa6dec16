"""What events mean to steps that wait: which end a `wait_for_event`, and how its run goes on then
(SPEC-WFL-003 R4.3), and which move the instants of others.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from action_service.domain.contact_events import CONTACT_UPDATED
from action_service.domain.messages import AUTOMATIC_TYPES
from action_service.domain.plan import Json, PlanStep

WAIT_FOR_EVENT: Final = "wait_for_event"
WAIT_UNTIL_DATE: Final = "wait_until_date"
WAIT_TIME: Final = "wait_time"
# The steps whose instant may depend on the contact.
DATED: Final = (WAIT_UNTIL_DATE, WAIT_TIME)
_TIMEZONE: Final = "timezone"

# The specification's names of events, where they are published under others.
ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {"email_open": "email_opened", "email_click": "email_clicked"}
)


def published_as(event_type: str) -> str:
    """The name under which events of the type are published."""
    return ALIASES.get(event_type, event_type)


@dataclass(frozen=True, slots=True)
class Arrival:
    """The event that ends a wait."""

    event_id: str
    event_type: str
    occurred_at: datetime
    data: Mapping[str, Json]


def output_of(step: PlanStep, arrival: Arrival | None) -> dict[str, Json]:
    """The step's output; without an arrival the time was up."""
    if arrival is None:
        return {"ended_by": "timeout", "event_type": _text(step, "event_type")}
    return {
        "ended_by": "event",
        "event_type": _text(step, "event_type"),
        "event_id": arrival.event_id,
        "occurred_at": arrival.occurred_at.isoformat(),
        "data": dict(arrival.data),
    }


def awaited_type(step: PlanStep) -> str:
    """The type of events that the step waits for, as they are published."""
    return published_as(_text(step, "event_type"))


def related_action(step: PlanStep) -> str | None:
    """The action whose message alone counts."""
    return _text(step, "related_action_id").lower() or None


def ignores_automatic(step: PlanStep) -> bool:
    """Whether opens and clicks that programs make do not end the wait; they do not unless told."""
    return (
        awaited_type(step) in AUTOMATIC_TYPES and step.config.get("ignore_automatic") is not False
    )


def ends_run(step: PlanStep) -> bool:
    """Whether the run is over when the time is up."""
    return _text(step, "timeout_action") == "end"


def timeout_branch(step: PlanStep) -> str | None:
    """The branch to go on with when the time is up."""
    if _text(step, "timeout_action") != "branch":
        return None
    return _text(step, "timeout_branch_id").lower() or None


def heard_types(steps: Iterable[PlanStep]) -> tuple[str, ...]:
    """The types of events that runs of these steps may wait for, or that move their dates."""
    types = {awaited_type(step) for step in steps if step.action_type == WAIT_FOR_EVENT}
    if any(depends_on_contact(step) for step in steps):
        types.add(CONTACT_UPDATED)
    return tuple(sorted(types))


def moves_instant(step: PlanStep, changed: Iterable[str]) -> bool:
    """Whether a change of these fields of the contact can move the instant that ends the step."""
    return not _watched_fields(step).isdisjoint(changed)


def depends_on_contact(step: PlanStep) -> bool:
    """Whether the contact's fields decide when the step's wait ends."""
    return bool(_watched_fields(step))


def _watched_fields(step: PlanStep) -> frozenset[str]:
    """The contact's fields that the instant is worked out from."""
    if step.action_type == WAIT_TIME:
        by_wall_time = _text(step, "unit") == "calendar_days"
        return frozenset({_TIMEZONE} if by_wall_time else ())
    if step.action_type != WAIT_UNTIL_DATE:
        return frozenset()
    watched = {_text(step, "field_name")} - {""}
    if _text(step, "timezone_mode") not in {"account", "utc"}:
        watched.add(_TIMEZONE)
    return frozenset(watched)


def _text(step: PlanStep, name: str) -> str:
    value = step.config.get(name)
    return value if isinstance(value, str) else ""
