"""What Meta tells of a page's messages, and what people write to the page.

Source: the Messenger Platform's webhook reference (message_deliveries, message_reads, messages,
messaging_postbacks).
"""

import secrets
from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from devstack.simulator.call import JsonObject
from devstack.simulator.callbacks import Callback
from devstack.simulator.message import Message
from devstack.simulator.outcomes import Outcome
from devstack.simulator.telling import Telling

_ANSWER: Final = "Yes, thank you!"


class PageWebhook(BaseModel):
    """Body of `POST /webhooks/meta`: where the app of a page is told of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    page_id: str = Field(min_length=1, max_length=100)
    url: str = Field(pattern=r"^https?://[^\s]+$")


class IncomingMessage(BaseModel):
    """Body of `POST /incoming/messenger`: what a person writes to a page, or taps there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    page_id: str = Field(min_length=1, max_length=100)
    psid: str = Field(min_length=1, max_length=100)
    text: str = Field(default="", max_length=2_000)
    # Of a quick reply, or of a postback button.
    payload: str = Field(default="", max_length=1_000)
    is_postback: bool = False
    # What the link said by which the person came.
    ref: str = Field(default="", max_length=2_000)
    # When they wrote, instead of now.
    at: datetime | None = None


class GraphCallbacks:
    """Tells of the messages of any page, signed with the one app's secret."""

    def __init__(self, telling: Telling) -> None:
        self._telling = telling
        self._urls: dict[str, str] = {}

    def subscribe(self, webhook: PageWebhook) -> None:
        """Has what happens on a page told elsewhere than to the address set for all."""
        self._urls[webhook.page_id] = webhook.url

    def sent(self, message: Message) -> None:
        """Tell what becomes of a message that was accepted."""
        outcome = self._telling.outcomes.take(message.provider, message.to)
        if outcome is Outcome.SILENT:
            return
        at = _milliseconds(message.received_at)
        page, person = message.sender, message.to
        delivery: JsonObject = {"mids": [message.id], "watermark": at}
        story = self._tell(page, person, "delivery", {"delivery": delivery}, message.id)
        if outcome in {Outcome.READ, Outcome.REPLY}:
            story += self._tell(page, person, "read", {"read": {"watermark": at}}, message.id)
        if outcome is Outcome.REPLY:
            answer = IncomingMessage(page_id=page, psid=person, text=_ANSWER)
            story += self._written(answer, message.received_at)
        self._telling.callbacks.follow(story)

    def incoming(self, message: IncomingMessage, now: datetime) -> bool:
        """Post what a person writes; False when there is no address to post it to."""
        story = self._written(message, now)
        self._telling.callbacks.follow(story)
        return bool(story)

    def _written(self, message: IncomingMessage, now: datetime) -> list[Callback]:
        mid = f"m_{secrets.token_urlsafe(24)}"
        at = {"timestamp": _milliseconds(message.at or now)}
        referral = {"referral": {"ref": message.ref, "source": "SHORTLINK", "type": "OPEN_THREAD"}}
        came = referral if message.ref else {}
        if message.is_postback:
            tap: JsonObject = {"mid": mid, "title": message.text, "payload": message.payload}
            said: JsonObject = {**at, "postback": {**tap, **came}}
        elif not message.text:
            said = {**at, **came}
        else:
            reply = {"quick_reply": {"payload": message.payload}} if message.payload else {}
            said = {**at, "message": {"mid": mid, "text": message.text, **reply, **came}}
        kind = next(name for name in ("postback", "message", "referral") if name in said)
        return self._tell(message.page_id, message.psid, kind, said, mid)

    def _tell(
        self, page: str, person: str, kind: str, said: JsonObject, message_id: str
    ) -> list[Callback]:
        messaging = {"sender": {"id": person}, "recipient": {"id": page}, **said}
        content = {"object": "page", "entry": [{"id": page, "messaging": [messaging]}]}
        return self._telling.webhooks.event(
            "meta", content, kind=kind, message_id=message_id, url=self._urls.get(page, "")
        )


def _milliseconds(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)
