"""Between the wire and the engine: results in, tasks out.

A task's part that is the same for every contact (workflow, action, configuration) is serialized
once per step and put before the part that is not: concatenated protobuf messages are their merge.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson
from google.protobuf.timestamp_pb2 import Timestamp

from action_service.domain.holds import ClockChange, Hold, HoldCause, ZoneSource
from action_service.domain.messages import DeliveryState
from action_service.domain.plan import Plan, PlanStep
from action_service.domain.progress import (
    Accepted,
    Completed,
    Deferred,
    Due,
    Failed,
    Outcome,
    Skipped,
    Waiting,
)
from action_service.domain.retry import ErrorClass
from action_service.domain.unknown_sends import Candidate, Finding, Looked, Sent
from action_service.engine.model import (
    CallFacts,
    DeliveryResult,
    Dispatch,
    Ended,
    LookupResult,
    OptOut,
    Result,
    RunContext,
    Task,
    UnderWay,
)
from common.catalogue import catalogue
from common.nats import ACCOUNT_HEADER, DELAY_SUBJECT, RESULTS_SUBJECT
from treadle.dispatch.v1 import task_pb2
from treadle.dispatch.v1.result_pb2 import ActionResult, ActionResultBatch
from treadle.dispatch.v1.result_pb2 import Deferred as DeferredMessage
from treadle.dispatch.v1.result_pb2 import Waiting as WaitingMessage
from treadle.dispatch.v1.task_pb2 import ActionTask, DelayedTask, DeliveryChannel
from treadle.execution.v1 import execution_pb2, hold_pb2
from treadle.ledger.v1 import unknown_send_pb2

_ERROR_CLASSES = {
    value: ErrorClass(name.removeprefix("ERROR_CLASS_").lower())
    for name, value in execution_pb2.ErrorClass.items()
    if value
}


_FINDINGS = {
    value: Finding(name.removeprefix("LOOKUP_FINDING_").lower())
    for name, value in unknown_send_pb2.LookupFinding.items()
    if value
}
_CAUSES = {
    value: HoldCause(name.removeprefix("HOLD_CAUSE_").lower())
    for name, value in hold_pb2.HoldCause.items()
    if value
}
_ZONE_SOURCES = {
    value: ZoneSource(name.removeprefix("ZONE_SOURCE_").lower())
    for name, value in hold_pb2.ZoneSource.items()
    if value
}
_CLOCK_CHANGES = {
    value: ClockChange(name.removeprefix("CLOCK_CHANGE_").lower())
    for name, value in hold_pb2.ClockChange.items()
    if value
}
# As the record of what was sent names them.
CHANNELS = {
    value: name.removeprefix("DELIVERY_CHANNEL_").lower()
    for name, value in DeliveryChannel.items()
    if value
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


# Under the server's limit of 1 MiB, with room for headers.
_MAX_TASK_BYTES = 1_000_000


class MalformedResultError(Exception):
    """A result that says nothing the engine could act on."""


def decode_result(message: ActionResult) -> Result:
    """The result in the engine's terms; raises MalformedResultError."""
    if not (message.attempt_id and message.execution_id):
        raise MalformedResultError("without attempt or execution id")
    completed = message.completed if message.HasField("completed") else None
    return Result(
        attempt_id=message.attempt_id,
        execution_id=message.execution_id,
        started_at=_instant(message.started_at),
        finished_at=_instant(message.finished_at),
        outcome=_outcome(message),
        effects=completed.effects if completed is not None else (),
        claimant=message.claimant,
        sent=_sent(message),
    )


def decode_delivery_result(message: ActionResult) -> DeliveryResult:
    """The answer to an attempt at a delivery; raises MalformedResultError."""
    try:
        delivery_id, attempt_id = UUID(message.delivery_id), UUID(message.attempt_id)
    except ValueError:
        raise MalformedResultError("without the ids of delivery and attempt") from None
    return DeliveryResult(
        str(delivery_id), str(attempt_id), _outcome(message), message.claimant, _sent(message)
    )


def decode_lookup_result(message: ActionResult) -> LookupResult:
    """What a provider says of an attempt; raises MalformedResultError."""
    looked = message.looked
    try:
        look_id, attempt_id = UUID(message.attempt_id), UUID(looked.attempt_id)
    except ValueError:
        raise MalformedResultError("without the ids of look and attempt") from None
    found = tuple(
        Candidate(_text(each.provider_reference), orjson.loads(each.output_json or b"{}"))
        for each in looked.found
    )
    finding = _FINDINGS.get(looked.finding, Finding.CANNOT_TELL)
    return LookupResult(
        str(look_id),
        str(attempt_id),
        _instant(message.finished_at),
        Looked(finding, _text(looked.note), found),
    )


def opt_out_of(message: ActionResult) -> OptOut | None:
    """Who wants no more messages, as a provider has said when one was sent."""
    number = message.skipped.opted_out
    return OptOut(str(UUID(message.account_id)), _text(number)) if number else None


def _sent(message: ActionResult) -> Sent | None:
    if not message.HasField("sent"):
        return None
    sent = message.sent
    return Sent(
        channel=CHANNELS.get(sent.channel),
        recipient=_text(sent.recipient),
        sender=_text(sent.sender),
        subject=_text(sent.subject),
        body=_text(sent.text),
    )


def _outcome(message: ActionResult) -> Outcome:
    match message.WhichOneof("outcome"):
        case "completed":
            completed = message.completed
            return Completed(
                completed.output_json.decode() or "{}", completed.provider_reference or None
            )
        case "failed":
            failed = message.failed
            return Failed(
                _ERROR_CLASSES.get(failed.error_class, ErrorClass.INTERNAL),
                _text(failed.message),
                failed.retry_after.ToTimedelta() if failed.HasField("retry_after") else None,
            )
        case "skipped":
            return Skipped(_text(message.skipped.reason))
        case "waiting":
            waiting = message.waiting
            return Waiting(_instant(waiting.resume_at), _text(waiting.reason), _hold(waiting))
        case "due":
            return Due()
        case "accepted":
            accepted = message.accepted
            if not accepted.provider_reference:
                raise MalformedResultError("without the provider's id of what it has taken")
            return Accepted(
                _text(accepted.provider_reference),
                _instant(accepted.look_again_at),
                _text(accepted.reason),
            )
        case "deferred":
            deferred = message.deferred
            return Deferred(_instant(deferred.not_before), _text(deferred.reason), _hold(deferred))
        case _:
            raise MalformedResultError("without an outcome")


def _hold(message: WaitingMessage | DeferredMessage) -> Hold | None:
    hold = message.hold
    cause = _CAUSES.get(hold.cause)
    if cause is None:
        return None
    return Hold(
        cause,
        zones=tuple(_text(zone) for zone in hold.zones),
        zone_source=_ZONE_SOURCES.get(hold.zone_source),
        clock_change=_CLOCK_CHANGES.get(hold.clock_change),
        peer=_text(hold.peer),
        hours=_text(hold.hours),
        per_second=hold.per_second,
    )


def _instant(stamp: Timestamp) -> datetime:
    # Exact as `ToDatetime`, and several times faster.
    try:
        return _EPOCH + timedelta(seconds=stamp.seconds, microseconds=stamp.nanos // 1000)
    except OverflowError:
        raise MalformedResultError("an instant that is none") from None


def _text(words: str) -> str:
    """Postgres stores no NUL."""
    return words.replace("\0", "")


class TaskEncoder:
    """Makes tasks; keeps the serialized fixed part of every step it has met."""

    def __init__(self, *, max_steps: int = 20_000) -> None:
        self._fixed: dict[tuple[str, str], tuple[PlanStep, str, bytes]] = {}
        self._max_steps = max_steps
        # All tasks of a transaction are ready at its one instant.
        self._last_stamp = (_EPOCH, Timestamp())

    def encode(self, dispatch: Dispatch, plan: Plan, context: RunContext | None) -> Task:
        """The message that has `dispatch` run, at once or not before its instant."""
        if dispatch.not_before is not None:
            return _delayed(dispatch, dispatch.not_before)
        subject, fixed = self._step(dispatch.version_id, dispatch.step, plan, dispatch.account_id)
        varying = ActionTask(
            attempt_id=dispatch.attempt_id,
            action_execution_id=dispatch.action_execution_id,
            execution_id=dispatch.execution_id,
            contact_id=dispatch.contact_id,
            attempt_number=dispatch.attempt_number,
            ready_at=self._stamp(dispatch.ready_at),
        )
        if dispatch.step.needs:
            varying.context_json = _context_json(dispatch, plan, context)
            if dispatch.read_at is not None:
                varying.context_at.CopyFrom(self._stamp(dispatch.read_at))
        if dispatch.resume_at is not None:
            varying.resume_at.FromDatetime(dispatch.resume_at)
        if dispatch.step_key is not None:
            varying.step_key = dispatch.step_key
        if dispatch.under_way is not None:
            facts = context.call if context is not None else None
            _set_call(varying.call, dispatch.under_way, facts)
        payload = fixed + varying.SerializeToString()
        if len(payload) > _MAX_TASK_BYTES:
            return _too_large(dispatch, len(payload))
        return Task(subject, payload, _message_id(dispatch), _headers(dispatch))

    def _stamp(self, instant: datetime) -> Timestamp:
        if self._last_stamp[0] != instant:
            stamp = Timestamp()
            stamp.FromDatetime(instant)
            self._last_stamp = (instant, stamp)
        return self._last_stamp[1]

    def _step(
        self, version_id: str, step: PlanStep, plan: Plan, account_id: str
    ) -> tuple[str, bytes]:
        key = (version_id, step.id)
        known = self._fixed.get(key)
        # A step that was read anew may be another one: its secrets are sealed now.
        if known is None or known[0] is not step:
            spec = catalogue().get(step.action_type)
            fixed = ActionTask(
                account_id=account_id,
                workflow_id=plan.workflow_id,
                action_id=step.id,
                config=spec.to_message(step.config),
            ).SerializeToString()
            if len(self._fixed) >= self._max_steps:
                self._fixed.clear()
            known = self._fixed[key] = (step, spec.subject, fixed)
        return known[1:]


def _message_id(dispatch: Dispatch) -> str:
    """What is rung for twice has the same id; each look at what is under way has its own."""
    if dispatch.under_way is None:
        return dispatch.attempt_id
    return f"{dispatch.attempt_id}:{dispatch.under_way.waits_until.timestamp()}"


_CALL_STATUSES: Mapping[DeliveryState, task_pb2.CallStatus] = {
    DeliveryState.QUEUED: task_pb2.CALL_STATUS_QUEUED,
    DeliveryState.RINGING: task_pb2.CALL_STATUS_RINGING,
    DeliveryState.ANSWERED: task_pb2.CALL_STATUS_ANSWERED,
    DeliveryState.COMPLETED: task_pb2.CALL_STATUS_COMPLETED,
    DeliveryState.BUSY: task_pb2.CALL_STATUS_BUSY,
    DeliveryState.NO_ANSWER: task_pb2.CALL_STATUS_NO_ANSWER,
    DeliveryState.FAILED: task_pb2.CALL_STATUS_FAILED,
    DeliveryState.CANCELED: task_pb2.CALL_STATUS_CANCELED,
}


def _set_call(message: task_pb2.ProviderCall, under_way: UnderWay, facts: CallFacts | None) -> None:
    message.call_id = under_way.provider_reference
    if facts is None:
        message.status = task_pb2.CALL_STATUS_QUEUED
        return
    message.status = _CALL_STATUSES.get(facts.state, task_pb2.CALL_STATUS_QUEUED)
    message.placed_at.FromDatetime(facts.placed_at)
    for name in ("answered_by", "recording_url", "to"):
        value = facts.details.get(name)
        if isinstance(value, str):
            setattr(message, name, value)
    seconds = facts.details.get("duration_seconds")
    if isinstance(seconds, int):
        message.duration.FromSeconds(seconds)


def headers_of(account_id: str, trace_id: str, attempt_id: str) -> dict[str, str]:
    """The account, and a W3C trace context: what `trace_id` names is a trace, an attempt a span.

    Made from the ids, they need no storage and lead from any log line back to where it began.
    """
    trace = trace_id.replace("-", "")
    span = attempt_id[19:].replace("-", "")
    return {ACCOUNT_HEADER: account_id, "traceparent": f"00-{trace}-{span}-01"}


def _headers(dispatch: Dispatch) -> dict[str, str]:
    return headers_of(dispatch.account_id, dispatch.execution_id, dispatch.attempt_id)


def ended_task(ended: Ended) -> Task:
    """Word to the engine that what an attempt has begun is over."""
    result = ActionResult(
        attempt_id=ended.attempt_id,
        action_execution_id=ended.action_execution_id,
        execution_id=ended.execution_id,
        account_id=ended.account_id,
    )
    result.due.SetInParent()
    payload = ActionResultBatch(results=[result]).SerializeToString()
    headers = headers_of(ended.account_id, ended.execution_id, ended.attempt_id)
    return Task(RESULTS_SUBJECT, payload, f"{ended.attempt_id}:ended", headers)


def _too_large(dispatch: Dispatch, size: int) -> Task:
    """The answer that fails the step whose task cannot be sent, in the task's place."""
    result = ActionResult(
        attempt_id=dispatch.attempt_id,
        action_execution_id=dispatch.action_execution_id,
        execution_id=dispatch.execution_id,
        account_id=dispatch.account_id,
        started_at=dispatch.ready_at,
        finished_at=dispatch.ready_at,
        claimant=dispatch.under_way is not None,
    )
    result.failed.error_class = execution_pb2.ERROR_CLASS_INVALID_CONFIG
    result.failed.message = (
        f"the step reads {size // 1024} KiB of data, more than the {_MAX_TASK_BYTES // 1024} KiB"
        " that fit in a task; store less of earlier steps' answers"
    )
    payload = ActionResultBatch(results=[result]).SerializeToString()
    return Task(RESULTS_SUBJECT, payload, f"{dispatch.attempt_id}:too-large", _headers(dispatch))


def _delayed(dispatch: Dispatch, not_before: datetime) -> Task:
    ids = ActionTask(
        attempt_id=dispatch.attempt_id,
        action_execution_id=dispatch.action_execution_id,
        execution_id=dispatch.execution_id,
        account_id=dispatch.account_id,
    )
    payload = DelayedTask(task=ids, not_before=not_before).SerializeToString()
    return Task(DELAY_SUBJECT, payload, _message_id(dispatch), _headers(dispatch))


def _context_json(dispatch: Dispatch, plan: Plan, context: RunContext | None) -> bytes:
    roots: dict[str, object] = {}
    for root in dispatch.step.needs:
        match root:
            case "workflow":
                roots[root] = {"id": plan.workflow_id, "name": plan.workflow_name}
            case "execution":
                roots[root] = {"id": dispatch.execution_id}
            case "steps":
                roots[root] = {} if context is None else _outputs(plan, context)
            case _:
                found = getattr(context, root, None) if context is not None else None
                roots[root] = found if found is not None else {}
    return orjson.dumps(roots)


def _outputs(plan: Plan, context: RunContext) -> dict[str, object]:
    """By action id, and by the names that the actions have in the version that is run."""
    outputs: dict[str, object] = dict(context.steps or {})
    for action_id, output in (context.steps or {}).items():
        step = plan.by_id.get(action_id)
        name = (context.step_names or {}).get(action_id) if step is None else step.name
        if name:
            outputs[name] = output
    return outputs
