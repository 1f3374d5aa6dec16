"""What is alike in all that calls somebody: placing the call, and looking after it to its end."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from common.clock import Clock
from common.errors import TreadleError
from common.telemetry import get_logger
from executor_service.domain import classify
from executor_service.domain.calls import SOONEST, CallReport, CallStatus, next_look
from executor_service.domain.outcome import Accepted, JsonValue, Outcome
from executor_service.handlers.base import Step
from executor_service.ports import CallGateway, CallGateways, CallQuestion, NewCall
from treadle.dispatch.v1 import task_pb2

_STATUSES = {
    task_pb2.CALL_STATUS_RINGING: CallStatus.RINGING,
    task_pb2.CALL_STATUS_ANSWERED: CallStatus.ANSWERED,
    task_pb2.CALL_STATUS_COMPLETED: CallStatus.COMPLETED,
    task_pb2.CALL_STATUS_BUSY: CallStatus.BUSY,
    task_pb2.CALL_STATUS_NO_ANSWER: CallStatus.NO_ANSWER,
    task_pb2.CALL_STATUS_FAILED: CallStatus.FAILED,
    task_pb2.CALL_STATUS_CANCELED: CallStatus.CANCELED,
}

_log = get_logger(__name__)


async def place(gateway: CallGateway, call: NewCall, *, clock: Clock) -> Outcome:
    """Makes the one request that has a phone ring; the attempt has been claimed."""
    try:
        report = await gateway.send(call)
    except classify.CallError as error:
        return classify.classify(error, peer="Twilio", claimed=True, now=clock.now())
    return _under_way(report, clock.now() + SOONEST)


async def look_after(
    gateways: CallGateways, step: Step[Any], *, clock: Clock, detected: bool, recorded: bool
) -> CallReport | Accepted:
    """How the call has ended that the attempt has placed; `Accepted` while it is to be waited for.

    What the provider has told counts first, and it is asked for the rest: `detected` says that it
    is to know who answered, `recorded` that it has a recording. Of a call that has lasted longer
    than any can, the report is that it has not ended.
    """
    call = step.task.call
    known = _told(call)
    lacking = known.status is CallStatus.COMPLETED and (
        (detected and not known.answered_by) or (recorded and not known.recording_url)
    )
    if known.status.is_final and not lacking:
        return known
    asked = await _ask(gateways, step, CallQuestion(call.call_id, step.reference(), recorded))
    report = known if asked is None else _together(known, asked)
    now = clock.now()
    placed_at = call.placed_at.ToDatetime(tzinfo=UTC) if call.HasField("placed_at") else now
    again = None if report.status.is_final else next_look(placed_at, now)
    return report if again is None else _under_way(report, again)


def output_of(report: CallReport, outcome: str, number: str) -> dict[str, JsonValue]:
    """What later steps may read; `number` is whom the call was to, unless the provider says."""
    return {
        "call_id": report.call_id,
        "to": report.to or number,
        "outcome": outcome,
        "answered_by": report.answered_by,
        "duration_seconds": int(report.duration.total_seconds()),
    }


def _under_way(report: CallReport, again: datetime) -> Accepted:
    words = report.status.value.replace("_", " ")
    return Accepted(report.call_id, again, f"the call is {words}; waiting for its end")


def _told(call: task_pb2.ProviderCall) -> CallReport:
    return CallReport(
        call.call_id,
        _STATUSES.get(call.status, CallStatus.QUEUED),
        call.to,
        call.answered_by,
        call.duration.ToTimedelta(),
        call.recording_url,
    )


async def _ask(
    gateways: CallGateways, step: Step[Any], question: CallQuestion
) -> CallReport | None:
    """The provider's word; None when it cannot be had now."""
    try:
        gateway = await gateways.of(step.task.account_id)
        return await gateway.send(question)
    except (TreadleError, TimeoutError, classify.CallError) as error:
        _log.warning(
            "call_not_asked_for", error=type(error).__name__, attempt_id=step.task.attempt_id
        )
        return None


def _together(known: CallReport, asked: CallReport) -> CallReport:
    """An end that was told is one, whatever a slower answer says."""
    status = known.status if known.status.is_final else asked.status
    return replace(
        asked,
        status=status,
        to=known.to or asked.to,
        answered_by=known.answered_by or asked.answered_by,
        duration=known.duration or asked.duration,
        recording_url=known.recording_url or asked.recording_url,
    )
