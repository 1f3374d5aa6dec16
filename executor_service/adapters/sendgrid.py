"""Email through SendGrid's own SDK, over pooled connections.

The SDK opens a connection per request and has one exception for everything that goes wrong on the
wire; its documented hook for making the request is replaced, the rest is used as it comes.
"""

import logging
import urllib.request
from base64 import b64encode
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
import python_http_client
from sendgrid import SendGridAPIClient

from executor_service.adapters.threads import DaemonThreads
from executor_service.adapters.transport import Answer, ProviderTransport
from executor_service.domain.classify import NoAnswerError, RefusedError
from executor_service.domain.outcome import Found, JsonValue
from executor_service.messages import email_output
from executor_service.ports import Email, Sought

# An attempt sends one message; a few more would be odd enough.
_FEW = 10

# At debug level the SDK logs bodies and credentials.
logging.getLogger("python_http_client").setLevel(logging.WARNING)


class SendGridGateway:
    """Sends through `POST /v3/mail/send`."""

    def __init__(
        self, *, api_key: str, base_url: str, transport: ProviderTransport, threads: DaemonThreads
    ) -> None:
        self._threads = threads
        self._sdk: Any = SendGridAPIClient(api_key=api_key, host=base_url.rstrip("/"))
        headers: dict[str, str] = dict(self._sdk.client.request_headers)
        self._sdk.client = _PooledClient(transport, base_url.rstrip("/"), headers)

    async def send(self, email: Email) -> str:
        """Returns X-Message-Id, empty when SendGrid gave none."""
        body = message_body(email)
        response = await self._threads.run(lambda: self._sdk.send(body))
        if response.status_code != HTTPStatus.ACCEPTED:
            # SendGrid's only word for a message that it has taken; it may have taken this one.
            raise NoAnswerError(f"status {response.status_code} says nothing of the message")
        return response.headers.get("X-Message-Id") or ""

    async def find(self, sought: Sought) -> Sequence[Found]:
        """Asks `GET /v3/messages`, the Email Activity API, for the attempt's own argument.

        Accounts have it only where more of their history is kept than by default.
        """
        query = {"query": f"(unique_args['attempt_id']=\"{sought.attempt_id}\")", "limit": _FEW}
        try:
            response = await self._threads.run(
                lambda: self._sdk.client.messages.get(query_params=query)
            )
            return [_found(message) for message in orjson.loads(response.body)["messages"]]
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise NoAnswerError("its answer could not be read") from error


def _found(message: Mapping[str, str]) -> Found:
    # What the send was answered with, and then where the message went inside SendGrid.
    message_id = message["msg_id"].partition(".")[0]
    output = email_output(message_id, message.get("to_email", ""), message.get("subject", ""))
    return Found(message_id, output)


def message_body(email: Email) -> dict[str, JsonValue]:
    """The body of `POST /v3/mail/send`. SendGrid wants the plain text before the HTML."""
    content: list[JsonValue] = [
        {"type": kind, "value": value}
        for kind, value in (("text/plain", email.body.text), ("text/html", email.body.html))
        if value
    ]
    to: dict[str, JsonValue] = {"email": email.to}
    if email.to_name:
        to["name"] = email.to_name
    body: dict[str, JsonValue] = {
        "personalizations": [{"to": [to], "custom_args": dict(email.reference)}],
        "from": {"email": email.from_email, "name": email.from_name},
        "subject": email.subject,
        "content": content,
        "tracking_settings": {
            "open_tracking": {"enable": email.track_opens},
            "click_tracking": {"enable": email.track_clicks, "enable_text": False},
        },
    }
    if email.headers:
        body["headers"] = dict(email.headers)
    if email.reply_to:
        body["reply_to"] = {"email": email.reply_to}
    if email.attachments:
        body["attachments"] = [
            {
                "content": b64encode(file.content).decode("ascii"),
                "type": file.content_type,
                "filename": file.filename,
                "disposition": "attachment",
            }
            for file in email.attachments
        ]
    return body


class _PooledClient(python_http_client.Client):
    """The SDK's request builder on our transport."""

    def __init__(
        self,
        transport: ProviderTransport,
        host: str,
        request_headers: dict[str, str],
        url_path: list[str] | None = None,
    ) -> None:
        super().__init__(host=host, request_headers=request_headers, version=3, url_path=url_path)
        self._transport = transport
        self._path: list[str] = url_path or []

    def _build_client(self, name: str | None = None) -> "_PooledClient":
        path = [*self._path, name] if name else self._path
        # Headers are copied: the SDK writes into them for every request, on any thread.
        return _PooledClient(self._transport, self.host, dict(self.request_headers), path)

    def _make_request(
        self, opener: object, request: urllib.request.Request, timeout: float | None = None
    ) -> "_SdkResponse":
        data = request.data if isinstance(request.data, bytes) else None
        answer = self._transport.request(
            request.get_method(), request.full_url, headers=dict(request.header_items()), body=data
        )
        if not 200 <= answer.status < 300:
            raise RefusedError(
                answer.status,
                retry_after=answer.headers.get("Retry-After"),
                detail=_explanation(answer.body),
            )
        return _SdkResponse(answer)


class _SdkResponse:
    """An answer in the shape of urllib's responses, which the SDK reads."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def getcode(self) -> int:
        return self._answer.status

    def read(self) -> bytes:
        return self._answer.body

    def info(self) -> object:
        return self._answer.headers


def _explanation(body: bytes) -> str:
    """SendGrid's own words: `{"errors": [{"message": …}]}`; empty when it has none."""
    try:
        errors = orjson.loads(body)["errors"]
        return "; ".join(str(error["message"]) for error in errors)
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return ""
