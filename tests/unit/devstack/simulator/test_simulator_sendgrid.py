"""SendGrid as simulated: what it refuses, in whose words, and what it records."""

from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime

import orjson
import pytest

from devstack.simulator.call import Answer, Call, JsonObject
from devstack.simulator.inbox import Inbox
from devstack.simulator.sendgrid import SendGrid

NOON = datetime(2026, 1, 26, 12, tzinfo=UTC)

MAIL: JsonObject = {
    "personalizations": [{"to": [{"email": "mia@example.com", "name": "Mia"}]}],
    "from": {"email": "hello@example.com", "name": "Bistro"},
    "subject": "Welcome",
    "content": [
        {"type": "text/plain", "value": "Hi"},
        {"type": "text/html", "value": "<p>Hi</p>"},
    ],
}


def mail_call(body: bytes, **headers: str) -> Call:
    given = {"authorization": "Bearer SG.key", "content-type": "application/json"}
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return Call("POST", "/v3/mail/send", {}, {}, {**given, **headers}, body, NOON)


def send(mail: JsonObject, inbox: Inbox | None = None) -> Answer:
    return SendGrid(inbox or Inbox()).handle(mail_call(orjson.dumps(mail)))


def without(*names: str) -> Callable[[JsonObject], None]:
    def change(mail: JsonObject) -> None:
        for name in names:
            del mail[name]

    return change


def with_(**fields: object) -> Callable[[JsonObject], None]:
    return lambda mail: mail.update(fields)


def to(*addresses: str, **fields: object) -> Callable[[JsonObject], None]:
    people = [{"email": address} for address in addresses]
    return with_(personalizations=[{"to": people, **fields}])


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        (without("personalizations"), "personalizations", "at least one personalization"),
        (with_(personalizations=[]), "personalizations", "at least one personalization"),
        (with_(personalizations="x"), "personalizations", "at least one personalization"),
        (to(), "personalizations.0.to", "The to array is required"),
        (to("not an address"), "personalizations.0.to.0.email", "valid address"),
        (to("a@b"), "personalizations.0.to.0.email", "valid address"),
        (to("mia@example.com\r\nBcc: x@y.zz"), "personalizations.0.to.0.email", "valid address"),
        (to("a@b.example", "A@B.example"), "personalizations.0", "should be unique"),
        (
            to("a@b.example", cc=[{"email": "a@b.example"}]),
            "personalizations.0",
            "should be unique",
        ),
        (
            to("a@b.example", custom_args={"n": 1}),
            "personalizations.0.custom_args",
            "string values",
        ),
        (
            to("a@b.example", custom_args={"n": "x" * 10_001}),
            "personalizations.0.custom_args",
            "10000 bytes",
        ),
        (without("from"), "from.email", "The from object must be provided"),
        (with_(**{"from": {"email": "nobody"}}), "from.email", "valid address"),
        (with_(reply_to={"email": "nobody"}), "reply_to.email", "valid address"),
        (without("subject"), "subject", "The subject is required"),
        (with_(subject=""), "subject", "The subject is required"),
        (without("content"), "content", "the content parameter is required"),
        (with_(content=[{"type": "text/html", "value": ""}]), "content.0.value", "one character"),
        (with_(content=[{"value": "x"}]), "content.0.type", "one character"),
        (
            with_(
                content=[
                    {"type": "text/html", "value": "x"},
                    {"type": "text/plain", "value": "x"},
                ]
            ),
            "content",
            "text/plain must be first",
        ),
        (with_(headers={"Subject": "x"}), "headers.Subject", "reserved"),
        (with_(categories=[str(n) for n in range(11)]), "categories", "more than 10"),
    ],
)
def test_refuses(change: Callable[[JsonObject], None], field: str, words: str) -> None:
    mail = deepcopy(MAIL)
    change(mail)
    inbox = Inbox()

    answer = send(mail, inbox)

    assert answer.status == 400
    errors = orjson.loads(answer.body)["errors"]
    assert [error["field"] for error in errors] == [field]
    assert words in errors[0]["message"]
    assert errors[0]["help"].startswith("http://sendgrid.com/docs/")
    assert inbox.page().total == 0


def test_names_all_that_is_wrong_at_once() -> None:
    fields = [error["field"] for error in orjson.loads(send({}).body)["errors"]]
    assert fields == ["personalizations", "from.email", "subject", "content"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff"])
def test_refuses_what_is_no_json_object(body: bytes) -> None:
    answer = SendGrid(Inbox()).handle(mail_call(body))
    assert answer.status == 400
    assert orjson.loads(answer.body)["errors"][0]["message"] == "Bad Request"


@pytest.mark.parametrize(
    ("authorization", "key", "status"),
    [
        ("Bearer any", None, 202),
        ("bearer any", None, 202),
        ("Bearer ", None, 401),
        ("", None, 401),
        ("Basic any", None, 401),
        ("Bearer right", "right", 202),
        ("Bearer wrong", "right", 401),
    ],
)
def test_credentials(authorization: str, key: str | None, status: int) -> None:
    call = mail_call(orjson.dumps(MAIL), authorization=authorization)
    answer = SendGrid(Inbox(), key).handle(call)
    assert answer.status == status
    if status == 401:
        message = orjson.loads(answer.body)["errors"][0]["message"]
        assert message == "The provided authorization grant is invalid, expired, or revoked"


def test_refuses_another_content_type() -> None:
    call = mail_call(orjson.dumps(MAIL), content_type="text/plain")
    assert SendGrid(Inbox()).handle(call).status == 415


def test_accepts_with_an_id_and_no_body() -> None:
    first, second = send(MAIL), send(MAIL)
    assert (first.status, first.body, first.content_type) == (202, b"", None)
    assert first.headers["X-Message-Id"] != second.headers["X-Message-Id"]


def test_a_template_or_subjects_of_the_personalizations_stand_in() -> None:
    templated = deepcopy(MAIL)
    del templated["subject"]
    del templated["content"]
    templated["template_id"] = "d-1"
    assert send(templated).status == 202

    personal = deepcopy(MAIL)
    del personal["subject"]
    personal["personalizations"] = [{"to": [{"email": "a@b.example"}], "subject": "Yours"}]
    inbox = Inbox()
    assert send(personal, inbox).status == 202
    assert orjson.loads(inbox.page().items[0])["subject"] == "Yours"


def test_records_one_message_per_recipient() -> None:
    mail = deepcopy(MAIL)
    mail["custom_args"] = {"campaign": "spring"}
    mail["reply_to"] = {"email": "back@example.com"}
    mail["personalizations"] = [
        {
            "to": [{"email": "mia@example.com"}, {"email": "li@example.com"}],
            "cc": [{"email": "boss@example.com"}],
            "custom_args": {"action_execution_id": "e1", "attempt_id": "a1"},
        },
        {"to": [{"email": "pat@example.com"}]},
    ]
    inbox = Inbox()

    answer = send(mail, inbox)

    assert answer.accepted == 3
    messages = [orjson.loads(item) for item in inbox.page().items]
    assert [message["to"] for message in messages] == [
        "mia@example.com",
        "li@example.com",
        "pat@example.com",
    ]
    first = messages[0]
    assert first["id"] == answer.headers["X-Message-Id"]
    assert (first["from"], first["subject"]) == ("hello@example.com", "Welcome")
    assert (first["text"], first["html"]) == ("Hi", "<p>Hi</p>")
    assert (first["step_key"], first["attempt_id"]) == ("e1", "a1")
    assert first["custom_args"]["campaign"] == "spring"
    assert first["details"]["cc"] == ["boss@example.com"]
    assert first["details"]["reply_to"] == "back@example.com"
    assert first["received_at"] == "2026-01-26T12:00:00Z"
    assert messages[2]["step_key"] is None


def test_sandbox_mode_validates_and_keeps_nothing() -> None:
    mail = deepcopy(MAIL)
    mail["mail_settings"] = {"sandbox_mode": {"enable": True}}
    inbox = Inbox()
    answer = send(mail, inbox)
    assert (answer.status, answer.accepted, inbox.page().total) == (200, 0, 0)


def test_recipients_of_a_body_that_cannot_be_read() -> None:
    provider = SendGrid(Inbox())
    assert provider.recipients(mail_call(b"{")) == frozenset()
    assert provider.recipients(mail_call(b'{"personalizations": [1, {"to": 2}]}')) == frozenset()
    assert provider.recipients(mail_call(orjson.dumps(MAIL))) == {"mia@example.com"}
