"""What Twilio tells of a text message, and the ones that people send back.

Source: Twilio's "Track the message status of outbound messages", "Twilio's request to your incoming
message webhook URL" and its error dictionary.
"""

import secrets
from collections.abc import Mapping
from typing import Final

import orjson
from pydantic import BaseModel, ConfigDict, Field

from devstack.simulator.call import JsonObject, as_object, as_text
from devstack.simulator.callbacks import Callback
from devstack.simulator.inbox import Inbox
from devstack.simulator.message import Message
from devstack.simulator.outcomes import Outcome
from devstack.simulator.telling import Telling

VERSION: Final = "2010-04-01"
_ENDS: Final = {
    Outcome.UNDELIVERED: ("undelivered", "30003"),
    Outcome.FAILED: ("failed", "30008"),
}
_ANSWERS: Final = {Outcome.REPLY: "Yes, thank you!", Outcome.STOP: "STOP", Outcome.HELP: "HELP"}
# Of what is answered, Twilio says that it changes who may be written to.
_OPT_OUT_TYPES: Final = {"STOP": "STOP", "HELP": "HELP", "START": "START"}


class IncomingSms(BaseModel):
    """Body of `POST /incoming`: what somebody writes to a number of ours."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sender: str = Field(alias="from", min_length=1, max_length=50)
    to: str = Field(min_length=1, max_length=50)
    body: str = Field(max_length=1_600)


class TwilioCallbacks:
    """Tells of the messages of any account, with the token that the account has shown."""

    def __init__(self, telling: Telling, inbox: Inbox) -> None:
        self._telling = telling
        self._inbox = inbox
        self._tokens: dict[str, str] = {}

    def sent(self, message: Message, auth_token: str) -> None:
        """Tell what becomes of a message that was accepted."""
        account = as_text(message.details["account_sid"])
        self._tokens[account] = auth_token
        outcome = self._telling.outcomes.take(message.provider, message.to)
        url = as_text(message.details["status_callback"])
        story = self._statuses(message, url, auth_token, outcome) if url else []
        if answer := _ANSWERS.get(outcome):
            story += self._incoming(message.to, message.sender, answer, account, url)
        self._telling.callbacks.follow(story)

    def incoming(self, sms: IncomingSms) -> bool:
        """Post what somebody writes; False when there is no address to post it to."""
        account, url = self._conversation(sms)
        story = self._incoming(sms.sender, sms.to, sms.body, account, url)
        self._telling.callbacks.follow(story)
        return bool(story)

    def _statuses(
        self, message: Message, url: str, auth_token: str, outcome: Outcome
    ) -> list[Callback]:
        if outcome is Outcome.SILENT:
            return []
        end, error = _ENDS.get(outcome, ("delivered", ""))
        statuses = ["queued", "sent", end] if end != "failed" else ["queued", end]
        return [
            self._telling.webhooks.form(
                url,
                auth_token,
                _status_form(message, status, error if status == end else ""),
                kind=status,
                message_id=message.id,
                pauses=0.5 if status == "queued" else 1,
            )
            for status in statuses
        ]

    def _incoming(
        self, sender: str, to: str, body: str, account: str, status_url: str
    ) -> list[Callback]:
        """An account has its answers where it hears of its messages, else where numbers say."""
        url = (
            status_url.partition("#")[0].partition("?")[0]
            or self._telling.webhooks.addresses.twilio
        )
        token = self._tokens.get(account)
        if not url or token is None:
            return []
        sid = f"SM{secrets.token_hex(16)}"
        form = {
            **_names(sid, account, sender, to),
            "SmsMessageSid": sid,
            "SmsStatus": "received",
            "Body": body,
            "NumMedia": "0",
            "NumSegments": "1",
            "FromCountry": "US",
            "ToCountry": "US",
        }
        if opt_out := _OPT_OUT_TYPES.get(body.strip().upper()):
            form["OptOutType"] = opt_out
        return [
            self._telling.webhooks.form(url, token, form, kind="received", message_id=sid, pauses=2)
        ]

    def _conversation(self, sms: IncomingSms) -> tuple[str, str]:
        """The account that has last written to the sender from the number, and its address."""
        found = self._inbox.page(
            provider="twilio", to=sms.sender, sender=sms.to, limit=1, newest_first=True
        )
        if not found.items:
            return next(reversed(self._tokens), ""), ""
        message: JsonObject = orjson.loads(found.items[0])
        details = as_object(message["details"]) or {}
        return as_text(details.get("account_sid")), as_text(details.get("status_callback"))


def _status_form(message: Message, status: str, error: str) -> Mapping[str, str]:
    form = {
        **_names(message.id, as_text(message.details["account_sid"]), message.sender, message.to),
        "MessageStatus": status,
        "SmsStatus": status,
    }
    if service := as_text(message.details["messaging_service_sid"]):
        form["MessagingServiceSid"] = service
    if error:
        form["ErrorCode"] = error
    return form


def _names(sid: str, account: str, sender: str, to: str) -> dict[str, str]:
    return {
        "MessageSid": sid,
        "SmsSid": sid,
        "AccountSid": account,
        "From": sender,
        "To": to,
        "ApiVersion": VERSION,
    }
