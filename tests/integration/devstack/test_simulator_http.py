"""The simulator over HTTP, as the official SDKs and a plain client see it."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from python_http_client.exceptions import BadRequestsError, TooManyRequestsError
from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import CustomArg, Mail
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client as TwilioClient

from devstack.simulator.app import Simulator
from devstack.simulator.server import serving

MESSAGES = "/2010-04-01/Accounts/AC1/Messages.json"
SMS = {"To": "+14155550123", "From": "+14155550100", "Body": "Hi"}
# For an answer that does not come.
SHORT = httpx.Timeout(60, read=0.3)


class RedirectedHttpClient(TwilioHttpClient):
    """Twilio's own client, pointed elsewhere."""

    def __init__(self, base_url: str) -> None:
        super().__init__(pool_connections=False)
        self._base_url = base_url

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        return super().request(
            method, url.replace("https://api.twilio.com", self._base_url), *args, **kwargs
        )


@pytest.fixture
async def url() -> AsyncGenerator[str]:
    async with serving(Simulator(), "127.0.0.1", 0) as base_url:
        yield base_url


@pytest.fixture
async def client(url: str) -> AsyncGenerator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as opened:
        yield opened


async def control(client: httpx.AsyncClient, **fields: object) -> None:
    answer = await client.post("/control", json=fields)
    assert answer.status_code == 200, answer.text


async def accepted(client: httpx.AsyncClient) -> int:
    return (await client.get("/inbox/summary")).json()["accepted"]


async def send_sms(client: httpx.AsyncClient, **headers: str) -> httpx.Response:
    return await client.post(MESSAGES, data=SMS, auth=("AC1", "token"), headers=headers)


async def test_sendgrid_s_sdk(url: str, client: httpx.AsyncClient) -> None:
    sdk: Any = SendGridAPIClient("SG.key", host=url)  # the package carries no types
    mail = Mail("hello@example.com", "mia@example.com", "Welcome", "Hi", "<p>Hi</p>")
    mail.add_custom_arg(CustomArg("action_execution_id", "e1"))

    sent = await asyncio.to_thread(sdk.send, mail)

    assert (sent.status_code, sent.body) == (202, b"")
    [message] = (await client.get("/inbox", params={"to": "MIA@example.com"})).json()["messages"]
    assert message["id"] == sent.headers["X-Message-Id"]
    assert (message["step_key"], message["subject"]) == ("e1", "Welcome")

    with pytest.raises(BadRequestsError) as refused:
        await asyncio.to_thread(sdk.send, {"personalizations": []})
    assert len(refused.value.to_dict["errors"]) == 4

    await control(client, provider="sendgrid", mode="429", retry_after=7, count=1)
    with pytest.raises(TooManyRequestsError) as limited:
        await asyncio.to_thread(sdk.send, mail)
    assert limited.value.headers["Retry-After"] == "7"
    assert (await asyncio.to_thread(sdk.send, mail)).status_code == 202


async def test_twilio_s_sdk(url: str, client: httpx.AsyncClient) -> None:
    sdk = TwilioClient("AC1", "token", http_client=RedirectedHttpClient(url))

    def create(to: str) -> Any:
        return sdk.messages.create(to=to, from_="+14155550100", body="Hi")

    message = await asyncio.to_thread(create, "+14155550123")
    assert (message.status, message.num_segments) == ("queued", "1")
    fetched = await asyncio.to_thread(lambda: sdk.messages(message.sid).fetch())
    assert fetched.status == "delivered"
    listed = await asyncio.to_thread(lambda: sdk.messages.list(to="+14155550123"))
    assert [item.sid for item in listed] == [message.sid]

    with pytest.raises(TwilioRestException) as refused:
        await asyncio.to_thread(create, "+15005550001")
    assert (refused.value.status, refused.value.code) == (400, 21211)

    await control(client, provider="twilio", mode="503", count=1)
    with pytest.raises(TwilioRestException) as failed:
        await asyncio.to_thread(create, "+14155550123")
    assert (failed.value.status, failed.value.code) == (503, 20503)
    assert await accepted(client) == 1


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_a_sink_takes_anything_and_says_it_back(
    method: str, client: httpx.AsyncClient
) -> None:
    answer = await client.request(
        method,
        "/sink/crm/contacts/1?x=1",
        content=b'{"name": "Mia"}',
        headers={"Idempotency-Key": "e1", "X-Treadle-Attempt-Id": "a1", "X-Mine": "yes"},
    )
    echo = answer.json()
    assert answer.status_code == 200
    assert (echo["name"], echo["method"], echo["path"]) == ("crm", method, "/sink/crm/contacts/1")
    assert (echo["query"], echo["body"]) == ({"x": "1"}, {"name": "Mia"})
    assert echo["headers"]["x-mine"] == "yes"
    [message] = (await client.get("/inbox?provider=sink&to=crm")).json()["messages"]
    assert (message["id"], message["step_key"]) == (echo["id"], "e1")
    assert message["attempt_id"] == "a1"
    assert message["details"]["body"] == {"name": "Mia"}


async def test_a_sink_takes_what_is_no_text(client: httpx.AsyncClient) -> None:
    answer = await client.post("/sink/raw", content=b"\xff\x00\xfe")
    assert answer.json()["body"] == "\N{REPLACEMENT CHARACTER}\0\N{REPLACEMENT CHARACTER}"
    assert (await client.post("/sink/raw", content=b"x" * (1024 * 1024 + 1))).status_code == 413


async def test_credentials_are_demanded(client: httpx.AsyncClient) -> None:
    assert (await client.post("/v3/mail/send", json={})).status_code == 401
    assert (await client.post(MESSAGES, data=SMS)).status_code == 401


@pytest.mark.parametrize(("mode", "kept"), [("reset", 0), ("accept_then_reset", 1)])
async def test_reset(mode: str, kept: int, client: httpx.AsyncClient) -> None:
    await control(client, provider="twilio", mode=mode, count=1)
    with pytest.raises(httpx.ReadError):
        await send_sms(client)
    assert await accepted(client) == kept
    assert (await send_sms(client)).status_code == 201


async def test_reset_is_a_real_one(url: str, client: httpx.AsyncClient) -> None:
    await control(client, provider="sink", mode="reset")

    def call() -> bytes:
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=60) as connection:
            connection.sendall(b"GET /sink/x HTTP/1.1\r\nHost: x\r\n\r\n")
            return connection.recv(100)

    with pytest.raises(ConnectionResetError):
        await asyncio.to_thread(call)


@pytest.mark.parametrize(("mode", "kept"), [("hang", 0), ("accept_then_hang", 1)])
async def test_hang(mode: str, kept: int, client: httpx.AsyncClient) -> None:
    await control(client, provider="twilio", mode=mode, count=1)
    with pytest.raises(httpx.ReadTimeout):
        await client.post(MESSAGES, data=SMS, auth=("AC1", "token"), timeout=SHORT)
    assert await accepted(client) == kept
    assert (await send_sms(client)).status_code == 201


async def test_a_lost_answer_is_not_the_fate_of_a_refusal(client: httpx.AsyncClient) -> None:
    await control(client, provider="sendgrid", mode="accept_then_reset")
    refused = await client.post("/v3/mail/send", json={}, headers={"Authorization": "Bearer x"})
    assert refused.status_code == 400


async def test_garbage(client: httpx.AsyncClient) -> None:
    await control(client, provider="sink", mode="garbage")
    answer = await client.get("/sink/x")
    assert answer.status_code == 200
    with pytest.raises(UnicodeDecodeError):
        json.loads(answer.content)
    assert await accepted(client) == 0


async def test_slow(client: httpx.AsyncClient) -> None:
    await control(client, provider="sink", mode="slow", delay_ms=200)
    loop = asyncio.get_running_loop()
    started = loop.time()
    assert (await client.get("/sink/x")).status_code == 200
    assert loop.time() - started >= 0.2


async def test_one_recipient_can_fail_alone(client: httpx.AsyncClient) -> None:
    await control(client, provider="sink", mode="503", to="crm", retry_after=2)
    failed = await client.post("/sink/crm")
    assert (failed.status_code, failed.headers["Retry-After"]) == (503, "2")
    assert (await client.post("/sink/other")).status_code == 200
    [rule] = (await client.get("/control")).json()["rules"]
    assert (rule["provider"], rule["to"], rule["applied"]) == ("sink", "crm", 1)
    await client.delete("/control")
    assert (await client.post("/sink/crm")).status_code == 200


async def test_bad_requests_to_the_simulator_itself(client: httpx.AsyncClient) -> None:
    bad_rule = await client.post("/control", json={"provider": "sink", "mode": "explode"})
    assert bad_rule.status_code == 422
    assert bad_rule.json()["problems"][0]["field"] == "mode"
    assert (await client.post("/control", content=b"{")).status_code == 422
    assert (await client.get("/inbox?limit=0")).status_code == 422
    assert (await client.get("/inbox?recipient=x")).status_code == 422
    assert (await client.get("/inbox/1")).status_code == 404
    assert (await client.get("/messages/1")).status_code == 404


async def test_inbox_over_http(client: httpx.AsyncClient) -> None:
    for number in range(5):
        await client.post("/sink/x", content=str(number))
    page = (await client.get("/inbox?limit=2&offset=1")).json()
    assert (page["total"], page["offset"], page["limit"]) == (5, 1, 2)
    assert [message["text"] for message in page["messages"]] == ["1", "2"]
    newest = (await client.get("/inbox?limit=1&order=desc")).json()["messages"]
    assert [message["number"] for message in newest] == [5]
    assert (await client.get("/inbox/5")).json()["text"] == "4"
    assert (await client.delete("/inbox")).status_code == 204
    assert await accepted(client) == 0


async def test_page_over_http(client: httpx.AsyncClient) -> None:
    await client.post("/sink/x", content="<script>alert(1)</script>")
    page = await client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<script>alert" not in page.text
    message = await client.get("/messages/1")
    assert "&lt;script&gt;alert(1)" in message.text
    script = await client.get("/page.js")
    assert script.headers["content-type"].startswith("text/javascript")


@contextmanager
def process(*arguments: str) -> Generator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "devstack.simulator", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as started:
        try:
            assert started.stdout is not None
            ready = json.loads(started.stdout.readline())
            assert ready["event"] == "ready"
            yield started, ready["url"]
        finally:
            started.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_stops_at_once_even_while_calls_hang(number: signal.Signals) -> None:
    with process("--listen", "127.0.0.1:0") as (started, url):
        with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
            client.post("/control", json={"provider": "sink", "mode": "hang"})
            with pytest.raises(httpx.ReadTimeout):
                client.get("/sink/x", timeout=SHORT)
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as hanging:
            hanging.sendall(b"GET /sink/x HTTP/1.1\r\nHost: x\r\n\r\n")
            started.send_signal(number)
            assert started.wait(60) == 0


def test_the_process_keeps_its_inbox(tmp_path: Path) -> None:
    def count(change: Callable[[httpx.Client], object]) -> int:
        with process("--data-dir", str(tmp_path)) as (started, url):
            with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
                change(client)
                accepted = client.get("/inbox/summary").json()["accepted"]
            started.kill()
            return accepted

    assert count(lambda client: client.post("/sink/x")) == 1
    assert count(lambda client: client.post("/sink/x")) == 2


def test_the_process_demands_configured_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TREADLE_SIMULATOR_TWILIO_ACCOUNT_SID", "AC1")
    monkeypatch.setenv("TREADLE_SIMULATOR_TWILIO_AUTH_TOKEN", "right")
    with process() as (_, url), httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
        assert client.post(MESSAGES, data=SMS, auth=("AC1", "wrong")).status_code == 401
        assert client.post(MESSAGES, data=SMS, auth=("AC1", "right")).status_code == 201
