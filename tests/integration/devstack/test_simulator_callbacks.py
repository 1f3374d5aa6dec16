"""What the simulated providers tell, as whoever they tell it to sees it: signed, and in order."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from twilio.request_validator import RequestValidator

from devstack.simulator.app import Simulator
from devstack.simulator.callbacks import Callback, Callbacks
from devstack.simulator.journal import Journal
from devstack.simulator.server import serving
from devstack.simulator.telling import Telling
from devstack.simulator.webhooks import Addresses, Webhooks, WebhookSecrets
from gateway.inbound import meta, sendgrid, stripe
from tests.support.waiting import until

CALLER = ("AC" + "1" * 32, "its-own-token")
FROM = "+14155550100"
LINK = '<a href="https://example.com/a">Go</a>'


@dataclass
class World:
    """A simulator that tells, and another whose sinks hear it."""

    telling: Telling
    hearing: Simulator
    hearing_url: str
    http: httpx.AsyncClient
    key: ec.EllipticCurvePrivateKey

    def heard(self, name: str) -> list[dict[str, Any]]:
        """The requests that a sink got."""
        found = self.hearing.inbox.page(provider="sink", to=name, limit=1_000)
        return [orjson.loads(item) for item in found.items]

    async def hear(self, name: str, count: int) -> list[dict[str, Any]]:
        """Wait for that many."""
        await until(lambda: len(self.heard(name)) >= count)
        return self.heard(name)

    async def quiet(self) -> None:
        """Wait until there is no more to tell."""
        await until(lambda: self.telling.callbacks.summary()["waiting"] == 0)

    async def send_sms(self, to: str, callback: str = "/sink/sms?attempt_id=7") -> str:
        form = {"To": to, "From": FROM, "Body": "Hi"}
        if callback:
            form["StatusCallback"] = self.hearing_url + callback
        path = f"/2010-04-01/Accounts/{CALLER[0]}/Messages.json"
        answer = await self.http.post(path, data=form, auth=CALLER)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["sid"])

    async def send_email(
        self,
        to: str,
        html: str = '<a href="https://example.com/a">Go</a>',
        headers: Mapping[str, str] | None = None,
    ) -> str:
        mail = {
            "personalizations": [{"to": [{"email": to}], "custom_args": {"attempt_id": "7"}}],
            "from": {"email": "hello@example.com"},
            "subject": "Hello",
            "headers": dict(headers or {}),
            "content": [{"type": "text/html", "value": html}],
            "tracking_settings": {
                "open_tracking": {"enable": True},
                "click_tracking": {"enable": True},
            },
        }
        bearer = {"Authorization": "Bearer SG.key"}
        answer = await self.http.post("/v3/mail/send", json=mail, headers=bearer)
        assert answer.status_code == 202, answer.text
        return answer.headers["X-Message-Id"]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[World]:
    hearing = Simulator()
    key = ec.generate_private_key(ec.SECP256R1())
    async with AsyncExitStack() as stack:
        hearing_url = await stack.enter_async_context(serving(hearing, "127.0.0.1", 0))
        addresses = Addresses(
            **{
                name: f"{hearing_url}/sink/{name}"
                for name in ("twilio", "sendgrid", "meta", "stripe")
            }
        )
        journal = Journal(tmp_path / "callbacks.jsonl")
        stack.callback(journal.close)
        telling = Telling(
            Callbacks(journal, pace=0.001),
            Webhooks(addresses, WebhookSecrets(key, "meta-secret", "whsec_1")),
        )
        url = await stack.enter_async_context(serving(Simulator(telling=telling), "127.0.0.1", 0))
        await stack.enter_async_context(telling.callbacks.posting())
        http = httpx.AsyncClient(base_url=url, timeout=60, trust_env=False)
        yield World(telling, hearing, hearing_url, await stack.enter_async_context(http), key)


def form_of(request: dict[str, Any]) -> dict[str, str]:
    return dict(parse_qsl(request["text"], keep_blank_values=True))


def events_of(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event for request in requests for event in orjson.loads(request["text"])]


async def test_an_sms_is_queued_sent_and_delivered_signed_with_the_callers_token(
    world: World,
) -> None:
    sid = await world.send_sms("+14155550123")
    requests = await world.hear("sms", 3)
    forms = [form_of(request) for request in requests]
    assert [form["MessageStatus"] for form in forms] == ["queued", "sent", "delivered"]
    validator = RequestValidator(CALLER[1])
    for request, form in zip(requests, forms, strict=True):
        assert (form["MessageSid"], form["AccountSid"]) == (sid, CALLER[0])
        assert (form["To"], form["From"]) == ("+14155550123", FROM)
        signature = request["details"]["headers"]["x-twilio-signature"]
        assert validator.validate(f"{world.hearing_url}/sink/sms?attempt_id=7", form, signature)


@pytest.mark.parametrize(
    ("to", "statuses", "error"),
    [
        ("+15005559001", ["queued", "sent", "undelivered"], "30003"),
        ("+15005559002", ["queued", "failed"], "30008"),
        ("+15005559006", [], ""),
    ],
)
async def test_a_number_says_what_becomes_of_its_sms(
    to: str, statuses: list[str], error: str, world: World
) -> None:
    await world.send_sms(to)
    await world.quiet()
    forms = [form_of(request) for request in world.heard("sms")]
    assert [form["MessageStatus"] for form in forms] == statuses
    assert [form.get("ErrorCode", "") for form in forms][-1:] == ([error] if error else [])


async def test_who_answers_stop_does_so_where_the_account_listens(world: World) -> None:
    await world.send_sms("+15005559003")
    *_, stop = await world.hear("sms", 4)
    form = form_of(stop)
    assert (form["Body"], form["OptOutType"], form["SmsStatus"]) == ("STOP", "STOP", "received")
    assert (form["From"], form["To"]) == ("+15005559003", FROM)
    assert stop["details"]["query"] == {}
    signature = stop["details"]["headers"]["x-twilio-signature"]
    assert RequestValidator(CALLER[1]).validate(f"{world.hearing_url}/sink/sms", form, signature)


async def test_anybody_may_write_to_a_number_that_has_sent(world: World) -> None:
    sms = {"from": "+14155550123", "to": FROM, "body": "Hello?"}
    assert (await world.http.post("/incoming", json=sms)).status_code == 409
    await world.send_sms("+14155550199", callback="")
    assert (await world.http.post("/incoming", json=sms)).status_code == 202
    [request] = await world.hear("twilio", 1)
    assert form_of(request)["Body"] == "Hello?"


async def test_an_email_is_processed_delivered_opened_and_clicked(world: World) -> None:
    message_id = await world.send_email("mia@example.com")
    await world.quiet()
    requests = world.heard("sendgrid")
    told = events_of(requests)
    assert [event["event"] for event in told] == ["processed", "delivered", "open", "click"]
    assert {event["sg_message_id"].partition(".")[0] for event in told} == {message_id}
    assert len({event["sg_event_id"] for event in told}) == 4
    assert {event["attempt_id"] for event in told} == {"7"}
    assert told[-1]["url"] == "https://example.com/a"
    public = world.key.public_key()
    for request in requests:
        headers = request["details"]["headers"]
        sendgrid.check(
            request["text"].encode(),
            timestamp=headers[sendgrid.TIMESTAMP.lower()],
            signature=headers[sendgrid.SIGNATURE.lower()],
            key=public,
        )


async def test_nobody_clicks_their_way_out_of_the_list(world: World) -> None:
    way_out = "https://gateway.example.com/u/token"
    html = f'<a href="{way_out}">Unsubscribe</a> <a href="{way_out}?choose=1">Choose</a>'
    await world.send_email("mia@example.com", html, {"List-Unsubscribe": f"<{way_out}>"})
    await world.quiet()
    told = events_of(world.heard("sendgrid"))
    assert [event["event"] for event in told] == ["processed", "delivered", "open"]


@pytest.mark.parametrize(
    ("to", "kinds"),
    [
        ("bounce@simulator.test", ["processed", "bounce"]),
        ("blocked+9@simulator.test", ["processed", "bounce"]),
        ("dropped@simulator.test", ["dropped"]),
        ("deferred@simulator.test", ["processed", "deferred", "delivered"]),
        ("delivered@simulator.test", ["processed", "delivered"]),
        ("silent@simulator.test", []),
        ("SPAM@simulator.test", ["processed", "delivered", "open", "spamreport"]),
        ("unsubscribe@simulator.test", ["processed", "delivered", "open", "unsubscribe"]),
    ],
)
async def test_an_address_says_what_becomes_of_its_email(
    to: str, kinds: list[str], world: World
) -> None:
    await world.send_email(to)
    await world.quiet()
    assert [event["event"] for event in events_of(world.heard("sendgrid"))] == kinds


async def test_programs_open_an_email_and_follow_its_links(world: World) -> None:
    await world.send_email("machine@simulator.test", '<a href="https://example.com/a">Look</a>')
    await world.quiet()
    opened, clicked = events_of(world.heard("sendgrid"))[2:]
    assert (opened["event"], opened["sg_machine_open"]) == ("open", True)
    assert (clicked["event"], clicked["url"]) == ("click", "https://example.com/a")
    assert "Barracuda" in clicked["useragent"]


async def test_many_emails_share_a_request(world: World) -> None:
    for number in range(20):
        await world.send_email(f"mia{number}@example.com", html="<p>Hello</p>")
    await world.quiet()
    requests = world.heard("sendgrid")
    told = events_of(requests)
    assert len(told) == 60
    assert len(requests) < 60
    for number in range(20):
        own = [e["event"] for e in told if e["email"] == f"mia{number}@example.com"]
        assert own == ["processed", "delivered", "open"]


async def test_an_outcome_can_be_asked_for(world: World) -> None:
    wish = {"provider": "sendgrid", "outcome": "bounce", "to": "Mia@example.com", "count": 1}
    answer = await world.http.post("/outcomes", json=wish)
    assert answer.json()["outcomes"] == [{**wish, "remaining": 1}]
    assert "Told to end: sendgrid to Mia@example.com: bounce" in (await world.http.get("/")).text
    await world.send_email("mia@example.com")
    await world.quiet()
    await world.send_email("mia@example.com", html="<p>Hello</p>")
    await world.quiet()
    kinds = [event["event"] for event in events_of(world.heard("sendgrid"))]
    assert kinds == ["processed", "bounce", "processed", "delivered", "open"]
    assert (await world.http.delete("/outcomes")).json() == {"outcomes": []}

    refused = await world.http.post("/outcomes", json={**wish, "provider": "twilio"})
    assert refused.status_code == 422
    assert "outcome of twilio must be one of" in refused.json()["problems"][0]["message"]


async def test_what_is_not_taken_is_posted_again_the_same(world: World) -> None:
    rule = {"provider": "sink", "to": "sendgrid", "mode": "503", "count": 1}
    async with httpx.AsyncClient(base_url=world.hearing_url, timeout=60, trust_env=False) as http:
        assert (await http.post("/control", json=rule)).status_code == 200
    message_id = await world.send_email("dropped@simulator.test")
    [event] = events_of(await world.hear("sendgrid", 1))
    assert event["event"] == "dropped"
    await world.quiet()
    answer = (await world.http.get("/callbacks", params={"message_id": message_id})).json()
    assert [(told["status"], told["attempt"]) for told in answer["callbacks"]] == [
        (503, 1),
        (200, 2),
    ]


@pytest.mark.parametrize(("fragment", "tries"), [("", 1), ("#rc=1&rp=5xx", 2)])
async def test_twilio_posts_again_what_it_is_asked_to(
    fragment: str, tries: int, world: World
) -> None:
    rule = {"provider": "sink", "to": "sms", "mode": "503", "count": 2}
    async with httpx.AsyncClient(base_url=world.hearing_url, timeout=60, trust_env=False) as http:
        assert (await http.post("/control", json=rule)).status_code == 200
    sid = await world.send_sms("+15005559002", callback=f"/sink/sms{fragment}")
    await world.quiet()
    told = world.telling.callbacks.of_message(sid)
    assert max(record.attempt for record in told) == tries


async def test_meta_and_stripe_sign_what_they_post(world: World) -> None:
    def json_callback(provider: str) -> list[Callback]:
        return world.telling.webhooks.event(
            provider, {"object": "page"}, kind="read", message_id="m_1"
        )

    world.telling.callbacks.follow(json_callback("meta") + json_callback("stripe"))
    [to_meta] = await world.hear("meta", 1)
    [to_stripe] = await world.hear("stripe", 1)
    meta.check(
        to_meta["text"].encode(),
        signature=to_meta["details"]["headers"][meta.SIGNATURE.lower()],
        app_secret="meta-secret",
    )
    stripe.check(
        to_stripe["text"].encode(),
        signature=to_stripe["details"]["headers"][stripe.SIGNATURE.lower()],
        secret="whsec_1",
        now=datetime.now(UTC) + timedelta(seconds=1),
    )


async def test_the_page_shows_what_was_told(world: World, tmp_path: Path) -> None:
    sid = await world.send_sms("+14155550123")
    await world.quiet()
    assert "<span>delivered</span>" in (await world.http.get("/")).text
    shown = (await world.http.get("/messages/1")).text
    for status in ("queued", "sent", "delivered"):
        assert f"<td>{status}<td>{world.hearing_url}/sink/sms?attempt_id=7<td>200" in shown
    lines = [
        orjson.loads(line) for line in (tmp_path / "callbacks.jsonl").read_bytes().splitlines()
    ]
    assert [(line["message_id"], line["kind"], line["status"]) for line in lines] == [
        (sid, "queued", 200),
        (sid, "sent", 200),
        (sid, "delivered", 200),
    ]
    assert (await world.http.delete("/inbox")).status_code == 204
    assert world.telling.callbacks.of_message(sid) == ()


async def test_nothing_is_told_where_nobody_listens(world: World) -> None:
    await world.send_sms("+14155550123", callback="")
    await world.quiet()
    assert world.heard("sms") == []


async def test_a_messenger_message_is_delivered_read_and_answered_signed(world: World) -> None:
    wish = {"provider": "messenger", "to": "P1", "outcome": "reply"}
    assert (await world.http.post("/outcomes", json=wish)).status_code == 200
    webhook = {"page_id": "77", "url": f"{world.hearing_url}/sink/page"}
    assert (await world.http.post("/webhooks/meta", json=webhook)).status_code == 200
    sent = {
        "recipient": {"id": "P1"},
        "messaging_type": "RESPONSE",
        "message": {"text": "Hi"},
        "access_token": "x",
    }
    answer = await world.http.post("/v25.0/77/messages", json=sent)
    requests = await world.hear("page", 3)
    told = [orjson.loads(each["text"])["entry"][0]["messaging"][0] for each in requests]
    assert [next(k for k in ("delivery", "read", "message") if k in each) for each in told] == [
        "delivery",
        "read",
        "message",
    ]
    assert told[0]["delivery"]["mids"] == [answer.json()["message_id"]]
    assert all(each["sender"] == {"id": "P1"} for each in told)
    assert all(each["recipient"] == {"id": "77"} for each in told)
    for each in requests:
        signature = each["details"]["headers"]["x-hub-signature-256"]
        meta.check(each["text"].encode(), signature=signature, app_secret="meta-secret")


async def test_what_a_person_does_on_a_page_is_told(world: World) -> None:
    for said in (
        {"text": "Hello"},
        {"text": "Red", "payload": "RED"},
        {"text": "Start", "payload": "GO", "is_postback": True},
        {"ref": "spring"},
    ):
        body = {"page_id": "77", "psid": "P1", "at": "2026-01-26T12:00:00Z", **said}
        answer = await world.http.post("/incoming/messenger", json=body)
        assert answer.status_code == 202, answer.text
    requests = await world.hear("meta", 4)
    told = [orjson.loads(each["text"])["entry"][0]["messaging"][0] for each in requests]
    assert {each["timestamp"] for each in told} == {1769428800000}
    kinds = {name for each in told for name in each} - {"sender", "recipient", "timestamp"}
    assert kinds == {"message", "postback", "referral"}
    refused = await world.http.post("/incoming/messenger", json={"page_id": "77"})
    assert refused.status_code == 422
