"""Twilio's Messages resource as simulated."""

from base64 import b64encode
from datetime import UTC, datetime
from urllib.parse import urlencode

import orjson
import pytest

from devstack.simulator.call import Answer, Call
from devstack.simulator.inbox import Inbox
from devstack.simulator.twilio import Twilio, count_segments

NOON = datetime(2026, 1, 26, 12, tzinfo=UTC)
ACCOUNT = "AC00000000000000000000000000000001"
FORM = {"To": "+14155550123", "From": "+14155550100", "Body": "Hi"}


def basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def call(
    method: str = "POST",
    form: dict[str, str] | None = None,
    *,
    message: str | None = None,
    query: dict[str, str] | None = None,
    account: str = ACCOUNT,
    **headers: str,
) -> Call:
    path = f"/2010-04-01/Accounts/{account}/Messages"
    params = {"account": account} | ({"message": message} if message else {})
    given = {"authorization": basic(ACCOUNT, "token")}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    body = urlencode(form or {}, doseq=True).encode()
    return Call(method, f"{path}.json", params, query or {}, given, body, NOON)


def create(inbox: Inbox | None = None, **fields: str | list[str]) -> Answer:
    form: dict[str, str] = {**FORM, **fields}  # pyright: ignore[reportAssignmentType] - MediaUrl
    return Twilio(inbox or Inbox()).handle(call(form=form))


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"To": ""}, 21604),
        ({"From": ""}, 21603),
        ({"Body": ""}, 21602),
        ({"To": "4155550123"}, 21211),
        ({"To": "+1"}, 21211),
        ({"To": "+14155550123;+14155550124"}, 21211),
        ({"From": "not a sender, surely"}, 21212),
        ({"Body": "x" * 1_601}, 21617),
        ({"MediaUrl": ["https://example.com/x.png"] * 11}, 21623),
        ({"To": "+15005550001"}, 21211),
        ({"To": "+15005550002"}, 21612),
        ({"To": "+15005550003"}, 21408),
        ({"To": "+15005550004"}, 21610),
        ({"To": "+15005550009"}, 21614),
        ({"From": "+15005550001"}, 21212),
        ({"From": "+15005550007"}, 21606),
        ({"From": "+15005550008"}, 21611),
    ],
)
def test_refuses(fields: dict[str, str], code: int) -> None:
    inbox = Inbox()
    answer = create(inbox, **fields)
    body = orjson.loads(answer.body)
    assert answer.status == 400
    assert sorted(body) == ["code", "message", "more_info", "status"]
    assert (body["code"], body["status"]) == (code, 400)
    assert body["more_info"] == f"https://www.twilio.com/docs/errors/{code}"
    assert inbox.page().total == 0


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (basic(ACCOUNT, "right"), 201),
        (basic("SK123", "right"), 201),
        (basic(ACCOUNT, "wrong"), 401),
        (basic("AC2", "right"), 401),
        (basic(ACCOUNT, ""), 401),
        ("Basic not-base64!", 401),
        ("Basic /w==", 401),
        ("Bearer right", 401),
        ("", 401),
    ],
)
def test_credentials(authorization: str, status: int) -> None:
    provider = Twilio(Inbox(), ACCOUNT, "right")
    answer = provider.handle(call(form=FORM, authorization=authorization))
    assert answer.status == status
    if status == 401:
        assert orjson.loads(answer.body)["code"] == 20003


def test_another_account_is_not_found() -> None:
    answer = Twilio(Inbox(), ACCOUNT, "token").handle(call(form=FORM, account="AC2"))
    assert (answer.status, orjson.loads(answer.body)["code"]) == (404, 20404)


def test_answers_with_the_message() -> None:
    answer = create(Body="Grüße €", MediaUrl=["https://example.com/a.png"])
    message = orjson.loads(answer.body)
    assert (answer.status, answer.accepted) == (201, 1)
    assert message["sid"].startswith("SM")
    assert len(message["sid"]) == 34
    assert (
        message
        | {
            "status": "queued",
            "to": FORM["To"],
            "from": FORM["From"],
            "body": "Grüße €",
            "account_sid": ACCOUNT,
            "num_segments": "1",
            "num_media": "1",
            "direction": "outbound-api",
            "date_created": "Mon, 26 Jan 2026 12:00:00 +0000",
            "date_sent": None,
            "error_code": None,
        }
        == message
    )
    assert message["uri"] == f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{message['sid']}.json"


def test_records_ids_from_headers_and_from_the_callback() -> None:
    inbox = Inbox()
    form = FORM | {"StatusCallback": "https://cb.example/t?attempt_id=a1"}
    Twilio(inbox).handle(call(form=form, x_treadle_action_execution_id="e1"))
    message = orjson.loads(inbox.page().items[0])
    assert (message["step_key"], message["attempt_id"]) == ("e1", "a1")
    assert message["details"]["status_callback"] == form["StatusCallback"]
    assert (message["text"], message["to"]) == ("Hi", FORM["To"])


def test_fetches_what_was_sent() -> None:
    inbox = Inbox()
    provider = Twilio(inbox)
    sid = orjson.loads(provider.handle(call(form=FORM)).body)["sid"]
    found = provider.handle(call("GET", message=sid))
    assert found.status == 200
    message = orjson.loads(found.body)
    assert (message["sid"], message["status"], message["body"]) == (sid, "delivered", "Hi")
    assert provider.handle(call("GET", message="SM0")).status == 404
    assert provider.handle(call("DELETE", message=sid)).status == 405


def test_lists_newest_first_in_pages() -> None:
    inbox = Inbox()
    provider = Twilio(inbox)
    for number in range(5):
        to = "+14155550123" if number != 2 else "+14155550199"
        provider.handle(call(form=FORM | {"To": to, "Body": str(number)}))

    query = {"To": "+14155550123", "PageSize": "3"}
    first = orjson.loads(provider.handle(call("GET", query=query)).body)
    second = orjson.loads(provider.handle(call("GET", query=query | {"Page": "1"})).body)

    assert [message["body"] for message in first["messages"]] == ["4", "3", "1"]
    assert first["next_page_uri"].endswith("?PageSize=3&To=%2B14155550123&Page=1")
    assert [message["body"] for message in second["messages"]] == ["0"]
    assert second["next_page_uri"] is None
    other = provider.handle(call("GET", query={"From": "+19995550000"}))
    assert orjson.loads(other.body)["messages"] == []


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("", 1),
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("x" * 306, 2),
        ("x" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("ж" * 134, 2),
        ("ж" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("ñ" * 160, 1),
        ("ç" * 71, 2),
    ],
)
def test_counts_segments(text: str, segments: int) -> None:
    assert count_segments(text) == segments
