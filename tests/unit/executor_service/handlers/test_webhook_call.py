"""webhook_call: SPEC-WFL-003 R5.3."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest

from common.egress import EgressPolicy, GuardedClient
from devstack.simulator.failures import Control
from executor_service.adapters.dead_letters import without_secrets
from executor_service.handlers.internal.webhook_call import MAX_RESPONSE_BYTES
from tests.unit.executor_service.handlers.harness import (
    Bench,
    Case,
    answering,
    case_id,
    closed_port_url,
)
from treadle.dispatch.v1.result_pb2 import ActionResult
from treadle.dispatch.v1.task_pb2 import ActionTask


def told(mode: str, **rules: Any) -> list[Control]:
    """What the webhook's receiver is told to do."""
    return [Control(provider="sink", mode=mode, **rules)]


def config(bench: Bench, **changes: Any) -> dict[str, Any]:
    """A configuration for the simulator's sink."""
    return {"url": f"{bench.url}/sink/crm", "method": "POST"} | changes


CASES = [
    Case("calls", {}, output={"status_code": 200, "response": None}, sent=1, claims=0),
    Case(
        "honours Retry-After",
        {},
        told=told("429", retry_after=12),
        outcome="failed",
        error="rate_limit",
        retry_after=timedelta(seconds=12),
        message="the webhook answered 429 Too Many Requests",
    ),
    Case(
        "takes the Retry-After of a 503",
        {},
        told=told("503", retry_after=3),
        outcome="failed",
        error="service_unavailable",
        retry_after=timedelta(seconds=3),
    ),
    Case("retries a 500", {}, told=told("500"), outcome="failed", error="service_unavailable"),
    Case("gives up on a 401", {}, told=told("401"), outcome="failed", error="authentication"),
    Case("gives up on a 404", {}, told=told("404"), outcome="failed", error="rejected"),
    Case("gives up on a 410", {}, told=told("410"), outcome="failed", error="rejected"),
    Case(
        "retries after silence: the receiver can tell a repeat",
        {"timeout_seconds": 1},
        told=told("hang"),
        outcome="failed",
        error="network_timeout",
        message="did not answer: no answer within 1 s",
    ),
    Case(
        "retries after a reset",
        {},
        told=told("reset"),
        outcome="failed",
        error="network_timeout",
    ),
    Case(
        "names the value that is missing",
        {"payload": {"nick": "{{ contact.nickname }}"}},
        outcome="failed",
        error="invalid_config",
        message=r"payload\.nick: contact\.nickname has no value",
        sent=0,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=case_id)
async def test_webhook_action(bench: Bench, case: Case) -> None:
    await bench.check("webhook_call", "sink", replace(case, config=config(bench, **case.config)))


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_every_method_arrives(bench: Bench, method: str) -> None:
    result = await bench.result("webhook_call", config(bench, method=method))
    assert result.WhichOneof("outcome") == "completed"
    (request,) = bench.inbox("sink")
    assert request["details"]["method"] == method


async def test_payload_is_json_with_values_rendered(bench: Bench) -> None:
    payload = {
        "name": "{{ contact.first_name }}",
        "visits": 3,
        "rate": 0.5,
        "nested": {"plans": ["{{ contact.custom_fields.plan }}", None, True]},
    }
    await bench.result("webhook_call", config(bench, payload=payload))
    (request,) = bench.inbox("sink")
    assert request["details"]["headers"]["content-type"] == "application/json"
    assert request["details"]["body"] == {
        "name": "Ann",
        "visits": 3,
        "rate": 0.5,
        "nested": {"plans": ["gold", None, True]},
    }
    assert "3.0" not in request["text"]


async def test_url_and_headers_are_rendered(bench: Bench) -> None:
    await bench.result(
        "webhook_call",
        config(
            bench,
            url=bench.url + "/sink/crm/{{ contact.custom_fields.plan }}?n={{ contact.first_name }}",
            headers={"X-Plan": "{{ contact.custom_fields.plan }}"},
        ),
    )
    (request,) = bench.inbox("sink")
    assert request["details"]["path"] == "/sink/crm/gold"
    assert request["details"]["query"] == {"n": "Ann"}
    assert request["details"]["headers"]["x-plan"] == "gold"


async def test_value_cannot_add_a_header(bench: Bench) -> None:
    context = {"contact": {"first_name": "a\r\nX-Evil: 1"}}
    headers = {"X-Name": "{{ contact.first_name }}"}
    await bench.result("webhook_call", config(bench, headers=headers), context)
    sent = bench.inbox("sink")[0]["details"]["headers"]
    assert sent["x-name"] == "a X-Evil: 1"
    assert "x-evil" not in sent


async def test_idempotency_key_is_the_same_on_every_attempt(bench: Bench) -> None:
    task = bench.task("webhook_call", config(bench))
    await bench.run(task)
    task.attempt_id = "another"
    await bench.run(task)
    keys = [request["details"]["headers"]["idempotency-key"] for request in bench.inbox("sink")]
    assert keys == [task.action_execution_id] * 2


async def test_users_own_idempotency_key_wins(bench: Bench) -> None:
    await bench.result("webhook_call", config(bench, headers={"idempotency-key": "mine"}))
    assert bench.inbox("sink")[0]["details"]["headers"]["idempotency-key"] == "mine"


@pytest.mark.parametrize(
    ("kind", "auth", "header", "value"),
    [
        (
            "basic",
            {"username": "ann", "password": "pässword"},
            "authorization",
            "Basic YW5uOnDDpHNzd29yZA==",
        ),
        ("bearer", {"token": "t0ken"}, "authorization", "Bearer t0ken"),
        ("api_key", {"key": "k3y"}, "x-api-key", "k3y"),
        ("api_key", {"header": "X-Secret", "key": "k3y"}, "x-secret", "k3y"),
    ],
)
async def test_credentials(
    bench: Bench, kind: str, auth: dict[str, str], header: str, value: str
) -> None:
    await bench.result(
        "webhook_call",
        config(bench, auth_type=kind, auth_config=auth, headers={header.title(): "overridden"}),
    )
    assert bench.inbox("sink")[0]["details"]["headers"][header] == value


async def test_response_is_stored_when_asked_for(bench: Bench) -> None:
    result = await bench.result("webhook_call", config(bench, store_response=True))
    output = orjson.loads(result.completed.output_json)
    assert output["response"]["name"] == "crm"


@pytest.mark.parametrize(
    ("body", "stored"),
    [
        (b'{"a": [1, "x\\u0000y"]}', {"a": [1, "x\N{REPLACEMENT CHARACTER}y"]}),
        (b"plain \xff\x00", "plain \N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"),
        (b"", ""),
    ],
)
async def test_response_of_any_kind_can_be_stored(bench: Bench, body: bytes, stored: Any) -> None:
    head = f"HTTP/1.1 201 Created\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    async with answering(head + body) as url:
        case = Case(
            "stored",
            {"url": url, "method": "GET", "store_response": True},
            output={"status_code": 201, "response": stored},
        )
        await bench.check("webhook_call", "sink", case)


@pytest.mark.parametrize("depth", [100, 300, 900])
async def test_deep_response_cannot_be_stored(bench: Bench, depth: int) -> None:
    body = b"[" * depth + b"]" * depth
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    async with answering(head + body) as url:
        case = Case(
            "deep",
            {"url": url, "method": "GET", "store_response": True},
            outcome="failed",
            error="internal",
            message="nested more than 64 levels deep",
        )
        await bench.check("webhook_call", "sink", case)


@pytest.mark.parametrize(("store", "outcome"), [(False, "completed"), (True, "failed")])
async def test_large_response_matters_only_when_stored(
    bench: Bench, *, store: bool, outcome: str
) -> None:
    size = MAX_RESPONSE_BYTES + 1
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode()
    async with answering(head + b"x" * size) as url:
        case = Case(
            "large",
            {"url": url, "method": "GET", "store_response": store},
            outcome=outcome,
            error="internal" if store else "",
            message="256 KiB" if store else "",
        )
        await bench.check("webhook_call", "sink", case)


async def test_retry_after_may_be_a_date(bench: Bench) -> None:
    date = b"Retry-After: Wed, 04 Mar 2026 11:02:00 GMT\r\n"
    async with answering(b"HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n" + date + b"\r\n") as url:
        case = Case(
            "date",
            {"url": url, "method": "GET"},
            outcome="failed",
            error="rate_limit",
            retry_after=timedelta(minutes=2),
        )
        await bench.check("webhook_call", "sink", case)


async def test_redirect_is_not_followed(bench: Bench) -> None:
    head = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n"
    async with answering(head) as url:
        case = Case(
            "redirect",
            {"url": url, "method": "GET"},
            outcome="failed",
            error="rejected",
            message="302 Found",
        )
        await bench.check("webhook_call", "sink", case)


async def test_connection_refused_is_retried(bench: Bench) -> None:
    case = Case(
        "refused",
        {"url": closed_port_url(), "method": "POST"},
        outcome="failed",
        error="network_timeout",
        message="could not be reached",
    )
    await bench.check("webhook_call", "sink", case)


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/", "http://169.254.169.254/latest", "http://10.0.0.1/", "http://[::1]/"],
)
async def test_inner_addresses_are_not_called(bench: Bench, url: str) -> None:
    async with GuardedClient(EgressPolicy()) as guarded:
        bench.use(provider_url=bench.url, egress=guarded)
        case = Case(
            "inner",
            {"url": url, "method": "GET"},
            outcome="failed",
            error="invalid_config",
            message="the request was not made",
        )
        await bench.check("webhook_call", "sink", case)


async def test_mask_of_a_secret_is_not_sent_as_one(bench: Bench) -> None:
    auth = {"auth_type": "bearer", "auth_config": {"token": "s3cret"}}
    task = bench.task("webhook_call", config(bench, **auth))
    task.CopyFrom(ActionTask.FromString(without_secrets(task.SerializeToString())))
    result = await bench.run(task)
    assert isinstance(result, ActionResult)
    assert "masked" in result.failed.message
    assert not bench.inbox("sink")
