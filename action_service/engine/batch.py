"""One batch of results in one transaction: the engine's hot path.

Lock the executions, drop what is not the answer to the current attempt, apply effects, decide,
write, and only after the commit ring for what comes next. When the database refuses something, the
batch is halved until the bad item stands alone; it then fails by itself, in words.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

import structlog

from action_service.domain.claims import as_known
from action_service.domain.plan import Plan
from action_service.domain.progress import (
    Completed,
    Decision,
    Due,
    Failed,
    Outcome,
    Position,
    Waiting,
    decide,
)
from action_service.domain.retry import ErrorClass, RetryTiming
from action_service.domain.states import ActionStatus, ExecutionState, IllegalTransitionError
from action_service.engine.codec import TaskEncoder
from action_service.engine.dated_waits import attempts_of, outrun, rung_for
from action_service.engine.effects import Applied, AppliedEffect, Refusal
from action_service.engine.event_waits import settle
from action_service.engine.model import (
    BadItemError,
    Dispatch,
    Result,
    RunContext,
    Standing,
    StoreUnavailableError,
    Task,
    Writes,
)
from action_service.engine.ports import (
    ContextReads,
    EngineStore,
    EngineTransaction,
    EventPublisher,
    OutboxRow,
    Ringer,
)
from action_service.engine.starting import begin
from action_service.engine.turns import Turns, begin_in_turn, wait_for_turn
from action_service.engine.writing import record, retry_limit
from common.catalogue import MalformedConfigError, UnknownActionTypeError

_log = structlog.get_logger(__name__)

_OUR_FAULT = "something went wrong inside Treadle; its operators can find it by the attempt's id"
_UNUSABLE = "its answer could not be stored, and is kept as a dead letter"


@dataclass(frozen=True, slots=True)
class Processed:
    """What has not come to its end by a batch, by attempt."""

    # Somebody else holds the execution just now; these are to come again.
    busy: set[str] = field(default_factory=set[str])
    # Neither these nor their failure can be written; their runs are open still.
    unusable: dict[str, Result] = field(default_factory=dict[str, Result])


class BatchProcessor:
    """Carries results out. Several may run side by side, in one process or many."""

    def __init__(
        self,
        store: EngineStore,
        ringer: Ringer,
        publisher: EventPublisher,
        encoder: TaskEncoder,
        *,
        timing: RetryTiming,
        rng: Random,
        turns: Turns | None = None,
    ) -> None:
        self._store = store
        self._ringer = ringer
        self._publisher = publisher
        self._encoder = encoder
        self._timing = timing
        self._rng = rng
        self._turns = turns or Turns()

    async def process(self, results: Sequence[Result]) -> Processed:
        """Commits what the results mean and rings for what follows.

        Results may come twice, late, or for executions that are gone: they change nothing then.
        Raises StoreUnavailableError; what is committed by then is fenced when it comes again.
        """
        done = Processed()
        by_attempt: dict[str, Result] = {}
        for result in results:
            known = by_attempt.get(result.attempt_id)
            if known is None or _counts_more(result, known):
                by_attempt[result.attempt_id] = result
        await self._commit(list(by_attempt.values()), done)
        return done

    async def end_unusable(self, result: Result) -> None:
        """Fails the run whose current attempt this answers: nothing else can be written of it.

        Raises StoreUnavailableError.
        """
        async with self._store.transaction() as tx:
            await tx.fail(result.execution_id, result.attempt_id, _UNUSABLE)

    async def _commit(self, results: list[Result], done: Processed) -> None:
        try:
            tasks, events = await self._transact(results, done.busy)
        except StoreUnavailableError:
            raise
        except BadItemError as error:
            await self._halve(results, str(error), done)
        except Exception:  # noqa: BLE001 - whatever it is, it must stop one result only
            _log.exception("results_crashed", count=len(results))
            await self._halve(results, _OUR_FAULT, done)
        else:
            self._publisher.offer(events)
            if tasks:
                await self._ringer.ring(tasks)

    async def _halve(self, results: list[Result], why: str, done: Processed) -> None:
        if len(results) > 1:
            middle = len(results) // 2
            await self._commit(results[:middle], done)
            await self._commit(results[middle:], done)
        elif not isinstance(results[0].outcome, Failed):
            await self._commit([_refused(results[0], _why(results[0], why))], done)
        else:
            # Not even its failure can be written.
            result = results[0]
            done.unusable[result.attempt_id] = result
            _log.error(
                "result_unusable",
                execution_id=result.execution_id,
                attempt_id=result.attempt_id,
                reason=why,
            )

    async def _transact(
        self, results: Sequence[Result], busy: set[str]
    ) -> tuple[list[Task], Sequence[OutboxRow]]:
        """One transaction; returns what is to be published once it has committed."""
        by_attempt = {result.attempt_id: result for result in results}
        async with self._store.transaction() as tx:
            standings = await tx.lock(list({result.execution_id for result in results}))
            pairs = [
                (at, result)
                for at in standings
                if (result := by_attempt.get(at.attempt_id)) is not None
            ]
            if len(pairs) < len(results):
                busy.update(await _left_behind(tx, results, pairs))
            plans = {at.version_id: await self._store.plan(at.version_id) for at, _ in pairs}
            pairs = await settle(tx, pairs, plans)
            decided = [
                (at, result, decision)
                for at, result in pairs
                if not _known(at, result)
                and (decision := self._decide(at, result, plans[at.version_id])) is not None
            ]
            if not decided:
                return [], ()
            applied = await _apply_effects(tx, decided)
            busy.update(r.attempt_id for at, r, _ in decided if at.execution_id in applied.held)
            dispatches = await self._write(tx, decided, applied, plans)
            moved = await outrun(tx, [(at, result) for at, result, _ in decided], plans)
            dispatches += await self._carry_out(tx, applied, plans, decided[0][0].now)
            tasks = await encode_tasks(tx, self._encoder, dispatches, plans)
            if moved:
                await tx.expect_answers(attempts_of(moved))
                anew = [dispatch for dispatch, _ in moved]
                tasks += rung_for(await encode_tasks(tx, self._encoder, anew, plans), moved)
            events = await tx.emit(applied.events) if applied.events else ()
            return tasks + applied.tasks, events

    async def _write(
        self,
        tx: EngineTransaction,
        decided: Sequence[tuple[Standing, Result, Decision]],
        applied: Applied,
        plans: Mapping[str, Plan],
    ) -> list[Dispatch]:
        """Writes what the results come to; returns the attempts that follow."""
        writes = Writes()
        dispatches: list[Dispatch] = []
        for at, result, decision in decided:
            if at.execution_id in applied.held:
                continue
            plan = plans[at.version_id]
            if (refusal := applied.refusals.get(at.execution_id)) is not None:
                result = _refused(result, refusal)
                decision = self._decide(at, result, plan) or decision
            output = applied.outputs.get(at.action_execution_id)
            dispatch = record(writes, at, result, decision, plan, output)
            if dispatch is not None and at.execution_id not in applied.cancels:
                dispatches.append(dispatch)
        if held := self._turns.hold_back(dispatches):
            wait_for_turn(writes, held)
            dispatches = [each for each in dispatches if each.action_execution_id not in held]
        written = await tx.write(writes)
        applied.events += written.events
        return [_at_once(dispatch, written.over) for dispatch in dispatches]

    async def _carry_out(
        self, tx: EngineTransaction, applied: Applied, plans: dict[str, Plan], now: datetime
    ) -> list[Dispatch]:
        """Starts and cancels what effects have asked for; returns the attempts to be dispatched."""
        dispatches: list[Dispatch] = []
        if applied.starts:
            for start in applied.starts:
                plans[start.version_id] = await applied.plan(start.version_id)
            beginnings = begin(applied.starts, plans, now)
            begin_in_turn(self._turns, beginnings)
            await tx.begin(beginnings)
            dispatches = [d for d in beginnings.dispatches if d.execution_id not in applied.cancels]
        if applied.cancels:
            await tx.cancel(applied.cancels)
        return dispatches

    def _decide(self, at: Standing, result: Result, plan: Plan) -> Decision | None:
        outcome = as_known(result.outcome, claimed=at.claimed, claimant=result.claimant)
        position = position_of(at, plan, outcome)
        try:
            return decide(position, outcome, now=at.now, timing=self._timing, rng=self._rng)
        except IllegalTransitionError as error:
            _log.warning(
                "result_dropped",
                execution_id=at.execution_id,
                attempt_id=at.attempt_id,
                reason=str(error),
            )
            return None


def _known(at: Standing, result: Result) -> bool:
    """Whether it says of a wait that is late until when it is known to wait.

    So answers the scheduler when the sweeper rings. Written down, it would have the sweeper ring at
    once again, and very many may be late at a time.
    """
    return (
        isinstance(result.outcome, Waiting)
        and at.status is ActionStatus.WAITING
        and at.state is ExecutionState.WAITING
        and at.waits_until == result.outcome.resume_at <= at.now
    )


def position_of(at: Standing, plan: Plan, outcome: Outcome) -> Position:
    """Where the execution stands when its step comes to `outcome`."""
    return Position(
        plan=plan,
        step_id=at.action_id,
        status=at.status,
        state=at.state,
        attempt_number=at.attempt_number,
        retry_count=at.retry_count - at.retry_base,
        workflow_paused=at.workflow_status == "paused",
        max_retries=_retry_limit(plan, at, outcome),
    )


def _at_once(dispatch: Dispatch, over: Collection[str]) -> Dispatch:
    """Without waiting, when the provider was faster with the end than we with the beginning."""
    if dispatch.under_way is not None and dispatch.under_way.provider_reference in over:
        return dispatch._replace(not_before=None)
    return dispatch


def _retry_limit(plan: Plan, at: Standing, outcome: Outcome) -> int | None:
    if not isinstance(outcome, Failed):
        return None
    return retry_limit(plan, at.action_id, outcome.error_class)


async def encode_tasks(
    tx: ContextReads,
    encoder: TaskEncoder,
    dispatches: Sequence[Dispatch],
    plans: Mapping[str, Plan],
) -> list[Task]:
    """The tasks of `dispatches`, with what their templates read as this transaction sees it.

    A step of a type that this release does not know is left to an engine that does: the sweeper
    rings for it there.
    """
    reading = [
        dispatch
        for dispatch in dispatches
        if (dispatch.step.needs or dispatch.under_way) and dispatch.not_before is None
    ]
    contexts: Mapping[str, RunContext] = await tx.contexts(reading) if reading else {}
    tasks: list[Task] = []
    for dispatch in dispatches:
        context = contexts.get(dispatch.action_execution_id)
        try:
            tasks.append(encoder.encode(dispatch, plans[dispatch.version_id], context))
        except (UnknownActionTypeError, MalformedConfigError) as error:
            _log.error(
                "step_not_dispatched",
                action_execution_id=dispatch.action_execution_id,
                action_type=dispatch.step.action_type,
                reason=str(error),
            )
    return tasks


async def _left_behind(
    tx: EngineTransaction, results: Sequence[Result], pairs: Sequence[tuple[Standing, Result]]
) -> Collection[str]:
    """Of results without a locked execution: those to be tried again; the others are fenced off.

    Whoever says of one of these that it waits keeps a timer for nothing.
    """
    locked = {result.attempt_id for _, result in pairs}
    missed = {r.attempt_id: r.execution_id for r in results if r.attempt_id not in locked}
    busy = await tx.busy(missed)
    if fenced := len(missed) - len(busy):
        _log.info("results_fenced", count=fenced)
    spent = {
        r.attempt_id: r.execution_id
        for r in results
        if r.attempt_id in missed and r.attempt_id not in busy and isinstance(r.outcome, Waiting)
    }
    if spent:
        await tx.note_spent(spent)
    return busy


async def _apply_effects(
    tx: EngineTransaction, decided: Sequence[tuple[Standing, Result, Decision]]
) -> Applied:
    return await tx.apply(
        [AppliedEffect(at, effect) for at, result, _ in decided for effect in result.effects]
    )


def _counts_more(result: Result, known: Result) -> bool:
    """Of several answers to one attempt the surest counts, and of equals the first.

    A wait may have been planned anew since its first answer: of its instants the last counts.
    """
    if isinstance(result.outcome, Waiting) and isinstance(known.outcome, Waiting):
        return True
    return _weight(result) > _weight(known)


def _weight(result: Result) -> tuple[bool, int]:
    """Whoever was granted the claim knows better than those that came too late for it."""
    match result.outcome:
        case Waiting() | Due():
            sureness = 0
        case Failed(error_class=ErrorClass.UNKNOWN_OUTCOME):
            sureness = 1
        case _:
            sureness = 2
    return result.claimant, sureness


def _why(result: Result, why: str) -> Refusal:
    """The words of a refusal, and who is at fault."""
    ours = why == _OUR_FAULT or not isinstance(result.outcome, Completed)
    return Refusal(ErrorClass.INTERNAL if ours else ErrorClass.REJECTED, why)


def _refused(result: Result, refusal: Refusal) -> Result:
    """The result turned into a failure of its own step."""
    return result._replace(outcome=Failed(*refusal), effects=(), claimant=True)
