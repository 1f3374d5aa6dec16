"""One valid configuration per type, and for every field values that are right and wrong."""

from typing import Any

from tests.unit.common.catalogue import (
    call_cases,
    messenger_cases,
    payment_cases,
    record_cases,
    timing_cases,
)
from tests.unit.common.catalogue.case import (
    BAD_EMAIL,
    BAD_LIQUID,
    BAD_TIME,
    BAD_URL,
    BOOLEAN,
    MALFORMED_TEXT,
    UNKNOWN_VALUE,
    UUID,
    Case,
    placed,
)

__all__ = ["CASES", "UUID", "VALID", "Case", "placed"]

HOOK = "https://example.com/hook"

VALID: dict[str, dict[str, Any]] = {
    "send_email": {
        "template_id": UUID,
        "subject": "Welcome {{contact.first_name}}!",
        "from_name": "Support Team",
        "from_email": "support@example.com",
        "track_opens": True,
        "track_clicks": True,
    },
    "send_sms": {"message": "Hi", "from_number": "+14155550100"},
    "add_tag": {"tag_name": "customer"},
    "update_contact": {"field_updates": [{"field": "custom_fields.plan", "value": "pro"}]},
    "webhook_call": {"url": HOOK, "method": "POST"},
    "custom_code": {"code": "return contact.email;"},
    **record_cases.VALID,
    **payment_cases.VALID,
    **messenger_cases.VALID,
    **timing_cases.VALID,
    **call_cases.VALID,
}

CASES = [
    Case("send_email", "template_id", (UUID, UUID.upper()), (
        ("must be a UUID", "welcome"),
        ("must be a UUID", UUID + "0"),
        ("must be a single line", UUID + "\n"),
        ("takes no merge fields", "{{contact.custom_fields.template}}"),
        MALFORMED_TEXT,
    )),
    Case("send_email", "subject", ("Hi", "{{ contact.first_name | default: 'x' }}", "x" * 998), (
        ("is required and must not be blank", ""),
        ("is required and must not be blank", "  "),
        ("must have at most 998 characters, not 999", "x" * 999),
        ("must be a single line", "a\r\nBcc: x@example.com"),
        ("must not contain a NUL", "a\0b"),
        ("must be valid Unicode", "a\ud800"),
        ("is required", None),
        BAD_LIQUID, UNKNOWN_VALUE, MALFORMED_TEXT,
    )),
    Case("send_email", "from_name", ("Ann", "{{ user.name }}"), (
        ("at most 200 characters", "x" * 201), BAD_LIQUID, MALFORMED_TEXT,
    )),
    Case("send_email", "from_email", ("a@b.io", "first.last+tag@mail.example.co.uk"), (
        (BAD_EMAIL, "support"), (BAD_EMAIL, "a@b"), (BAD_EMAIL, "a b@example.com"),
        (BAD_EMAIL, "Ann <ann@example.com>"), (BAD_EMAIL, "a@example.com,b@example.com"),
        (BAD_EMAIL, "a..b@example.com"), (BAD_EMAIL, "a@-example.com"),
        ("at most 254 characters", "a" * 250 + "@b.io"),
        ("takes no merge fields", "{{contact.email}}"), MALFORMED_TEXT,
    )),
    Case("send_email", "reply_to", ("a@b.io", None), ((BAD_EMAIL, ""), (BAD_EMAIL, "@b.io"))),
    Case("send_email", "track_opens", (False, None), (
        BOOLEAN, ("must be true or false, not a number", 1),
    )),
    Case("send_email", "track_clicks", (False, True), (BOOLEAN,)),
    Case("send_email", "attachments", ([], ["https://example.com/{{contact.id}}.pdf"]), (
        ("must be a list, not text", "https://example.com/a.pdf"),
        ("must have at most 10 items, not 11", ["https://example.com/a.pdf"] * 11),
    )),
    Case("send_email", "attachments[0]", ("http://example.com/a.pdf",), (
        (BAD_URL, "ftp://example.com/a.pdf"), (BAD_URL, "/a.pdf"), (BAD_URL, "https://"),
        (BAD_URL, "https://exa mple.com/"), (BAD_URL, "https://example.com:99999/"),
        ("must not carry a user name", "https://a:b@example.com/"),
        ("at most 2,048 characters", "https://example.com/" + "x" * 2048),
        ("must be text, not null", None), BAD_LIQUID, MALFORMED_TEXT,
    )),
    Case("send_email", "purpose", ("marketing", "transactional", None), (
        ("must be one of marketing, transactional", "advertising"),
    )),
    Case("send_sms", "message", ("Hi\nthere", "x" * 1600), (
        ("must have at most 1,600 characters, not 1,601", "x" * 1601),
        ("is required", ""), BAD_LIQUID, MALFORMED_TEXT,
    )),
    Case("send_sms", "from_number", ("+14155550100",), (
        ("must be a phone number in E.164", "415-555-0100"),
        ("must be a phone number in E.164", "14155550100"),
        ("must be a phone number in E.164", "+0415555010"),
        ("must be a phone number in E.164", "+1415555010000000"),
        ("must be a phone number in E.164", "+1415555010\u0663"),
        MALFORMED_TEXT,
    )),
    Case("send_sms", "media_urls", (["https://example.com/a.png"],), (
        ("must have at most 10 items", ["https://example.com/a.png"] * 11),
    )),
    Case("send_sms", "media_urls[0]", ("{{ contact.custom_fields.picture }}",), (
        (BAD_URL, "javascript:alert(1)"),
    )),
    Case("send_sms", "respect_quiet_hours", (False,), (BOOLEAN,)),
    Case("send_sms", "quiet_hours_start", ("00:00", "23:59"), (
        (BAD_TIME, "24:00"), (BAD_TIME, "9:00"), (BAD_TIME, "21:00:00"), (BAD_TIME, "9pm"),
        (BAD_TIME, "٠٩:٠٠"),  # noqa: RUF001 - digits of another script
    )),
    Case("send_sms", "quiet_hours_end", ("09:00",), ((BAD_TIME, "09:60"),)),
    Case("send_sms", "purpose", ("marketing", "transactional"), (
        ("must be one of marketing, transactional", "promotion"),
    )),
    Case("add_tag", "tag_name", ("vip", "{{ contact.custom_fields.plan }}", "ü" * 100), (
        ("is required", ""), ("at most 100 characters", "x" * 101),
        ("must be a single line", "a\nb"), BAD_LIQUID, MALFORMED_TEXT,
    )),
    Case("add_tag", "tag_color", ("#1f77b4", "#FFF"), (
        ("must be a hex colour", "red"), ("must be a hex colour", "#12345"),
        ("must be a hex colour", "1f77b4"), MALFORMED_TEXT,
    )),
    Case("update_contact", "field_updates", (VALID["update_contact"]["field_updates"] * 50,), (
        ("is required: give at least one item", []), ("is required", None),
        ("must be a list, not an object", {"field": "email"}),
        ("must have at most 50 items, not 51", VALID["update_contact"]["field_updates"] * 51),
    )),
    Case("update_contact", "field_updates[0]", (), (
        ("must be an object, not text", "email"),
        ("must be an object, not null", None),
    )),
    Case("update_contact", "field_updates[0].field",
         ("first_name", "last_name", "email", "phone", "timezone", "owner_id", "custom_fields.a-b"),
         (("must be one of email, phone", "nickname"), ("must be one of email", "custom_fields."),
          ("must be one of", "id"), ("must be one of", "tags"), ("is required", ""),
          ("must be one of", "custom_fields.a b"), ("takes no merge fields", "{{ contact.x }}"),
          MALFORMED_TEXT)),
    Case("update_contact", "field_updates[0].value",
         ("x", "", 7, 1.5, True, None, "{{ contact.first_name }}", "x" * 10_000, 2**53),
         (("must be text, a number, true, false or null", {"a": 1}),
          ("must be text, a number, true, false or null", ["a"]),
          ("at most 10,000 characters", "x" * 10_001), ("must not contain a NUL", "\0"),
          ("cannot be kept exactly", 2**53 + 1), ("must be a finite number", float("nan")),
          ("must be valid Unicode", "\udfff"), BAD_LIQUID)),
    Case("update_contact", "update_mode", ("set", "append", "increment"), (
        ("must be one of set, append, increment; did you mean 'append'?", "apend"),
        ("must be one of set, append, increment", 1),
        ("must be one of", "unspecified"), ("must be one of", "UPDATE_MODE_SET"),
    )),
    Case("webhook_call", "url", (HOOK, "http://{{ contact.custom_fields.host }}/x"), (
        (BAD_URL, "example.com/hook"), (BAD_URL, "file:///etc/passwd"), ("is required", ""),
        BAD_LIQUID, UNKNOWN_VALUE, MALFORMED_TEXT,
    )),
    Case("webhook_call", "method", ("GET", "POST", "PUT", "PATCH", "DELETE"), (
        ("must be one of GET, POST, PUT, PATCH, DELETE; did you mean 'POST'?", "post"),
        ("must be one of", "TRACE"), ("is required", None),
    )),
    Case("webhook_call", "headers", ({}, {"X-Plan": "{{ contact.custom_fields.plan }}"}), (
        ("must be an object, not a list", []),
        ("must have at most 50 items, not 51", {f"x-{n}": "1" for n in range(51)}),
    )),
    Case("webhook_call", "headers.X-Plan", ("pro", ""), (
        ("must be a single line", "a\r\nHost: x"), ("must be printable ASCII", "prö"),
        ("at most 4,096 characters", "x" * 4097), BAD_LIQUID, MALFORMED_TEXT,
    )),
    Case("webhook_call", 'headers["X Plan"]', (), (("must be an HTTP header name", "x"),)),
    Case("webhook_call", "headers.Host", (), (("only the HTTP client itself may set", "x"),)),
    Case("webhook_call", "payload", ({}, {"a": {"b": ["{{ contact.email }}", 1, None]}}), (
        ("must be an object, not a list", []),
        ("must be an object, not text", "{}"),
        ("must have at most 65,536 characters", {"a": "x" * 65_536}),
    )),
    Case("webhook_call", "payload.deep.list[1]", ("x", 1, 1.5, None, True, {}, []), (
        BAD_LIQUID, ("cannot be kept exactly", -(2**53) - 1),
        ("must be a finite number", float("inf")), ("must not contain a NUL", "\0"),
        ("must not have NUL in its keys", {"\0": 1}), ("must be JSON", b"x"),
    )),
    Case("webhook_call", "auth_type", ("none", None), (
        ("did you mean 'bearer'?", "Bearer!"), ("must be one of none, basic", True),
    )),
    Case("webhook_call", "auth_config", ({}, None), (("must be an object", "token"),)),
    Case("webhook_call", "auth_config.username", ("ann",), (
        ("at most 256 characters", "x" * 257), ("must be a single line", "a\nb"),
    )),
    Case("webhook_call", "auth_config.password", ("{{not a template}}",), (
        ("at most 1,024 characters", "x" * 1025), ("is the mask of a stored secret", "********"),
    )),
    Case("webhook_call", "auth_config.token", ("abc",), (
        ("at most 4,096 characters", "x" * 4097), MALFORMED_TEXT,
    )),
    Case("webhook_call", "auth_config.header", ("X-Key",), (
        ("must be an HTTP header name", "X Key"), ("only the HTTP client", "content-length"),
    )),
    Case("webhook_call", "auth_config.key", ("abc",), (("at most 4,096", "x" * 4097),)),
    Case("webhook_call", "timeout_seconds", (1, 300), (
        ("must be between 1 and 300", 0), ("must be between 1 and 300", 301),
        ("must be a whole number, not text", "30"),
    )),
    Case("webhook_call", "retry_on_failure", (False,), (BOOLEAN,)),
    Case("webhook_call", "max_retries", (0, 10), (
        ("must be between 0 and 10", 11), ("must be between 0 and 10", -1),
    )),
    Case("webhook_call", "store_response", (True,), (BOOLEAN,)),
    Case("custom_code", "code", ("return 1;", "a\nb", "{{ x }", "x" * 65_536), (
        ("is required and must not be blank", ""), ("is required", None),
        ("must have at most 65,536 characters, not 65,537", "x" * 65_537), MALFORMED_TEXT,
    )),
    Case("custom_code", "timeout_ms", (50, 5000), (
        ("must be between 50 and 5,000", 49), ("must be between 50 and 5,000", 5001),
    )),
    Case("custom_code", "memory_limit_mb", (16, 128), (
        ("must be between 16 and 128", 15), ("must be between 16 and 128", 129),
    )),
    Case("custom_code", "allowed_modules", ([], ["slugify", "@acme/tools"]), (
        ("must have at most 20 items, not 21", ["a"] * 21), ("must be a list", "slugify"),
    )),
    Case("custom_code", "allowed_modules[0]", ("slugify",), (
        ("at most 214 characters", "x" * 215), MALFORMED_TEXT,
    )),
    *record_cases.CASES,
    *payment_cases.CASES,
    *messenger_cases.CASES,
    *timing_cases.CASES,
    *call_cases.CASES,
]  # fmt: skip
