"""Messages as they leave: fit for Postgres, a log and a browser, whatever a provider said."""

import pytest

from executor_service.domain.outcome import (
    Deferred,
    ErrorClass,
    Failed,
    Hold,
    HoldCause,
    Outcome,
    Skipped,
    ZoneSource,
)
from executor_service.wire import result_of
from tests.unit.executor_service.handlers.harness import NOON
from treadle.dispatch.v1.result_pb2 import ActionResult
from treadle.dispatch.v1.task_pb2 import ActionTask
from treadle.execution.v1 import hold_pb2

RAW = "a\0b\x1b[31m\x7f\x85 \r\nü\t\ud800"
CLEAN = "ab[31m   ü ?"


def sent(outcome: Outcome) -> ActionResult:
    """The result as it arrives."""
    result = result_of(ActionTask(), outcome, started_at=NOON, finished_at=NOON)
    return ActionResult.FromString(result.SerializeToString())


@pytest.mark.parametrize("text", ["it works", "ünïcode — 日本", ""])
def test_words_arrive_as_they_are(text: str) -> None:
    assert sent(Failed(ErrorClass.REJECTED, text)).failed.message == text


def test_control_characters_do_not_arrive() -> None:
    assert sent(Failed(ErrorClass.REJECTED, RAW)).failed.message == CLEAN
    assert sent(Skipped(RAW)).skipped.reason == CLEAN
    assert sent(Deferred(NOON, RAW)).deferred.reason == CLEAN


def test_what_holds_a_step_back_is_said_in_data() -> None:
    zones = ("America/New_York", "America/Chicago")
    rule = Hold(HoldCause.QUIET_HOURS, "", zones, ZoneSource.PHONE_NUMBER, "21:00-08:00")
    hold = sent(Deferred(NOON, "quiet hours", rule)).deferred.hold
    assert hold.cause == hold_pb2.HOLD_CAUSE_QUIET_HOURS
    assert tuple(hold.zones) == zones
    assert hold.zone_source == hold_pb2.ZONE_SOURCE_PHONE_NUMBER
    assert hold.hours == "21:00-08:00"
    limited = sent(Deferred(NOON, "limit", Hold(HoldCause.RATE_LIMIT, "twilio", per_second=3)))
    assert (limited.deferred.hold.peer, limited.deferred.hold.per_second) == ("twilio", 3)
