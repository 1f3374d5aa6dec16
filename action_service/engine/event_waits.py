"""Waits for events: what an answer to one comes to.

An event that somebody may wait for is logged before it is matched with the waits there are; a wait
is matched with the log after its own row has committed, when the scheduler says that it has taken
it, and once more when its time is up. So of an event and a wait that come at the same moment at
least one finds the other; and the answer to the attempt that commits first is the only one.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

import orjson

from action_service.domain.event_waits import (
    WAIT_FOR_EVENT,
    Arrival,
    awaited_type,
    ends_run,
    ignores_automatic,
    output_of,
    related_action,
    timeout_branch,
)
from action_service.domain.plan import Plan, PlanStep
from action_service.domain.progress import Completed, Due, Waiting
from action_service.engine.model import Result, Standing


class EventWait(NamedTuple):
    """A step that waits: events of the contact count from `since` on, or those of a message."""

    action_execution_id: str
    execution_id: str
    account_id: str
    contact_id: str
    event_type: str
    since: datetime
    related_action_id: str | None
    # What programs open and click does not count.
    ignores_automatic: bool


class Parked(NamedTuple):
    """A current attempt at a step that waits for an event."""

    attempt_id: str
    execution_id: str
    action_execution_id: str
    account_id: str
    contact_id: str
    version_id: str
    action_id: str
    reached_at: datetime


class Arrivals(Protocol):
    """The log of events that are waited for."""

    async def arrivals(self, waits: Sequence[EventWait]) -> Mapping[str, Arrival]:
        """The first event that ends each of the waits, by action execution."""
        ...


def wait_of(step: PlanStep, at: Parked | Standing) -> EventWait:
    """What the step waits for in this run."""
    return EventWait(
        at.action_execution_id,
        at.execution_id,
        at.account_id,
        at.contact_id,
        awaited_type(step),
        at.reached_at,
        related_action(step),
        ignores_automatic(step),
    )


Pair = tuple[Standing, Result]


async def settle(
    reads: Arrivals, pairs: Sequence[Pair], plans: Mapping[str, Plan]
) -> Sequence[Pair]:
    """The pairs with the answers to waits for events made whole.

    The scheduler says only that a wait is parked, or that its time is up, and who has matched an
    event that one has come. An event that is there by then ends the wait.
    """
    steps = dict(_waiting_steps(pairs, plans))
    if not steps:
        return pairs
    asked = [wait_of(steps[at.attempt_id], at) for at, _ in pairs if at.attempt_id in steps]
    arrived = await reads.arrivals(asked)
    return [
        (at, _settled(step, result, arrived.get(at.action_execution_id), at))
        if (step := steps.get(at.attempt_id)) is not None
        else (at, result)
        for at, result in pairs
    ]


def _waiting_steps(
    pairs: Iterable[Pair], plans: Mapping[str, Plan]
) -> Iterable[tuple[str, PlanStep]]:
    for at, result in pairs:
        step = plans[at.version_id].by_id.get(at.action_id)
        if step is None or step.action_type != WAIT_FOR_EVENT:
            continue
        if isinstance(result.outcome, Waiting | Due | Completed):
            yield at.attempt_id, step


def _settled(step: PlanStep, result: Result, arrival: Arrival | None, at: Standing) -> Result:
    if arrival is None and not isinstance(result.outcome, Completed):
        return result
    output = orjson.dumps(output_of(step, arrival)).decode()
    if arrival is not None:
        # Whoever says that the step waits says nothing of its end.
        return result._replace(outcome=Completed(output), finished_at=at.now)
    timeout = Completed(output, branch_id=timeout_branch(step), ends_run=ends_run(step))
    return result._replace(outcome=timeout)
