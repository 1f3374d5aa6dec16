"""send_voicemail: SPEC-WFL-003 R2.3."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from common.errors import dependency_unavailable
from tests.unit.executor_service.handlers.calls import (
    FROM,
    PUBLIC_URL,
    TO,
    answer,
    placed,
    told,
)
from tests.unit.executor_service.handlers.harness import (
    ACCOUNT_SID,
    CONTACT,
    CONTEXT,
    NOON,
    Bench,
    Case,
    case_id,
    closed_port_url,
)
from treadle.dispatch.v1.result_pb2 import ActionResult
from treadle.execution.v1.execution_pb2 import ErrorClass

AUDIO_ID = "550e8400-e29b-41d4-a716-446655440000"
AUDIO = "https://cdn.example.com/offer.mp3?a=1&b=2"
CONFIG: dict[str, Any] = {"audio_file_id": AUDIO_ID, "from_number": FROM}
# 23:00 in Berlin.
NIGHT = datetime(2026, 3, 4, 22, 0, tzinfo=UTC)
MORNING = datetime(2026, 3, 5, 8, 0, tzinfo=UTC)


@pytest.fixture
def phone(bench: Bench) -> Bench:
    """A bench that can be reached by providers, with a recording."""
    bench.use(provider_url=bench.url, public_url=PUBLIC_URL)
    bench.records.texts[AUDIO_ID] = AUDIO
    return bench


def _contact(**changes: Any) -> dict[str, Any]:
    return {**CONTEXT, "contact": {**CONTACT, **changes}}


CASES = [
    Case("calls", CONFIG, outcome="accepted", sent=1, claims=1),
    Case("at night", CONFIG, now=NIGHT, outcome="deferred", not_before=MORNING, sent=0, claims=0),
    Case(
        "at night by choice",
        CONFIG | {"respect_quiet_hours": False},
        now=NIGHT,
        outcome="accepted",
        sent=1,
    ),
    Case(
        "other quiet hours",
        CONFIG | {"quiet_hours_start": "11:00", "quiet_hours_end": "13:00"},
        outcome="deferred",
        not_before=datetime(2026, 3, 4, 12, 0, tzinfo=UTC),
        message="quiet hours 11:00-13:00",
        sent=0,
    ),
    Case(
        "no number",
        CONFIG,
        _contact(phone=""),
        outcome="failed",
        error="invalid_config",
        message="the contact has no phone number",
        claims=0,
    ),
    Case(
        "a number that is none",
        CONFIG,
        _contact(phone="reception"),
        outcome="failed",
        error="invalid_config",
        message="not a valid international number",
        claims=0,
    ),
    Case(
        "no such recording",
        CONFIG | {"audio_file_id": AUDIO_ID[:-1] + "1"},
        outcome="failed",
        error="invalid_config",
        message="audio_file_id: there is no audio file",
        claims=0,
    ),
    Case(
        "busy provider",
        CONFIG,
        told=told("429", retry_after=7),
        outcome="failed",
        error="rate_limit",
        retry_after=timedelta(seconds=7),
        sent=0,
    ),
    Case(
        "provider down",
        CONFIG,
        told=told("503"),
        outcome="failed",
        error="service_unavailable",
        sent=0,
    ),
    Case(
        "a number that cannot be called",
        CONFIG,
        _contact(phone="+15005550001", timezone="Europe/Berlin"),
        outcome="failed",
        error="rejected",
        message="21217",
    ),
    Case(
        "placed, perhaps",
        CONFIG,
        told=told("accept_then_reset"),
        outcome="failed",
        error="unknown_outcome",
        sent=1,
    ),
    Case("garbage", CONFIG, told=told("garbage"), outcome="failed", error="unknown_outcome"),
]


@pytest.mark.parametrize("case", CASES, ids=case_id)
async def test_send_voicemail_action(phone: Bench, case: Case) -> None:
    await phone.check("send_voicemail", "twilio_voice", case)


async def test_the_call_is_as_twilio_documents_it(phone: Bench) -> None:
    task = phone.task("send_voicemail", CONFIG)
    result = await answer(phone, task)
    (call,) = phone.inbox("twilio_voice")
    details = call["details"]
    assert (call["to"], call["from"]) == (TO, FROM)
    assert (call["step_key"], call["attempt_id"]) == (task.action_execution_id, task.attempt_id)
    assert details["account_sid"] == ACCOUNT_SID
    assert details["MachineDetection"] == "DetectMessageEnd"
    assert (details["Method"], details["StatusCallbackMethod"]) == ("POST", "POST")
    assert details["events"] == ["answered", "completed", "initiated", "ringing"]
    assert not {"Record", "Timeout", "Twiml"} & set(details)
    script, status = urlsplit(str(details["Url"])), urlsplit(str(details["StatusCallback"]))
    address = f"{PUBLIC_URL}/inbound/twilio/{task.account_id}"
    assert script._replace(query="").geturl() == f"{address}/voice"
    assert status._replace(query="").geturl() == address
    asked = parse_qs(script.query)
    assert (asked["play"], asked["detect"]) == ([AUDIO], ["1"])
    for query in (asked, parse_qs(status.query)):
        assert query["attempt_id"] == [task.attempt_id]
        assert query["action_execution_id"] == [task.action_execution_id]
    assert result.accepted.provider_reference == call["id"]
    assert result.claimant
    wait = result.accepted.look_again_at.ToDatetime(tzinfo=UTC) - NOON
    assert wait == timedelta(minutes=1)


async def test_without_detection_it_is_played_to_whoever_answers(phone: Bench) -> None:
    await answer(phone, phone.task("send_voicemail", CONFIG | {"machine_detection": False}))
    (call,) = phone.inbox("twilio_voice")
    assert "MachineDetection" not in call["details"]
    assert "detect" not in parse_qs(urlsplit(str(call["details"]["Url"])).query)


ENDS = [
    ("COMPLETED", "machine_end_beep", True, "voicemail_left"),
    ("COMPLETED", "machine_end_silence", True, "voicemail_left"),
    ("COMPLETED", "human", True, "human_answered"),
    ("COMPLETED", "fax", True, "fax_answered"),
    ("COMPLETED", "unknown", True, "message_played"),
    ("COMPLETED", "", False, "message_played"),
    ("COMPLETED", "human", False, "message_played"),
    ("BUSY", "", True, "busy"),
    ("NO_ANSWER", "", True, "no_answer"),
    ("FAILED", "", True, "failed"),
    ("CANCELED", "", True, "canceled"),
]


@pytest.mark.parametrize(("status", "answered_by", "detects", "outcome"), ENDS)
async def test_what_an_end_means(
    phone: Bench, status: str, answered_by: str, *, detects: bool, outcome: str
) -> None:
    task = placed(
        phone,
        "send_voicemail",
        CONFIG | {"machine_detection": detects},
        status=status,
        answered_by=answered_by,
        seconds=34,
        to="+4915100000000",
    )
    # Nobody need be asked.
    phone.use(provider_url=closed_port_url(), public_url=PUBLIC_URL)
    result = await answer(phone, task)
    assert orjson.loads(result.completed.output_json) == {
        "call_id": task.call.call_id,
        "to": "+4915100000000",
        "outcome": outcome,
        "answered_by": answered_by,
        "duration_seconds": 34,
    }
    assert result.completed.provider_reference == task.call.call_id


@pytest.mark.parametrize(
    ("retry", "most", "attempt", "again"),
    [(True, 1, 1, True), (True, 1, 2, False), (True, 0, 1, False), (False, 3, 1, False)],
)
async def test_a_busy_line_is_an_error_while_another_call_is_due(
    phone: Bench, *, retry: bool, most: int, attempt: int, again: bool
) -> None:
    config = CONFIG | {"retry_on_busy": retry, "max_retries": most}
    task = placed(phone, "send_voicemail", config, status="BUSY", attempt=attempt)
    result = await answer(phone, task)
    # It speaks for the run that has placed the call.
    assert result.claimant
    if again:
        assert result.failed.error_class == ErrorClass.ERROR_CLASS_LINE_BUSY
    else:
        assert orjson.loads(result.completed.output_json)["outcome"] == "busy"


async def test_an_end_that_was_not_told_is_asked_for(phone: Bench) -> None:
    first = await answer(phone, phone.task("send_voicemail", CONFIG))
    call_id = first.accepted.provider_reference
    result = await answer(phone, placed(phone, "send_voicemail", CONFIG, call_id=call_id))
    output = orjson.loads(result.completed.output_json)
    assert (output["outcome"], output["answered_by"]) == ("voicemail_left", "machine_end_beep")
    assert output["to"] == TO


async def test_who_answered_is_asked_for_when_only_the_end_was_told(phone: Bench) -> None:
    first = await answer(phone, phone.task("send_voicemail", CONFIG))
    call_id = first.accepted.provider_reference
    task = placed(phone, "send_voicemail", CONFIG, call_id=call_id, status="COMPLETED", seconds=34)
    result = await answer(phone, task)
    output = orjson.loads(result.completed.output_json)
    assert (output["outcome"], output["duration_seconds"]) == ("voicemail_left", 34)


@pytest.mark.parametrize(
    ("since", "wait"),
    [
        (timedelta(seconds=0), timedelta(minutes=1)),
        (timedelta(minutes=4), timedelta(minutes=4)),
        (timedelta(hours=2), timedelta(minutes=10)),
    ],
)
async def test_a_provider_that_cannot_be_asked_is_asked_again(
    phone: Bench, since: timedelta, wait: timedelta
) -> None:
    phone.use(provider_url=closed_port_url(), public_url=PUBLIC_URL)
    task = placed(phone, "send_voicemail", CONFIG, status="RINGING", since=since)
    result = await answer(phone, task)
    assert result.accepted.look_again_at.ToDatetime(tzinfo=UTC) == NOON + wait
    assert result.accepted.provider_reference == task.call.call_id
    assert "the call is ringing" in result.accepted.reason


async def test_after_the_longest_call_its_end_is_unknown(phone: Bench) -> None:
    phone.use(provider_url=closed_port_url(), public_url=PUBLIC_URL)
    result = await answer(
        phone, placed(phone, "send_voicemail", CONFIG, since=timedelta(hours=4, minutes=15))
    )
    assert orjson.loads(result.completed.output_json)["outcome"] == "unknown"


async def test_without_an_address_of_ours_nobody_is_called(bench: Bench) -> None:
    bench.records.texts[AUDIO_ID] = AUDIO
    case = Case(
        "no address",
        CONFIG,
        outcome="failed",
        error="authentication",
        message="TREADLE_EXECUTOR_PUBLIC_URL is not set",
        sent=0,
    )
    await bench.check("send_voicemail", "twilio_voice", case)


async def test_without_credentials_nobody_is_called(phone: Bench) -> None:
    phone.use(provider_url=phone.url, public_url=PUBLIC_URL, credentials=False)
    case = Case("none", CONFIG, outcome="failed", error="authentication", message="not set", sent=0)
    await phone.check("send_voicemail", "twilio_voice", case)


async def test_a_recording_that_cannot_be_had_puts_the_step_off(phone: Bench) -> None:
    phone.records.error = dependency_unavailable("action service", timedelta(seconds=1))
    case = Case("away", CONFIG, outcome="deferred", message="could not be reached", claims=0)
    await phone.check("send_voicemail", "twilio_voice", case)


async def test_a_look_that_is_given_up_is_no_unknown_send(phone: Bench) -> None:
    task = placed(phone, "send_voicemail", CONFIG)
    result = phone.pipeline.give_up(task, "given up")
    assert isinstance(result, ActionResult)
    assert result.failed.error_class == ErrorClass.ERROR_CLASS_INTERNAL
