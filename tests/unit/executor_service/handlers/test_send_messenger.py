"""send_messenger against the simulated Graph API: what arrives, and what errors mean."""

import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from common.errors import ErrorReason, TreadleError, dependency_unavailable
from devstack.simulator.failures import Control
from executor_service.ports import Conversation
from tests.unit.common.catalogue.case import UUID
from tests.unit.common.catalogue.messenger_cases import (
    BUTTON,
    BUTTONS,
    GENERIC,
    IMAGE,
    QUICK_REPLY,
    TAGGED,
    TEXT,
)
from tests.unit.executor_service.handlers.harness import (
    APP_SECRET,
    NOON,
    PAGE_TOKEN,
    Bench,
    Case,
    answering,
    case_id,
    closed_port_url,
)
from treadle.credential.v1.credential_pb2 import (
    PROVIDER_FACEBOOK_PAGE,
    FacebookPageSecret,
    Secret,
)
from treadle.dispatch.v1.task_pb2 import DELIVERY_CHANNEL_MESSENGER

PAGE = "102030405060708"
PSID = "6203981734561"
HOUR = timedelta(hours=1)
OPEN = Conversation(PAGE, "default", "Bakery", PSID, NOON - HOUR)


@pytest.fixture
def page(bench: Bench) -> Bench:
    """A page that is connected, and whom the contact has written to an hour ago."""
    secret = FacebookPageSecret(page_id=PAGE, access_token=PAGE_TOKEN, app_secret=APP_SECRET)
    bench.credentials.secrets[PROVIDER_FACEBOOK_PAGE] = Secret(facebook_page=secret)
    bench.conversations.pages[UUID] = OPEN
    return bench


async def arrived(page: Bench, config: dict[str, Any]) -> dict[str, Any]:
    """What the one message is at the provider."""
    await page.check("send_messenger", "messenger", Case("sent", config, sent=1, claims=1))
    (message,) = page.inbox("messenger")
    return message


async def test_every_field_arrives_where_the_documented_api_wants_it(page: Bench) -> None:
    text = {**TEXT, "content": {"text": "Hi {{ contact.first_name }} {{ contact.last_name }}"}}
    task = page.task("send_messenger", {**text, "messaging_type": "RESPONSE"})
    await page.run(task)
    (message,) = page.inbox("messenger")
    assert (message["from"], message["to"]) == (PAGE, PSID)
    assert message["details"] == {
        "version": "v25.0",
        "messaging_type": "RESPONSE",
        "tag": None,
        "message": {"text": "Hi Ann Öz <b>", "metadata": task.attempt_id},
        "appsecret_proof": True,
        "query": {},
    }
    assert message["custom_args"]["action_execution_id"] == task.action_execution_id


@pytest.mark.parametrize(
    ("config", "sent"),
    [
        pytest.param(
            {**IMAGE, "content": {**IMAGE["content"], "is_reusable": True}},
            {
                "attachment": {
                    "type": "image",
                    "payload": {"url": "https://example.com/a.png", "is_reusable": True},
                }
            },
            id="image",
        ),
        pytest.param(
            {
                **QUICK_REPLY,
                "content": {
                    "text": "Fresh bread?",
                    "quick_replies": [
                        {"title": "{{ contact.first_name }}", "payload": "YES"},
                        {"content_type": "user_email"},
                    ],
                },
            },
            {
                "text": "Fresh bread?",
                "quick_replies": [
                    {"content_type": "text", "title": "Ann", "payload": "YES"},
                    {"content_type": "user_email"},
                ],
            },
            id="quick replies",
        ),
        pytest.param(
            {
                **GENERIC,
                "content": {
                    "template_type": "generic",
                    "sharable": True,
                    "elements": [
                        {
                            "title": "Bread for {{ contact.first_name }}",
                            "subtitle": "{{ contact.custom_fields.none | default: '' }}",
                            "image_url": "https://example.com/a.png",
                            "default_action": {"url": "https://example.com/"},
                            "buttons": [BUTTON],
                        }
                    ],
                },
            },
            {
                "attachment": {
                    "type": "template",
                    "payload": {
                        "template_type": "generic",
                        "sharable": True,
                        "elements": [
                            {
                                "title": "Bread for Ann",
                                "image_url": "https://example.com/a.png",
                                "default_action": {
                                    "type": "web_url",
                                    "url": "https://example.com/",
                                },
                                "buttons": [BUTTON],
                            }
                        ],
                    },
                }
            },
            id="cards",
        ),
        pytest.param(
            BUTTONS,
            {
                "attachment": {
                    "type": "template",
                    "payload": {"template_type": "button", "text": "Bread?", "buttons": [BUTTON]},
                }
            },
            id="buttons",
        ),
    ],
)
async def test_a_message_of_each_type_arrives(
    page: Bench, config: dict[str, Any], sent: dict[str, Any]
) -> None:
    message = (await arrived(page, config))["details"]["message"]
    assert {name: message[name] for name in message if name != "metadata"} == sent


async def test_the_output_is_meta_s_ids(page: Bench) -> None:
    output = {"recipient_id": PSID, "page_id": UUID, "messaging_type": "UPDATE"}
    result: Any = await page.check("send_messenger", "messenger", Case("out", TEXT, output=output))
    (message,) = page.inbox("messenger")
    assert result.completed.provider_reference == message["id"]
    assert message["id"].encode() in result.completed.output_json


@pytest.mark.parametrize(
    ("config", "ago", "outcome"),
    [
        pytest.param(TEXT, timedelta(hours=24) - timedelta(seconds=1), "completed", id="open"),
        pytest.param(TEXT, timedelta(hours=24), "skipped", id="closed"),
        pytest.param(TEXT, timedelta(days=30), "skipped", id="long closed"),
        pytest.param(TAGGED, timedelta(hours=24), "completed", id="tagged"),
        pytest.param(TAGGED, timedelta(days=7) - timedelta(seconds=1), "completed", id="last day"),
        pytest.param(TAGGED, timedelta(days=7), "skipped", id="tagged and closed"),
        pytest.param(TEXT, -timedelta(seconds=5), "completed", id="clocks that differ"),
    ],
)
async def test_the_window_is_measured_from_the_last_message(
    page: Bench, config: dict[str, Any], ago: timedelta, outcome: str
) -> None:
    page.conversations.pages[UUID] = replace(OPEN, last_message_at=NOON - ago)
    limit = "7 days" if config is TAGGED else "24 hours"
    message = f"last wrote to the page at .* UTC.*{limit}" if outcome == "skipped" else ""
    sent = int(outcome == "completed")
    case = Case("window", config, outcome=outcome, message=message, sent=sent, claims=sent)
    await page.check("send_messenger", "messenger", case)
    if sent and config is TAGGED:
        details = page.inbox("messenger")[0]["details"]
        assert (details["messaging_type"], details["tag"]) == ("MESSAGE_TAG", "HUMAN_AGENT")


async def test_it_is_looked_at_anew_on_every_attempt(page: Bench) -> None:
    task = page.task("send_messenger", TEXT)
    page.clock.instant = NOON + timedelta(hours=24)
    result: Any = await page.run(task)
    assert result.WhichOneof("outcome") == "skipped"
    page.conversations.pages[UUID] = replace(OPEN, last_message_at=page.clock.instant)
    result = await page.run(task)
    assert result.WhichOneof("outcome") == "completed"


UNSENT = [
    Case(
        "never written",
        TEXT,
        outcome="skipped",
        message="has never written to the page",
    ),
    Case(
        "unknown person",
        TEXT,
        outcome="failed",
        error="invalid_config",
        message="not known on the messenger page 'Bakery': they have to write to it first",
    ),
    Case(
        "no credential",
        TEXT,
        outcome="failed",
        error="authentication",
        message="Meta is not set up: the account has no facebook_page credential",
    ),
    Case(
        "another page's",
        TEXT,
        outcome="failed",
        error="authentication",
        message=f"facebook_page credential is of page {PAGE}, and not of 99",
    ),
    Case(
        "no such page",
        {**TEXT, "page_id": UUID.replace("5", "6")},
        outcome="failed",
        error="invalid_config",
        message="page_id: there is no messenger page",
    ),
    Case(
        "blank once rendered",
        {**TEXT, "content": {"text": "{{ contact.custom_fields.none | default: '' }}"}},
        outcome="failed",
        error="invalid_config",
        message="content.text: is required and must not be blank, once rendered",
    ),
]


@pytest.mark.parametrize("case", UNSENT, ids=case_id)
async def test_what_is_missing_is_said_and_nothing_is_sent(page: Bench, case: Case) -> None:
    pages = page.conversations.pages
    match case.name:
        case "never written":
            pages[UUID] = replace(OPEN, last_message_at=None)
        case "unknown person":
            pages[UUID] = replace(OPEN, psid="", last_message_at=None)
        case "no credential":
            page.credentials.secrets.clear()
        case "another page's":
            pages[UUID] = replace(OPEN, facebook_page_id="99")
        case _:
            pass
    await page.check("send_messenger", "messenger", replace(case, sent=0))


def refused(code: str, error: str, *, subcode: str = "", **more: Any) -> Case:
    name = f"error-{code}" + (f"-{subcode}" if subcode else "")
    numbers = f"{code}/{subcode}" if subcode else code
    said = rf"\(Graph error {numbers}\)"
    return Case(name, TEXT, outcome="failed", error=error, message=said, sent=0, claims=1, **more)


MINUTE = timedelta(minutes=1)
REFUSALS = [
    refused("190", "authentication"),
    refused("102", "authentication"),
    refused("10", "authentication"),
    refused("200", "authentication"),
    refused("230", "authentication"),
    refused("3", "authentication"),
    refused("4", "rate_limit", retry_after=MINUTE),
    refused("613", "rate_limit", retry_after=MINUTE),
    refused("17", "rate_limit"),
    refused("32", "rate_limit"),
    refused("341", "rate_limit"),
    refused("368", "rate_limit"),
    refused("80006", "rate_limit"),
    refused("1", "service_unavailable"),
    refused("2", "service_unavailable"),
    refused("1200", "service_unavailable"),
    refused("100", "invalid_config"),
    refused("100", "rejected", subcode="2018001"),
    refused("200", "rejected", subcode="1545041"),
    refused("10", "rejected", subcode="2018108"),
    refused("551", "rejected"),
    replace(refused("1", "unknown_outcome", subcode="1357046"), message="may have been sent"),
]


@pytest.mark.parametrize("case", REFUSALS, ids=case_id)
async def test_errors_are_told_apart_by_their_code(page: Bench, case: Case) -> None:
    page.conversations.pages[UUID] = replace(OPEN, psid=case.name)
    await page.check("send_messenger", "messenger", case)
    assert bool(page.credentials.not_taken) is (case.error == "authentication")


@pytest.mark.parametrize("subcode", ["2018278", "2018065"])
async def test_a_window_that_meta_sees_closed_skips_the_step(page: Bench, subcode: str) -> None:
    page.conversations.pages[UUID] = replace(OPEN, psid=f"error-10-{subcode}")
    said = f"Meta does not allow it any more.*Graph error 10/{subcode}"
    case = Case("closed", TEXT, outcome="skipped", message=said, sent=0, claims=1)
    await page.check("send_messenger", "messenger", case)


TROUBLE = [
    Case("hang", TEXT, outcome="failed", error="unknown_outcome", message="did not answer"),
    Case("reset", TEXT, outcome="failed", error="unknown_outcome"),
    Case("garbage", TEXT, outcome="failed", error="unknown_outcome", message="says nothing"),
    Case("accept_then_reset", TEXT, outcome="failed", error="unknown_outcome", sent=1),
    Case("429", TEXT, outcome="failed", error="rate_limit", retry_after=timedelta(seconds=7)),
    Case("500", TEXT, outcome="failed", error="service_unavailable"),
    Case("503", TEXT, outcome="failed", error="service_unavailable"),
    Case("401", TEXT, outcome="failed", error="authentication"),
]


@pytest.mark.parametrize("case", TROUBLE, ids=case_id)
async def test_trouble_on_the_way(page: Bench, case: Case) -> None:
    waits = 7 if case.retry_after else None
    control = Control(provider="messenger", mode=case.name, retry_after=waits)
    sent = case.sent or 0
    await page.check(
        "send_messenger", "messenger", replace(case, told=[control], sent=sent, claims=1)
    )


async def test_nobody_there(page: Bench) -> None:
    page.use(provider_url=closed_port_url())
    case = Case("down", TEXT, outcome="failed", error="network_timeout", claims=1)
    await page.check("send_messenger", "messenger", case)


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (b'{"recipient_id":"1"}', b"200 OK", "unknown_outcome"),
        (b"[]", b"200 OK", "unknown_outcome"),
        (b'{"message_id":"m_1"}', b"202 Accepted", "unknown_outcome"),
        (b"<html>", b"502 Bad Gateway", "service_unavailable"),
        (b'{"error":"no"}', b"400 Bad Request", "rejected"),
        (b'{"error":{"code":99,"is_transient":true}}', b"400 Bad Request", "service_unavailable"),
        (b'{"error":{"code":"x","message":7}}', b"400 Bad Request", "rejected"),
    ],
)
async def test_answers_that_meta_does_not_document(
    page: Bench, body: bytes, status: bytes, error: str
) -> None:
    answer = b"HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
    async with answering(answer % (status, len(body), body)) as url:
        page.use(provider_url=url)
        case = Case("odd", TEXT, outcome="failed", error=error, claims=1)
        await page.check("send_messenger", "messenger", case)


@pytest.mark.parametrize(
    ("error", "outcome", "error_class"),
    [
        (dependency_unavailable("api", timedelta(seconds=1)), "deferred", ""),
        (TimeoutError(), "deferred", ""),
        (TreadleError(ErrorReason.INTERNAL, "broken"), "failed", "service_unavailable"),
    ],
)
async def test_when_nobody_knows_the_conversation_it_waits(
    page: Bench, error: Exception, outcome: str, error_class: str
) -> None:
    page.conversations.error = error
    case = Case("away", TEXT, outcome=outcome, error=error_class, message="the messenger page")
    await page.check("send_messenger", "messenger", replace(case, sent=0, claims=0))


async def test_the_token_is_in_no_log_and_no_answer(
    page: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    page.conversations.pages[UUID] = replace(OPEN, psid="error-190")
    result = await page.check(
        "send_messenger", "messenger", Case("no", TEXT, outcome="failed", error="authentication")
    )
    for text in (str(result), caplog.text):
        assert PAGE_TOKEN not in text
        assert APP_SECRET not in text
    assert f"/v25.0/{PAGE}/messages" in caplog.text


async def test_a_page_without_an_app_secret_sends_no_proof(page: Bench) -> None:
    secret = FacebookPageSecret(page_id=PAGE, access_token=PAGE_TOKEN)
    page.credentials.secrets[PROVIDER_FACEBOOK_PAGE] = Secret(facebook_page=secret)
    # The simulator demands it here, as an app can.
    said = "appsecret_proof"
    case = Case("no proof", TEXT, outcome="failed", error="invalid_config", message=said, sent=0)
    await page.check("send_messenger", "messenger", case)


async def test_a_token_that_meta_repeats_is_masked(page: Bench) -> None:
    body = b'{"error":{"code":190,"message":"Malformed access token %s"}}' % PAGE_TOKEN.encode()
    head = b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
    async with answering(head % len(body) + body) as url:
        page.use(provider_url=url)
        said = "Malformed access token [*]+"
        case = Case("odd", TEXT, outcome="failed", error="authentication", message=said)
        result = await page.check("send_messenger", "messenger", case)
    assert PAGE_TOKEN not in str(result)


async def test_what_may_have_been_sent_is_told(page: Bench) -> None:
    page.simulator.plan.set(Control(provider="messenger", mode="accept_then_reset"))
    result = await page.result("send_messenger", TEXT)
    assert (result.sent.recipient, result.sent.sender) == (PSID, PAGE)
    (message,) = page.inbox("messenger")
    assert result.sent.text == message["text"]
    assert result.sent.channel == DELIVERY_CHANNEL_MESSENGER
