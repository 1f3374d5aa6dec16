"""Messages of a Facebook page through Meta's Graph API, over pooled connections.

Source: Meta's "Send API" reference, "Securing Graph API requests" and its lists of error codes.
The token goes in the body, as Meta documents it: what is in a URL ends up in logs.
"""

import hmac
from collections.abc import Mapping, Sequence
from hashlib import sha256
from http import HTTPStatus
from typing import Any, Final, cast
from urllib.parse import urlencode

import orjson

from executor_service.adapters.threads import DaemonThreads
from executor_service.adapters.transport import Answer, ProviderTransport
from executor_service.domain.classify import (
    CredentialsMissingError,
    DeclinedError,
    NoAnswerError,
    RefusedError,
    WindowClosedError,
)
from executor_service.domain.outcome import ErrorClass, Found, JsonValue
from executor_service.ports import MessengerMessage, MessengerReceipt, Sought
from executor_service.secrets import Redactor

_USAGE: Final = "X-Business-Use-Case-Usage"

# Outside the window: a message of no tag, and one of a tag that does not allow it.
_WINDOW: Final = frozenset({(10, 2018278), (10, 2018065)})
# Meta has sent the message, and stumbled over its own answer.
_MAYBE_SENT: Final = frozenset({(1, 1357046)})
# Whoever they are, they take no messages, or there is nobody.
_UNREACHABLE: Final = frozenset(
    {(10, 2018108), (100, 2018001), (200, 1545041), (200, 2018108), (551, 1545041)}
)
_RATE: Final = frozenset({4, 17, 32, 341, 368, 613, *range(80000, 80015)})
_AWAY: Final = frozenset({1, 2, 1200})
_NOT_ALLOWED: Final = frozenset({3, 10, 102, 190, *range(200, 300)})
_BAD_PARAMETER: Final = 100


class GraphGateway:
    """Sends through `POST /<version>/<page>/messages`."""

    def __init__(
        self,
        *,
        page_id: str,
        access_token: str,
        app_secret: str,
        base_url: str,
        version: str,
        transport: ProviderTransport,
        threads: DaemonThreads,
    ) -> None:
        self._page_id = page_id
        self._url = f"{base_url.rstrip('/')}/{version}/{page_id}/messages"
        self._secrets = {"access_token": access_token}
        if app_secret:
            made = hmac.new(app_secret.encode(), access_token.encode(), sha256)
            self._secrets["appsecret_proof"] = made.hexdigest()
        # Meta repeats a token that it cannot read.
        self._redactor = Redactor([*self._secrets.values(), app_secret])
        self._transport = transport
        self._threads = threads

    async def find(self, sought: Sought) -> Sequence[Found]:
        """Always refuses: conversations can be read, but messages bear nothing to know them by."""
        raise DeclinedError("it keeps no list that a message could be found in")

    async def send(self, message: MessengerMessage) -> MessengerReceipt:
        """Returns Meta's ids of the message and of the person."""
        if message.page_id != self._page_id:
            raise CredentialsMissingError(
                f"the account's facebook_page credential is of page {self._page_id}, "
                f"and not of {message.page_id}"
            )
        form = request_form(message) | self._secrets
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            **{
                f"X-Treadle-{name.replace('_', '-').title()}": value
                for name, value in message.reference.items()
            },
        }
        body = urlencode(form).encode("ascii")
        answer = await self._threads.run(
            lambda: self._transport.request("POST", self._url, headers=headers, body=body)
        )
        if not 200 <= answer.status < 300:
            raise _refusal(answer, self._redactor)
        return _receipt(answer, message.psid)


def request_form(message: MessengerMessage) -> dict[str, str]:
    """The parameters of the Send API, but for the secrets; objects are JSON."""
    form = {
        "recipient": _json({"id": message.psid}),
        "messaging_type": message.messaging_type,
        "message": _json(
            {**_MAKERS[message.message_type](message.content), "metadata": message.metadata}
        ),
    }
    if message.tag:
        form["tag"] = message.tag
    return form


def _text(content: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {"text": content["text"]}


def _image(content: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {"attachment": {"type": "image", "payload": dict(content)}}


def _template(content: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    payload = dict(content)
    if "elements" in payload:
        cards = cast("list[dict[str, JsonValue]]", payload["elements"])
        payload["elements"] = [_card(card) for card in cards]
    return {"attachment": {"type": "template", "payload": payload}}


def _card(card: Mapping[str, JsonValue]) -> JsonValue:
    action = card.get("default_action")
    if not isinstance(action, dict):
        return dict(card)
    return {**card, "default_action": {"type": "web_url", **action}}


def _quick_replies(content: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    replies = cast("list[dict[str, JsonValue]]", content["quick_replies"])
    return {
        "text": content["text"],
        "quick_replies": [{"content_type": "text", **reply} for reply in replies],
    }


_MAKERS: Final = {
    "text": _text,
    "image": _image,
    "template": _template,
    "quick_reply": _quick_replies,
}


def _json(value: JsonValue) -> str:
    return orjson.dumps(value).decode()


def _receipt(answer: Answer, psid: str) -> MessengerReceipt:
    body = _object(answer.body)
    message_id = body.get("message_id")
    if answer.status != HTTPStatus.OK or not isinstance(message_id, str) or not message_id:
        # Meta's word for a message that it has taken is its id; it may have taken this one.
        raise NoAnswerError("the answer says nothing of the message")
    return MessengerReceipt(message_id, str(body.get("recipient_id") or psid))


def _refusal(answer: Answer, redactor: Redactor) -> Exception:
    """What an error of Meta's means; its codes say more than the status."""
    error = _object(answer.body).get("error")
    if not isinstance(error, dict):
        return RefusedError(answer.status, retry_after=answer.headers.get("Retry-After"))
    said = cast("dict[str, Any]", error)
    code, subcode = _number(said.get("code")), _number(said.get("error_subcode"))
    numbers = f"{code}/{subcode}" if subcode else f"{code}"
    told = redactor.text(str(said.get("message", "")))
    detail = f"{told} (Graph error {numbers})".strip()
    if (code, subcode) in _WINDOW:
        return WindowClosedError(detail)
    if (code, subcode) in _MAYBE_SENT:
        return NoAnswerError(detail)
    return RefusedError(
        answer.status,
        retry_after=answer.headers.get("Retry-After") or _regained_after(answer.headers),
        detail=detail,
        error_class=_class_of(code, subcode, is_transient=said.get("is_transient") is True),
    )


def _class_of(code: int, subcode: int, *, is_transient: bool) -> ErrorClass | None:
    if (code, subcode) in _UNREACHABLE:
        return ErrorClass.REJECTED
    if code in _RATE:
        return ErrorClass.RATE_LIMIT
    if code in _AWAY or is_transient:
        return ErrorClass.SERVICE_UNAVAILABLE
    if code in _NOT_ALLOWED:
        return ErrorClass.AUTHENTICATION
    return ErrorClass.INVALID_CONFIG if code == _BAD_PARAMETER else None


def _regained_after(headers: Mapping[str, str]) -> str | None:
    """How many seconds Meta wants to be left alone for; it says minutes, for each kind of use."""
    uses = _object((headers.get(_USAGE) or "").encode())
    minutes = [
        _number(cast("dict[str, Any]", use).get("estimated_time_to_regain_access"))
        for each in uses.values()
        if isinstance(each, list)
        for use in cast("list[object]", each)
        if isinstance(use, dict)
    ]
    longest = max(minutes, default=0)
    return str(longest * 60) if longest > 0 else None


def _object(body: bytes) -> dict[str, Any]:
    try:
        given: object = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return cast("dict[str, Any]", given) if isinstance(given, dict) else {}


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
