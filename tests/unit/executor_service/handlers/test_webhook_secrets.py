"""Secrets of webhook_call: opened for the request, and in nothing that comes of it."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import orjson
import pytest

from common.catalogue import SECRET_MASK
from common.errors import ErrorReason, TreadleError, dependency_unavailable
from tests.unit.executor_service.handlers.harness import Bench
from treadle.dispatch.v1.result_pb2 import ActionResult
from treadle.execution.v1 import execution_pb2

SECRET = 'canary "9f2c" ä/71+bd'
BASIC = b64encode(f"ann:{SECRET}".encode()).decode()


def config(bench: Bench, **changes: Any) -> dict[str, Any]:
    """A configuration for the simulator's sink."""
    return {"url": f"{bench.url}/sink/crm", "method": "POST"} | changes


def bearer(token: str) -> dict[str, Any]:
    return {"auth_type": "bearer", "auth_config": {"token": token}}


@asynccontextmanager
async def repeating(answer: Callable[[str], bytes]) -> AsyncGenerator[str]:
    """A server whose answer's body is made from the request's head."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        body = answer(head)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize(
    ("auth_type", "field", "header", "value"),
    [
        ("basic", "password", "authorization", f"Basic {BASIC}"),
        ("bearer", "token", "authorization", "Bearer t0ken"),
        ("api_key", "key", "x-api-key", "t0ken"),
    ],
)
async def test_sealed_credentials_are_opened_for_the_request(
    bench: Bench, auth_type: str, field: str, header: str, value: str
) -> None:
    secret = SECRET if auth_type == "basic" else "t0ken"
    auth = {field: bench.secrets.seal(secret)} | (
        {"username": "ann"} if field == "password" else {}
    )
    result = await bench.result(
        "webhook_call", config(bench, auth_type=auth_type, auth_config=auth)
    )
    assert result.WhichOneof("outcome") == "completed"
    assert bench.inbox("sink")[0]["details"]["headers"][header] == value


async def test_sealed_headers_are_opened_and_others_rendered(bench: Bench) -> None:
    headers = {
        "Authorization": bench.secrets.seal("Bearer s3cret"),
        "X-Api-Key": "plain-from-before",
        "X-Auth-Token": "{{ contact.custom_fields.plan }}-{{ contact.first_name }}",
    }
    await bench.result("webhook_call", config(bench, headers=headers, payload={"a": 1}))
    (request,) = bench.inbox("sink")
    sent = request["details"]["headers"]
    assert sent["authorization"] == "Bearer s3cret"
    assert sent["x-api-key"] == "plain-from-before"
    assert sent["x-auth-token"] == "gold-Ann"
    assert request["details"]["body"] == {"a": 1}


async def test_what_a_contact_brings_along_is_not_opened(bench: Bench) -> None:
    sealed = bench.secrets.seal("s3cret")
    headers = {"X-Auth-Token": "{{ contact.custom_fields.plan }}"}
    context = {"contact": {"custom_fields": {"plan": sealed}}}
    result = await bench.result("webhook_call", config(bench, headers=headers), context=context)
    assert result.WhichOneof("outcome") == "completed"
    assert bench.inbox("sink")[0]["details"]["headers"]["x-auth-token"] == sealed


async def test_plain_secrets_of_the_release_before_still_work(bench: Bench) -> None:
    await bench.result("webhook_call", config(bench, **bearer("s3cret")))
    assert bench.inbox("sink")[0]["details"]["headers"]["authorization"] == "Bearer s3cret"


@pytest.mark.parametrize(
    ("error", "outcome", "said"),
    [
        (dependency_unavailable("database", timedelta(seconds=1)), "deferred", "not be reached"),
        (TimeoutError(), "deferred", "could not be reached"),
        (TreadleError(ErrorReason.INTERNAL, "x"), "failed", "could not be read"),
    ],
    ids=["away", "silent", "broken"],
)
async def test_without_its_secrets_nothing_is_called(
    bench: Bench, error: Exception, outcome: str, said: str
) -> None:
    sealed = bench.secrets.seal(SECRET)
    bench.secrets.error = error
    result = await bench.result("webhook_call", config(bench, **bearer(sealed)))
    assert result.WhichOneof("outcome") == outcome
    assert said in (result.failed.message or result.deferred.reason)
    assert not bench.inbox("sink")


async def test_a_secret_that_does_not_open_is_to_be_set_anew(bench: Bench) -> None:
    sealed = bench.secrets.seal(SECRET)
    bench.secrets.opened.clear()
    result = await bench.result("webhook_call", config(bench, **bearer(sealed)))
    assert result.failed.error_class == execution_pb2.ERROR_CLASS_INVALID_CONFIG
    assert result.failed.message == "a secret of the configuration cannot be opened; set it anew"
    assert not bench.inbox("sink")


ANSWERS: dict[str, Callable[[str], bytes]] = {
    "as JSON": lambda head: orjson.dumps({"head": head, SECRET: [SECRET, {"deep": SECRET}]}),
    "as text": lambda head: f"you sent {head} with {SECRET}".encode(),
    "as broken JSON": lambda _: b'{"token": ' + orjson.dumps(SECRET),
    "in a URL": lambda _: f"https://example.com/?k={quote(SECRET, safe='')}".encode(),
    "in base64": lambda _: b64encode(f"{SECRET} and more".encode()),
    "as its Basic header": lambda _: orjson.dumps({"authorization": BASIC.rstrip("=")}),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
async def test_what_the_receiver_repeats_is_masked(
    bench: Bench, answer: Callable[[str], bytes]
) -> None:
    auth = {"username": "ann", "password": bench.secrets.seal(SECRET)}
    headers = {"X-Api-Key": bench.secrets.seal("key-canary-55")}
    async with repeating(answer) as url:
        result = await bench.result(
            "webhook_call",
            config(
                bench,
                url=url,
                headers=headers,
                auth_type="basic",
                auth_config=auth,
                store_response=True,
            ),
        )
    assert result.WhichOneof("outcome") == "completed"
    told = result.SerializeToString().decode("utf-8", "replace")
    assert SECRET_MASK in told
    for secret in (SECRET, orjson.dumps(SECRET).decode()[1:-1], BASIC, "canary", BASIC[8:24]):
        assert secret not in told


async def test_a_number_that_is_a_secret_is_masked_and_others_are_not(bench: Bench) -> None:
    body = orjson.dumps({"pin": 90210777, "price": 19.5, "count": 902107770, "ok": True})
    async with repeating(lambda _: body) as url:
        result = await bench.result(
            "webhook_call",
            config(bench, url=url, store_response=True, **bearer(bench.secrets.seal("90210777"))),
        )
    assert orjson.loads(result.completed.output_json)["response"] == {
        "pin": SECRET_MASK,
        "price": 19.5,
        "count": 902107770,
        "ok": True,
    }


async def test_logs_hold_no_secret(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    sealed = bench.secrets.seal("canary-in-logs")
    result = await bench.run(bench.task("webhook_call", config(bench, **bearer(sealed))))
    assert isinstance(result, ActionResult)
    bench.secrets.error = TimeoutError()
    await bench.run(bench.task("webhook_call", config(bench, **bearer(sealed))))
    said = capfd.readouterr()
    assert "secrets_not_opened" in said.out
    assert "canary" not in said.out + said.err
