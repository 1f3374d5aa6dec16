"""Who is notified, and what goes out to them."""

from dataclasses import replace

import pytest

from action_service.domain.deliveries import Channel
from action_service.domain.notifications import (
    MAX_SMS,
    Message,
    Recipient,
    eligible,
    messages,
    sms_text,
)

ANN = Recipient("a", "Ann", "ann@example.com", "+4915112345678", is_active=True)
BEN = Recipient("b", "Ben", "ben@example.com", None, is_active=True)
GONE = Recipient("c", "Cay", None, None, is_active=False)

EMAIL = Message(Channel.EMAIL, "ann@example.com", "Hot lead", "Call now")
SMS = Message(Channel.SMS, "+4915112345678", "", "Hot lead\nCall now")


def test_active_users_are_eligible_once_in_their_order() -> None:
    assert eligible([BEN, GONE, ANN, BEN]) == [BEN, ANN]
    assert eligible([GONE]) == []


@pytest.mark.parametrize(
    ("channels", "expected"),
    [
        (["in_app"], []),
        (["email"], [EMAIL]),
        (["sms"], [SMS]),
        (["in_app", "sms", "email"], [EMAIL, SMS]),
    ],
)
def test_each_channel_beyond_the_application_gets_a_message(
    channels: list[str], expected: list[Message]
) -> None:
    assert messages(ANN, channels, title="Hot lead", text="Call now") == expected


@pytest.mark.parametrize(
    ("user", "channel", "reason"),
    [
        (replace(ANN, email=None), "email", "the user has no email address"),
        (replace(ANN, email=""), "email", "the user has no email address"),
        (BEN, "sms", "the user has no phone number"),
    ],
)
def test_without_an_address_it_is_skipped(user: Recipient, channel: str, reason: str) -> None:
    (message,) = messages(user, [channel], title="Hot lead", text="Call now")
    assert (message.address, message.skipped) == ("", reason)


def test_an_sms_is_cut_to_what_the_provider_takes() -> None:
    assert sms_text("T", "x" * (MAX_SMS - 2)) == "T\n" + "x" * (MAX_SMS - 2)
    cut = sms_text("T", "x" * 5000)
    assert len(cut) == MAX_SMS
    assert cut.endswith("x…")
    assert sms_text("T", "x" * 1500 + " " * 200 + "y") == "T\n" + "x" * 1500 + "…"
