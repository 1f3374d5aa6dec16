"""Formats of the field kinds: each check returns what the text must be, or None when it is."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from urllib.parse import urlsplit

from common.catalogue.fields import message_spec
from common.egress.addresses import is_public
from common.egress.errors import EgressRefused
from common.egress.target import parse_target
from treadle.contact.v1 import contact_pb2

# Stands for a stored secret in everything the API returns.
SECRET_MASK = "********"  # noqa: S105 - the mask, not a secret

EMAIL_PATTERN = (
    r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])$"
)
PHONE_PATTERN = r"^\+[1-9][0-9]{6,14}$"
TIME_PATTERN = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
DATE_TIME_PATTERN = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?"
    r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?)?$"
)
EVENT_TYPE_PATTERN = r"^[a-z][a-z0-9_]{0,63}$"
COLOR_PATTERN = r"^#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$"
UUID_PATTERN = r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"
CURRENCY_PATTERN = r"^[A-Z]{3}$"
CUSTOM_FIELD_NAME_PATTERN = r"[A-Za-z_][A-Za-z0-9_-]{0,63}"
CUSTOM_FIELD_PATTERN = rf"custom_fields\.{CUSTOM_FIELD_NAME_PATTERN}"
HEADER_NAME_PATTERN = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
HEADER_PATTERN = r"^[ -~]*$"
TAG_LENGTH = 100
_INNER_NAMES = frozenset({"localhost", "local", "internal", "test", "invalid", "onion"})
# They frame the request (RFC 9110 and 9112); whoever sets them could smuggle another one.
RESERVED_HEADERS = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)

Check = Callable[[str], str | None]


def _matching(pattern: str, description: str) -> Check:
    compiled = re.compile(pattern.removesuffix("$") + r"\Z")

    def check(value: str) -> str | None:
        return None if compiled.match(value) else description

    return check


def _url(value: str) -> str | None:
    wanted = "must be an absolute http or https URL, such as https://example.com/path"
    if any(c.isspace() or ord(c) < 0x20 or c in '<>"\\' for c in value):
        return wanted
    try:
        parts = urlsplit(value)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return wanted
    if not valid:
        return wanted
    if "@" in parts.netloc:
        return "must not carry a user name or password; use the authentication fields"
    return None


def _public_url(value: str) -> str | None:
    wanted = "must be an https URL on a public host, such as https://cdn.example.com/file.mp3"
    if not value.lower().startswith("https://"):
        return wanted
    try:
        target = parse_target(value)
    except EgressRefused as error:
        return f"{wanted}: {error}"
    if target.address is not None:
        return None if is_public(target.address) else wanted
    # A name without a dot, or below one of these, leads to nobody on the internet (RFC 6761, 6762).
    top = f".{target.host}".rpartition(".")
    return wanted if top[0] == "" or top[2] in _INNER_NAMES else None


def _tag(value: str) -> str | None:
    if not value.strip():
        return "must not be blank"
    if len(value) > TAG_LENGTH:
        return f"must have at most {TAG_LENGTH} characters"
    return None


_date_or_time = _matching(
    DATE_TIME_PATTERN,
    "must be a date or time of ISO 8601, such as 2026-12-24, 2026-12-24T09:00:00 or"
    " 2026-12-24T09:00:00+01:00",
)


def _date_time(value: str) -> str | None:
    if problem := _date_or_time(value):
        return problem
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return "must be a date that the calendar has"
    return None


@cache
def contact_fields() -> tuple[str, ...]:
    """The built-in contact fields that actions may name: those declared `editable`."""
    return tuple(
        name
        for name, field in message_spec(contact_pb2.Contact.DESCRIPTOR).fields.items()
        if field.editable
    )


def contact_field_pattern() -> str:
    """Pattern of a contact field's name."""
    return f"^({'|'.join(contact_fields())}|{CUSTOM_FIELD_PATTERN})$"


def _contact_field(value: str) -> str | None:
    if re.fullmatch(contact_field_pattern().strip("^$"), value):
        return None
    return f"must be one of {', '.join(contact_fields())}, or custom_fields.<name>"


_token = _matching(HEADER_NAME_PATTERN, "must be an HTTP header name, such as X-Request-Id")


def _header_name(value: str) -> str | None:
    if value.lower() in RESERVED_HEADERS or value.lower().startswith("proxy-"):
        return "is a header that only the HTTP client itself may set"
    return _token(value)


_printable = _matching(HEADER_PATTERN, "must be printable ASCII, as HTTP headers are")


def _header(value: str) -> str | None:
    # That of a header that carries credentials is masked as secrets are.
    return _secret(value) or _printable(value)


def _secret(value: str) -> str | None:
    if value == SECRET_MASK:
        return "is the mask of a stored secret, and none is stored for this host; give it itself"
    return None


CHECKS: Mapping[str, Check] = {
    "email": _matching(EMAIL_PATTERN, "must be an email address, such as ann@example.com"),
    "phone": _matching(PHONE_PATTERN, "must be a phone number in E.164, such as +14155550100"),
    "url": _url,
    "public_url": _public_url,
    "time_of_day": _matching(TIME_PATTERN, "must be a 24-hour time HH:MM, such as 09:30"),
    "date_time": _date_time,
    "event_type": _matching(
        EVENT_TYPE_PATTERN,
        "must be the name of a type of events, such as email_open: lower-case letters, digits"
        " and _, beginning with a letter",
    ),
    "color": _matching(COLOR_PATTERN, "must be a hex colour, such as #1f77b4"),
    "uuid": _matching(UUID_PATTERN, "must be a UUID, such as 550e8400-e29b-41d4-a716-446655440000"),
    "tag": _tag,
    "currency": _matching(CURRENCY_PATTERN, "must be a currency code of ISO 4217, such as EUR"),
    "custom_fields": _matching(
        CUSTOM_FIELD_NAME_PATTERN,
        "must have names of up to 64 letters, digits, _ or -, beginning with a letter or _",
    ),
    "contact_field": _contact_field,
    "secret": _secret,
    "http_header_name": _header_name,
    "http_header": _header,
}


def check_kind(kind: str | None, value: str) -> str | None:
    """What `value` must be to be of `kind`; None when it is, or when the kind has no format."""
    check = CHECKS.get(kind or "")
    return check(value) if check else None
