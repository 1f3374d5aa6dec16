"""What providers post, as their documentation shows it, read into events."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from action_service.domain.deliveries import Channel
from action_service.domain.messages import Fact
from action_service.domain.provider_events import Conversation, ProviderEvent
from action_service.use_cases.inbound.events import Provider, read_events
from common.errors import TreadleError

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
# SendGrid's own example.
SENDGRID = {
    "email": "example@test.com",
    "timestamp": 1513299569,
    "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>",
    "event": "delivered",
    "category": "cat facts",
    "sg_event_id": "sg_event_id",
    "sg_message_id": "14c5d75ce93.filter0001.16648.5515E0B88.0",
    "response": "250 OK",
}


def sendgrid(**values: object) -> ProviderEvent:
    body = orjson.dumps([SENDGRID | values])
    (event,) = read_events(Provider.SENDGRID, body, "", NOW)
    return event


def twilio(query: str = "", **values: str) -> ProviderEvent:
    (event,) = read_events(Provider.TWILIO, urlencode(values).encode(), query, NOW)
    return event


def test_sendgrids_example() -> None:
    event = sendgrid()
    assert event.id == "sg_event_id"
    assert event.message_id == "14c5d75ce93"
    assert event.fact is Fact.DELIVERED
    assert event.occurred_at == datetime.fromtimestamp(1513299569, UTC)
    assert event.payload == SENDGRID


@pytest.mark.parametrize(
    ("kind", "fact"),
    [
        ("processed", Fact.SENT),
        ("deferred", None),
        ("delivered", Fact.DELIVERED),
        ("dropped", Fact.UNDELIVERED),
        ("bounce", Fact.BOUNCED),
        ("open", Fact.OPENED),
        ("click", Fact.CLICKED),
        ("spamreport", Fact.COMPLAINED),
        ("unsubscribe", Fact.UNSUBSCRIBED),
        ("group_unsubscribe", Fact.UNSUBSCRIBED),
        ("group_resubscribe", None),
        ("something_new", None),
    ],
)
def test_every_event_of_sendgrid(kind: str, fact: Fact | None) -> None:
    assert sendgrid(event=kind).fact is fact


def test_what_is_no_bounce_and_no_open() -> None:
    assert sendgrid(event="bounce", type="blocked").fact is Fact.UNDELIVERED


@pytest.mark.parametrize(
    ("told", "fact"),
    [
        ({"event": "open", "sg_machine_open": True}, Fact.MACHINE_OPENED),
        ({"event": "open", "sg_machine_open": False}, Fact.OPENED),
        ({"event": "open", "useragent": "Mozilla/5.0 (via ggpht.com GoogleImageProxy)"},
         Fact.OPENED),
        ({"event": "open", "useragent": "BarracudaCentral/3.2"}, Fact.MACHINE_OPENED),
        ({"event": "click", "useragent": "Mozilla/5.0 (compatible; proofpoint)"},
         Fact.MACHINE_CLICKED),
        ({"event": "click", "useragent": "python-requests/2.31"}, Fact.MACHINE_CLICKED),
        ({"event": "click", "useragent": "Mozilla/5.0 (Windows NT 10.0; curl/8)"}, Fact.CLICKED),
        ({"event": "click", "useragent": ""}, Fact.CLICKED),
        ({"event": "delivered", "useragent": "curl/8"}, Fact.DELIVERED),
    ],
    ids=["machine", "person", "image-proxy", "scanner", "gateway", "script", "inside", "empty",
         "delivered"],
)  # fmt: skip
def test_what_programs_open_and_click(told: dict[str, object], fact: Fact) -> None:
    assert sendgrid(**told).fact is fact


def test_what_workflows_may_know() -> None:
    assert sendgrid(event="click", url="https://a.example/?b").detail == {
        "url": "https://a.example/?b"
    }
    bounce = sendgrid(event="bounce", reason="500 unknown recipient", status="5.0.0")
    assert bounce.detail == {"reason": "500 unknown recipient", "status": "5.0.0"}


def test_an_event_without_an_id_has_one_of_what_it_says() -> None:
    first, again = sendgrid(sg_event_id=""), sendgrid(sg_event_id="")
    assert first.id == again.id
    assert first.id != sendgrid(sg_event_id="", event="open").id


@pytest.mark.parametrize("timestamp", ["1", None, 1e30, -1e30, True, 4_000_000_000])
def test_a_time_that_cannot_be_is_now(timestamp: object) -> None:
    assert sendgrid(timestamp=timestamp).occurred_at == NOW


@pytest.mark.parametrize(
    ("status", "fact"),
    [
        ("accepted", Fact.QUEUED),
        ("scheduled", Fact.QUEUED),
        ("queued", Fact.QUEUED),
        ("sending", Fact.QUEUED),
        ("sent", Fact.SENT),
        ("delivered", Fact.DELIVERED),
        ("undelivered", Fact.UNDELIVERED),
        ("failed", Fact.UNDELIVERED),
        ("canceled", Fact.UNDELIVERED),
        ("read", Fact.READ),
        ("partially_delivered", None),
    ],
)
def test_every_status_of_twilio(status: str, fact: Fact | None) -> None:
    event = twilio("attempt_id=1", MessageSid="SM1", MessageStatus=status)
    assert event.id == f"SM1:{status}"
    assert (event.message_id, event.fact, event.occurred_at) == ("SM1", fact, NOW)
    assert event.payload["query"] == {"attempt_id": "1"}


def test_an_error_of_twilio() -> None:
    assert twilio(MessageSid="SM1", MessageStatus="failed", ErrorCode="30006").detail == {
        "error_code": "30006"
    }
    assert twilio(MessageSid="SM1", MessageStatus="sent", ErrorCode="").detail == {}


def test_a_message_to_us() -> None:
    event = twilio(
        MessageSid="SM2",
        SmsStatus="received",
        From="+14155550100",
        To="+14155550199",
        Body="Yes\0!",
    )
    assert (event.id, event.message_id, event.fact) == ("SM2:received", None, Fact.REPLIED)
    assert event.sender == "+14155550100"
    assert event.detail == {"body": "Yes!", "from": "+14155550100", "to": "+14155550199"}


@pytest.mark.parametrize(
    ("status", "fact"),
    [
        ("queued", Fact.QUEUED),
        ("initiated", Fact.QUEUED),
        ("ringing", Fact.RINGING),
        ("in-progress", Fact.ANSWERED),
        ("completed", Fact.COMPLETED),
        ("busy", Fact.BUSY),
        ("no-answer", Fact.NO_ANSWER),
        ("failed", Fact.FAILED),
        ("canceled", Fact.CANCELED),
        ("transferred", None),
    ],
)
def test_states_of_calls(status: str, fact: Fact | None) -> None:
    event = twilio(CallSid="CA1", CallStatus=status, Direction="outbound-api")
    assert (event.id, event.message_id, event.fact) == (f"CA1:{status}", "CA1", fact)
    assert (event.channel, event.occurred_at) == (Channel.CALL, NOW)
    assert event.detail == {"status": status.replace("-", "_")}


def test_what_is_told_with_the_end_of_a_call() -> None:
    event = twilio(
        CallSid="CA1",
        CallStatus="completed",
        CallDuration="34",
        AnsweredBy="machine_end_beep",
        RecordingUrl="https://api.twilio.com/rec",
        To="+14155550100",
        Timestamp="Fri, 02 Jan 2026 10:00:00 +0000",
    )
    assert event.detail == {
        "status": "completed",
        "duration_seconds": 34,
        "answered_by": "machine_end_beep",
        "recording_url": "https://api.twilio.com/rec",
        "to": "+14155550100",
    }
    assert event.occurred_at == min(NOW, datetime(2026, 1, 2, 10, tzinfo=UTC))


@pytest.mark.parametrize("stamp", ["Thu, 02 Jan 2126 10:00:00 +0000", "soon", ""])
def test_a_call_is_not_told_of_from_the_future(stamp: str) -> None:
    event = twilio(CallSid="CA1", CallStatus="ringing", Timestamp=stamp, CallDuration="-1")
    assert event.occurred_at == NOW
    assert "duration_seconds" not in event.detail


def test_word_of_a_recording_alone_is_kept() -> None:
    event = twilio(CallSid="CA1", RecordingSid="RE1", RecordingStatus="completed")
    assert (event.kind, event.message_id, event.fact) == ("other", None, None)


SENDER = {"sender": {"id": "P"}, "recipient": {"id": "PAGE"}}
AT = {"timestamp": 1458692752478}
THEN = datetime.fromtimestamp(1458692752.478, UTC)


def meta(*messaging: dict[str, Any]) -> list[ProviderEvent]:
    page = {"object": "page", "entry": [{"id": "PAGE", "messaging": list(messaging)}]}
    return read_events(Provider.META, orjson.dumps(page), "", NOW)


def test_deliveries_by_name_are_of_messages() -> None:
    delivery = {"mids": ["mid.1", "mid.2", "", 7], "watermark": 1458668856253}
    events = meta({**SENDER, "delivery": delivery})
    assert [(each.id, each.message_id, each.fact) for each in events] == [
        ("mid.1:delivered", "mid.1", Fact.DELIVERED),
        ("mid.2:delivered", "mid.2", Fact.DELIVERED),
    ]
    assert events[0].occurred_at == datetime.fromtimestamp(1458668856.253, UTC)


@pytest.mark.parametrize(
    ("said", "fact"),
    [
        ({"delivery": {"watermark": 1458692752478}}, Fact.DELIVERED),
        ({"delivery": {"mids": [], "watermark": 1458692752478}}, Fact.DELIVERED),
        ({"read": {"watermark": 1458692752478}}, Fact.READ),
    ],
)
def test_watermarks_are_of_the_conversation(said: dict[str, Any], fact: Fact) -> None:
    (event,) = meta({**SENDER, "timestamp": 1458692759999, **said})
    assert (event.fact, event.message_id, event.occurred_at) == (fact, None, THEN)
    assert event.conversation == Conversation("PAGE", "P", by_person=False)
    assert meta({**SENDER, **said})[0].id != event.id


def test_what_people_write_and_tap() -> None:
    quick = {"mid": "mid.3", "text": "Red", "quick_reply": {"payload": "RED"}}
    tap = {"mid": "mid.4", "title": "Start", "payload": "GO", "referral": {"ref": "abc"}}
    written, replied, tapped = meta(
        {**SENDER, **AT, "message": {"mid": "mid.2", "text": "hello"}},
        {**SENDER, **AT, "message": quick},
        {**SENDER, **AT, "postback": tap},
    )
    assert (written.id, written.fact, written.occurred_at) == ("mid.2", Fact.REPLIED, THEN)
    assert written.detail == {"body": "hello", "payload": ""}
    assert written.conversation == Conversation("PAGE", "P", by_person=True)
    assert replied.detail == {"body": "Red", "payload": "RED"}
    assert (tapped.id, tapped.detail) == ("mid.4", {"body": "Start", "payload": "GO"})
    assert tapped.conversation == Conversation("PAGE", "P", by_person=True, ref="abc")


@pytest.mark.parametrize(
    ("said", "kind", "ref"),
    [
        ({"referral": {"ref": "abc", "source": "SHORTLINK"}}, "referral", "abc"),
        ({"optin": {"ref": "abc"}}, "optin", "abc"),
        ({"reaction": {"action": "react", "mid": "mid.1"}}, "reaction", ""),
    ],
)
def test_what_else_people_do_opens_the_window(said: dict[str, Any], kind: str, ref: str) -> None:
    (event,) = meta({**SENDER, **AT, **said})
    assert (event.kind, event.fact) == (kind, None)
    assert event.conversation == Conversation("PAGE", "P", by_person=True, ref=ref)


@pytest.mark.parametrize(
    "item",
    [
        {**SENDER, "message": {"mid": "mid.1", "text": "ours", "is_echo": True}},
        {**SENDER, "reaction": {"action": "unreact"}},
        {**SENDER, "optin": {"type": "notification_messages"}},
        {"sender": {"user_ref": "x"}, "recipient": {"id": "PAGE"}, "message": {"mid": "mid.1"}},
        {"read": {"watermark": 1458668856253}},
        {"delivery": {}},
        {"sender": 1, "recipient": [], "postback": {"title": "x"}},
        {},
    ],
)
def test_the_rest_of_meta_is_kept_and_changes_nothing(item: dict[str, Any]) -> None:
    (event,) = meta(item)
    assert (event.fact, event.conversation) == (None, None)


def test_changes_of_meta_are_kept() -> None:
    body = b'{"object": "page", "entry": [{"changes": [{"field": "feed"}]}]}'
    (event,) = read_events(Provider.META, body, "", NOW)
    assert (event.kind, event.fact) == ("change", None)


def test_an_event_of_stripe() -> None:
    body = b'{"id": "evt_1", "object": "event", "type": "charge.failed", "created": 1513299569}'
    (event,) = read_events(Provider.STRIPE, body, "", NOW)
    assert (event.id, event.kind, event.fact) == ("evt_1", "charge.failed", None)


def test_an_event_counts_once_in_a_request() -> None:
    body = orjson.dumps([SENDGRID] * 3)
    assert len(read_events(Provider.SENDGRID, body, "", NOW)) == 1


def test_nul_characters_are_left_out() -> None:
    assert sendgrid(category="a\0b", unique={"k\0": ["\0"]}).payload["unique"] == {"k": [""]}


@pytest.mark.parametrize(
    ("provider", "body"),
    [
        (Provider.SENDGRID, b""),
        (Provider.SENDGRID, b"{}"),
        (Provider.SENDGRID, b"[1]"),
        (Provider.SENDGRID, b"[" * 3000),
        (Provider.STRIPE, b"[]"),
        (Provider.STRIPE, b'{"id": 1}'),
        (Provider.META, b"null"),
        (Provider.TWILIO, b""),
        (Provider.TWILIO, b"\xff=\xfe"),
    ],
)
def test_what_the_provider_never_posts_is_refused(provider: Provider, body: bytes) -> None:
    with pytest.raises(TreadleError):
        read_events(provider, body, "", NOW)
