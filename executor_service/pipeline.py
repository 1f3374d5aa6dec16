"""From a task to its result: find the handler, render once, claim where that is called for, run.

Nothing that a handler or a template does gets out of here as an exception: each task has its own
outcome, and one that goes wrong fails alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeAlias, cast

import orjson
from google.protobuf.message import Message

from common.catalogue import ActionSpec, ConfigRenderError, render_config
from common.clock import Clock
from common.errors import TreadleError
from common.telemetry import get_logger
from executor_service.domain.outcome import (
    Deferred,
    ErrorClass,
    Failed,
    Finding,
    Looked,
    Outcome,
    Skipped,
)
from executor_service.gate import Gate
from executor_service.handlers.base import Call, EffectHandler, Handler, IoHandler, Send, Step
from executor_service.metrics import Metrics
from executor_service.ports import ClaimDecision, Ledger, Refused
from executor_service.postpone import is_away, name_of, put_off
from executor_service.recipients import Recipient
from executor_service.wire import result_of
from treadle.dispatch.v1.result_pb2 import ActionResult
from treadle.dispatch.v1.task_pb2 import ActionTask, Delivery, Lookup, Sent
from treadle.options.v1.options_pb2 import IdempotencyClass

_OUR_FAULT = "something went wrong inside Treadle; its operators can find it by the attempt's id"
_MAYBE_SENT = "may have been sent, so it is not sent again"
_UNKNOWN = f"something went wrong while the message was being handed over; it {_MAYBE_SENT}"
_CLAIMED_BEFORE = (
    "an earlier try of this attempt was cut off while the message was being handed over; "
    f"it {_MAYBE_SENT}"
)
_HELD_UP = (
    "the executor was held up between the claim and the call, so the call was not made: others may"
    " have been told by now that it may have been"
)
# Well below the lease after which the attempt is rung for again. A process that was stopped for
# longer must not make a call that somebody may have decided about meanwhile.
_CLAIM_HOLDS = timedelta(seconds=15)

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Action:
    """An action type with its declaration and its handler."""

    spec: ActionSpec
    handler: Handler

    @property
    def name(self) -> str:
        """What metrics and logs say."""
        return self.spec.type

    @property
    def claimed(self) -> bool:
        """Whether the attempt must be claimed in the ledger before the handler's call."""
        return self.spec.idempotency == IdempotencyClass.IDEMPOTENCY_CLASS_CLAIMED

    def given(self, task: ActionTask) -> Message:
        """The handler's part of the task, as it came."""
        return getattr(task.config, self.spec.type)

    def rendered(self, task: ActionTask, context: Mapping[str, object]) -> Message:
        """The same with its merge fields filled in; raises ConfigRenderError."""
        return render_config(self.spec, task.config, context)


@dataclass(frozen=True, slots=True)
class Deliveries:
    """In an action's place: what sends messages that are no step's own work, each claimed."""

    handler: IoHandler[Delivery]
    name: ClassVar[str] = "delivery"
    claimed: ClassVar[bool] = True

    def given(self, task: ActionTask) -> Message:
        """The message."""
        return task.delivery

    def rendered(self, task: ActionTask, context: Mapping[str, object]) -> Message:
        """The message: its handler knows whether it is to be rendered."""
        del context
        return task.delivery


@dataclass(frozen=True, slots=True)
class Lookups:
    """In an action's place: what asks providers for messages that may have been sent."""

    handler: IoHandler[Lookup]
    name: ClassVar[str] = "lookup"
    claimed: ClassVar[bool] = False

    def given(self, task: ActionTask) -> Message:
        """What is looked for."""
        return task.lookup

    def rendered(self, task: ActionTask, context: Mapping[str, object]) -> Message:
        """The same: it holds no templates."""
        del context
        return task.lookup


Job: TypeAlias = Action | Deliveries | Lookups


@dataclass(frozen=True, slots=True)
class Stale:
    """The attempt is not the current one any more: nothing was done and nobody waits for word."""


class Pipeline:
    """Runs tasks of the actions it was given, and deliveries where there is somebody for them."""

    def __init__(
        self,
        actions: Mapping[str, Action],
        *,
        ledger: Ledger,
        gate: Gate,
        clock: Clock,
        metrics: Metrics,
        deliveries: Deliveries | None = None,
        lookups: Lookups | None = None,
    ) -> None:
        self._actions = actions
        self._deliveries = deliveries
        self._lookups = lookups
        self._ledger = ledger
        self._gate = gate
        self._clock = clock
        self._metrics = metrics

    def has_calls(self, category: str) -> bool:
        """Whether any action of the category calls another system."""
        return any(
            isinstance(action.handler, IoHandler)
            for action in self._actions.values()
            if action.spec.category == category
        )

    def job_of(self, task: ActionTask) -> Job | None:
        """What the task is for; None when this executor has no handler for it."""
        if task.HasField("delivery"):
            return self._deliveries
        if task.HasField("lookup"):
            return self._lookups
        action_type = task.config.WhichOneof("config")
        return None if action_type is None else self._actions.get(action_type)

    def apply(
        self, job: Job, handler: EffectHandler[Any], task: ActionTask, *, markup: bool
    ) -> ActionResult:
        """Runs an effect handler's task; `markup`: its configuration may hold templates."""
        started_at = self._clock.now()
        try:
            config = job.rendered(task, _context(task)) if markup else job.given(task)
            outcome = handler.apply(task, config)
        except Exception as error:  # noqa: BLE001 - the boundary between tasks
            outcome = _failure(task, job, error)
        return self._finish(task, job, outcome, started_at)

    async def run(
        self, job: Job, handler: IoHandler[Any], task: ActionTask
    ) -> ActionResult | Stale:
        """Runs an I/O handler's task."""
        started_at = self._clock.now()
        # Whoever looks after what a claim has begun speaks for it.
        claimant = placed = task.HasField("call")
        sent: Sent | None = None
        try:
            context = _context(task)
            # What has been placed is what it was: data that has changed since is no concern.
            config = job.given(task) if placed else job.rendered(task, context)
            prepared = await handler.prepare(Step(task, config, context))
            call = prepared.call if isinstance(prepared, Send) else prepared
            sent = prepared.sent if isinstance(prepared, Send) else None
            if not callable(call):
                outcome = call
            else:
                to = prepared.to if isinstance(prepared, Send) else None
                outcome, claimant = await self._act(
                    task, job, call, peer=handler.peer(config), to=to
                )
        except Exception as error:  # noqa: BLE001 - the boundary between tasks
            outcome = _failure(task, job, error)
        self._metrics.took(job.name, self._clock.now() - started_at)
        if isinstance(outcome, Stale):
            return outcome
        if isinstance(job, Lookups) and isinstance(outcome, Deferred):
            # The engine asks again when it is time.
            outcome = Looked(task.lookup.attempt_id, Finding.CANNOT_TELL, outcome.reason)
        result = self._finish(task, job, outcome, started_at, claimant=claimant)
        if sent is not None and result.HasField("failed"):
            result.sent.CopyFrom(sent)
        return result

    def give_up(self, task: ActionTask, message: str) -> ActionResult:
        """The result of a task that is not run any more, so that its step ends visibly."""
        now = self._clock.now()
        job = self.job_of(task)
        placed = task.HasField("call")
        if job is not None and job.claimed and not placed:
            # One of the runs that brought no result may have got as far as the provider.
            outcome = Failed(ErrorClass.UNKNOWN_OUTCOME, f"{message}; the message {_MAYBE_SENT}")
        else:
            outcome = Failed(ErrorClass.INTERNAL, message)
        return result_of(task, outcome, started_at=now, finished_at=now, claimant=placed)

    async def _act(
        self, task: ActionTask, job: Job, call: Call, *, peer: str, to: Recipient | None
    ) -> tuple[Outcome | Stale, bool]:
        """The call's outcome or what comes in its place, and whether the attempt was claimed."""
        passage = await self._gate.enter(task.account_id, peer)
        if isinstance(passage, Deferred):
            return passage, False
        with passage:
            asked_at = self._clock.now()
            if not job.claimed:
                outcome = await call()
            elif (instead := await self._claim(task, to)) is not None:
                return instead, False
            elif self._clock.now() - asked_at > _CLAIM_HOLDS:
                _log.warning("claim_out_of_date", **_ids(task))
                return Failed(ErrorClass.SERVICE_UNAVAILABLE, _HELD_UP), True
            else:
                outcome = await self._call_claimed(task, call)
            passage.made(outcome)
            return outcome, job.claimed

    async def _claim(self, task: ActionTask, to: Recipient | None) -> Outcome | Stale | None:
        """None when the attempt is this run's; else what comes in place of the call."""
        try:
            decision = await self._ledger.claim(
                attempt_id=task.attempt_id,
                action_execution_id=task.action_execution_id,
                account_id=task.account_id,
                delivery_id=task.delivery.id,
                recipient=to,
            )
        except (TreadleError, TimeoutError) as error:
            _log.warning("claim_failed", error=name_of(error), **_ids(task))
            if is_away(error):
                return put_off(self._clock.now(), "the record of sends could not be reached")
            return Failed(
                ErrorClass.SERVICE_UNAVAILABLE, "the record of sends gave no answer to go by"
            )
        match decision:
            case Refused(reason):
                return Skipped(reason)
            case ClaimDecision.STALE:
                return Stale()
            case ClaimDecision.ALREADY_CLAIMED:
                return Failed(ErrorClass.UNKNOWN_OUTCOME, _CLAIMED_BEFORE)
            case ClaimDecision.GRANTED:
                return None

    async def _call_claimed(self, task: ActionTask, call: Call) -> Outcome:
        try:
            return await call()
        except Exception:  # noqa: BLE001 - whatever it was, the provider may have been reached
            _log.exception("claimed_call_failed", **_ids(task))
            return Failed(ErrorClass.UNKNOWN_OUTCOME, _UNKNOWN)

    def _finish(
        self,
        task: ActionTask,
        job: Job,
        outcome: Outcome,
        started_at: datetime,
        *,
        claimant: bool = False,
    ) -> ActionResult:
        finished_at = self._clock.now()
        self._metrics.finished(job.name, outcome)
        if isinstance(outcome, Failed):
            _log.info("step_failed", error_class=outcome.error_class.value, **_ids(task))
        said = {"started_at": started_at, "finished_at": finished_at}
        try:
            return result_of(task, outcome, **said, claimant=claimant)
        except Exception as error:  # noqa: BLE001 - a task without a result would never end
            failed = _failure(task, job, error)
            if claimant:
                failed = Failed(ErrorClass.UNKNOWN_OUTCOME, _UNKNOWN)
            return result_of(task, failed, **said, claimant=claimant)


def _context(task: ActionTask) -> Mapping[str, object]:
    context: object = orjson.loads(task.context_json) if task.context_json else {}
    if not isinstance(context, dict):
        raise TypeError("the task's context is not an object")
    return cast("dict[str, object]", context)


def _failure(task: ActionTask, job: Job, error: Exception) -> Failed:
    if isinstance(error, ConfigRenderError):
        return Failed(ErrorClass.INVALID_CONFIG, str(error))
    _log.error("handler_failed", action_type=job.name, exc_info=error, **_ids(task))
    return Failed(ErrorClass.INTERNAL, _OUR_FAULT)


def _ids(task: ActionTask) -> dict[str, str]:
    return {
        "account_id": task.account_id,
        "execution_id": task.execution_id,
        "action_execution_id": task.action_execution_id,
        "attempt_id": task.attempt_id,
    }
