"""What may stand in a contact's fields, whether the api sets them or a workflow's step.

Each check gives what is wrong, in words that follow the field's name, or None when nothing is.
"""

from functools import cache
from zoneinfo import available_timezones

from common.catalogue.kinds import check_kind
from common.phone_numbers import e164

MAX_NAME = 200
MAX_EMAIL = 254


def name_problem(text: str) -> str | None:
    """Why `text` is no first or last name."""
    if len(text) > MAX_NAME:
        return f"must have at most {MAX_NAME} characters, not {len(text):,}"
    if "\0" in text:
        return "must not contain a NUL character"
    return "must be a single line" if any(char in text for char in "\r\n") else None


def email_problem(text: str) -> str | None:
    """Why `text` is no email address."""
    if len(text) > MAX_EMAIL:
        return f"must have at most {MAX_EMAIL} characters"
    return check_kind("email", text)


def phone_problem(text: str) -> str | None:
    """Why `text` is no phone number; see `e164`."""
    return None if e164(text) else "must be a phone number in E.164, such as +14155550100"


def timezone_problem(name: str) -> str | None:
    """Why `name` is no zone of the IANA database."""
    return None if name in _timezones() else "must be an IANA time zone, such as Europe/Berlin"


def user_id_problem(text: str) -> str | None:
    """Why `text` cannot be the id of a user."""
    return check_kind("uuid", text)


@cache
def _timezones() -> frozenset[str]:
    # Not ZoneInfo(name): that opens files by whatever path the name spells.
    return frozenset(available_timezones())
