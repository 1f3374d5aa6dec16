"""Waits as operators see them, and what they do to them.

Whatever is changed is decided with the execution locked, by the engine's own rules. What is
returned as tasks is to be rung once the transaction has committed; should that never happen, the
engine's sweeper rings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from action_service.domain.control import Control
from action_service.domain.execution import Execution
from action_service.domain.holds import Hold, HoldCause
from action_service.domain.plan import PlanStep
from action_service.domain.progress import Deferred
from action_service.domain.states import ActionStatus
from action_service.domain.waits import (
    HELD_BACK,
    AfterWait,
    SteeringError,
    StepState,
    Wait,
    WaitKind,
    check_rearm,
    ended_words,
    fired,
    passed_over,
)
from action_service.engine.codec import TaskEncoder
from action_service.engine.model import Standing, Task
from action_service.engine.steering import answer, rearm
from action_service.use_cases.checks import text_violations
from action_service.use_cases.control import control_execution
from action_service.use_cases.executions import get_execution
from action_service.use_cases.ports import Change, Transaction, Writer
from common.errors import ErrorReason, TreadleError, failed_precondition, invalid, not_found
from common.errors import stale_etag as stale

MAX_REASON = 500
_ENTITY = "wait"


@dataclass(frozen=True, slots=True)
class ShownWait:
    """A wait, and the action as the execution's version has it."""

    wait: Wait
    action: PlanStep | None


@dataclass(frozen=True, slots=True)
class Steered:
    """Where an execution stands after an operator's decision, and what is to be rung."""

    execution: Execution
    tasks: Sequence[Task] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """Which wait is meant, as which it was read (empty for any), and why, for the log."""

    wait_id: UUID
    etag: str
    reason: str


async def shown(tx: Transaction, waits: Sequence[Wait]) -> list[ShownWait]:
    """The waits with their actions."""
    plans = await tx.workflows.plans({wait.version_id for wait in waits})
    return [
        ShownWait(wait, plans[wait.version_id].by_id.get(str(wait.action_id))) for wait in waits
    ]


async def get_wait(tx: Transaction, wait_id: UUID) -> ShownWait:
    """The wait; refuses one that is not there or over."""
    wait = await tx.waits.get(wait_id)
    if wait is None:
        raise not_found(_ENTITY, wait_id)
    (one,) = await shown(tx, [wait])
    return one


async def rearm_wait(
    tx: Writer, encoder: TaskEncoder, wish: Wish, due_at: datetime | None
) -> tuple[ShownWait, Sequence[Task]]:
    """Sets another instant, or has it worked out anew by the step's rule."""
    kind, at = await _taken(tx, wish)
    try:
        check_rearm(kind, due_at, at.now)
    except SteeringError as error:
        raise refused(error) from None
    before = await get_wait(tx, wish.wait_id)
    if kind in HELD_BACK and due_at is not None:
        reason = _because("put off by an operator", wish.reason)
        tasks = await answer(
            tx.steering, encoder, at, Deferred(due_at, reason, Hold(HoldCause.OPERATOR))
        )
    else:
        words = "is worked out anew" if due_at is None else "set by an operator"
        tasks = await rearm(tx.steering, encoder, at, due_at, _because(words, wish.reason))
    _record(
        tx,
        "wait.rearmed",
        at,
        before={"due_at": _said(before.wait.due_at)},
        after={"due_at": _said(due_at), "reason": wish.reason},
    )
    return await get_wait(tx, wish.wait_id), tasks


async def fire_wait(tx: Writer, encoder: TaskEncoder, wish: Wish) -> Steered:
    """Ends the wait as if its instant had come."""
    kind, at = await _taken(tx, wish)
    tasks = await answer(tx.steering, encoder, at, fired(kind, at.now))
    _record(tx, "wait.fired", at, after={"reason": wish.reason})
    return Steered(await get_execution(tx, UUID(at.execution_id)), tasks)


async def cancel_wait(tx: Writer, encoder: TaskEncoder, wish: Wish, then: AfterWait) -> Steered:
    """Gives the wait up; one that is given up so already stays as it is."""
    given_up = ActionStatus.SKIPPED if then is AfterWait.GO_ON else ActionStatus.CANCELLED
    step = await locked_step(tx, wish.wait_id, wish.reason, entity=_ENTITY)
    if step.status is given_up:
        return Steered(await get_execution(tx, step.execution_id))
    _, at = await _taken(tx, wish)
    reason = wish.reason or "the wait was cancelled"
    _record(tx, "wait.cancelled", at, after={"then": then.value, "reason": wish.reason})
    if then is AfterWait.END_RUN:
        return Steered(await control_execution(tx, step.execution_id, Control.CANCEL, reason))
    try:
        outcome = passed_over(step, may_be_under_way=False, reason=reason)
    except SteeringError as error:
        raise refused(error) from None
    tasks = await answer(tx.steering, encoder, at, outcome)
    return Steered(await get_execution(tx, step.execution_id), tasks)


async def locked_step(tx: Writer, step_id: UUID, reason: str, *, entity: str) -> StepState:
    """The step as it stands, kept so until the transaction ends; refuses one that is not there."""
    found = list(text_violations("reason", reason, max_length=MAX_REASON, multi_line=True))
    if found:
        raise invalid(found)
    step = await tx.waits.step(step_id)
    if step is None:
        raise not_found(entity, step_id)
    await tx.executions.lock([step.execution_id])
    # As it is now that nobody else can move it.
    return await tx.waits.step(step_id) or step


async def _taken(tx: Writer, wish: Wish) -> tuple[WaitKind, Standing]:
    """The wait, kept from everybody else until the transaction ends."""
    step = await locked_step(tx, wish.wait_id, wish.reason, entity=_ENTITY)
    at = await tx.steering.standing(step.execution_id)
    if step.kind is None or at is None:
        raise failed_precondition(
            ErrorReason.ILLEGAL_TRANSITION, ended_words(step), status=step.status.value
        )
    if wish.etag and wish.etag != str(step.attempt_id):
        raise stale(_ENTITY, wish.wait_id)
    return step.kind, at


def refused(error: Exception) -> TreadleError:
    """The refusal of what a step's state forbids."""
    return failed_precondition(ErrorReason.ILLEGAL_TRANSITION, str(error))


def _because(words: str, reason: str) -> str:
    return f"{words}: {reason}" if reason else words


def _said(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()


def _record(
    tx: Writer,
    operation: str,
    at: Standing,
    *,
    after: dict[str, str | None],
    before: dict[str, str | None] | None = None,
) -> None:
    tx.record(
        Change(
            operation=operation,
            entity_type=_ENTITY,
            entity_id=UUID(at.action_execution_id),
            workflow_id=UUID(at.workflow_id),
            before=None if before is None else dict(before),
            after={"execution_id": at.execution_id, **after},
        )
    )
