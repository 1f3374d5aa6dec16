"""Reads tasks and writes results: the messages that the scheduler exchanges with the engine."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

import orjson
from google.protobuf.message import DecodeError

from scheduler_service.domain.wait import Wait
from scheduler_service.domain.zones import Adjustment, ZoneOwner
from scheduler_service.use_cases.ports import Message
from treadle.dispatch.v1.result_pb2 import (
    ActionResult,
    ActionResultBatch,
    Completed,
    Failed,
    Waiting,
)
from treadle.dispatch.v1.task_pb2 import ActionTask, DelayedTask
from treadle.execution.v1.execution_pb2 import ErrorClass
from treadle.execution.v1.hold_pb2 import ClockChange, Hold, HoldCause, ZoneSource

RESULTS_PER_MESSAGE: Final = 256
_ZONE_SOURCES: Final[Mapping[str, ZoneSource]] = MappingProxyType(
    {
        ZoneOwner.CONTACT: ZoneSource.ZONE_SOURCE_CONTACT,
        ZoneOwner.ACCOUNT: ZoneSource.ZONE_SOURCE_ACCOUNT,
        ZoneOwner.CONFIGURED: ZoneSource.ZONE_SOURCE_CONFIGURED,
        ZoneOwner.DEFAULT: ZoneSource.ZONE_SOURCE_DEFAULT,
    }
)
_CLOCK_CHANGES: Final[Mapping[Adjustment, ClockChange]] = MappingProxyType(
    {
        Adjustment.GAP: ClockChange.CLOCK_CHANGE_GAP,
        Adjustment.OVERLAP: ClockChange.CLOCK_CHANGE_OVERLAP,
    }
)


class UnreadableError(ValueError):
    """The message is not what its subject promises."""


@dataclass(frozen=True, slots=True)
class TaskIds:
    """Whom a task belongs to."""

    attempt_id: UUID
    account_id: UUID
    execution_id: UUID
    action_execution_id: UUID


def read_task(data: bytes) -> tuple[ActionTask, TaskIds]:
    """The task and its ids; raises UnreadableError."""
    try:
        task = ActionTask.FromString(data)
    except DecodeError:
        raise UnreadableError("not an ActionTask") from None
    return task, ids_of(task)


def read_delayed_task(data: bytes) -> DelayedTask:
    """The delayed task; raises UnreadableError."""
    try:
        return DelayedTask.FromString(data)
    except DecodeError:
        raise UnreadableError("not a DelayedTask") from None


def spent_attempts(delayed: DelayedTask) -> list[UUID]:
    """The attempts whose timers are to be forgotten; raises UnreadableError."""
    try:
        return [UUID(each) for each in delayed.spent_attempt_ids]
    except ValueError:
        raise UnreadableError("the ids of spent attempts are none") from None


def ids_of(task: ActionTask) -> TaskIds:
    """Whom the task belongs to; raises UnreadableError."""
    try:
        return TaskIds(
            attempt_id=UUID(task.attempt_id),
            account_id=UUID(task.account_id),
            execution_id=UUID(task.execution_id),
            action_execution_id=UUID(task.action_execution_id),
        )
    except ValueError:
        raise UnreadableError("the task does not say whose it is") from None


def begun_result(task: ActionTask) -> ActionResult:
    """The beginning of every result; a wait began when its step was reached."""
    return ActionResult(
        attempt_id=task.attempt_id,
        action_execution_id=task.action_execution_id,
        execution_id=task.execution_id,
        account_id=task.account_id,
        started_at=task.ready_at if task.HasField("ready_at") else None,
    )


def waiting(result: ActionResult, resume_at: datetime, wait: Wait) -> ActionResult:
    """`result`, saying until when and why the step waits."""
    answer = ActionResult()
    answer.CopyFrom(result)
    answer.waiting.CopyFrom(Waiting(resume_at=resume_at, reason=wait.reason, hold=_hold(wait)))
    return answer


def _hold(wait: Wait) -> Hold:
    if wait.set_by_operator:
        return Hold(cause=HoldCause.HOLD_CAUSE_OPERATOR)
    hold = Hold(cause=HoldCause.HOLD_CAUSE_CLOCK)
    if wait.clock is not None:
        hold.zones.append(wait.clock.chosen.zone.key)
        if (source := _ZONE_SOURCES.get(wait.clock.chosen.owner)) is not None:
            hold.zone_source = source
        if (change := _CLOCK_CHANGES.get(wait.clock.adjustment)) is not None:
            hold.clock_change = change
    return hold


def failed(task: ActionTask, error_class: ErrorClass, message: str) -> ActionResult:
    """A result that fails the attempt of `task`."""
    answer = begun_result(task)
    answer.failed.CopyFrom(Failed(error_class=error_class, message=message))
    return answer


def completed(stored: bytes, waited_until: datetime, finished_at: datetime) -> ActionResult:
    """The result of a wait whose instant has come, from the beginning that was stored with it."""
    answer = ActionResult.FromString(stored)
    answer.finished_at.FromDatetime(finished_at)
    output = orjson.dumps({"waited_until": waited_until.astimezone(UTC)}, option=orjson.OPT_UTC_Z)
    answer.completed.CopyFrom(Completed(output_json=output))
    return answer


def due(stored: bytes) -> ActionResult:
    """The word that an attempt held back may run, from the beginning that was stored with it."""
    answer = ActionResult.FromString(stored)
    answer.due.SetInParent()
    return answer


def result_messages(results: Sequence[ActionResult], subject: str) -> list[Message]:
    """The results, many to a message."""
    return [
        Message(
            subject,
            ActionResultBatch(results=results[at : at + RESULTS_PER_MESSAGE]).SerializeToString(),
        )
        for at in range(0, len(results), RESULTS_PER_MESSAGE)
    ]


def dead_letter(subject: str, data: bytes, reason: str) -> Message:
    """`data` as it came, for people; a second delivery of the same is not kept twice."""
    return Message(subject, data, f"{subject}:{hashlib.sha256(data).hexdigest()}", reason)
