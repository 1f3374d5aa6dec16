"""The page shows strangers' words as words."""

from datetime import UTC, datetime

from devstack.simulator.call import JsonObject
from devstack.simulator.failures import Control, FailurePlan
from devstack.simulator.inbox import Inbox
from devstack.simulator.message import Message
from devstack.simulator.page import HEADERS, render_inbox, render_message

EVIL = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>"
NOON = datetime(2026, 1, 26, 12, tzinfo=UTC)


def evil_message(provider: str = "sendgrid") -> Message:
    details: JsonObject = {"from_name": EVIL, EVIL: EVIL}
    return Message(provider, EVIL, EVIL, EVIL, EVIL, EVIL, EVIL, {EVIL: EVIL}, NOON, details)


def test_nothing_in_a_message_becomes_markup() -> None:
    inbox = Inbox()
    number = inbox.add(evil_message())
    data = inbox.find(number)
    assert data is not None
    for page in (render_inbox(inbox, [], {}), render_message(data)):
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "&lt;script&gt;" in page


def test_nothing_in_the_query_or_the_rules_becomes_markup() -> None:
    plan = FailurePlan()
    plan.set(Control.model_validate({"provider": "sink", "mode": "hang", "to": EVIL}))
    page = render_inbox(Inbox(), plan.describe(), {"provider": EVIL, "to": EVIL, "offset": EVIL})
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "Nothing here yet" in page


def test_an_email_s_markup_is_framed_without_rights() -> None:
    data = evil_message().encode(1)
    assert '<iframe sandbox="" ' in render_message(data)
    assert "script-src 'self'" in HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in HEADERS["Content-Security-Policy"]


def test_lists_newest_first_with_counts_and_pages() -> None:
    inbox = Inbox()
    for number in range(60):
        inbox.add(Message("twilio", "", f"+1415555{number:04d}", "", "", "Hi", "", {}, NOON))
    first = render_inbox(inbox, [], {})
    assert first.index("+14155550059") < first.index("+14155550010")
    assert "+14155550009" not in first
    assert "1 to 50 of 60" in first
    assert '<a href="/?offset=50">older</a>' in first
    second = render_inbox(inbox, [], {"offset": "50"})
    assert "+14155550009" in second
    assert "51 to 60 of 60" in second


def test_shows_what_is_told_to_fail() -> None:
    plan = FailurePlan()
    plan.set(Control.model_validate({"provider": "twilio", "mode": "429", "count": 3}))
    assert "twilio: 429, 3 more" in render_inbox(Inbox(), plan.describe(), {})
