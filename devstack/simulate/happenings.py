"""What happens around a run at its own times: events of the contact, and changes of the contact."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from action_service.domain.event_types import EVENT_TYPES
from action_service.domain.event_waits import ALIASES, published_as
from action_service.domain.messages import CHANNEL_OF, EVENT_OF, VOICEMAIL_LEFT
from action_service.domain.plan import Json, Plan, PlanStep
from action_service.use_cases.events import unknown_type
from devstack.loading import FileError
from devstack.simulate.desk import check_failure
from devstack.simulate.draft import Draft
from devstack.simulate.executor import calls_providers
from devstack.simulate.scenario import Scenario, When, instant, read_when
from devstack.simulate.timeline import step_name

# The channel of the messages that events of a type are about.
_ABOUT: Final[Mapping[str, str]] = {
    **{event_type: channel.value for (channel, _), event_type in EVENT_OF.items()},
    VOICEMAIL_LEFT: "call",
}


@dataclass(frozen=True, slots=True)
class EventHappens:
    """An event; `of` is the step whose message it is about, if one was named."""

    when: When
    type: str
    of: str | None
    data: Mapping[str, Json]

    @property
    def words(self) -> str:
        """For people."""
        return f"{self.when.place}: {self.type}"


@dataclass(frozen=True, slots=True)
class ChangeHappens:
    """New values of the contact's fields."""

    when: When
    values: Mapping[str, Json]

    @property
    def words(self) -> str:
        """For people."""
        return f"{self.when.place}: {', '.join(self.values)}"


Happening: TypeAlias = EventHappens | ChangeHappens


class Happenings:
    """Those of a scenario, until their time has come."""

    def __init__(self, scenario: Scenario, draft: Draft) -> None:
        """Raises FileError for what can never happen in a run of this plan."""
        self._plan = draft.plan
        names = {step.name for step in draft.plan.steps if step.name}
        types = [*ALIASES, *EVENT_TYPES, *scenario.event_types]
        left: list[Happening] = []
        for index, event in enumerate(scenario.events):
            place = f"events.{index}"
            if event.type not in types:
                raise FileError(f"{place}.type: {unknown_type(event.type, types)}")
            when = _when(event.when, f"{place}.when", names)
            of = event.of or (when.step if published_as(event.type) in _ABOUT else None)
            _check_step(of, f"{place}.of", names)
            left.append(EventHappens(when, published_as(event.type), of, event.data))
        for index, change in enumerate(scenario.changes):
            place = f"changes.{index}"
            left.append(ChangeHappens(_when(change.when, f"{place}.when", names), change.set))
        self.left = left
        _check_failures(scenario, draft.plan)
        for name in (*scenario.answers, *scenario.outputs):
            _check_step(name, "answers" if name in scenario.answers else "outputs", names)

    def next(
        self, start: datetime, marks: Mapping[str, datetime]
    ) -> tuple[datetime, Happening] | None:
        """What happens next, and when; None while nothing has a time."""
        timed = [
            (at, index)
            for index, each in enumerate(self.left)
            if (at := each.when.after(start, marks)) is not None
        ]
        if not timed:
            return None
        at, index = min(timed)
        return at, self.left[index]

    def over(self, happening: Happening) -> None:
        """It has happened."""
        self.left.remove(happening)


def about(event: EventHappens, plan: Plan, done: Sequence[tuple[str, PlanStep]]) -> dict[str, Json]:
    """The ids by which an event of a message names its step; `done` are the steps so far.

    Without a step that was named it is about the message that was sent last. Empty when there is
    none, as of a message that somebody else has sent.
    """
    channel = _ABOUT.get(event.type)
    if channel is None:
        return {}
    for row_id, step in reversed(done):
        sent = CHANNEL_OF.get(step.action_type)
        if sent is not None and sent.value == channel and event.of in (None, step.name):
            return {
                "action_execution_id": row_id,
                "action_id": step.id,
                "workflow_id": plan.workflow_id,
            }
    return {}


def _when(text: str, place: str, names: set[str]) -> When:
    found = read_when(text, place)
    _check_step(found.step, place, names)
    return found


def _check_step(name: str | None, place: str, names: set[str]) -> None:
    if name is not None and name not in names:
        known = ", ".join(sorted(names)) or "none with a name"
        raise FileError(f"{place}: the workflow has no step {name!r}, but {known}")


def _check_failures(scenario: Scenario, plan: Plan) -> None:
    known = sorted({*(step_name(step) for step in plan.steps), *_types(plan)})
    for index, failure in enumerate(scenario.failures):
        place = f"failures.{index}"
        meant = [s for s in plan.steps if failure.step in (s.name, s.action_type)]
        if not meant:
            raise FileError(
                f"{place}.step: the workflow has no step or type {failure.step!r}, but"
                f" {', '.join(known)}"
            )
        for step in meant:
            if not calls_providers(step.action_type):
                raise FileError(
                    f"{place}.step: {step_name(step)} calls no provider that could fail; choose a"
                    " step that sends, calls or charges"
                )
            if failure.error == "line_busy" and step.action_type != "send_voicemail":
                raise FileError(f"{place}.error: line_busy is for send_voicemail only")
        check_failure(failure, place)


def _types(plan: Plan) -> Iterator[str]:
    return (step.action_type for step in plan.steps)


def start_of(text: str | None, now: datetime) -> datetime:
    """When the run begins. Raises FileError."""
    return now.replace(microsecond=0) if text is None else instant(text, "start")


def until_of(text: str | None, start: datetime) -> datetime | None:
    """When the walk ends at the latest; a duration counts from the start. Raises FileError."""
    if text is None:
        return None
    found = read_when(text, "until")
    if found.step is not None:
        raise FileError("until: give a duration such as 90d, or an instant")
    until = found.after(start, {})
    if until is None or until <= start:
        raise FileError("until: must be after the start")
    return until
