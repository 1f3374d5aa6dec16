"""SendGrid's `POST /v3/mail/send`: the documented request rules, answers and error bodies.

Source of the rules and wordings: SendGrid's v3 Mail Send reference and its Mail Send errors.
"""

import re
import secrets
from dataclasses import dataclass
from itertools import count

import orjson

from devstack.simulator.call import (
    Answer,
    Call,
    JsonObject,
    as_list,
    as_object,
    as_text,
    json_answer,
    treadle_ids,
)
from devstack.simulator.inbox import Inbox
from devstack.simulator.message import Message
from devstack.simulator.sendgrid_events import SendGridEvents

HELP = "http://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html#"
MAX_PERSONALIZATIONS = 1_000
MAX_RECIPIENTS = 1_000
MAX_CATEGORIES = 10
MAX_CUSTOM_ARGS_BYTES = 10_000

# Enough for what a provider refuses at its door; whether a mailbox exists shows on delivery only.
_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,63}"
)
_RESERVED_HEADERS = frozenset(
    (
        *("x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type"),
        *("content-transfer-encoding", "to", "from", "subject", "reply-to", "cc", "bcc"),
    )
)
_FAILURES = {
    400: "Bad Request",
    401: "The provided authorization grant is invalid, expired, or revoked",
    403: "access forbidden",
    404: "not found",
    413: "content exceeds the maximum size",
    429: "too many requests",
    500: "internal server error",
    503: "service unavailable",
}
_NO_TO = (
    "The to array is required for all personalization objects, and must have at least one email "
    "object with a valid email address."
)
_NO_PERSONALIZATIONS = (
    "The personalizations field is required and must have at least one personalization."
)
_NO_FROM = (
    "The from object must be provided for every email send. It is an object that requires the "
    'email parameter, but may also contain a name parameter.  e.g. {"email" : '
    '"example@example.com"}  or {"email" : "example@example.com", "name" : "Example Recipient"}.'
)
_NO_SUBJECT = (
    "The subject is required. You can get around this requirement if you use a template with a "
    "subject defined or if every personalization has a subject defined."
)
_NO_CONTENT = (
    "Unless a valid template_id is provided, the content parameter is required. There must be at "
    "least one defined content block. We typically suggest both text/plain and text/html blocks "
    "are included, but only one block is required."
)


@dataclass(frozen=True, slots=True)
class Violation:
    """One entry of an error answer's `errors`."""

    message: str
    field: str | None = None
    anchor: str | None = None

    def describe(self) -> JsonObject:
        """The entry as SendGrid spells it."""
        help_url = HELP + self.anchor if self.anchor else None
        return {"message": self.message, "field": self.field, "help": help_url}


class SendGrid:
    """The mail-send endpoint."""

    name = "sendgrid"
    max_body = 30 * 1024 * 1024

    def __init__(
        self, inbox: Inbox, api_key: str | None = None, events: SendGridEvents | None = None
    ) -> None:
        self._inbox = inbox
        self._events = events
        self._api_key = api_key
        self._numbers = count(1)
        self._run = secrets.token_urlsafe(9)

    def recipients(self, call: Call) -> frozenset[str]:
        """Addresses in the `to` lists of a body that can be read."""
        try:
            body = as_object(orjson.loads(call.body)) or {}
        except orjson.JSONDecodeError:
            return frozenset()
        return frozenset(
            as_text(person.get("email"))
            for item in as_list(body.get("personalizations")) or []
            for person in _people((as_object(item) or {}).get("to"))
        )

    def failure(self, status: int) -> Answer:
        """SendGrid's error body for a status; a 429 carries its rate-limit headers."""
        message = _FAILURES.get(status, "request failed")
        headers = {}
        if status == 429:
            headers = {"X-RateLimit-Limit": "600", "X-RateLimit-Remaining": "0"}
        return _refusal(status, [Violation(message)], headers)

    def handle(self, call: Call) -> Answer:
        """Check credentials and body, record one message per recipient, answer 202."""
        if not is_authorized(call, self._api_key):
            return self.failure(401)
        if call.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return _refusal(
                415, [Violation("Content-Type should be application/json.", "Content-Type")]
            )
        try:
            mail = as_object(orjson.loads(call.body))
        except orjson.JSONDecodeError:
            mail = None
        if mail is None:
            return self.failure(400)
        if violations := check_mail(mail):
            return _refusal(400, violations)
        message_id = f"{self._run}{next(self._numbers):010d}"
        answer = {"X-Message-Id": message_id}
        if _sandboxed(mail):
            return Answer(200, content_type=None, headers=answer)
        accepted = self._record(call, mail, message_id)
        return Answer(202, content_type=None, headers=answer, accepted=accepted)

    def _record(self, call: Call, mail: JsonObject, message_id: str) -> int:
        accepted = 0
        sender = as_object(mail.get("from")) or {}
        contents = {
            as_text(part.get("type")): as_text(part.get("value"))
            for part in _people(mail.get("content"))
        }
        for item in as_list(mail["personalizations"]) or []:
            personalization = as_object(item) or {}
            custom_args = {
                **treadle_ids(call.headers),
                **_texts(mail.get("custom_args")),
                **_texts(personalization.get("custom_args")),
            }
            details = _details(mail, sender, personalization)
            subject = as_text(personalization.get("subject")) or as_text(mail.get("subject"))
            for person in _people(personalization.get("to")):
                message = Message(
                    provider=self.name,
                    id=message_id,
                    to=as_text(person.get("email")),
                    sender=as_text(sender.get("email")),
                    subject=subject,
                    text=contents.get("text/plain", ""),
                    html=contents.get("text/html", ""),
                    custom_args=custom_args,
                    received_at=call.received_at,
                    details={**details, "to_name": as_text(person.get("name"))},
                )
                self._inbox.add(message)
                if self._events is not None:
                    self._events.sent(message)
                accepted += 1
        return accepted


def is_authorized(call: Call, api_key: str | None) -> bool:
    """Whether the call has the key, or any where None is known."""
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and bool(token) and token == (api_key or token)


def check_mail(mail: JsonObject) -> list[Violation]:
    """All that SendGrid would object to in a mail, in the order of its own checks."""
    violations = [*_check_personalizations(mail), *_check_from(mail)]
    templated = bool(as_text(mail.get("template_id")))
    if reply_to := mail.get("reply_to"):
        violations += _check_person(reply_to, "reply_to", "message.reply_to")
    if not templated and not _has_subject(mail):
        violations.append(Violation(_NO_SUBJECT, "subject", "message.subject"))
    violations += _check_content(mail, templated=templated)
    violations += _check_headers(mail)
    if len(as_list(mail.get("categories")) or []) > MAX_CATEGORIES:
        violations.append(
            Violation(
                f"You cannot have more than {MAX_CATEGORIES} categories per email.",
                "categories",
                "message.categories",
            )
        )
    return violations


def _check_personalizations(mail: JsonObject) -> list[Violation]:
    items = as_list(mail.get("personalizations"))
    if not items:
        return [Violation(_NO_PERSONALIZATIONS, "personalizations", "-Personalizations-Errors")]
    if len(items) > MAX_PERSONALIZATIONS:
        text = f"The personalizations block is limited to {MAX_PERSONALIZATIONS} per API request."
        return [Violation(text, "personalizations", "-Personalizations-Errors")]
    violations: list[Violation] = []
    for index, item in enumerate(items):
        violations += _check_personalization(as_object(item) or {}, f"personalizations.{index}")
        violations += _check_custom_args(mail, as_object(item) or {}, index)
    return violations


def _check_personalization(item: JsonObject, path: str) -> list[Violation]:
    anchor = "message.personalizations.to"
    if not as_list(item.get("to")):
        return [Violation(_NO_TO, f"{path}.to", anchor)]
    violations: list[Violation] = []
    seen: set[str] = set()
    for kind in ("to", "cc", "bcc"):
        people = as_list(item.get(kind)) or []
        for index, person in enumerate(people):
            violations += _check_person(person, f"{path}.{kind}.{index}", anchor)
            address = as_text((as_object(person) or {}).get("email")).lower()
            if address and address in seen:
                text = (
                    "Each email address in the personalization block should be unique between to, "
                    f"cc, and bcc. We found the first duplicate instance of [{address}] in the "
                    f"{path}.{kind} field."
                )
                return [*violations, Violation(text, path, "message.recipient-errors")]
            seen.add(address)
    if len(seen) > MAX_RECIPIENTS:
        text = f"The total number of recipients must be no more than {MAX_RECIPIENTS}."
        violations.append(Violation(text, path, "message.recipient-errors"))
    return violations


def _check_person(value: object, path: str, anchor: str) -> list[Violation]:
    address = as_text((as_object(value) or {}).get("email"))
    if len(address) <= 254 and _ADDRESS.fullmatch(address):
        return []
    return [Violation("Does not contain a valid address.", f"{path}.email", anchor)]


def _check_from(mail: JsonObject) -> list[Violation]:
    sender = as_object(mail.get("from"))
    if sender is None or not as_text(sender.get("email")):
        return [Violation(_NO_FROM, "from.email", "message.from")]
    if as_text(sender.get("email")) and _check_person(sender, "from", "message.from"):
        text = "The from email does not contain a valid address."
        return [Violation(text, "from.email", "message.from")]
    return []


def _has_subject(mail: JsonObject) -> bool:
    if as_text(mail.get("subject")):
        return True
    items = [as_object(item) or {} for item in as_list(mail.get("personalizations")) or []]
    return bool(items) and all(as_text(item.get("subject")) for item in items)


def _check_content(mail: JsonObject, *, templated: bool) -> list[Violation]:
    parts = as_list(mail.get("content"))
    if not parts:
        return [] if templated else [Violation(_NO_CONTENT, "content", "message.content")]
    violations: list[Violation] = []
    kinds: list[str] = []
    for index, part in enumerate(parts):
        content = as_object(part) or {}
        kinds.append(as_text(content.get("type")))
        if not kinds[-1]:
            text = "The content type must be a string at least one character in length."
            violations.append(Violation(text, f"content.{index}.type", "message.content.type"))
        if not as_text(content.get("value")):
            text = "The content value must be a string at least one character in length."
            violations.append(Violation(text, f"content.{index}.value", "message.content.value"))
    ordered = [kind for kind in kinds if kind in ("text/plain", "text/html")]
    if ordered == ["text/html", "text/plain"]:
        text = (
            "If present, text/plain and text/html may only be provided once, and text/plain must "
            "be first, followed by text/html, then followed by any other content."
        )
        violations.append(Violation(text, "content", "message.content"))
    return violations


def _check_custom_args(mail: JsonObject, item: JsonObject, index: int) -> list[Violation]:
    values = {
        **(as_object(mail.get("custom_args")) or {}),
        **(as_object(item.get("custom_args")) or {}),
    }
    path = f"personalizations.{index}.custom_args"
    if not all(isinstance(value, str) for value in values.values()):
        return [Violation("Custom args must have string values.", path, "message.custom_args")]
    if len(orjson.dumps(values)) > MAX_CUSTOM_ARGS_BYTES:
        text = f"The custom arguments must be less than {MAX_CUSTOM_ARGS_BYTES} bytes."
        return [Violation(text, path, "message.custom_args")]
    return []


def _check_headers(mail: JsonObject) -> list[Violation]:
    return [
        Violation(f"The header {name} is reserved.", f"headers.{name}", "message.headers")
        for name in as_object(mail.get("headers")) or {}
        if name.lower() in _RESERVED_HEADERS
    ]


def _details(mail: JsonObject, sender: JsonObject, personalization: JsonObject) -> JsonObject:
    attachments = [
        {
            "filename": as_text(item.get("filename")),
            "type": as_text(item.get("type")),
            "base64_length": len(as_text(item.get("content"))),
        }
        for item in _people(mail.get("attachments"))
    ]
    return {
        "from_name": as_text(sender.get("name")),
        "reply_to": as_text((as_object(mail.get("reply_to")) or {}).get("email")),
        "cc": [as_text(person.get("email")) for person in _people(personalization.get("cc"))],
        "bcc": [as_text(person.get("email")) for person in _people(personalization.get("bcc"))],
        "headers": {**_texts(mail.get("headers")), **_texts(personalization.get("headers"))},
        "categories": as_list(mail.get("categories")) or [],
        "tracking_settings": as_object(mail.get("tracking_settings")) or {},
        "template_id": as_text(mail.get("template_id")),
        "attachments": attachments,
    }


def _people(value: object) -> list[JsonObject]:
    return [item for item in map(as_object, as_list(value) or []) if item is not None]


def _texts(value: object) -> dict[str, str]:
    return {k: v for k, v in (as_object(value) or {}).items() if isinstance(v, str)}


def _sandboxed(mail: JsonObject) -> bool:
    settings = as_object(mail.get("mail_settings")) or {}
    return (as_object(settings.get("sandbox_mode")) or {}).get("enable") is True


def _refusal(
    status: int, violations: list[Violation], headers: dict[str, str] | None = None
) -> Answer:
    return json_answer(status, {"errors": [item.describe() for item in violations]}, headers)
