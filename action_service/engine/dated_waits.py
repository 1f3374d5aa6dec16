"""Waits for an instant that depends on the contact, which a change of the contact moves.

A change has the waits there are planned anew. A step whose own transaction commits just then is
none of them yet, and its task tells of the contact as it was. So it is looked at once more when the
scheduler has taken it: by then the change has been logged.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from action_service.domain.event_waits import depends_on_contact, moves_instant
from action_service.domain.plan import Plan, PlanStep
from action_service.domain.progress import Waiting
from action_service.engine.event_waits import Pair
from action_service.engine.model import Dispatch, Standing, Task
from action_service.engine.writing import same_attempt


class DatedWait(NamedTuple):
    """A step that waits for an instant, and since when."""

    action_execution_id: str
    account_id: str
    contact_id: str
    since: datetime


class HeardChange(NamedTuple):
    """An event by which the fields of a wait's contact have changed."""

    action_execution_id: str
    event_id: str
    fields: Sequence[str]


class Moved(NamedTuple):
    """An attempt that is to be planned anew, and the last of the events that say so."""

    dispatch: Dispatch
    event_id: str


class DatedWaits(Protocol):
    """What a transaction does for such waits."""

    async def changes(self, waits: Sequence[DatedWait]) -> Sequence[HeardChange]:
        """What has been heard of their contacts since the waits began, oldest first."""
        ...

    async def expect_answers(self, attempts: Mapping[str, str]) -> None:
        """Has attempts that wait (with their executions) rung for again unless they are answered.

        A lost ring would leave them at the instant of before.
        """
        ...


async def outrun(
    tx: DatedWaits, answers: Sequence[Pair], plans: Mapping[str, Plan]
) -> Sequence[Moved]:
    """The waits that have just been taken, and whose contacts have changed meanwhile."""
    taken: dict[str, tuple[Standing, PlanStep]] = {}
    for at, result in answers:
        step = plans[at.version_id].by_id.get(at.action_id)
        # Not one that is told again: its instant is known already.
        is_first = isinstance(result.outcome, Waiting) and at.waits_until is None
        if is_first and step is not None and at.resume_at is None and depends_on_contact(step):
            taken[at.action_execution_id] = at, step
    if not taken:
        return ()
    waits = [
        DatedWait(at.action_execution_id, at.account_id, at.contact_id, at.reached_at)
        for at, _ in taken.values()
    ]
    found: dict[str, Moved] = {}
    for wait_id, event_id, fields in await tx.changes(waits):
        at, step = taken[wait_id]
        if moves_instant(step, fields):
            found[wait_id] = Moved(same_attempt(at, step), event_id)
    return list(found.values())


def attempts_of(moved: Sequence[Moved]) -> dict[str, str]:
    """The attempts, with their executions."""
    return {each.attempt_id: each.execution_id for each, _ in moved}


def rung_for(tasks: Sequence[Task], moved: Sequence[Moved]) -> list[Task]:
    """The tasks under other ids: the stream would drop them as copies of the attempts' first ones.

    Once for each event, however often that comes.
    """
    events = {dispatch.attempt_id: event_id for dispatch, event_id in moved}
    return [
        task._replace(message_id=f"{task.message_id}:{events.get(task.message_id, '')}")
        for task in tasks
    ]
