"""What a `wait_for_event` step waits for, and how its run goes on (SPEC-WFL-003 R4.3)."""

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
    if any(depends_on_contact(step) for step in steps if step.action_type == WAIT_UNTIL_DATE):
        types.add(CONTACT_UPDATED)
    return tuple(sorted(types))


def depends_on_contact(step: PlanStep) -> bool:
    """Whether a change of the contact can move the date that the step waits for."""
    zone_counts = _text(step, "timezone_mode") not in {"account", "utc"}
    return zone_counts or bool(_text(step, "field_name"))


def moves_date(step: PlanStep, changed: Iterable[str]) -> bool:
    """Whether a change of these fields of the contact can move the step's date."""
    watched = {_text(step, "field_name")} if _text(step, "field_name") else set[str]()
    if _text(step, "timezone_mode") not in {"account", "utc"}:
        watched.add("timezone")
    return not watched.isdisjoint(changed)


def _text(step: PlanStep, name: str) -> str:
    value = step.config.get(name)
    return value if isinstance(value, str) else ""
