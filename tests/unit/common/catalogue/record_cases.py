"""The cases of the actions on records; `cases` says how they are to be read."""

from typing import Any

from tests.unit.common.catalogue.case import (
    BAD_LIQUID,
    BOOLEAN,
    MALFORMED_TEXT,
    UNKNOWN_VALUE,
    UUID,
    Case,
)

OTHER = "660e8400-e29b-41d4-a716-446655440000"

VALID: dict[str, dict[str, Any]] = {
    "create_contact": {"email": "ann@example.com", "first_name": "Ann"},
    "remove_tag": {"tag_name": "lead"},
    "add_to_campaign": {"campaign_id": UUID},
    "remove_from_campaign": {"campaign_id": UUID},
    "move_pipeline_stage": {"pipeline_id": UUID, "stage_id": OTHER},
    "assign_to_user": {"assignment_type": "round_robin"},
    "create_task": {"title": "Call Ann"},
    "add_note": {"content": "Has called."},
    "send_notification": {
        "recipient_type": "contact_owner",
        "channels": ["in_app"],
        "title": "News",
        "message": "Ann has called.",
    },
    "create_opportunity": {"pipeline_id": UUID, "name": "Annual plan"},
    "grant_course_access": {"course_id": UUID},
    "revoke_course_access": {"course_id": UUID},
}

# A field with merge fields has no pattern in the JSON Schema, so these say more than the others.
BAD_TEMPLATED_EMAIL = "must be an email address, such as ann@example.com"
BAD_TEMPLATED_PHONE = "must be a phone number in E.164, such as +14155550100"
BAD_TEMPLATED_UUID = "must be a UUID, such as 550e8400"


def _id(action_type: str, field: str, *, required: bool = False) -> Case:
    """The id of a record, taken as it is."""
    wrong = [
        ("must be a UUID", "first"),
        ("must be a UUID", UUID + "0"),
        ("takes no merge fields", "{{ contact.custom_fields.id }}"),
        MALFORMED_TEXT,
    ]
    right: tuple[Any, ...] = (UUID, UUID.upper())
    if required:
        return Case(action_type, field, right, (*wrong, ("is required", None)))
    return Case(action_type, field, (*right, None), tuple(wrong))


def _templated_id(action_type: str, field: str) -> Case:
    """The id of a record, which merge fields may give."""
    right = (UUID, "{{ contact.owner_id }}", None)
    return Case(action_type, field, right, (
        (BAD_TEMPLATED_UUID, "ann"), (BAD_TEMPLATED_UUID, ""), BAD_LIQUID, UNKNOWN_VALUE,
        MALFORMED_TEXT,
    ))  # fmt: skip


def _text(action_type: str, field: str, most: int) -> Case:
    """A text of one line that may be left out."""
    return Case(action_type, field, ("x", "{{ contact.first_name }}", "x" * most, None), (
        (f"at most {most:,} characters", "x" * (most + 1)), ("must be a single line", "a\nb"),
        ("must not contain a NUL", "a\0b"), BAD_LIQUID, UNKNOWN_VALUE, MALFORMED_TEXT,
    ))  # fmt: skip


def _required_text(action_type: str, field: str, most: int) -> Case:
    """A text of one line that has to be there."""
    case = _text(action_type, field, most)
    wrong = (*case.wrong, ("is required", None), ("must not be blank", ""), ("blank", " "))
    return Case(action_type, field, case.right[:-1], wrong)


def _long_text(action_type: str, field: str, most: int, *, required: bool = False) -> Case:
    """A text of several lines."""
    wrong: list[tuple[str, Any]] = [
        (f"at most {most:,} characters", "x" * (most + 1)),
        ("must not contain a NUL", "a\0b"), BAD_LIQUID, UNKNOWN_VALUE, MALFORMED_TEXT,
    ]  # fmt: skip
    if required:
        wrong += [("is required", None), ("must not be blank", " \n ")]
    return Case(action_type, field, ("a\nb", "{{ contact.email }}", "x" * most), tuple(wrong))


def _choice(action_type: str, field: str, *values: str, typo: str) -> Case:
    """One of several words."""
    return Case(action_type, field, values, (
        (f"must be one of {', '.join(values)}; did you mean", typo),
        ("must be one of", ""), ("must be one of", 1), ("must be one of", values[0].upper()),
    ))  # fmt: skip


def _flag(action_type: str, field: str) -> Case:
    """True or false."""
    return Case(action_type, field, (True, False, None), (
        BOOLEAN, ("must be true or false, not a number", 1),
    ))  # fmt: skip


def _whole(action_type: str, field: str, low: int, high: int) -> Case:
    """A whole number within bounds."""
    bounds = f"must be between {low:,} and {high:,}"
    return Case(action_type, field, (low, high), (
        (bounds, low - 1), (bounds, high + 1), (bounds, 2**40),
        ("must be a whole number, not text", "2"),
        ("must be a whole number, not a number with a fraction", 2.5),
    ))  # fmt: skip


CASES = [
    _text("create_contact", "first_name", 200),
    _text("create_contact", "last_name", 200),
    Case("create_contact", "email", ("ann@example.com", "{{ event.email }}", None), (
        (BAD_TEMPLATED_EMAIL, "ann"), (BAD_TEMPLATED_EMAIL, "a..b@example.com"),
        (BAD_TEMPLATED_EMAIL, ""), ("at most 254 characters", "a" * 250 + "@b.io"),
        BAD_LIQUID, UNKNOWN_VALUE, MALFORMED_TEXT,
    )),
    Case("create_contact", "phone", ("+14155550100", "{{ contact.phone }}", None), (
        (BAD_TEMPLATED_PHONE, "415-555-0100"), (BAD_TEMPLATED_PHONE, "+0415555010"),
        BAD_LIQUID, MALFORMED_TEXT,
    )),
    Case("create_contact", "custom_fields", ({}, {"plan": "{{ contact.custom_fields.plan }}"}), (
        ("must be an object, not a list", []), ("must be an object, not text", "{}"),
        ("must have at most 65,536 characters", {"a": "x" * 65_536}),
    )),
    Case("create_contact", "custom_fields.plan", ("pro", 7, 1.5, True, None, ["a"], {"b": 1}), (
        BAD_LIQUID, ("cannot be kept exactly", 2**53 + 1), ("must not contain a NUL", "\0"),
        ("must be a finite number", float("nan")),
    )),
    Case("create_contact", 'custom_fields["a b"]', (), (("must have names of up to 64", "x"),)),
    Case("create_contact", 'custom_fields[""]', (), (("must have names of up to 64", "x"),)),
    Case("create_contact", f"custom_fields.{'x' * 65}", (), (("must have names of up", "x"),)),
    # create_duplicate goes without an email: test_action_configuration has that.
    Case("create_contact", "duplicate_handling", ("skip", "update", None), (
        ("must be one of skip, update, create_duplicate; did you mean 'skip'?", "skipp"),
        ("must be one of", ""), ("must be one of", True),
    )),
    Case("remove_tag", "tag_name", ("vip", "{{ contact.custom_fields.plan }}", "ü" * 100), (
        ("is required", ""), ("is required", None), ("at most 100 characters", "x" * 101),
        ("must be a single line", "a\nb"), BAD_LIQUID, MALFORMED_TEXT,
    )),
    _id("add_to_campaign", "campaign_id", required=True),
    # specific_step goes with a step: test_action_configuration has that.
    Case("add_to_campaign", "start_position", ("beginning", None), (
        ("did you mean 'beginning'?", "begining"), ("must be one of beginning, specific_step", 0),
    )),
    _id("add_to_campaign", "step_id"),
    _flag("add_to_campaign", "skip_if_enrolled"),
    _id("remove_from_campaign", "campaign_id", required=True),
    _text("remove_from_campaign", "reason", 500),
    _id("move_pipeline_stage", "pipeline_id", required=True),
    _id("move_pipeline_stage", "stage_id", required=True),
    Case("move_pipeline_stage", "opportunity_selector", ("first", "latest", None), (
        ("must be one of first, latest, specific; did you mean 'latest'?", "lates"),
        ("must be one of", True),
    )),
    _templated_id("move_pipeline_stage", "opportunity_id"),
    _templated_id("assign_to_user", "user_id"),
    Case("assign_to_user", "assignment_type", ("round_robin", "least_busy"), (
        ("must be one of specific, round_robin, least_busy; did you mean 'round_robin'?", "robin"),
        ("is required", None), ("must be one of", ""),
    )),
    _id("assign_to_user", "team_id"),
    _flag("assign_to_user", "notify_assignee"),
    _required_text("create_task", "title", 300),
    _long_text("create_task", "description", 10_000),
    Case("create_task", "due_date_offset", ({}, {"days": 1, "hours": 2}, None), (
        ("must be an object, not a number", 3), ("must be an object, not text", "1 day"),
    )),
    _whole("create_task", "due_date_offset.days", 0, 3650),
    _whole("create_task", "due_date_offset.hours", 0, 87_600),
    Case("create_task", "due_date_offset.weeks", (), (
        ("is not a field of due_date_offset", 1),
    )),
    _templated_id("create_task", "assignee_id"),
    _choice("create_task", "priority", "low", "medium", "high", typo="hihg"),
    _long_text("add_note", "content", 10_000, required=True),
    _choice("add_note", "note_type", "general", "workflow", "system", typo="sytem"),
    # The others go with a field of their own: test_action_configuration has that.
    Case("send_notification", "recipient_type", ("contact_owner",), (
        ("must be one of specific_user, contact_owner, team, role; did you mean", "contact_ower"),
        ("is required", None), ("must be one of", 1),
    )),
    Case("send_notification", "recipient_ids", ([], [UUID, OTHER], [UUID] * 50), (
        ("must be a list, not text", UUID), ("must have at most 50 items, not 51", [UUID] * 51),
    )),
    Case("send_notification", "recipient_ids[0]", (UUID,), (
        ("must be a UUID", "ann"), ("takes no merge fields", "{{ contact.owner_id }}"),
        ("must be text, not null", None), MALFORMED_TEXT,
    )),
    Case("send_notification", "channels", (["email"], ["sms", "in_app", "email"]), (
        ("give at least one item", []), ("is required", None),
        ("must be a list, not text", "email"), ("must name each value once", ["sms", "sms"]),
        ("must have at most 3 items, not 4", ["in_app", "email", "sms", "sms"]),
    )),
    Case("send_notification", "channels[0]", ("email",), (
        ("must be one of in_app, email, sms; did you mean 'email'?", "e-mail"),
        ("must be one of", 2), ("must be one of", None),
    )),
    _required_text("send_notification", "title", 200),
    _long_text("send_notification", "message", 5_000, required=True),
    _id("send_notification", "team_id"),
    Case("send_notification", "role", ("sales", "x" * 40, None), (
        ("at most 40 characters", "x" * 41), ("must be a single line", "a\nb"), MALFORMED_TEXT,
    )),
    _id("create_opportunity", "pipeline_id", required=True),
    _id("create_opportunity", "stage_id"),
    _required_text("create_opportunity", "name", 300),
    Case("create_opportunity", "value",
         (0, 99.5, 10**12, "0", " 1250.50 ", "+7", "{{ contact.custom_fields.budget }}",
          "{% if event %}1{% else %}2{% endif %}"),
         (("must be between 0 and 1,000,000,000,000", -1),
          ("must be between 0 and 1,000,000,000,000", 10**12 + 1),
          ("must be a number, or text that is one", "1,000"),
          ("must be a number, or text that is one", "1e3"),
          ("must be a number, or text that is one", "EUR 5"),
          ("must be a number, or text that is one", ""),
          ("must be a number, or text that is one", True),
          ("must be a number, or text that is one", [1]),
          ("must be a number, or text that is one", {"a": 1}),
          ("must be a finite number", float("inf")), ("cannot be kept exactly", 2**53 + 1),
          BAD_LIQUID, UNKNOWN_VALUE)),
    Case("create_opportunity", "currency", ("EUR", "XAF", None), (
        ("must be a currency code of ISO 4217", "eur"),
        ("must be a currency code of ISO 4217", "EURO"),
        ("must be a currency code of ISO 4217", "€"), ("must be a currency code", ""),
        ("takes no merge fields", "{{ account.currency }}"), MALFORMED_TEXT,
    )),
    _id("grant_course_access", "course_id", required=True),
    _choice("grant_course_access", "access_level", "full", "preview", "limited", typo="ful"),
    _whole("grant_course_access", "duration_days", 1, 36_500),
    _flag("grant_course_access", "drip_content"),
    _flag("grant_course_access", "send_welcome"),
    _id("revoke_course_access", "course_id", required=True),
    _flag("revoke_course_access", "retain_progress"),
    _text("revoke_course_access", "revocation_reason", 500),
]  # fmt: skip
