"""Takes in attempts that must not run yet: retries with backoff, deferrals out of quiet hours.

As with waits: stored and committed first, acknowledged after. The same stream brings word of
attempts that have ended otherwise: their timers are forgotten.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from common.telemetry import get_logger
from scheduler_service.domain.timer import NewTimer, TimerKind
from scheduler_service.use_cases.envelopes import (
    UnreadableError,
    begun_result,
    dead_letter,
    failed,
    ids_of,
    read_delayed_task,
    result_messages,
    spent_attempts,
)
from scheduler_service.use_cases.intake import Taken, all_sent, bury, distinct
from scheduler_service.use_cases.ports import Message, Publisher, TimerStore
from treadle.dispatch.v1.result_pb2 import ActionResult
from treadle.dispatch.v1.task_pb2 import DelayedTask
from treadle.execution.v1.execution_pb2 import ErrorClass

DEAD_SUBJECT: Final = "treadle.dead.scheduler"

_log = get_logger(__name__)


class TakeDelayed:
    """Takes batches of serialized DelayedTasks."""

    def __init__(
        self,
        store: TimerStore,
        publisher: Publisher,
        *,
        results_subject: str,
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._results_subject = results_subject

    async def __call__(self, messages: Sequence[bytes]) -> Taken:
        """Stores the tasks; only then may they be acknowledged.

        Raises NotReadyError when that could not be done, wholly or in part: then they must come
        again. Whatever else it raises comes of one of them.
        """
        planned: list[NewTimer] = []
        spent: list[UUID] = []
        failures: list[ActionResult] = []
        dead: list[Message] = []
        for data in messages:
            try:
                delayed = read_delayed_task(data)
                if delayed.spent_attempt_ids:
                    spent += spent_attempts(delayed)
                else:
                    planned.append(_timer(delayed, failures))
            except UnreadableError as error:
                _log.warning("delayed_task_unusable", problem=str(error), size=len(data))
                dead.append(dead_letter(DEAD_SUBJECT, data, str(error)))
        timers = distinct(planned)
        held = await self._store.add(timers)
        if spent:
            # Those of this batch too: whatever is stored of a spent attempt is for nothing.
            await self._store.forget(spent)
        outgoing = result_messages(failures, self._results_subject) + dead
        if outgoing:
            all_sent(await self._publisher.send(outgoing))
        return Taken(
            stored=len(timers) - len(held),
            refused=len(dead),
            earliest=min((timer.due_at for timer in timers), default=None),
        )

    async def give_up(self, message: bytes, reason: str) -> None:
        """Ends a task that cannot be taken in however often it comes; raises NotPublishedError."""
        try:
            task = read_delayed_task(message).task
            ids_of(task)
        except UnreadableError:
            task = None
        letter = dead_letter(DEAD_SUBJECT, message, reason)
        await bury(self._publisher, letter, task, results_subject=self._results_subject)


def _timer(delayed: DelayedTask, failures: list[ActionResult]) -> NewTimer:
    ids = ids_of(delayed.task)
    try:
        due_at = _not_before(delayed)
    except UnreadableError as error:
        failures.append(failed(delayed.task, ErrorClass.ERROR_CLASS_INTERNAL, str(error)))
        raise
    return NewTimer(
        attempt_id=ids.attempt_id,
        account_id=ids.account_id,
        kind=TimerKind.DELAYED_TASK,
        execution_id=ids.execution_id,
        action_execution_id=ids.action_execution_id,
        due_at=due_at,
        planned_at=due_at,
        payload=begun_result(delayed.task).SerializeToString(),
    )


def _not_before(delayed: DelayedTask) -> datetime:
    if not delayed.HasField("not_before"):
        raise UnreadableError("the task does not say until when it is held back")
    try:
        return delayed.not_before.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise UnreadableError("the instant until which the task is held back is none") from None
