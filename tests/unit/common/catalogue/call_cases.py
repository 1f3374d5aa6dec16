"""The cases of the actions that call somebody; `cases` says how they are to be read."""

from collections.abc import Iterator
from typing import Any

from tests.unit.common.catalogue.case import (
    BAD_LIQUID,
    BAD_TIME,
    BOOLEAN,
    MALFORMED_TEXT,
    UNKNOWN_VALUE,
    UUID,
    Case,
)

VALID: dict[str, dict[str, Any]] = {
    "send_voicemail": {"audio_file_id": UUID, "from_number": "+14155550100"},
    "make_call": {
        "from_number": "+14155550100",
        "destination_type": "external",
        "destination_value": "+14155550123",
    },
}

_BAD_NUMBER = "must be a phone number in E.164"


def _common(action_type: str) -> Iterator[Case]:
    yield Case(action_type, "from_number", ("+14155550100",), (
        (_BAD_NUMBER, "4155550100"), (_BAD_NUMBER, "+1 415 555 0100"), ("is required", None),
        ("is required", ""), ("takes no merge fields", "{{ account.phone }}"), MALFORMED_TEXT,
    ))  # fmt: skip
    yield Case(action_type, "respect_quiet_hours", (True, False, None), (BOOLEAN,))
    yield Case(action_type, "quiet_hours_start", ("00:00", "23:59"), (
        (BAD_TIME, "24:00"), (BAD_TIME, "9pm"), MALFORMED_TEXT,
    ))  # fmt: skip
    yield Case(action_type, "quiet_hours_end", ("09:00",), ((BAD_TIME, "09:60"),))
    yield Case(action_type, "purpose", ("marketing", "transactional"), (
        ("must be one of marketing, transactional", "promotion"),
    ))  # fmt: skip


def _whole(action_type: str, field: str, low: int, high: int) -> Case:
    bounds = f"must be between {low} and {high}"
    return Case(action_type, field, (low, high, None), (
        (bounds, low - 1), (bounds, high + 1), ("must be a whole number, not text", "2"),
        ("must be a whole number, not a number with a fraction", 1.5),
    ))  # fmt: skip


CASES = [
    *_common("send_voicemail"),
    *_common("make_call"),
    Case("send_voicemail", "audio_file_id", (UUID, UUID.upper()), (
        ("must be a UUID", "greeting"), ("is required", None), MALFORMED_TEXT,
        ("takes no merge fields", "{{ contact.custom_fields.greeting }}"),
    )),
    Case("send_voicemail", "machine_detection", (True, False, None), (BOOLEAN,)),
    Case("send_voicemail", "retry_on_busy", (True, False, None), (BOOLEAN,)),
    _whole("send_voicemail", "max_retries", 0, 10),
    Case("make_call", "destination_type", ("external",), (
        ("must be one of user, queue, external, ivr", "someone"), ("is required", None),
    )),
    Case("make_call", "destination_value", ("+14155550123", "{{ user.phone }}"), (
        (f"{_BAD_NUMBER}, such as +14155550100, when destination_type is external", "reception"),
        ("is required", None), ("must not be blank", "  "), BAD_LIQUID, UNKNOWN_VALUE,
        MALFORMED_TEXT,
    )),
    Case("make_call", "record_call", (True, False, None), (BOOLEAN,)),
    _whole("make_call", "timeout_seconds", 5, 600),
]  # fmt: skip
