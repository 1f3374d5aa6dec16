"""make_call: SPEC-WFL-003 R2.5."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from tests.unit.executor_service.handlers.calls import (
    FROM,
    PUBLIC_URL,
    TO,
    answer,
    placed,
    told,
)
from tests.unit.executor_service.handlers.harness import Bench, Case, case_id, closed_port_url

USER_ID = "550e8400-e29b-41d4-a716-446655440000"
NUMBER = "+14155550123"
CONFIG: dict[str, Any] = {
    "from_number": FROM,
    "destination_type": "external",
    "destination_value": NUMBER,
}


@pytest.fixture
def phone(bench: Bench) -> Bench:
    """A bench that can be reached by providers."""
    bench.use(provider_url=bench.url, public_url=PUBLIC_URL)
    return bench


def _to(kind: str, value: str) -> dict[str, Any]:
    return CONFIG | {"destination_type": kind, "destination_value": value}


CASES = [
    Case("calls", CONFIG, outcome="accepted", sent=1, claims=1),
    Case(
        "a destination that renders to no number",
        _to("external", "{{ contact.first_name }}"),
        outcome="failed",
        error="invalid_config",
        message="destination_value.*phone number in E.164.*once rendered",
        claims=0,
    ),
    Case(
        "a destination without a value",
        _to("queue", "{{ contact.custom_fields.queue | default: '' }}"),
        outcome="failed",
        error="invalid_config",
        message="destination_value",
        claims=0,
    ),
    Case(
        "no such user",
        _to("user", USER_ID),
        outcome="failed",
        error="invalid_config",
        message="destination_value: there is no user",
        claims=0,
    ),
    Case("hang", CONFIG, told=told("hang"), outcome="failed", error="unknown_outcome"),
    Case("down", CONFIG, told=told("500"), outcome="failed", error="service_unavailable", sent=0),
]


@pytest.mark.parametrize("case", CASES, ids=case_id)
async def test_make_call_action(phone: Bench, case: Case) -> None:
    await phone.check("make_call", "twilio_voice", case)


@pytest.mark.parametrize(
    ("kind", "value", "script"),
    [
        ("external", NUMBER, {"dial": NUMBER, "caller_id": FROM, "timeout": "30"}),
        ("external", "+1415{{ 5550123 }}", {"dial": NUMBER, "caller_id": FROM, "timeout": "30"}),
        ("user", USER_ID, {"dial": "+14155550177", "caller_id": FROM, "timeout": "30"}),
        ("queue", "Support & Sales", {"enqueue": "Support & Sales"}),
        (
            "ivr",
            "https://ivr.example.com/menu?x=1",
            {"redirect": "https://ivr.example.com/menu?x=1"},
        ),
    ],
)
async def test_whom_the_contact_is_connected_to(
    phone: Bench, kind: str, value: str, script: dict[str, str]
) -> None:
    phone.records.texts[USER_ID] = "+1 415 555 0177"
    task = phone.task("make_call", _to(kind, value))
    await answer(phone, task)
    (call,) = phone.inbox("twilio_voice")
    url = urlsplit(str(call["details"]["Url"]))
    assert url.path == f"/base/inbound/twilio/{task.account_id}/voice"
    asked = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert script.items() <= asked.items()
    assert not {"play", "dial", "enqueue", "redirect"} - set(script) & set(asked)
    assert (call["to"], call["from"]) == (TO, FROM)


async def test_a_user_without_a_number_is_named(phone: Bench) -> None:
    phone.records.texts[USER_ID] = ""
    case = Case(
        "no number",
        _to("user", USER_ID),
        outcome="failed",
        error="invalid_config",
        message="the user has no phone number; give them one",
        claims=0,
    )
    await phone.check("make_call", "twilio_voice", case)


async def test_recording_and_ring_timeout_are_as_twilio_documents_them(phone: Bench) -> None:
    await answer(phone, phone.task("make_call", CONFIG))
    await answer(
        phone, phone.task("make_call", CONFIG | {"record_call": True, "timeout_seconds": 45})
    )
    plain, recorded = (call["details"] for call in phone.inbox("twilio_voice"))
    assert ("Record" in plain, plain["Timeout"]) == (False, "30")
    assert (recorded["Record"], recorded["Timeout"]) == ("true", "45")
    assert parse_qs(urlsplit(str(recorded["Url"])).query)["timeout"] == ["45"]
    assert "MachineDetection" not in recorded


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("COMPLETED", "completed"),
        ("BUSY", "busy"),
        ("NO_ANSWER", "no_answer"),
        ("FAILED", "failed"),
        ("CANCELED", "canceled"),
    ],
)
async def test_every_end_is_an_outcome(phone: Bench, status: str, outcome: str) -> None:
    task = placed(phone, "make_call", CONFIG, status=status, seconds=61)
    phone.use(provider_url=closed_port_url(), public_url=PUBLIC_URL)
    result = await answer(phone, task)
    output = orjson.loads(result.completed.output_json)
    assert (output["outcome"], output["duration_seconds"]) == (outcome, 61)
    assert (output["recording_url"], output["to"]) == ("", TO)


async def test_a_recording_is_asked_for_when_it_was_not_told(phone: Bench) -> None:
    config = CONFIG | {"record_call": True}
    first = await answer(phone, phone.task("make_call", config))
    call_id = first.accepted.provider_reference
    task = placed(phone, "make_call", config, call_id=call_id, status="COMPLETED", seconds=61)
    result = await answer(phone, task)
    output = orjson.loads(result.completed.output_json)
    assert output["recording_url"].startswith("https://api.twilio.com/2010-04-01/Accounts/")
    assert not output["recording_url"].endswith(".json")
    assert output["duration_seconds"] == 61


async def test_data_that_changed_during_the_call_is_no_concern(phone: Bench) -> None:
    task = placed(phone, "make_call", _to("external", NUMBER), status="COMPLETED", seconds=5)
    task.config.make_call.destination_value = "{{ contact.custom_fields.gone }}"
    result = await answer(phone, task)
    assert orjson.loads(result.completed.output_json)["outcome"] == "completed"


async def test_a_long_talk_is_waited_for(phone: Bench) -> None:
    task = placed(phone, "make_call", CONFIG, status="ANSWERED", since=timedelta(hours=1))
    phone.use(provider_url=closed_port_url(), public_url=PUBLIC_URL)
    result = await answer(phone, task)
    assert "the call is answered" in result.accepted.reason
