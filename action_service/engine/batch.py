"""One batch of results in one transaction: the engine's hot path.

Lock the executions, drop what is not the answer to the current attempt, apply effects, decide,
write, and only after the commit ring for what comes next. When the database refuses something, the
batch is halved until the bad item stands alone; it then fails by itself, in words.
"""

from collections.abc import Mapping, Sequence
from random import Random

import structlog

from action_service.domain.plan import Plan
from action_service.domain.progress import (
    Completed,
    Decision,
    Failed,
    Position,
    Waiting,
    decide,
)
from action_service.domain.retry import ErrorClass, RetryTiming
from action_service.domain.states import IllegalTransitionError
from action_service.engine.codec import TaskEncoder
from action_service.engine.model import (
    AppliedEffect,
    BadItemError,
    Dispatch,
    EngineStore,
    EngineTransaction,
    Result,
    Ringer,
    RunContext,
    Standing,
    Task,
    Writes,
)
from action_service.engine.writing import record, retry_limit

_log = structlog.get_logger(__name__)


class BatchProcessor:
    """Carries results out. Several may run side by side, in one process or many."""

    def __init__(
        self,
        store: EngineStore,
        ringer: Ringer,
        encoder: TaskEncoder,
        *,
        timing: RetryTiming,
        rng: Random,
    ) -> None:
        self._store = store
        self._ringer = ringer
        self._encoder = encoder
        self._timing = timing
        self._rng = rng

    async def process(self, results: Sequence[Result]) -> None:
        """Commits what the results mean and rings for what follows.

        Results may come twice, late, or for executions that are gone: they change nothing then.
        """
        by_attempt: dict[str, Result] = {}
        for result in results:
            # Parked and then due within one batch: the later word counts.
            if isinstance(result.outcome, Waiting) and result.attempt_id in by_attempt:
                continue
            by_attempt[result.attempt_id] = result
        await self._commit(list(by_attempt.values()))

    async def _commit(self, results: list[Result]) -> None:
        try:
            tasks = await self._transact(results)
        except BadItemError as error:
            if len(results) > 1:
                middle = len(results) // 2
                await self._commit(results[:middle])
                await self._commit(results[middle:])
            elif not isinstance(results[0].outcome, Failed):
                await self._commit([_refused(results[0], str(error))])
            else:
                _log.error(
                    "result_unusable",
                    execution_id=results[0].execution_id,
                    attempt_id=results[0].attempt_id,
                    reason=str(error),
                )
            return
        if tasks:
            await self._ringer.ring(tasks)

    async def _transact(self, results: Sequence[Result]) -> list[Task]:
        by_execution = {result.execution_id: result for result in results}
        async with self._store.transaction() as tx:
            standings = await tx.lock(list(by_execution))
            pairs = [
                (standing, result)
                for standing in standings
                if (result := by_execution[standing.execution_id]).attempt_id == standing.attempt_id
            ]
            if len(pairs) < len(results):
                _log.info("results_fenced", count=len(results) - len(pairs))
            if not pairs:
                return []
            refusals = await self._apply_effects(tx, pairs)
            writes = Writes()
            dispatches: list[Dispatch] = []
            plans: dict[str, Plan] = {}
            for standing, result in pairs:
                plan = plans.get(standing.version_id)
                if plan is None:
                    plan = plans[standing.version_id] = await self._store.plan(standing.version_id)
                refusal = refusals.get(standing.execution_id)
                if refusal is not None:
                    result = _refused(result, refusal)
                decision = self._decide(standing, result, plan)
                if decision is not None:
                    dispatch = record(writes, standing, result, decision, plan)
                    if dispatch is not None:
                        dispatches.append(dispatch)
            await tx.write(writes)
            return await encode_tasks(tx, self._encoder, dispatches, plans)

    async def _apply_effects(
        self, tx: EngineTransaction, pairs: Sequence[tuple[Standing, Result]]
    ) -> Mapping[str, str]:
        effects = [
            AppliedEffect(
                standing.account_id, standing.execution_id, standing.action_execution_id, effect
            )
            for standing, result in pairs
            for effect in result.effects
        ]
        return await tx.apply(effects) if effects else {}

    def _decide(self, standing: Standing, result: Result, plan: Plan) -> Decision | None:
        position = Position(
            plan=plan,
            step_id=standing.action_id,
            status=standing.status,
            state=standing.state,
            attempt_number=standing.attempt_number,
            retry_count=standing.retry_count,
            workflow_paused=standing.workflow_status == "paused",
            max_retries=retry_limit(plan, standing.action_id)
            if isinstance(result.outcome, Failed)
            else None,
        )
        try:
            return decide(
                position, result.outcome, now=standing.now, timing=self._timing, rng=self._rng
            )
        except IllegalTransitionError as error:
            _log.warning(
                "result_dropped",
                execution_id=standing.execution_id,
                attempt_id=standing.attempt_id,
                reason=str(error),
            )
            return None


async def encode_tasks(
    tx: EngineTransaction,
    encoder: TaskEncoder,
    dispatches: Sequence[Dispatch],
    plans: Mapping[str, Plan],
) -> list[Task]:
    """The tasks of `dispatches`, with what their templates read as this transaction sees it."""
    reading = [dispatch for dispatch in dispatches if dispatch.step.needs]
    contexts: Mapping[str, RunContext] = await tx.contexts(reading) if reading else {}
    return [
        encoder.encode(
            dispatch, plans[dispatch.version_id], contexts.get(dispatch.action_execution_id)
        )
        for dispatch in dispatches
    ]


def _refused(result: Result, why: str) -> Result:
    """The result turned into a failure of its own step."""
    error_class = ErrorClass.REJECTED
    if not isinstance(result.outcome, Completed):
        error_class = ErrorClass.INTERNAL
    return result._replace(outcome=Failed(error_class, why), effects=())
