"""Text messages and calls through Twilio's own SDK, whose HTTP client is replaced by ours.

That gives pooled connections, a base URL that can be set, and the answer's headers, which the SDK's
exception leaves out.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, TypeVar
from urllib.parse import urlencode, urlsplit, urlunsplit

import orjson
import urllib3
from twilio.base.exceptions import TwilioException
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client

from executor_service.adapters.threads import DaemonThreads
from executor_service.adapters.transport import ProviderTransport
from executor_service.domain.classify import (
    DeclinedError,
    NoAnswerError,
    OptedOutError,
    RefusedError,
)
from executor_service.domain.outcome import Found
from executor_service.messages import sms_output
from executor_service.ports import Sms, SmsReceipt, Sought

# Nobody is sent more from one number in a day or so.
MOST_LISTED = 1000
PAGE = 200
# Twilio's clock and ours may differ by so much.
CLOCK_SKEW = timedelta(minutes=2)
_INBOUND = "inbound"

T = TypeVar("T")

# Of a send to somebody who has answered STOP to the number that it comes from.
_OPTED_OUT: Final = "(Twilio error 21610)"


def preload() -> None:
    """Has the SDK import the API's modules, half a second that no message should wait for."""
    client = Client("preload", "preload")
    _ = client.messages, client.calls


class TwilioAccount:
    """One account at Twilio: its secret, and the connections and threads that all share."""

    def __init__(
        self,
        *,
        account_sid: str,
        auth_token: str,
        base_url: str,
        public_url: str = "",
        transport: ProviderTransport,
        threads: DaemonThreads,
    ) -> None:
        self._threads = threads
        self._transport = transport
        self._base_url = base_url
        self._account_sid = account_sid
        self._auth_token = auth_token
        self.public_url = public_url.rstrip("/")

    async def run(self, call: Callable[[], T]) -> T:
        """A blocking call, off the event loop."""
        return await self._threads.run(call)

    def client(self, reference: Mapping[str, str]) -> Any:
        """An SDK client for one request: it cannot send headers of ours, its HTTP client can."""
        http_client = _TransportClient(self._transport, self._base_url, reference)
        return Client(self._account_sid, self._auth_token, http_client=http_client)

    def address(self, reference: Mapping[str, str], *, below: str = "", **query: str) -> str:
        """Where the gateway takes in what becomes of a message, with the ids of its step."""
        ids = {name: value for name, value in reference.items() if name != "account_id"}
        path = f"/inbound/twilio/{reference['account_id']}{below}"
        return f"{self.public_url}{path}?{urlencode({**query, **ids})}"


class TwilioGateway:
    """Sends through `POST /2010-04-01/Accounts/{sid}/Messages.json`."""

    def __init__(self, account: TwilioAccount) -> None:
        self._account = account

    async def send(self, sms: Sms) -> SmsReceipt:
        """Returns the message's SID and its number of segments."""
        return await self._account.run(lambda: self._create(sms))

    async def find(self, sought: Sought) -> Sequence[Found]:
        """Searches `GET …/Messages.json` by its numbers and day for the same text at that time."""
        if not (sought.to and sought.text):
            raise DeclinedError("what was sent is not known, so it cannot be looked for")
        return await self._account.run(lambda: self._list(sought))

    def _list(self, sought: Sought) -> Sequence[Found]:
        after, before = sought.after - CLOCK_SKEW, sought.before + CLOCK_SKEW
        try:
            listed = self._account.client({}).messages.list(
                to=sought.to,
                **({"from_": sought.sender} if sought.sender else {}),
                date_sent_after=after,
                limit=MOST_LISTED,
                page_size=PAGE,
            )
            return [
                Found(str(message.sid), sms_output(_receipt(message), sought.to, sought.text))
                for message in listed
                if message.body == sought.text
                and message.direction != _INBOUND
                and message.date_created is not None
                and after <= message.date_created <= before
            ]
        except (TwilioException, ValueError, TypeError) as error:
            raise NoAnswerError("its answer could not be read") from error

    def _create(self, sms: Sms) -> SmsReceipt:
        more: dict[str, object] = {}
        if sms.media_urls:
            more["media_url"] = list(sms.media_urls)
        if self._account.public_url and "account_id" in sms.reference:
            more["status_callback"] = self._account.address(sms.reference)
        try:
            message = self._account.client(sms.reference).messages.create(
                to=sms.to, from_=sms.from_number, body=sms.body, **more
            )
            return _receipt(message)
        except (TwilioException, ValueError, TypeError) as error:
            # A good status with a body that is not a message: it may well have been taken.
            raise NoAnswerError("its answer could not be read") from error


def _receipt(message: Any) -> SmsReceipt:
    """Raises ValueError: the SDK makes a message of any JSON, and of no body at all."""
    if not message.sid:
        raise ValueError("the answer is no message")
    return SmsReceipt(str(message.sid), int(message.num_segments or 0))


class _TransportClient(HttpClient):
    """The SDK's requests on our transport; `base_url` replaces scheme and host when given."""

    def __init__(
        self, transport: ProviderTransport, base_url: str, reference: Mapping[str, str]
    ) -> None:
        super().__init__(logging.getLogger(__name__), is_async=False)
        self._transport = transport
        self._headers = {
            f"X-Treadle-{name.replace('_', '-').title()}": value
            for name, value in reference.items()
        }
        self._base = urlsplit(base_url) if base_url else None

    def request(
        self,
        method: str,
        uri: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,  # noqa: FBT001, FBT002 - the SDK's signature
    ) -> Response:
        """As the SDK asks for; refusals are raised here, where their headers are at hand."""
        url = urlsplit(uri)
        if self._base is not None:
            path = self._base.path.rstrip("/") + url.path
            url = url._replace(scheme=self._base.scheme, netloc=self._base.netloc, path=path)
        if params:
            url = url._replace(query=urlencode(params, doseq=True))
        sent = {**(headers or {}), **self._headers}
        if auth is not None:
            sent |= urllib3.make_headers(basic_auth=":".join(auth))
        body = urlencode(data, doseq=True).encode("ascii") if data else None
        answer = self._transport.request(method.upper(), urlunsplit(url), headers=sent, body=body)
        if not 200 <= answer.status < 300:
            detail = _explanation(answer.body)
            refusal = OptedOutError if detail.endswith(_OPTED_OUT) else RefusedError
            raise refusal(
                answer.status, retry_after=answer.headers.get("Retry-After"), detail=detail
            )
        return Response(answer.status, answer.body.decode("utf-8", "replace"), answer.headers)


def _explanation(body: bytes) -> str:
    """Twilio's own words and its error code; empty when it has none."""
    try:
        error = orjson.loads(body)
        return f"{error['message']} (Twilio error {error['code']})"
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return ""
