"""Meta's Graph API as simulated: what it takes, and what it refuses."""

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from devstack.simulator.call import Answer, Call
from devstack.simulator.graph import Graph
from devstack.simulator.inbox import Inbox

NOON = datetime(2026, 1, 26, 12, tzinfo=UTC)
TOKEN = "EAAB-token"
TEXT = {"text": "Hi"}
CARD = {"title": "Bread", "subtitle": "Fresh"}
BUTTON = {"type": "postback", "title": "Yes", "payload": "YES"}
NOTHING: dict[str, str] = {}
REPLY = {"content_type": "text", "title": "Yes", "payload": "YES"}


def call(
    message: object = TEXT,
    *,
    method: str = "POST",
    version: str = "v25.0",
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    **fields: str,
) -> Call:
    form = {
        "recipient": '{"id": "P1"}',
        "messaging_type": "RESPONSE",
        "message": orjson.dumps(message).decode(),
        "access_token": TOKEN,
        **fields,
    }
    params = {"version": version, "page": "77"}
    body = urlencode({name: value for name, value in form.items() if value}).encode()
    given = {"content-type": "application/x-www-form-urlencoded", **(headers or {})}
    return Call(method, f"/{version}/77/messages", params, query or {}, given, body, NOON)


def error(answer: Answer) -> dict[str, Any]:
    said: dict[str, Any] = orjson.loads(answer.body)["error"]
    assert said["type"] == "OAuthException"
    return said


def template(**payload: object) -> dict[str, object]:
    return {"attachment": {"type": "template", "payload": payload}}


@pytest.mark.parametrize(
    "message",
    [
        TEXT,
        {"text": "x" * 2000, "quick_replies": [REPLY] * 13, "metadata": "x"},
        {"text": "x", "quick_replies": [{"content_type": "user_email"}]},
        {"attachment": {"type": "image", "payload": {"url": "https://a.io/b.png"}}},
        template(template_type="button", text="x" * 640, buttons=[BUTTON] * 3),
        template(template_type="generic", elements=[{**CARD, "buttons": [BUTTON]}] * 10),
    ],
)
def test_takes(message: dict[str, object]) -> None:
    inbox = Inbox()
    answer = Graph(inbox).handle(call(message))
    body = orjson.loads(answer.body)
    assert (answer.status, answer.accepted, body["recipient_id"]) == (200, 1, "P1")
    (kept,) = [orjson.loads(item) for item in inbox.page(provider="messenger").items]
    assert (kept["id"], kept["to"], kept["from"]) == (body["message_id"], "P1", "77")
    assert kept["details"]["message"] == message


def test_takes_json_and_a_token_in_the_header() -> None:
    given = {"recipient": {"id": "P1"}, "messaging_type": "UPDATE", "message": TEXT}
    headers = {"content-type": "application/json", "authorization": f"Bearer {TOKEN}"}
    params = {"version": "v25.0", "page": "77"}
    asked = Call("POST", "/x", params, {}, headers, orjson.dumps(given), NOON)
    assert Graph(Inbox(), TOKEN).handle(asked).status == 200


@pytest.mark.parametrize(
    ("message", "fields", "code"),
    [
        ({"text": ""}, {}, (100, None)),
        ({"text": "x" * 2001}, {}, (100, None)),
        ({"text": "x", "metadata": "x" * 1001}, {}, (100, None)),
        ({"text": "x", "attachment": {}}, {}, (100, None)),
        ({"text": "x", "quick_replies": [REPLY] * 14}, {}, (100, None)),
        ({"text": "x", "quick_replies": [{**REPLY, "title": "x" * 21}]}, {}, (100, None)),
        ({"text": "x", "quick_replies": [{"title": "x"}]}, {}, (100, None)),
        ({"attachment": {"type": "image", "payload": {}}}, {}, (100, None)),
        (template(template_type="list"), {}, (100, None)),
        (template(template_type="generic", elements=[]), {}, (100, None)),
        (template(template_type="generic", elements=[CARD] * 11), {}, (100, None)),
        (template(template_type="generic", elements=[{"title": "x" * 81}]), {}, (100, None)),
        (
            template(template_type="generic", elements=[{**CARD, "default_action": NOTHING}]),
            {},
            (100, None),
        ),
        (template(template_type="button", text="x", buttons=[]), {}, (100, None)),
        (template(template_type="button", text="x", buttons=[BUTTON] * 4), {}, (100, None)),
        (template(template_type="button", text="", buttons=[BUTTON]), {}, (100, None)),
        (
            template(template_type="button", text="x", buttons=[{**BUTTON, "type": "web_url"}]),
            {},
            (100, None),
        ),
        ("no object", {}, (100, None)),
        (TEXT, {"messaging_type": ""}, (100, None)),
        (TEXT, {"messaging_type": "MESSAGE_TAG"}, (100, 2018199)),
        (TEXT, {"messaging_type": "MESSAGE_TAG", "tag": "ACCOUNT_UPDATE"}, (100, 1893061)),
        (TEXT, {"recipient": ""}, (100, None)),
        (TEXT, {"recipient": '{"id": "error-10-2018278"}'}, (10, 2018278)),
        (TEXT, {"recipient": '{"id": "error-551"}'}, (551, None)),
        (TEXT, {"access_token": ""}, (190, None)),
        (TEXT, {"access_token": "another"}, (190, None)),
    ],
)
def test_refuses(message: object, fields: dict[str, Any], code: tuple[int, int | None]) -> None:
    inbox = Inbox()
    answer = Graph(inbox, TOKEN).handle(call(message, **fields))
    said = error(answer)
    assert (said["code"], said.get("error_subcode")) == code
    assert answer.status >= 400
    assert inbox.page().total == 0


def test_demands_the_proof_of_an_app_that_has_a_secret() -> None:
    graph = Graph(Inbox(), TOKEN, "s3cret")
    assert "appsecret_proof" in error(graph.handle(call()))["message"]
    proof = hmac.new(b"s3cret", TOKEN.encode(), sha256).hexdigest()
    assert graph.handle(call(appsecret_proof=proof)).status == 200
    assert graph.handle(call(appsecret_proof=proof[::-1])).status == 400


def test_has_nothing_else() -> None:
    graph = Graph(Inbox())
    assert graph.handle(call(version="v1")).status == 404
    assert graph.handle(call(method="GET")).status == 400
    assert graph.recipients(call()) == {"P1"}
    assert graph.recipients(call(recipient="")) == set()


@pytest.mark.parametrize(
    ("status", "code"), [(401, 190), (429, 613), (503, 2), (502, 1), (418, 100)]
)
def test_fails_in_meta_s_words(status: int, code: int) -> None:
    answer = Graph(Inbox()).failure(status)
    assert (answer.status, error(answer)["code"]) == (status, code)
    assert ("X-Business-Use-Case-Usage" in answer.headers) is (code == 613)


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ({"text": "Bread?", "quick_replies": [REPLY]}, "Bread? [Yes]"),
        (template(template_type="generic", elements=[CARD]), "Bread"),
        (template(template_type="button", text="Bread?", buttons=[BUTTON]), "Bread?"),
        ({"attachment": {"type": "image", "payload": {"url": "https://a.io/b"}}}, "https://a.io/b"),
    ],
)
def test_the_inbox_shows_what_a_person_would_read(message: object, shown: str) -> None:
    inbox = Inbox()
    Graph(inbox).handle(call(message))
    assert orjson.loads(inbox.page().items[0])["text"] == shown
