"""What follows from what providers tell."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from action_service.domain.compliance import Cause, Channel, NewSuppression, Scope
from action_service.domain.provider_compliance import (
    AnswerHelp,
    Consequence,
    Lift,
    consequences,
)
from action_service.use_cases.inbound.events import Provider, read_events

NOW = datetime(2026, 3, 4, tzinfo=UTC)
ADDRESS = "Ada@example.com"
NUMBER, OURS = "+14155550100", "+14155550199"


def of_email(kind: str, **values: object) -> list[Consequence]:
    event = {"event": kind, "email": ADDRESS, "sg_message_id": "M0.x", "timestamp": 1, **values}
    (read,) = read_events(Provider.SENDGRID, orjson.dumps([event]), "", NOW)
    return list(consequences(Provider.SENDGRID, read))


def of_sms(**form: Any) -> list[Consequence]:
    given = {"MessageSid": "SM1", "From": NUMBER, "To": OURS, **form}
    (read,) = read_events(Provider.TWILIO, urlencode(given).encode(), "", NOW)
    return list(consequences(Provider.TWILIO, read))


def suppressed(cause: Cause, scope: Scope, detail: str = "") -> NewSuppression:
    return NewSuppression(Channel.EMAIL, ADDRESS, cause, scope, detail)


@pytest.mark.parametrize(
    ("kind", "values", "follows"),
    [
        ("bounce", {"type": "bounce"}, suppressed(Cause.BOUNCE, Scope.ALL)),
        ("bounce", {"reason": "550 x"}, suppressed(Cause.BOUNCE, Scope.ALL, "550 x")),
        ("spamreport", {}, suppressed(Cause.COMPLAINT, Scope.ALL)),
        ("unsubscribe", {}, suppressed(Cause.UNSUBSCRIBE, Scope.MARKETING)),
        ("group_unsubscribe", {}, suppressed(Cause.UNSUBSCRIBE, Scope.MARKETING)),
        ("group_resubscribe", {}, Lift(Channel.EMAIL, ADDRESS, (Cause.UNSUBSCRIBE,))),
        (
            "dropped",
            {"reason": "Bounced Address"},
            suppressed(Cause.BOUNCE, Scope.ALL, "Bounced Address"),
        ),
        (
            "dropped",
            {"reason": "Spam Reporting Address"},
            suppressed(Cause.COMPLAINT, Scope.ALL, "Spam Reporting Address"),
        ),
        (
            "dropped",
            {"reason": "Unsubscribed Address"},
            suppressed(Cause.UNSUBSCRIBE, Scope.MARKETING, "Unsubscribed Address"),
        ),
    ],
)
def test_an_email_event_that_bears_on_who_may_be_reached(
    kind: str, values: dict[str, object], follows: Consequence
) -> None:
    assert of_email(kind, **values) == [follows]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("delivered", {}),
        ("open", {}),
        ("bounce", {"type": "blocked"}),
        ("dropped", {"reason": "Spam Content"}),
        ("deferred", {}),
        ("unsubscribe", {"email": ""}),
    ],
)
def test_an_email_event_that_does_not(kind: str, values: dict[str, object]) -> None:
    assert of_email(kind, **values) == []


@pytest.mark.parametrize(
    ("form", "follows"),
    [
        (
            {"Body": "Stop."},
            [NewSuppression(Channel.SMS, NUMBER, Cause.STOP, detail="answered Stop.")],
        ),
        ({"Body": "START"}, [Lift(Channel.SMS, NUMBER, (Cause.STOP,))]),
        ({"Body": "help"}, [AnswerHelp(NUMBER, OURS)]),
        ({"Body": "help", "OptOutType": "HELP"}, []),
        (
            {"Body": "Basta", "OptOutType": "STOP"},
            [NewSuppression(Channel.SMS, NUMBER, Cause.STOP, detail="answered Basta")],
        ),
        ({"Body": "See you"}, []),
    ],
    ids=["stop", "start", "help", "help-answered", "stop-read", "talk"],
)
def test_an_answer(form: dict[str, str], follows: list[Consequence]) -> None:
    assert of_sms(SmsStatus="received", **form) == follows


def test_a_number_that_twilio_does_not_send_to_any_more() -> None:
    detail = "Twilio error 21610"
    told = of_sms(MessageStatus="failed", ErrorCode="21610", From=OURS, To=NUMBER)
    assert told == [NewSuppression(Channel.SMS, NUMBER, Cause.STOP, detail=detail)]
    assert of_sms(MessageStatus="failed", ErrorCode="30003", From=OURS, To=NUMBER) == []
