"""Takes in wait steps: works out their instants, stores them, says that they wait.

The order is what makes it safe: stored and committed first, then the engine hears of it, then the
caller acknowledges the tasks. A crash in between brings the tasks again, and storing them again
changes nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from common.telemetry import get_logger
from scheduler_service.domain.timer import HeldTimer, NewTimer, TimerKind
from scheduler_service.domain.wait import Wait, WaitError
from scheduler_service.use_cases.envelopes import (
    TaskIds,
    UnreadableError,
    begun_result,
    dead_letter,
    failed,
    read_task,
    result_messages,
    waiting,
)
from scheduler_service.use_cases.intake import Taken, all_sent, bury, distinct
from scheduler_service.use_cases.ports import Message, Publisher, TimerStore
from scheduler_service.use_cases.wait_facts import WaitFacts
from scheduler_service.use_cases.waits import planners
from treadle.dispatch.v1.result_pb2 import ActionResult
from treadle.dispatch.v1.task_pb2 import ActionTask
from treadle.execution.v1.execution_pb2 import ErrorClass

DEAD_SUBJECT: Final = "treadle.dead.timing"
_SET: Final = "waits until the instant that an operator has set"

_log = get_logger(__name__)


@dataclass(slots=True)
class _Sorted:
    """What became of a batch's messages."""

    planned: list[tuple[NewTimer, ActionResult, Wait]] = field(
        default_factory=list[tuple[NewTimer, ActionResult, Wait]]
    )
    failures: list[ActionResult] = field(default_factory=list[ActionResult])
    dead: list[Message] = field(default_factory=list[Message])


class TakeWaits:
    """Takes batches of serialized ActionTasks of the category `timing`."""

    def __init__(self, store: TimerStore, publisher: Publisher, *, results_subject: str) -> None:
        self._store = store
        self._publisher = publisher
        self._results_subject = results_subject

    async def __call__(self, messages: Sequence[bytes]) -> Taken:
        """Stores the waits and publishes that they wait; only then may the tasks be acknowledged.

        Raises NotReadyError when that could not be done, wholly or in part: then the tasks must
        come again. Whatever else it raises comes of one of them.
        """
        batch = _Sorted()
        for data in messages:
            self._sort(data, batch)
        timers = distinct([timer for timer, _, _ in batch.planned])
        held = await self._store.add(timers)
        results = [*_answers(batch, timers, held), *batch.failures]
        outgoing = result_messages(results, self._results_subject) + batch.dead
        all_sent(await self._publisher.send(outgoing))
        return Taken(
            stored=len(timers) - len(held),
            refused=len(batch.failures) + len(batch.dead),
            earliest=min((timer.due_at for timer in timers), default=None),
        )

    async def give_up(self, message: bytes, reason: str) -> None:
        """Ends a task that cannot be taken in however often it comes; raises NotPublishedError."""
        try:
            task, _ = read_task(message)
        except UnreadableError:
            task = None
        letter = dead_letter(DEAD_SUBJECT, message, reason)
        await bury(self._publisher, letter, task, results_subject=self._results_subject)

    def _sort(self, data: bytes, batch: _Sorted) -> None:
        try:
            task, ids = read_task(data)
        except UnreadableError as error:
            _log.warning("wait_unreadable", problem=str(error), size=len(data))
            batch.dead.append(dead_letter(DEAD_SUBJECT, data, str(error)))
            return
        try:
            wait, planned_at = _plan(task), _planned_at(task)
        except WaitError as error:
            _log.info("wait_refused", attempt_id=task.attempt_id, problem=str(error))
            batch.failures.append(failed(task, ErrorClass.ERROR_CLASS_INVALID_CONFIG, str(error)))
        except UnreadableError as error:
            _log.warning("wait_unusable", attempt_id=task.attempt_id, problem=str(error))
            batch.failures.append(failed(task, ErrorClass.ERROR_CLASS_INTERNAL, str(error)))
            batch.dead.append(dead_letter(DEAD_SUBJECT, data, str(error)))
        else:
            result = begun_result(task)
            timer = self._timer(ids, wait, planned_at, result)
            batch.planned.append((timer, result, wait))

    def _timer(
        self, ids: TaskIds, wait: Wait, planned_at: datetime, result: ActionResult
    ) -> NewTimer:
        return NewTimer(
            attempt_id=ids.attempt_id,
            account_id=ids.account_id,
            kind=TimerKind.WAIT,
            execution_id=ids.execution_id,
            action_execution_id=ids.action_execution_id,
            due_at=wait.due_at,
            planned_at=planned_at,
            payload=result.SerializeToString(),
        )


def _answers(
    batch: _Sorted, chosen: Sequence[NewTimer], held: Mapping[UUID, HeldTimer]
) -> Iterator[ActionResult]:
    """What is told of the waits: of several plans of one the last, as the timer that is kept.

    Whoever brings a later plan tells of that; an earlier one, told afterwards, would be believed.
    """
    kept = {timer.attempt_id: timer for timer in chosen}
    for timer, result, wait in batch.planned:
        if kept[timer.attempt_id] is not timer:
            continue
        known = held.get(timer.attempt_id)
        if known is None:
            yield waiting(result, timer.due_at, wait)
        elif known.planned_at <= timer.planned_at:
            yield waiting(result, known.due_at, wait)


def _plan(task: ActionTask) -> Wait:
    action_type = task.config.WhichOneof("config")
    planner = planners().get(action_type) if action_type else None
    if planner is None:
        raise UnreadableError(f"the scheduler does not run steps of type {action_type or 'none'}")
    if not task.HasField("ready_at"):
        raise UnreadableError("the task does not say when its step was reached")
    if task.HasField("resume_at"):
        return Wait(_instant(task.resume_at, "set for it"), _SET, set_by_operator=True)
    return planner(task.config, WaitFacts(_ready_at(task), task.context_json))


def _planned_at(task: ActionTask) -> datetime:
    """As of when the task tells what it reads; an engine that does not say it reads at once."""
    if not task.HasField("context_at"):
        return _ready_at(task)
    return _instant(task.context_at, "at which the context was read")


def _ready_at(task: ActionTask) -> datetime:
    return _instant(task.ready_at, "at which the step was reached")


def _instant(stamp: Timestamp, which: str) -> datetime:
    try:
        return stamp.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise UnreadableError(f"the instant {which} is no instant") from None
