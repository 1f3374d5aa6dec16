"""What SendGrid's event webhook tells of an email.

Source: SendGrid's "Event Webhook reference".
"""

import re
import secrets
from typing import Final

from devstack.simulator.call import JsonObject, as_object
from devstack.simulator.callbacks import Callback
from devstack.simulator.message import Message
from devstack.simulator.outcomes import Outcome
from devstack.simulator.telling import Telling

_LINK: Final = re.compile(r"""href=["'](https?://[^"'<>]+)["']""")
_OK: Final = {"response": "250 2.0.0 OK"}
_NOBODY: Final = "550 5.1.1 The email account that you tried to reach does not exist."
_AGENT: Final = {"useragent": "Mozilla/5.0 (simulated)", "ip": "203.0.113.9"}
_SCANNER: Final = {"useragent": "BarracudaCentral (simulated)", "ip": "203.0.113.10"}
# Instead of the delivery.
_NOT_DELIVERED: Final[dict[Outcome, tuple[tuple[str, JsonObject], ...]]] = {
    Outcome.BOUNCE: (
        ("processed", {}),
        (
            "bounce",
            {
                "type": "bounce",
                "status": "5.1.1",
                "reason": _NOBODY,
                "bounce_classification": "Invalid Address",
            },
        ),
    ),
    Outcome.BLOCKED: (
        ("processed", {}),
        ("bounce", {"type": "blocked", "status": "4.7.1", "reason": "421 4.7.1 Try again later"}),
    ),
    Outcome.DROPPED: (("dropped", {"reason": "Bounced Address", "status": "5.0.0"}),),
    Outcome.SILENT: (),
}
# After the delivery.
_REACTIONS: Final = {Outcome.SPAM: "spamreport", Outcome.UNSUBSCRIBE: "unsubscribe"}


class SendGridEvents:
    """Tells of emails."""

    def __init__(self, telling: Telling) -> None:
        self._telling = telling

    def sent(self, message: Message) -> None:
        """Tell what becomes of a message that was accepted."""
        outcome = self._telling.outcomes.take(message.provider, message.to)
        told = _NOT_DELIVERED.get(outcome)
        if told is None:
            told = _delivered(message, outcome)
        story: list[Callback] = []
        for kind, more in told:
            story += self._telling.webhooks.event(
                message.provider, _event(message, kind, more), kind=kind, message_id=message.id
            )
        self._telling.callbacks.follow(story)


def _delivered(message: Message, outcome: Outcome) -> tuple[tuple[str, JsonObject], ...]:
    told: list[tuple[str, JsonObject]] = [("processed", {})]
    if outcome is Outcome.DEFERRED:
        told.append(("deferred", {"response": "451 4.3.0 Try again later", "attempt": "1"}))
    told.append(("delivered", {**_OK}))
    if outcome in {Outcome.DELIVERED, Outcome.DEFERRED}:
        return tuple(told)
    by_machine = outcome is Outcome.MACHINE
    if message.html and _tracked(message, "open_tracking"):
        told.append(("open", {**_AGENT, "sg_machine_open": by_machine}))
    link = _first_link(message)
    clicked = outcome in {Outcome.READ, Outcome.MACHINE}
    if clicked and link and _tracked(message, "click_tracking"):
        agent = _SCANNER if by_machine else _AGENT
        told.append(("click", {**agent, "url": link, "url_offset": {"index": 0}}))
    if reaction := _REACTIONS.get(outcome):
        told.append((reaction, {}))
    return tuple(told)


def _first_link(message: Message) -> str:
    """The first link that does not lead out of the list; empty when there is none."""
    headers = as_object(message.details["headers"]) or {}
    way_out = str(headers.get("List-Unsubscribe", ""))
    links = _LINK.findall(message.html)
    return next((link for link in links if link.partition("?")[0] not in way_out), "")


def _tracked(message: Message, what: str) -> bool:
    settings = as_object(message.details["tracking_settings"]) or {}
    return (as_object(settings.get(what)) or {}).get("enable") is True


def _event(message: Message, kind: str, more: JsonObject) -> JsonObject:
    categories = message.details["categories"]
    return {
        # As a webhook sends them: the unique arguments beside SendGrid's own names.
        **message.custom_args,
        "email": message.to,
        "event": kind,
        "sg_event_id": secrets.token_urlsafe(16),
        "sg_message_id": f"{message.id}.recvd-simulator-1",
        "smtp-id": f"<{message.id}@simulator.test>",
        **({"category": categories} if categories else {}),
        **more,
    }
