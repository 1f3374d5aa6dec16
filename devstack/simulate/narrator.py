"""Tells what the engine writes about a run: each change of a row as an entry of the timeline."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import orjson

from action_service.domain.event_waits import WAIT_FOR_EVENT
from action_service.domain.plan import Json, OnError, Plan, PlanStep
from action_service.domain.states import ExecutionState
from action_service.engine.model import ActionWrite
from common.catalogue import catalogue
from common.clock import Clock
from devstack.simulate.contact import SimulatedContact
from devstack.simulate.timeline import Doing, Entry, Kind, Timeline, step_name

_ENDED: Final[Mapping[ExecutionState, str]] = {
    ExecutionState.COMPLETED: "the run has completed",
    ExecutionState.FAILED: "the run has failed",
    ExecutionState.CANCELLED: "the run was cancelled",
}


class Narrator:
    """Adds entries, dated by the clock and the contact's zone."""

    def __init__(
        self,
        timeline: Timeline,
        plan: Plan,
        branches: Mapping[str, str],
        contact: SimulatedContact,
        clock: Clock,
    ) -> None:
        """`branches` are the names of the workflow's branches by id."""
        self.timeline = timeline
        self._plan = plan
        self._branches = branches
        self._contact = contact
        self._clock = clock
        # Instants by which scenarios name things: when waits began, and when others were done.
        self.marks: dict[str, datetime] = {}

    def started(self, says: str) -> None:
        """The run begins."""
        self._tell(Kind.STARTED, says=(says,))

    def completed(
        self,
        row_id: str,
        step: PlanStep,
        output: Mapping[str, Json],
        following: PlanStep | None,
    ) -> None:
        """A step is done; `following` is None at the end, or when steps are passed over first."""
        says = [*self._ending(step, output)]
        if following is not None:
            says += self._way(step, following)
        if catalogue().get(step.action_type).category != "timing":
            self._mark(step)
        doings = self.timeline.done(row_id)
        self._tell(Kind.COMPLETED, step, tuple(says), doings, details={"output": dict(output)})

    def waiting(self, row_id: str, step: PlanStep, change: ActionWrite, *, again: bool) -> None:
        """A step waits, or its wait was worked out anew."""
        if not again:
            self._mark(step)
        kind = Kind.REARMED if again else Kind.WAITING
        self._tell(
            kind,
            step,
            (change.reason or "",),
            self.timeline.done(row_id),
            until=change.scheduled_at,
            details=_hold(change),
        )

    def postponed(self, row_id: str, step: PlanStep, change: ActionWrite) -> None:
        """A step is tried again later: after a failure, or without having been tried."""
        self.timeline.done(row_id)
        details: dict[str, Json] = {"attempt": change.attempt_number, **_hold(change)}
        if change.error_class is None:
            kind, says = Kind.HELD_BACK, (change.reason or "",)
        else:
            kind = Kind.RETRY
            says = (
                f"{change.error_class}: {change.error_message}",
                f"retry {change.retry_count} is attempt {change.attempt_number}",
            )
            details |= {"error": change.error_class, "message": change.error_message}
            details["retry"] = change.retry_count
        self._tell(kind, step, says, until=change.scheduled_at, details=details)

    def unknown(self, row_id: str, step: PlanStep, change: ActionWrite) -> None:
        """Nobody knows whether a message was sent."""
        self._tell(
            Kind.UNKNOWN,
            step,
            (
                change.error_message or "",
                "the provider is asked for it, and people may resolve it; nothing of that is"
                " simulated, so the run stays here",
            ),
            self.timeline.done(row_id),
        )

    def failed(self, row_id: str, step: PlanStep, change: ActionWrite) -> None:
        """A step has failed for good."""
        self.timeline.done(row_id)
        says = [f"{change.error_class}: {change.error_message}"]
        if change.retry_count:
            says.append(f"after {change.attempt_number} attempts")
        if step.on_error is not OnError.STOP:
            says.append(f"on_error is {step.on_error.value}")
        self._mark(step)
        details: dict[str, Json] = {"error": change.error_class, "message": change.error_message}
        self._tell(Kind.FAILED, step, tuple(says), details=details)

    def skipped(self, row_id: str, step: PlanStep, reason: str) -> None:
        """A step is passed over."""
        self.timeline.done(row_id)
        self._mark(step)
        self._tell(Kind.SKIPPED, step, (reason,))

    def goes_on(self, before: PlanStep, following: PlanStep) -> None:
        """Where a run goes on that was not simply done with a step."""
        if says := self._way(before, following):
            self._tell(Kind.NOTE, before, tuple(says))

    def ended(self, state: ExecutionState, reason: str | None) -> None:
        """The run is over."""
        says = (_ENDED.get(state, state.value), *((reason,) if reason else ()))
        self._tell(Kind.ENDED, None, says, details={"state": state.value})

    def event(self, says: str, details: Mapping[str, Json]) -> None:
        """Something has happened to the contact."""
        self._tell(Kind.EVENT, says=(says,), details=details)

    def change(self, says: str, details: Mapping[str, Json]) -> None:
        """Somebody has changed the contact."""
        self._tell(Kind.CHANGE, says=(says,), details=details)

    def note(self, *says: str) -> None:
        """Something that is good to know."""
        self._tell(Kind.NOTE, says=says)

    def _ending(self, step: PlanStep, output: Mapping[str, Json]) -> list[str]:
        """How a wait for an event has ended."""
        if step.action_type != WAIT_FOR_EVENT:
            return []
        if output.get("ended_by") == "event":
            return [f"the event came: {output.get('event_type')}"]
        action = step.config.get("timeout_action", "continue")
        return [f"the time was up without {output.get('event_type')}: {action}"]

    def _way(self, step: PlanStep, following: PlanStep) -> list[str]:
        """The path that was taken, where it is not the next step of the same one."""
        if self._plan.after(step.id) is following:
            return []
        place = self._branches.get(following.branch_id or "")
        if following.branch_id != step.branch_id and place is not None:
            return [f"goes on in the branch {place!r} with {step_name(following)}"]
        return [f"goes on with {step_name(following)}"]

    def _mark(self, step: PlanStep) -> None:
        if step.name:
            self.marks.setdefault(step.name, self._clock.now())

    def _tell(
        self,
        kind: Kind,
        step: PlanStep | None = None,
        says: tuple[str, ...] = (),
        doings: tuple[Doing, ...] = (),
        *,
        until: datetime | None = None,
        details: Mapping[str, Json] | None = None,
    ) -> None:
        self.timeline.add(
            Entry(
                self._clock.now(),
                self._contact.zone,
                kind,
                step,
                tuple(each for each in says if each),
                doings,
                until,
                details or {},
            )
        )


def _hold(change: ActionWrite) -> dict[str, Json]:
    """By what rule and in which zone a step is put off, as the services say it."""
    return {} if change.hold_json is None else {"hold": orjson.loads(change.hold_json)}
