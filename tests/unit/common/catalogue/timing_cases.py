"""Cases of the steps that wait."""

from typing import Any

from tests.unit.common.catalogue.case import BAD_TIME, BOOLEAN, MALFORMED_TEXT, UUID, Case

VALID: dict[str, dict[str, Any]] = {
    "wait_time": {"duration": 2, "unit": "days"},
    "wait_for_event": {"event_type": "email_open"},
    "wait_until_date": {"date_type": "specific", "date_value": "2026-12-24T09:00"},
}

_BAD_DATE = "must be a date or time of ISO 8601"

CASES = [
    Case("wait_time", "duration", (1, 1_000_000), (
        ("must be between 1 and 1,000,000", 0), ("must be between 1 and 1,000,000", -1),
        ("must be between 1 and 1,000,000", 2**31), ("must be a whole number, not text", "2"),
        ("must be a whole number, not a boolean", True),
        ("must be a whole number, not a number with a fraction", 2.5), ("is required", None),
    )),
    Case("wait_time", "unit",
         ("minutes", "hours", "days", "weeks", "calendar_days", "seconds"),
         (("did you mean 'days'?", "day"), ("must be one of minutes", ""), ("is required", None))),
    Case("wait_until_date", "date_type", ("specific",), (
        ("must be one of specific, contact_field, calculated", "date"), ("is required", None),
    )),
    Case("wait_until_date", "date_value", (
        "2026-12-24", "2026-12-24T09:00", "2026-12-24T09:00:00Z", "2026-12-24T09:00:00.5-05:00",
    ), (
        (_BAD_DATE, "tomorrow"), (_BAD_DATE, "2026-13-01"), (_BAD_DATE, "20261224"),
        ("must be a date that the calendar has", "2026-02-29"), (_BAD_DATE, "2026-12-24T25:00"),
        ("takes no merge fields", "{{ contact.custom_fields.renewal }}"), MALFORMED_TEXT,
        ("is required when date_type is specific", None),
    )),
    Case("wait_until_date", "field_name", (None,), (
        ("must not be given when date_type is specific", "custom_fields.renewal_date"),
    )),
    Case("wait_until_date", "time_of_day", ("00:00", "23:59", None), (
        (BAD_TIME, "24:00"), (BAD_TIME, "9:00"), (BAD_TIME, "09:00:00"), MALFORMED_TEXT,
    )),
    Case("wait_until_date", "timezone_mode", ("account", "contact", "utc"), (
        ("must be one of account, contact, utc", "UTC"),
    )),
    Case("wait_until_date", "offset_value", (None,), (
        ("must be between -100,000 and 100,000", 100_001),
        ("must be a whole number, not text", "3"),
    )),
    Case("wait_until_date", "offset_unit", ("minutes", "hours", "days", "weeks", "months"), (
        ("must be one of minutes", "years"),
    )),
    Case("wait_for_event", "event_type", ("email_click", "sms_reply", "form_submit", "our_own"), (
        ("must be the name of a type of events", "Email Open"),
        ("must be the name of a type of events", "1st"), ("must not be blank", ""),
        ("is required", None), MALFORMED_TEXT, ("takes no merge fields", "{{ event.type }}"),
    )),
    Case("wait_for_event", "related_action_id", (UUID, None), (
        ("must be a UUID", "send_email"), MALFORMED_TEXT,
    )),
    Case("wait_for_event", "timeout_duration", (1, 100_000, None), (
        ("must be between 1 and 100,000", 0), ("must be between 1 and 100,000", 100_001),
        ("must be a whole number, not text", "2"),
    )),
    Case("wait_for_event", "timeout_unit", ("hours", "days", "minutes", "seconds"), (
        ("must be one of hours, days", "weeks"),
    )),
    Case("wait_for_event", "timeout_action", ("continue", "end"), (
        ("must be one of continue, branch, end", "stop"),
    )),
    Case("wait_for_event", "timeout_branch_id", (None,), (
        ("must not be given when timeout_action is continue", UUID),
    )),
    Case("wait_for_event", "ignore_automatic", (True, False, None), (BOOLEAN,)),
]  # fmt: skip
