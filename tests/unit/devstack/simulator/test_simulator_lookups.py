"""What providers list of what they were sent: Twilio by date, SendGrid by what is known of it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from devstack.simulator.call import Answer, Call
from devstack.simulator.inbox import Inbox
from devstack.simulator.message import Message
from devstack.simulator.sendgrid import SendGrid
from devstack.simulator.sendgrid_activity import SendGridActivity
from devstack.simulator.twilio_lists import within

NOON = datetime(2026, 1, 26, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("query", "lets_through"),
    [
        ({"DateSent": "2026-01-26"}, (False, True, True, False)),
        ({"DateSent>": "2026-01-26"}, (False, True, True, True)),
        ({"DateSent<": "2026-01-26"}, (True, True, True, False)),
        ({"DateSent>": "2026-01-26T12:00:00Z"}, (False, True, True, True)),
        ({"DateSent>": "2026-01-26T12:00:01Z"}, (False, False, True, True)),
        ({"DateSent<": "2026-01-26T12:00:00Z"}, (True, True, False, False)),
        (
            {"DateSent>": "2026-01-26T12:30:00Z", "DateSent<": "2026-01-26"},
            (False, False, True, False),
        ),
    ],
    ids=["day", "since", "until", "since-noon", "after-noon", "until-noon", "between"],
)
def test_messages_are_listed_by_date(
    query: Mapping[str, str], lets_through: tuple[bool, ...]
) -> None:
    sent = within(query, "DateSent")
    assert sent is not None
    times = (NOON - 24 * HOUR, NOON, NOON + HOUR, NOON + 24 * HOUR)
    assert tuple(sent(at) for at in times) == lets_through


@pytest.mark.parametrize("query", [{}, {"DateSent": "yesterday"}], ids=["none", "no date"])
def test_without_a_date_nothing_is_left_out(query: Mapping[str, str]) -> None:
    assert within(query, "DateSent") is None


def message(number: int) -> Message:
    arguments = {"attempt_id": f"a{number}", "contact_id": "c"}
    return Message(
        "sendgrid",
        f"M{number}",
        f"n{number}@example.com",
        "from@example.com",
        "Hello",
        "",
        "",
        arguments,
        NOON,
    )


def ask(query: str, limit: str = "10", key: str = "right") -> Answer:
    inbox = Inbox()
    for number in range(3):
        inbox.add(message(number))
    activity = SendGridActivity(inbox, SendGrid(inbox, "right"), "right")
    headers = {"authorization": f"Bearer {key}"}
    given = {"query": query, "limit": limit}
    return activity.handle(Call("GET", "/v3/messages", {}, given, headers, b"", NOON))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["M2", "M1", "M0"]),
        ("unique_args['attempt_id']=\"a1\"", ["M1"]),
        ("(unique_args['attempt_id']=\"a1\")", ["M1"]),
        ('unique_args[\'contact_id\']="c" AND to_email="n2@example.com"', ["M2"]),
        ('unique_args[\'attempt_id\']="a1" AND to_email="n2@example.com"', []),
        ('to_email!="n2@example.com"', ["M1", "M0"]),
        ("msg_id LIKE 'M0%'", ["M0"]),
    ],
    ids=["all", "argument", "brackets", "both", "neither", "not", "like"],
)
def test_activity_is_found_by_what_is_known_of_it(query: str, found: list[str]) -> None:
    answer = ask(query)
    assert answer.status == 200
    messages = orjson.loads(answer.body)["messages"]
    assert [each["msg_id"].partition(".")[0] for each in messages] == found


def test_activity_says_what_sendgrid_says() -> None:
    (found,) = orjson.loads(ask("", limit="1").body)["messages"]
    assert found == {
        "from_email": "from@example.com",
        "msg_id": "M2.filterdrecv-simulated-1-5A023E36-1.0",
        "subject": "Hello",
        "to_email": "n2@example.com",
        "status": "delivered",
        "opens_count": 0,
        "clicks_count": 0,
        "last_event_time": "2026-01-26T12:00:00Z",
    }


@pytest.mark.parametrize(
    ("query", "limit", "key", "status"),
    [
        ("subject=Hello", "10", "right", 400),
        ("", "", "right", 400),
        ("", "0", "right", 400),
        ("", "1001", "right", 400),
        ("", "10", "wrong", 401),
    ],
    ids=["query", "no-limit", "none", "too-many", "key"],
)
def test_activity_refuses(query: str, limit: str, key: str, status: int) -> None:
    assert ask(query, limit, key).status == status
