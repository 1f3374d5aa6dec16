"""What may stand in a contact's fields: what is stored must be what everybody can use."""

import pytest

from common.contact_fields import (
    MAX_EMAIL,
    MAX_NAME,
    email_problem,
    name_problem,
    phone_problem,
    timezone_problem,
    user_id_problem,
)
from common.phone_numbers import e164


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC", "America/Argentina/Ushuaia"])
def test_zones_that_are_known(zone: str) -> None:
    assert timezone_problem(zone) is None


@pytest.mark.parametrize(
    "zone",
    ["", "Berlin", "../etc/passwd", "/etc/localtime", "UTC\0", "+02:00", "Europe", "A" * 5_000],
)
def test_zones_that_are_not(zone: str) -> None:
    assert timezone_problem(zone)


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("+14155550100", "+14155550100"),
        ("+1 (415) 555-0100", "+14155550100"),
        ("+49 151 12345678", "+4915112345678"),
        ("+1 415 555 0100 ext. 5", None),
        ("4155550100", None),
        ("+1415", None),
        ("+999", None),
        ("", None),
        ("Ann", None),
    ],
)
def test_phone_numbers(text: str, stored: str | None) -> None:
    assert e164(text) == stored
    assert (phone_problem(text) is None) == (stored is not None)


@pytest.mark.parametrize("text", ["ann@example.com", "a.b+c@mail.example.co"])
def test_email_addresses(text: str) -> None:
    assert email_problem(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann",
        "ann@",
        "ann@example.com, bob@example.com",
        "ann@exa mple.com",
        "ann@example.com\n",
        "a@" + "b" * 60 + ".com" * MAX_EMAIL,
    ],
)
def test_what_is_no_email_address(text: str) -> None:
    assert email_problem(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [("a" * (MAX_NAME + 1), "at most 200"), ("a\0b", "NUL"), ("a\r\nb", "single line")],
)
def test_what_is_no_name(text: str, words: str) -> None:
    assert words in (name_problem(text) or "")


def test_names_and_ids() -> None:
    assert name_problem("Zoë O'Neil") is None
    assert user_id_problem("550e8400-e29b-41d4-a716-446655440000") is None
    assert user_id_problem("{550e8400-e29b-41d4-a716-446655440000}")
