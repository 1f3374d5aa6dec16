"""What an operator decides about the step at which a run stands, carried out in their transaction.

It is the engine's own way on: the same decision, the same rows, the same tasks, with the execution
locked. So a timer that fires, an event or an answer of an executor at the same moment finds the
attempt to be another one, or is first; there is one outcome.
"""

from collections.abc import Sequence
from datetime import datetime
from random import Random
from typing import Protocol
from uuid import UUID

from action_service.domain.holds import Hold, HoldCause
from action_service.domain.plan import Plan
from action_service.domain.progress import LEASE, Completed, Outcome, decide
from action_service.domain.retry import RetryTiming
from action_service.domain.states import (
    ActionEvent,
    ExecutionEvent,
    after_action_event,
    after_execution_event,
)
from action_service.engine.batch import encode_tasks, position_of
from action_service.engine.codec import TaskEncoder
from action_service.engine.event_waits import Arrivals, settle
from action_service.engine.model import ActionWrite, Dispatch, Move, Result, Standing, Task, Writes
from action_service.engine.ports import ContextReads, Written
from action_service.engine.writing import dispatch_of, hold_json, record, same_attempt
from common.ids import new_id_text

# No outcome that operators decide asks for a delay.
_TIMING, _RNG = RetryTiming(), Random()


class Steering(ContextReads, Arrivals, Protocol):
    """What it needs of the transaction."""

    async def standing(self, execution_id: UUID) -> Standing | None:
        """Where the execution, which the transaction has locked, stands; None when it has ended."""
        ...

    async def plan(self, version_id: str) -> Plan:
        """The frozen plan of a version."""
        ...

    async def write(self, writes: Writes) -> Written:
        """Writes rows."""
        ...

    async def set_instant(self, action_execution_id: str, resume_at: datetime | None) -> None:
        """Keeps the instant that an operator has set for a wait, or that there is none any more."""
        ...


async def answer(
    tx: Steering, encoder: TaskEncoder, at: Standing, outcome: Outcome
) -> Sequence[Task]:
    """Carries out `outcome` as the answer to the current attempt; returns what is to be rung."""
    plans = {at.version_id: await tx.plan(at.version_id)}
    began_at = at.reached_at if isinstance(outcome, Completed) else at.now
    result = Result(at.attempt_id, at.execution_id, began_at, at.now, outcome, claimant=True)
    ((_, result),) = await settle(tx, [(at, result)], plans)
    plan = plans[at.version_id]
    position = position_of(at, plan, result.outcome)
    decision = decide(position, result.outcome, now=at.now, timing=_TIMING, rng=_RNG)
    writes = Writes()
    dispatch = record(writes, at, result, decision, plan)
    await tx.write(writes)
    return await _tasks(tx, encoder, dispatch, plan)


async def rearm(
    tx: Steering, encoder: TaskEncoder, at: Standing, resume_at: datetime | None, reason: str
) -> Sequence[Task]:
    """Has the scheduler keep another timer for the wait; returns what is to be rung.

    The attempt is a new one, so that the old timer counts for nothing from now on. Without an
    instant the scheduler works it out from what is known of the contact now.
    """
    plan = await tx.plan(at.version_id)
    attempt_id = new_id_text()
    writes = Writes()
    writes.actions.append(
        ActionWrite(
            at.action_execution_id,
            after_action_event(at.status, ActionEvent.PARK),
            attempt_id,
            at.attempt_number,
            at.retry_count,
            scheduled_at=resume_at,
            # Should the ring be lost, the sweeper rings.
            lease_until=at.now + LEASE,
            reason=reason,
            hold_json=None if resume_at is None else hold_json(Hold(HoldCause.OPERATOR)),
        )
    )
    state = after_execution_event(at.state, ExecutionEvent.PARK)
    writes.moves.append(
        Move(at.execution_id, state, at.action_id, at.action_execution_id, attempt_id)
    )
    await tx.write(writes)
    await tx.set_instant(at.action_execution_id, resume_at)
    step = plan.by_id[at.action_id]
    there = at._replace(resume_at=resume_at)
    dispatch = dispatch_of(there, step, at.action_execution_id, attempt_id, at.attempt_number)
    return await _tasks(tx, encoder, dispatch, plan)


async def ring_again(tx: Steering, encoder: TaskEncoder, at: Standing) -> Sequence[Task]:
    """The task of the current attempt."""
    plan = await tx.plan(at.version_id)
    return await _tasks(tx, encoder, same_attempt(at, plan.by_id[at.action_id]), plan)


async def _tasks(
    tx: Steering, encoder: TaskEncoder, dispatch: Dispatch | None, plan: Plan
) -> Sequence[Task]:
    if dispatch is None:
        return ()
    return await encode_tasks(tx, encoder, [dispatch], {dispatch.version_id: plan})
