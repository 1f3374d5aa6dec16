"""send_email: SPEC-WFL-003 R2.1."""

from collections.abc import Mapping
from datetime import UTC, timedelta
from typing import Any

import pytest

from common.egress import EgressPolicy, GuardedClient
from common.errors import ErrorReason, TreadleError, dependency_unavailable
from devstack.simulator.failures import Control
from executor_service.attachments import MAX_BYTES, filename_of
from executor_service.ports import EmailTemplate
from executor_service.postpone import LATEST, SOONEST
from tests.unit.executor_service.handlers.harness import (
    CONTACT,
    CONTEXT,
    TEMPLATE_ID,
    Bench,
    Case,
    answering,
    case_id,
    closed_port_url,
)
from treadle.dispatch.v1.result_pb2 import ActionResult

CONFIG: dict[str, Any] = {
    "template_id": TEMPLATE_ID,
    "subject": "Welcome {{ contact.first_name }}!",
    "from_name": "{{ account.name }} Team",
    "from_email": "support@example.com",
    "purpose": "transactional",
}


def contact(**changes: Any) -> Mapping[str, Any]:
    """The context with another contact."""
    return {**CONTEXT, "contact": {**CONTACT, **changes}}


def told(mode: str, **rules: Any) -> list[Control]:
    """What SendGrid is told to do."""
    return [Control(provider="sendgrid", mode=mode, **rules)]


CASES = [
    Case(
        "sends",
        CONFIG,
        output={"to": "ann@example.com", "subject": "Welcome Ann!"},
        sent=1,
        claims=1,
    ),
    Case(
        "needs an address",
        CONFIG,
        contact(email=None),
        outcome="failed",
        error="invalid_config",
        message="no email address",
        sent=0,
        claims=0,
    ),
    Case(
        "needs its template",
        CONFIG | {"template_id": "00000000-0000-4000-8000-000000000000"},
        outcome="failed",
        error="invalid_config",
        message="there is no email template 00000000",
        claims=0,
    ),
    Case(
        "names the value that is missing in the subject",
        CONFIG | {"subject": "{{ contact.nickname }}"},
        outcome="failed",
        error="invalid_config",
        message=r"subject: contact\.nickname has no value",
        claims=0,
    ),
    Case(
        "names the value that is missing in the template",
        CONFIG,
        contact(first_name=None),
        outcome="failed",
        error="invalid_config",
        message=r"contact\.first_name has no value",
        claims=0,
    ),
    Case(
        "keeps the subject in one line",
        CONFIG | {"subject": "Hi {{ contact.first_name }}"},
        contact(first_name="Ann\r\nBcc: x@example.com"),
        output={"subject": "Hi Ann Bcc: x@example.com"},
    ),
    Case(
        "honours Retry-After",
        CONFIG,
        told=told("429", retry_after=30),
        outcome="failed",
        error="rate_limit",
        retry_after=timedelta(seconds=30),
        message="SendGrid answered 429 Too Many Requests: too many requests",
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
        told=told("403"),
        outcome="failed",
        error="authentication",
    ),
    Case(
        "reports what SendGrid rejects in SendGrid's words",
        CONFIG,
        contact(email="not-an-address"),
        outcome="failed",
        error="rejected",
        message="400 Bad Request: Does not contain a valid address",
        sent=0,
    ),
    Case(
        "does not know what a hanging provider did",
        CONFIG,
        told=told("hang"),
        outcome="failed",
        error="unknown_outcome",
        message="read timeout",
        sent=0,
    ),
    Case(
        "takes nothing but 202 Accepted for a receipt",
        CONFIG,
        told=told("garbage"),
        outcome="failed",
        error="unknown_outcome",
        message="status 200",
        sent=0,
    ),
    Case(
        "does not know what a reset means",
        CONFIG,
        told=told("accept_then_reset"),
        outcome="failed",
        error="unknown_outcome",
        sent=1,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=case_id)
async def test_send_email_action(bench: Bench, case: Case) -> None:
    await bench.check("send_email", "sendgrid", case)


async def test_body_is_the_template_with_values_escaped(bench: Bench) -> None:
    await bench.result("send_email", CONFIG)
    (message,) = bench.inbox("sendgrid")
    assert message["html"] == "<p>Hello Ann Öz &lt;b&gt;</p>"
    assert message["text"] == "Hello Ann"
    assert message["from"] == "support@example.com"
    assert message["details"]["from_name"] == "Bakery Team"


async def test_message_carries_the_ids_of_its_step(bench: Bench) -> None:
    task = bench.task("send_email", CONFIG)
    await bench.run(task)
    (message,) = bench.inbox("sendgrid")
    assert message["custom_args"] == {
        name: getattr(task, name)
        for name in (
            "account_id",
            "execution_id",
            "action_execution_id",
            "attempt_id",
            "contact_id",
        )
    }


async def test_reference_is_the_providers_id(bench: Bench) -> None:
    result = await bench.result("send_email", CONFIG)
    (message,) = bench.inbox("sendgrid")
    assert result.completed.provider_reference == message["id"]


@pytest.mark.parametrize("opens", [True, False])
@pytest.mark.parametrize("clicks", [True, False])
async def test_tracking_is_as_configured(bench: Bench, *, opens: bool, clicks: bool) -> None:
    await bench.result("send_email", CONFIG | {"track_opens": opens, "track_clicks": clicks})
    (message,) = bench.inbox("sendgrid")
    tracking = message["details"]["tracking_settings"]
    assert tracking["open_tracking"]["enable"] is opens
    assert tracking["click_tracking"]["enable"] is clicks


async def test_tracking_is_on_unless_configured(bench: Bench) -> None:
    await bench.result("send_email", CONFIG)
    tracking = bench.inbox("sendgrid")[0]["details"]["tracking_settings"]
    assert tracking["open_tracking"]["enable"] and tracking["click_tracking"]["enable"]


async def test_reply_to_and_html_alone(bench: Bench) -> None:
    bench.templates.templates[TEMPLATE_ID] = EmailTemplate("<b>Hi</b>", "")
    await bench.result("send_email", CONFIG | {"reply_to": "help@example.com"})
    (message,) = bench.inbox("sendgrid")
    assert message["details"]["reply_to"] == "help@example.com"
    assert (message["html"], message["text"]) == ("<b>Hi</b>", "")


async def test_empty_template_is_not_sent(bench: Bench) -> None:
    bench.templates.templates[TEMPLATE_ID] = EmailTemplate(" ", "")
    case = Case("empty", CONFIG, outcome="failed", error="invalid_config", sent=0, claims=0)
    await bench.check("send_email", "sendgrid", case)


@pytest.mark.parametrize(
    "error",
    [
        dependency_unavailable("action service", timedelta(seconds=1)),
        TreadleError(ErrorReason.DEADLINE_EXCEEDED, "too late"),
        TimeoutError(),
    ],
)
async def test_template_service_out_of_reach_spends_no_retry(
    bench: Bench, error: Exception
) -> None:
    bench.templates.error = error
    case = Case("down", CONFIG, outcome="deferred", message="email template", sent=0, claims=0)
    result = await bench.check("send_email", "sendgrid", case)
    assert isinstance(result, ActionResult)
    pause = result.deferred.not_before.ToDatetime(tzinfo=UTC) - bench.clock.now()
    assert SOONEST <= pause <= LATEST


async def test_template_service_that_refuses_is_no_reason_to_wait_for_ever(bench: Bench) -> None:
    bench.templates.error = TreadleError(ErrorReason.INTERNAL, "broken")
    case = Case("broken", CONFIG, outcome="failed", error="service_unavailable", sent=0, claims=0)
    await bench.check("send_email", "sendgrid", case)


async def test_connection_refused_is_known_not_to_be_sent(bench: Bench) -> None:
    bench.use(provider_url=closed_port_url())
    case = Case("refused", CONFIG, outcome="failed", error="network_timeout")
    await bench.check("send_email", "sendgrid", case)


async def test_missing_credentials_are_named(bench: Bench) -> None:
    bench.use(provider_url=bench.url, credentials=False)
    case = Case(
        "no credentials",
        CONFIG,
        outcome="failed",
        error="authentication",
        message="TREADLE_EXECUTOR_SENDGRID_API_KEY is not set",
    )
    await bench.check("send_email", "sendgrid", case)


async def test_attachments_are_fetched_and_sent(bench: Bench) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf; x=y\r\nContent-Length: 5\r\n\r\n"
    async with answering(head + b"%PDF-") as url:
        config = CONFIG | {
            "attachments": [url + "/files/{{ contact.first_name }}%20price%20list.pdf"]
        }
        await bench.result("send_email", config)
    (message,) = bench.inbox("sendgrid")
    assert message["details"]["attachments"] == [
        {"filename": "Ann price list.pdf", "type": "application/pdf", "base64_length": 8}
    ]


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "rejected", "404 Not Found"),
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "service_unavailable", "503"),
        (b"", "network_timeout", "attachment"),
    ],
)
async def test_attachment_that_cannot_be_had(
    bench: Bench, answer: bytes, error: str, message: str
) -> None:
    async with answering(answer) as url:
        config = CONFIG | {"attachments": [url + "/a.pdf"]}
        case = Case("x", config, outcome="failed", error=error, message=message, sent=0, claims=0)
        await bench.check("send_email", "sendgrid", case)


async def test_attachments_are_limited_together(bench: Bench) -> None:
    size = MAX_BYTES // 2 + 1
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode()
    async with answering(head + b"x" * size) as url:
        config = CONFIG | {"attachments": [url + "/a", url + "/b"]}
        case = Case(
            "x", config, outcome="failed", error="invalid_config", message="10 MiB", claims=0
        )
        await bench.check("send_email", "sendgrid", case)


async def test_attachments_come_from_the_internet_only(bench: Bench) -> None:
    async with GuardedClient(EgressPolicy()) as guarded:
        bench.use(provider_url=bench.url, egress=guarded)
        config = CONFIG | {"attachments": ["http://169.254.169.254/latest/meta-data"]}
        case = Case(
            "x",
            config,
            outcome="failed",
            error="invalid_config",
            message="not on the public internet",
            claims=0,
        )
        await bench.check("send_email", "sendgrid", case)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://example.com/a/price%20list.pdf?x=1", "price list.pdf"),
        ("https://example.com/", "attachment"),
        ("https://example.com", "attachment"),
        ("https://example.com/a%2F..%2F%00b%22.txt", "a..b.txt"),
    ],
)
def test_filename(url: str, name: str) -> None:
    assert filename_of(url) == name
