"""Outcomes as they travel: the one place where domain values become protobuf messages.

Fields are set one by one because that is the fastest way (this runs for every task).
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import assert_never, cast

import orjson
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import NULL_VALUE, Value
from google.protobuf.timestamp_pb2 import Timestamp

from executor_service.domain.outcome import (
    Accepted,
    AddTag,
    Completed,
    Deferred,
    Effect,
    ErrorClass,
    Failed,
    Finding,
    Hold,
    HoldCause,
    JsonScalar,
    Looked,
    Outcome,
    RecordChange,
    Skipped,
    UpdateContact,
    UpdateMode,
    ZoneSource,
)
from treadle.catalog.v1.update_contact_pb2 import UpdateMode as WireMode
from treadle.dispatch.v1 import result_pb2
from treadle.dispatch.v1.task_pb2 import ActionTask
from treadle.execution.v1 import hold_pb2
from treadle.execution.v1.execution_pb2 import ErrorClass as WireErrorClass
from treadle.ledger.v1.unknown_send_pb2 import LookupFinding

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
# Postgres takes no NUL, and a log no escape sequences.
_CONTROLS: Mapping[int, str | None] = {
    **dict.fromkeys((*range(0x20), *range(0x7F, 0xA0))),
    **dict.fromkeys(map(ord, "\t\n\r"), " "),
}
_ERROR_CLASSES: Mapping[ErrorClass, WireErrorClass] = {
    item: cast("WireErrorClass", WireErrorClass.Value(f"ERROR_CLASS_{item.name}"))
    for item in ErrorClass
}
_FINDINGS: Mapping[Finding, LookupFinding] = {
    item: cast("LookupFinding", LookupFinding.Value(f"LOOKUP_FINDING_{item.name}"))
    for item in Finding
}
_CAUSES: Mapping[HoldCause, hold_pb2.HoldCause] = {
    item: cast("hold_pb2.HoldCause", hold_pb2.HoldCause.Value(f"HOLD_CAUSE_{item.name}"))
    for item in HoldCause
}
_ZONE_SOURCES: Mapping[ZoneSource, hold_pb2.ZoneSource] = {
    item: cast("hold_pb2.ZoneSource", hold_pb2.ZoneSource.Value(f"ZONE_SOURCE_{item.name}"))
    for item in ZoneSource
}
_MODES: Mapping[UpdateMode, WireMode] = {
    item: cast("WireMode", WireMode.Value(f"UPDATE_MODE_{item.name}")) for item in UpdateMode
}


def result_of(
    task: ActionTask,
    outcome: Outcome,
    *,
    started_at: datetime,
    finished_at: datetime,
    claimant: bool = False,
) -> result_pb2.ActionResult:
    """The answer to a task; `claimant` says that this run was granted the attempt's claim."""
    result = result_pb2.ActionResult()
    result.attempt_id = task.attempt_id
    result.action_execution_id = task.action_execution_id
    result.execution_id = task.execution_id
    result.account_id = task.account_id
    if task.HasField("delivery"):
        result.delivery_id = task.delivery.id
    _set_instant(result.started_at, started_at)
    _set_instant(result.finished_at, finished_at)
    if claimant:
        result.claimant = True
    match outcome:
        case Completed():
            _set_completed(result.completed, outcome)
        case Failed():
            set_failed(result, outcome)
        case Skipped():
            result.skipped.reason = _plain(outcome.reason)
            if outcome.opted_out:
                result.skipped.opted_out = outcome.opted_out
        case Deferred():
            _set_instant(result.deferred.not_before, outcome.not_before)
            result.deferred.reason = _plain(outcome.reason)
            if outcome.hold is not None:
                _set_hold(result.deferred.hold, outcome.hold)
        case Accepted():
            result.accepted.provider_reference = outcome.provider_reference
            _set_instant(result.accepted.look_again_at, outcome.look_again_at)
            result.accepted.reason = _plain(outcome.reason)
        case Looked():
            _set_looked(result.looked, outcome)
        case _:
            assert_never(outcome)
    return result


def set_failed(result: result_pb2.ActionResult, failed: Failed) -> None:
    """Makes `result` a failure, whatever it was before."""
    message = result.failed
    message.error_class = _ERROR_CLASSES[failed.error_class]
    message.message = _plain(failed.message)
    if failed.retry_after is not None:
        message.retry_after.FromTimedelta(failed.retry_after)


def _plain(text: str) -> str:
    """One line that can be stored and shown: causes may quote what others said."""
    if text.isascii() and text.isprintable():
        return text
    return text.translate(_CONTROLS).encode("utf-8", "replace").decode()


def _set_completed(message: result_pb2.Completed, completed: Completed) -> None:
    # A completed step is one even when it has nothing to say.
    message.output_json = orjson.dumps(completed.output) if completed.output else b""
    if completed.provider_reference:
        message.provider_reference = completed.provider_reference
    for effect in completed.effects:
        _set_effect(message.effects.add(), effect)


def _set_hold(message: hold_pb2.Hold, hold: Hold) -> None:
    message.cause = _CAUSES[hold.cause]
    if hold.peer:
        message.peer = hold.peer
    message.zones.extend(hold.zones)
    if hold.zone_source is not None:
        message.zone_source = _ZONE_SOURCES[hold.zone_source]
    if hold.hours:
        message.hours = hold.hours
    if hold.per_second:
        message.per_second = hold.per_second


def _set_looked(message: result_pb2.Looked, looked: Looked) -> None:
    message.attempt_id = looked.attempt_id
    message.finding = _FINDINGS[looked.finding]
    message.note = _plain(looked.note)
    for each in looked.found:
        message.found.add(provider_reference=each.reference, output_json=orjson.dumps(each.output))


def _set_effect(message: result_pb2.Effect, effect: Effect) -> None:
    match effect:
        case AddTag():
            tag = message.add_tag
            tag.contact_id = effect.contact_id
            tag.tag_name = effect.tag_name
            if effect.tag_color:
                tag.tag_color = effect.tag_color
        case UpdateContact():
            update = message.update_contact
            update.contact_id = effect.contact_id
            update.mode = _MODES[effect.mode]
            for change in effect.changes:
                wire_change = update.changes.add()
                wire_change.field = change.field
                _set_scalar(wire_change.value, change.value)
        case RecordChange():
            cast("Message", getattr(message, effect.action_type)).CopyFrom(
                cast("Message", effect.config)
            )
        case _:
            assert_never(effect)


def _set_instant(message: Timestamp, instant: datetime) -> None:
    since = instant - _EPOCH
    message.seconds = since // _SECOND
    message.nanos = since.microseconds * 1000


def _set_scalar(message: Value, value: JsonScalar) -> None:
    if value is None:
        message.null_value = NULL_VALUE
    elif isinstance(value, bool):
        message.bool_value = value
    elif isinstance(value, str):
        message.string_value = value
    else:
        message.number_value = value
