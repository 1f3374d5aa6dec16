"""Twilio's Messages resource: create, fetch and list, with the documented JSON and error codes.

Source: Twilio's Message resource reference, its error dictionary, and the magic numbers of its test
credentials, which fail here exactly as they fail there.
"""

import base64
import binascii
import math
import re
import secrets
from datetime import datetime
from email.utils import format_datetime
from itertools import count
from urllib.parse import parse_qs, parse_qsl, urlsplit

import orjson

from devstack.simulator.call import (
    Answer,
    Call,
    JsonObject,
    as_list,
    as_object,
    json_answer,
    treadle_ids,
)
from devstack.simulator.inbox import Inbox
from devstack.simulator.message import Message
from devstack.simulator.twilio_callbacks import TwilioCallbacks
from devstack.simulator.twilio_lists import listed

MAX_BODY_CHARACTERS = 1_600
MAX_MEDIA = 10

_E164 = re.compile(r"(?:whatsapp:)?\+[1-9]\d{6,14}")
_SENDER = re.compile(r"(?:whatsapp:)?\+[1-9]\d{6,14}|\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")
_SID = re.compile(r"AC[0-9a-zA-Z]{1,32}")

# Twilio's documented magic numbers: (error code, wording).
_MAGIC_TO = {
    "+15005550001": (21211, "The 'To' number {} is not a valid phone number."),
    "+15005550002": (21612, "The 'To' phone number {} is not currently reachable via SMS."),
    "+15005550003": (21408, "Permission to send an SMS has not been enabled for the region."),
    "+15005550004": (21610, "Attempt to send to unsubscribed recipient"),
    "+15005550009": (21614, "'To' number {} is not a valid mobile number"),
}
_MAGIC_FROM = {
    "+15005550001": (21212, "The 'From' number {} is not a valid phone number."),
    "+15005550007": (
        21606,
        "The 'From' phone number {} is not a valid, SMS-capable inbound phone number or short code "
        "for your account.",
    ),
    "+15005550008": (
        21611,
        "The 'From' number {} has exceeded the maximum number of queued messages",
    ),
}
_FAILURES = {
    400: (20001, "Bad Request"),
    401: (20003, "Authenticate"),
    403: (20006, "Access Denied"),
    404: (20404, "The requested resource was not found"),
    405: (20004, "Method not allowed"),
    429: (20429, "Too Many Requests"),
    500: (20500, "Internal Server Error"),
    503: (20503, "Service Unavailable"),
}

# GSM 03.38: the basic alphabet, and the extension table whose characters count twice.
_GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENDED = frozenset("\f^{}\\[~]|€")


def count_segments(text: str) -> int:
    """How many SMS the text takes: 160 GSM-7 or 70 UCS-2 units alone, 153 or 67 when split."""
    if not text:
        return 1
    if all(char in _GSM_BASIC or char in _GSM_EXTENDED for char in text):
        units = sum(2 if char in _GSM_EXTENDED else 1 for char in text)
        return 1 if units <= 160 else math.ceil(units / 153)
    units = len(text.encode("utf-16-be")) // 2
    return 1 if units <= 70 else math.ceil(units / 67)


class Twilio:
    """The Messages resource of one or any account."""

    name = "twilio"
    max_body = 256 * 1024

    def __init__(
        self,
        inbox: Inbox,
        account_sid: str | None = None,
        auth_token: str | None = None,
        callbacks: TwilioCallbacks | None = None,
    ) -> None:
        self._inbox = inbox
        self._callbacks = callbacks
        self._account_sid = account_sid
        self._auth_token = auth_token
        self._numbers = count(1)
        self._run = secrets.token_hex(8)

    def recipients(self, call: Call) -> frozenset[str]:
        """The form's `To`."""
        return frozenset(form_of(call).get("To", []))

    def failure(self, status: int) -> Answer:
        """Twilio's error body for a status."""
        code, message = _FAILURES.get(status, (20000 + status, "Request failed"))
        return refusal(status, code, message)

    def handle(self, call: Call) -> Answer:
        """Check credentials, then create, fetch or list."""
        if refused := self.refuses(call):
            return refused
        if sid := call.params.get("message"):
            return self._fetch(call, sid) if call.method == "GET" else self.failure(405)
        if call.method == "GET":
            return self._list(call)
        return self._create(call) if call.method == "POST" else self.failure(405)

    def refuses(self, call: Call) -> Answer | None:
        """What is answered to whoever may not use the account."""
        if not self._known(*_shown(call)):
            return self.failure(401)
        account = call.params["account"]
        if not _SID.fullmatch(account) or account != (self._account_sid or account):
            return refusal(404, 20404, f"The requested resource {call.path} was not found")
        return None

    def token_of(self, call: Call) -> str:
        """The token that signs what is told of what the call has made."""
        return self._auth_token or _shown(call)[1]

    def _known(self, user: str, password: str) -> bool:
        # An API key (SK...) authenticates with its own secret, so only the token can be compared.
        known_user = user == (self._account_sid or user) or user.startswith("SK")
        return bool(user and password) and known_user and password == (self._auth_token or password)

    def _create(self, call: Call) -> Answer:
        form = form_of(call)
        to, sender, body = (form.get(name, [""])[0] for name in ("To", "From", "Body"))
        media = form.get("MediaUrl", [])
        service = form.get("MessagingServiceSid", [""])[0]
        if refused := _check(to, sender or service, body, media):
            return refusal(400, *refused)
        sid = f"SM{self._run}{next(self._numbers):016x}"
        callback = form.get("StatusCallback", [""])[0]
        details: JsonObject = {
            "account_sid": call.params["account"],
            "segments": count_segments(body),
            "media_urls": media,
            "messaging_service_sid": service or None,
            "status_callback": callback or None,
        }
        message = Message(
            provider=self.name,
            id=sid,
            to=to,
            sender=sender or service,
            subject="",
            text=body,
            html="",
            custom_args={
                **treadle_ids(call.headers),
                **dict(parse_qsl(urlsplit(callback).query)),
            },
            received_at=call.received_at,
            details=details,
        )
        self._inbox.add(message)
        if self._callbacks is not None:
            self._callbacks.sent(message, self.token_of(call))
        stamp = format_datetime(call.received_at)
        resource = _resource(sid, to, sender or None, body, stamp, details)
        return Answer(201, orjson.dumps(resource), accepted=1)

    def _fetch(self, call: Call, sid: str) -> Answer:
        kept = self._inbox.find_by_id(self.name, sid)
        if kept is None:
            return refusal(404, 20404, f"The requested resource {call.path} was not found")
        return Answer(200, orjson.dumps(_from_inbox(kept)))

    def _list(self, call: Call) -> Answer:
        return listed(
            call, self._inbox, self.name, name="messages", by="DateSent", read=_from_inbox
        )


def _shown(call: Call) -> tuple[str, str]:
    """User and password of the call; empty when there are none."""
    scheme, _, credentials = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password


def _check(to: str, sender: str, body: str, media: list[str]) -> tuple[int, str] | None:
    if not to:
        return 21604, "A 'To' phone number is required."
    if not sender:
        return 21603, "A 'From' phone number is required."
    if not body and not media:
        return 21602, "Message body is required."
    if not _E164.fullmatch(to):
        return 21211, f"The 'To' number {to} is not a valid phone number."
    if not sender.startswith("MG") and not _SENDER.fullmatch(sender):
        return (
            21212,
            f"The 'From' number {sender} is not a valid phone number, shortcode, or alphanumeric "
            "sender ID.",
        )
    if len(body) > MAX_BODY_CHARACTERS:
        return (
            21617,
            f"The concatenated message body exceeds the {MAX_BODY_CHARACTERS} character limit",
        )
    if len(media) > MAX_MEDIA:
        return 21623, f"Number of media files exceeds allowed limit of {MAX_MEDIA}"
    if magic := _MAGIC_FROM.get(sender):
        return magic[0], magic[1].format(sender)
    if magic := _MAGIC_TO.get(to):
        return magic[0], magic[1].format(to)
    return None


def _resource(
    sid: str, to: str, sender: str | None, body: str, stamp: str, details: JsonObject
) -> JsonObject:
    account = details["account_sid"]
    uri = f"/2010-04-01/Accounts/{account}/Messages/{sid}"
    media = as_list(details["media_urls"]) or []
    return {
        "account_sid": account,
        "api_version": "2010-04-01",
        "body": body,
        "date_created": stamp,
        "date_sent": None,
        "date_updated": stamp,
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": sender,
        "messaging_service_sid": details["messaging_service_sid"],
        "num_media": str(len(media)),
        "num_segments": str(details["segments"]),
        "price": None,
        "price_unit": "USD",
        "sid": sid,
        "status": "queued",
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": to,
        "uri": f"{uri}.json",
    }


def _from_inbox(data: bytes) -> JsonObject:
    message: JsonObject = orjson.loads(data)
    stamp = format_datetime(datetime.fromisoformat(str(message["received_at"])))
    details = as_object(message["details"]) or {}
    sender = None if details["messaging_service_sid"] else str(message["from"])
    resource = _resource(
        str(message["id"]), str(message["to"]), sender, str(message["text"]), stamp, details
    )
    # Nothing here takes time to travel: by the time somebody asks, it has arrived.
    return {**resource, "status": "delivered", "date_sent": stamp}


def form_of(call: Call) -> dict[str, list[str]]:
    """The parameters that were posted."""
    try:
        return parse_qs(call.body.decode(), keep_blank_values=True)
    except (UnicodeDecodeError, ValueError):
        return {}


def refusal(status: int, code: int, message: str) -> Answer:
    """Twilio's body of an error."""
    return json_answer(
        status,
        {
            "code": code,
            "message": message,
            "more_info": f"https://www.twilio.com/docs/errors/{code}",
            "status": status,
        },
    )
