"""Meta's Graph API as far as sending needs it: a page's messages.

Source: Meta's "Send API" reference, "Handling errors" and the Messenger Platform's error codes. The
Send API's parameters may come as a form or as JSON, the token as a parameter or as a header.
"""

import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from hashlib import sha256
from itertools import count
from typing import Final
from urllib.parse import parse_qsl

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
from devstack.simulator.graph_callbacks import GraphCallbacks
from devstack.simulator.inbox import Inbox
from devstack.simulator.message import Message

MAX_TEXT: Final = 2_000
MAX_BUTTON_TEXT: Final = 640
MAX_TITLE: Final = 20
MAX_QUICK_REPLIES: Final = 13
MAX_BUTTONS: Final = 3
MAX_ELEMENTS: Final = 10
MAX_METADATA: Final = 1_000

_VERSION: Final = re.compile(r"v\d+\.\d+")
# A person who is answered with this error: `error-190` or `error-10-2018278`.
_TROUBLED: Final = re.compile(r"error-(\d+)(?:-(\d+))?")
_TYPES: Final = frozenset({"RESPONSE", "UPDATE", "MESSAGE_TAG"})
_TAGS: Final = frozenset({"HUMAN_AGENT"})
_TOKEN: Final = (400, 190, 0, "Invalid OAuth access token.")

_STATUSES: Final = {1: 500, 2: 503, 4: 403, 10: 403, 613: 403, 1200: 500}
_WORDS: Final = {
    1: "An unknown error occurred",
    2: "Service temporarily unavailable",
    4: "Application request limit reached",
    10: "Application does not have permission for this action",
    100: "Invalid parameter",
    190: "Invalid OAuth access token.",
    200: "Permissions error",
    551: "This person isn't available right now.",
    613: "Calls to this api have exceeded the rate limit.",
    1200: "Temporary send message failure. Please try again later.",
}
_FAILURES: Final = {400: 100, 401: 190, 403: 200, 429: 613, 500: 1, 503: 2}

Refusal = tuple[int, int, int, str]


class Graph:
    """The pages of anybody, or the one whose token is known."""

    name = "messenger"
    max_body = 256 * 1024

    def __init__(
        self,
        inbox: Inbox,
        page_token: str | None = None,
        app_secret: str | None = None,
        callbacks: GraphCallbacks | None = None,
    ) -> None:
        """With an app secret the proof is demanded that only those who know it can make."""
        self._inbox = inbox
        self._page_token = page_token
        self._app_secret = app_secret
        self._callbacks = callbacks
        self._numbers = count(1)
        self._run = secrets.token_hex(6)

    def recipients(self, call: Call) -> frozenset[str]:
        """The person."""
        return frozenset({_person(_parameters(call))} - {""})

    def failure(self, status: int) -> Answer:
        """Graph's error body for a status."""
        code = _FAILURES.get(status, 1 if status >= 500 else 100)
        return _refusal(status, code, 0, _WORDS[code])

    def handle(self, call: Call) -> Answer:
        """Check the token, then send."""
        if not _VERSION.fullmatch(call.params["version"]):
            return _refusal(404, 2500, 0, "Unknown path components")
        given = _parameters(call)
        if refusal := self._unauthorized(call, given):
            return _refusal(*refusal)
        if call.method != "POST":
            return _refusal(400, 100, 33, "Unsupported get request.")
        return self._send(call, given)

    def _unauthorized(self, call: Call, given: JsonObject) -> Refusal | None:
        scheme, _, bearer = call.headers.get("authorization", "").partition(" ")
        header = bearer if scheme.lower() == "bearer" else ""
        token = as_text(given.get("access_token")) or header
        if not token or token != (self._page_token or token):
            return _TOKEN
        if self._app_secret is None:
            return None
        proof = hmac.new(self._app_secret.encode(), token.encode(), sha256).hexdigest()
        if as_text(given.get("appsecret_proof")) == proof:
            return None
        return 400, 100, 0, "Invalid appsecret_proof provided in the API argument"

    def _send(self, call: Call, given: JsonObject) -> Answer:
        person = _person(given)
        if refusal := _problem(person, given):
            return _refusal(*refusal)
        sent = as_object(given["message"]) or {}
        message = Message(
            provider=self.name,
            id=f"m_{self._run}{next(self._numbers):012x}",
            to=person,
            sender=call.params["page"],
            subject="",
            text=_shown(sent),
            html="",
            custom_args=treadle_ids(call.headers),
            received_at=call.received_at,
            details={
                "version": call.params["version"],
                "messaging_type": given["messaging_type"],
                "tag": given.get("tag"),
                "message": sent,
                "appsecret_proof": "appsecret_proof" in given,
                "query": dict(call.query),
            },
        )
        self._inbox.add(message)
        if self._callbacks is not None:
            self._callbacks.sent(message)
        body = orjson.dumps({"recipient_id": person, "message_id": message.id})
        return Answer(200, body, accepted=1)


def _parameters(call: Call) -> JsonObject:
    """Of the URL and the body; objects in forms are JSON."""
    given: JsonObject = dict(call.query)
    if call.headers.get("content-type", "").startswith("application/json"):
        given |= as_object(_loaded(call.body.decode("utf-8", "replace"))) or {}
        return given
    form = parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True)
    for name, value in form:
        given[name] = _loaded(value) if name in {"recipient", "message"} else value
    return given


def _loaded(text: str) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _person(given: JsonObject) -> str:
    return as_text((as_object(given.get("recipient")) or {}).get("id"))


def _problem(person: str, given: JsonObject) -> Refusal | None:
    """The first thing that Meta would find wrong."""
    if not person:
        return 400, 100, 0, "(#100) The parameter recipient is required"
    if asked := _TROUBLED.fullmatch(person):
        code, subcode = int(asked[1]), int(asked[2] or 0)
        return _STATUSES.get(code, 400), code, subcode, f"(#{code}) {_WORDS.get(code, 'Error')}"
    messaging_type, tag = as_text(given.get("messaging_type")), as_text(given.get("tag"))
    if messaging_type not in _TYPES:
        return 400, 100, 0, "(#100) Param messaging_type must be one of RESPONSE, UPDATE"
    if messaging_type == "MESSAGE_TAG" and not tag:
        return 400, 100, 2018199, "(#100) A tag is required for messaging_type MESSAGE_TAG"
    if tag and tag not in _TAGS:
        return 400, 100, 1893061, "(#100) Invalid parameter"
    message = as_object(given.get("message"))
    wrong = "message" if message is None else _wrong_in(message)
    return (400, 100, 0, f"(#100) Invalid parameter: {wrong}") if wrong else None


def _wrong_in(message: JsonObject) -> str:
    """The part of a message that breaks a documented limit; empty for none."""
    text, attachment = as_text(message.get("text")), as_object(message.get("attachment"))
    if bool(text) == (attachment is not None):
        return "message must have either text or an attachment"
    if len(text) > MAX_TEXT:
        return "message[text] is too long"
    if len(as_text(message.get("metadata"))) > MAX_METADATA:
        return "message[metadata] is too long"
    if attachment is not None:
        return _wrong_in_attachment(attachment)
    replies = as_list(message.get("quick_replies")) or []
    if len(replies) > MAX_QUICK_REPLIES:
        return "message[quick_replies] has too many"
    for reply in map(as_object, replies):
        kind = as_text((reply or {}).get("content_type"))
        if kind not in {"text", "user_phone_number", "user_email"}:
            return "message[quick_replies][content_type]"
        if kind == "text" and not _is_title(reply or {}):
            return "message[quick_replies][title]"
    return ""


def _wrong_in_attachment(attachment: JsonObject) -> str:
    payload = as_object(attachment.get("payload")) or {}
    if attachment.get("type") == "image":
        return "" if as_text(payload.get("url")) else "message[attachment][payload][url]"
    elements = as_list(payload.get("elements")) or []
    match attachment.get("type"), payload.get("template_type"):
        case "template", "button":
            text = as_text(payload.get("text"))
            return _wrong_buttons(payload) if 0 < len(text) <= MAX_BUTTON_TEXT else "text"
        case "template", "generic" if 0 < len(elements) <= MAX_ELEMENTS:
            return _wrong_elements(elements)
        case _:
            return "message[attachment]"


def _wrong_elements(elements: Sequence[object]) -> str:
    for element in map(as_object, elements):
        if element is None or not 0 < len(as_text(element.get("title"))) <= 80:
            return "elements[title]"
        action = as_object(element.get("default_action"))
        if action is not None and action.get("type") != "web_url":
            return "elements[default_action]"
        if "buttons" in element and (wrong := _wrong_buttons(element)):
            return wrong
    return ""


def _wrong_buttons(owner: JsonObject) -> str:
    buttons = as_list(owner.get("buttons")) or []
    if not 0 < len(buttons) <= MAX_BUTTONS:
        return "buttons"
    needed = {"web_url": "url", "postback": "payload", "phone_number": "payload"}
    for button in map(as_object, buttons):
        field = needed.get(as_text((button or {}).get("type")))
        if button is None or field is None or not as_text(button.get(field)):
            return "buttons[type]"
        if not _is_title(button):
            return "buttons[title]"
    return ""


def _is_title(part: JsonObject) -> bool:
    return 0 < len(as_text(part.get("title"))) <= MAX_TITLE


def _shown(message: JsonObject) -> str:
    """What a person would read of it, for the inbox."""
    if text := as_text(message.get("text")):
        titles = [as_text((as_object(r) or {}).get("title")) for r in _items(message)]
        return " ".join([text, *(f"[{title}]" for title in titles if title)])
    payload = as_object((as_object(message.get("attachment")) or {}).get("payload")) or {}
    cards = [as_object(each) or {} for each in as_list(payload.get("elements")) or []]
    lines = [as_text(payload.get("text")), *(as_text(card.get("title")) for card in cards)]
    return "\n".join(line for line in lines if line) or as_text(payload.get("url"))


def _items(message: JsonObject) -> Sequence[object]:
    return as_list(message.get("quick_replies")) or []


def _refusal(status: int, code: int, subcode: int, message: str) -> Answer:
    error: dict[str, object] = {
        "message": message,
        "type": "OAuthException",
        "code": code,
        "fbtrace_id": secrets.token_urlsafe(8),
    }
    if subcode:
        error["error_subcode"] = subcode
    if code == 2:
        error["is_transient"] = True
    headers: Mapping[str, str] = {}
    if code in {4, 613}:
        use = [{"type": "messenger", "call_count": 100, "estimated_time_to_regain_access": 1}]
        headers = {"X-Business-Use-Case-Usage": orjson.dumps({"1": use}).decode()}
    return json_answer(status, {"error": error}, headers)
