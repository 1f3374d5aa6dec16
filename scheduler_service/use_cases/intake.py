"""What the two ways of taking in timers have in common."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from scheduler_service.domain.timer import NewTimer
from scheduler_service.use_cases.envelopes import failed, result_messages
from scheduler_service.use_cases.ports import Message, NotPublishedError, Publisher
from treadle.dispatch.v1.task_pb2 import ActionTask
from treadle.execution.v1.execution_pb2 import ErrorClass


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a batch: timers stored anew, messages refused, the earliest instant."""

    stored: int
    refused: int
    earliest: datetime | None


def distinct(timers: Sequence[NewTimer]) -> list[NewTimer]:
    """One timer for each attempt, the one that was planned last; in the order of attempts.

    The order is the same in every process, so that two which store the same attempts at the same
    time wait for each other instead of locking each other out.
    """
    chosen: dict[UUID, NewTimer] = {}
    for timer in timers:
        known = chosen.get(timer.attempt_id)
        if known is None or timer.planned_at > known.planned_at:
            chosen[timer.attempt_id] = timer
    return sorted(chosen.values(), key=_attempt)


def all_sent(outcomes: Sequence[Exception | None]) -> None:
    """Raises NotPublishedError when any message was not taken."""
    errors = [outcome for outcome in outcomes if outcome is not None]
    if errors:
        raise NotPublishedError(f"{len(errors)} of {len(outcomes)} messages not taken") from errors[
            0
        ]


async def bury(
    publisher: Publisher, letter: Message, task: ActionTask | None, *, results_subject: str
) -> None:
    """Keeps what is given up as a dead letter, and fails the step that `task` is of, if any.

    Raises NotPublishedError.
    """
    outgoing = [letter]
    if task is not None:
        message = f"given up by the scheduler: {letter.reason}"
        failure = failed(task, ErrorClass.ERROR_CLASS_INTERNAL, message)
        outgoing += result_messages([failure], results_subject)
    all_sent(await publisher.send(outgoing))


def _attempt(timer: NewTimer) -> UUID:
    return timer.attempt_id
