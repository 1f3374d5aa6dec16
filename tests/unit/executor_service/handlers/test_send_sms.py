"""send_sms: SPEC-WFL-003 R2.2."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from common.errors import ErrorReason, TreadleError, dependency_unavailable
from devstack.simulator.failures import Control
from executor_service.ports import ClaimDecision
from executor_service.postpone import LATEST, SOONEST
from tests.unit.executor_service.handlers.harness import (
    CONTACT,
    CONTEXT,
    NOON,
    Bench,
    Case,
    answering,
    case_id,
    closed_port_url,
)
from treadle.dispatch.v1.result_pb2 import ActionResult
from treadle.execution.v1.execution_pb2 import ErrorClass

CONFIG: dict[str, Any] = {"message": "Hi {{ contact.first_name }}!", "from_number": "+14155550100"}
# 23:00 in Berlin.
NIGHT = datetime(2026, 3, 4, 22, 0, tzinfo=UTC)
MORNING = datetime(2026, 3, 5, 8, 0, tzinfo=UTC)


def contact(**changes: Any) -> Mapping[str, Any]:
    """The context with another contact."""
    return {**CONTEXT, "contact": {**CONTACT, **changes}}


def told(mode: str, **rules: Any) -> list[Control]:
    """What Twilio is told to do."""
    return [Control(provider="twilio", mode=mode, **rules)]


CASES = [
    Case(
        "sends the rendered text",
        CONFIG,
        output={"to": "+4915112345678", "body": "Hi Ann!", "segments": 1},
        sent=1,
        claims=1,
    ),
    Case(
        "sends media",
        CONFIG | {"media_urls": ["https://example.com/{{ contact.custom_fields.plan }}.png"]},
        sent=1,
    ),
    Case(
        "takes a number with spaces",
        CONFIG,
        contact(phone=" +49 151 1234-5678 "),
        output={"to": "+4915112345678"},
    ),
    Case(
        "needs a number",
        CONFIG,
        contact(phone=None),
        outcome="failed",
        error="invalid_config",
        message="no phone number",
        sent=0,
        claims=0,
    ),
    Case(
        "needs a valid number",
        CONFIG,
        contact(phone="12345"),
        outcome="failed",
        error="invalid_config",
        message="not a valid international number",
        sent=0,
        claims=0,
    ),
    Case(
        "names the value that is missing",
        CONFIG | {"message": "Hi {{ contact.nickname }}"},
        outcome="failed",
        error="invalid_config",
        message=r"message: contact\.nickname has no value",
        claims=0,
    ),
    Case(
        "uses the fallback of a missing value",
        CONFIG | {"message": 'Hi {{ contact.nickname | default: "there" }}'},
        output={"body": "Hi there"},
    ),
    Case(
        "refuses a text that rendering makes too long",
        CONFIG | {"message": "{{ contact.first_name }}"},
        contact(first_name="x" * 1601),
        outcome="failed",
        error="invalid_config",
        message="message: .*1,?600",
        sent=0,
    ),
    Case(
        "sends the longest text there is",
        CONFIG | {"message": "{{ contact.first_name }}"},
        contact(first_name="x" * 1600),
        sent=1,
    ),
    Case(
        "refuses a text that rendering makes empty",
        CONFIG | {"message": "{% if false %}Hi{% endif %}"},
        outcome="failed",
        error="invalid_config",
        message="message: ",
        sent=0,
    ),
    Case(
        "is held in quiet hours, unclaimed",
        CONFIG,
        now=NIGHT,
        outcome="deferred",
        not_before=MORNING,
        message="quiet hours 21:00-09:00 .Europe/Berlin",
        sent=0,
        claims=0,
    ),
    Case("is sent as quiet hours end", CONFIG, now=MORNING, sent=1),
    Case(
        "is held as quiet hours begin",
        CONFIG,
        now=datetime(2026, 3, 4, 20, 0, tzinfo=UTC),
        outcome="deferred",
        not_before=MORNING,
    ),
    Case(
        "is sent at night when told so", CONFIG | {"respect_quiet_hours": False}, now=NIGHT, sent=1
    ),
    Case(
        "keeps quiet hours of its own",
        CONFIG | {"quiet_hours_start": "12:00", "quiet_hours_end": "12:30"},
        outcome="deferred",
        not_before=NOON + timedelta(minutes=30),
    ),
    Case(
        "goes by the number's zone when the contact has none",
        CONFIG,
        contact(timezone="", phone="+14155552671"),
        # 03:00 in San Francisco.
        outcome="deferred",
        not_before=datetime(2026, 3, 4, 17, 0, tzinfo=UTC),
        message="America/Los_Angeles",
    ),
    Case(
        "is held until it is allowed in all zones of a number",
        CONFIG,
        # Australian mobiles may be anywhere from Sydney, where it is 22:00, to the Cocos Islands.
        contact(timezone="Nowhere/At-All", phone="+61412345678"),
        outcome="deferred",
        # 09:00 on the islands; 13:30 in Sydney.
        not_before=datetime(2026, 3, 5, 2, 30, tzinfo=UTC),
        sent=0,
    ),
    Case(
        "honours Retry-After",
        CONFIG,
        told=told("429", retry_after=7),
        outcome="failed",
        error="rate_limit",
        retry_after=timedelta(seconds=7),
        message="Twilio answered 429 Too Many Requests: .*20429",
        sent=0,
    ),
    Case(
        "counts a 503 as not sent",
        CONFIG,
        told=told("503"),
        outcome="failed",
        error="service_unavailable",
        sent=0,
    ),
    Case(
        "counts a 500 as not sent",
        CONFIG,
        told=told("500"),
        outcome="failed",
        error="service_unavailable",
    ),
    Case(
        "reports refused credentials",
        CONFIG,
        told=told("401"),
        outcome="failed",
        error="authentication",
    ),
    Case(
        "reports what Twilio rejects in Twilio's words",
        CONFIG,
        contact(phone="+15005550009", timezone="Europe/Berlin"),
        outcome="failed",
        error="rejected",
        message="not a valid mobile number .Twilio error 21614",
        sent=0,
    ),
    Case(
        "does not know what a hanging provider did",
        CONFIG,
        told=told("hang"),
        outcome="failed",
        error="unknown_outcome",
        message="Twilio did not answer .read timeout",
        sent=0,
    ),
    Case(
        "does not know what became of a taken message without an answer",
        CONFIG,
        told=told("accept_then_hang"),
        outcome="failed",
        error="unknown_outcome",
        sent=1,
    ),
    Case(
        "does not know what a reset means",
        CONFIG,
        told=told("accept_then_reset"),
        outcome="failed",
        error="unknown_outcome",
        message="connection broken",
        sent=1,
    ),
    Case(
        "does not guess at an answer that is none",
        CONFIG,
        told=told("garbage"),
        outcome="failed",
        error="unknown_outcome",
        message="could not be read",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=case_id)
async def test_send_sms_action(bench: Bench, case: Case) -> None:
    await bench.check("send_sms", "twilio", case)


async def test_message_carries_the_ids_of_its_step(bench: Bench) -> None:
    task = bench.task("send_sms", CONFIG | {"media_urls": ["https://example.com/a.png"]})
    await bench.run(task)
    (message,) = bench.inbox("twilio")
    assert message["step_key"] == task.action_execution_id
    assert message["attempt_id"] == task.attempt_id
    assert message["from"] == "+14155550100"
    assert message["details"]["media_urls"] == ["https://example.com/a.png"]


async def test_the_provider_is_told_where_to_say_what_becomes_of_it(bench: Bench) -> None:
    task = bench.task("send_sms", CONFIG)
    bench.use(provider_url=bench.url, public_url="https://treadle.example.com/base/")
    await bench.run(task)
    (message,) = bench.inbox("twilio")
    told = urlsplit(str(message["details"]["status_callback"]))
    address = f"https://treadle.example.com/base/inbound/twilio/{task.account_id}"
    assert told._replace(query="").geturl() == address
    ids = dict(parse_qsl(told.query))
    assert ids["action_execution_id"] == task.action_execution_id
    assert ids["attempt_id"] == task.attempt_id


async def test_without_an_address_the_provider_is_asked_for_nothing(bench: Bench) -> None:
    await bench.run(bench.task("send_sms", CONFIG))
    (message,) = bench.inbox("twilio")
    assert message["details"]["status_callback"] is None


async def test_reference_is_the_providers_id(bench: Bench) -> None:
    result = await bench.result("send_sms", CONFIG)
    (message,) = bench.inbox("twilio")
    assert result.completed.provider_reference == message["id"]


async def test_connection_refused_is_known_not_to_be_sent(bench: Bench) -> None:
    bench.use(provider_url=closed_port_url())
    case = Case(
        "refused", CONFIG, outcome="failed", error="network_timeout", message="could not be reached"
    )
    await bench.check("send_sms", "twilio", case)


async def test_hang_up_before_the_answer_is_unknown(bench: Bench) -> None:
    async with answering(b"") as url:
        bench.use(provider_url=url)
        case = Case("hang up", CONFIG, outcome="failed", error="unknown_outcome")
        await bench.check("send_sms", "twilio", case)


async def test_attempt_is_sent_once_however_often_it_is_delivered(bench: Bench) -> None:
    task = bench.task("send_sms", CONFIG)
    await bench.run(task)
    again = await bench.run(task)
    assert isinstance(again, ActionResult)
    assert again.failed.error_class == ErrorClass.ERROR_CLASS_UNKNOWN_OUTCOME
    assert "may have been sent" in again.failed.message
    assert len(bench.inbox("twilio")) == 1


async def test_stale_attempt_is_not_sent(bench: Bench) -> None:
    bench.ledger.decision = ClaimDecision.STALE
    await bench.check("send_sms", "twilio", Case("stale", CONFIG, outcome="stale", sent=0))


async def test_nothing_is_sent_without_the_ledger(bench: Bench) -> None:
    bench.ledger.error = dependency_unavailable("action service", timedelta(seconds=1))
    case = Case("no ledger", CONFIG, outcome="deferred", message="record of sends", sent=0)
    result = await bench.check("send_sms", "twilio", case)
    assert isinstance(result, ActionResult)
    pause = result.deferred.not_before.ToDatetime(tzinfo=UTC) - bench.clock.now()
    assert SOONEST <= pause <= LATEST


async def test_ledger_that_refuses_is_no_reason_to_wait_for_ever(bench: Bench) -> None:
    bench.ledger.error = TreadleError(ErrorReason.INTERNAL, "broken")
    case = Case("broken", CONFIG, outcome="failed", error="service_unavailable", sent=0)
    await bench.check("send_sms", "twilio", case)


async def test_missing_credentials_are_named(bench: Bench) -> None:
    bench.use(provider_url=bench.url, credentials=False)
    case = Case(
        "no credentials",
        CONFIG,
        outcome="failed",
        error="authentication",
        message="TREADLE_EXECUTOR_TWILIO_",
    )
    await bench.check("send_sms", "twilio", case)
