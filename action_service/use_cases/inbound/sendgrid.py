"""SendGrid's event webhook: a list of events, of many messages.

Source: SendGrid's "Event Webhook reference".
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from action_service.domain.automatic import is_program
from action_service.domain.messages import Fact
from action_service.domain.plan import Json
from action_service.domain.provider_events import ProviderEvent
from action_service.use_cases.inbound.reading import (
    JsonObject,
    digest,
    instant,
    members,
    no_event,
    parse,
    text,
)

_FACTS: Mapping[str, Fact] = {
    "processed": Fact.SENT,
    "dropped": Fact.UNDELIVERED,
    "delivered": Fact.DELIVERED,
    "bounce": Fact.BOUNCED,
    "open": Fact.OPENED,
    "click": Fact.CLICKED,
    "spamreport": Fact.COMPLAINED,
    "unsubscribe": Fact.UNSUBSCRIBED,
    "group_unsubscribe": Fact.UNSUBSCRIBED,
}
# Made by a program, which has shown the message to nobody.
_AUTOMATIC: Mapping[str, Fact] = {"open": Fact.MACHINE_OPENED, "click": Fact.MACHINE_CLICKED}
_DETAILS = {"reason": "reason", "url": "url", "status": "status"}


def read(body: bytes, now: datetime) -> Iterator[ProviderEvent]:
    """The events of a request. Raises TreadleError."""
    given = parse(body)
    if not isinstance(given, list):
        raise no_event("must be a list of events")
    for item in given:
        event = members(item)
        if not event:
            raise no_event("must be a list of events")
        yield _event(event, now)


def _event(event: JsonObject, now: datetime) -> ProviderEvent:
    kind = text(event.get("event"))
    # The id that the send was answered with, and then where the message went inside SendGrid.
    message_id = text(event.get("sg_message_id")).partition(".")[0]
    detail: dict[str, Json] = {
        name: value for key, name in _DETAILS.items() if (value := text(event.get(key)))
    }
    return ProviderEvent(
        id=text(event.get("sg_event_id")) or digest(dict(event)),
        kind=kind,
        occurred_at=instant(event.get("timestamp"), now),
        payload=event,
        message_id=message_id or None,
        recipient=text(event.get("email")).strip().lower() or None,
        fact=_fact(kind, event),
        detail=detail,
    )


def _fact(kind: str, event: JsonObject) -> Fact | None:
    by_itself = event.get("sg_machine_open") is True or is_program(text(event.get("useragent")))
    if by_itself and kind in _AUTOMATIC:
        return _AUTOMATIC[kind]
    # Turned away for now rather than for good; SendGrid does not try again.
    if kind == "bounce" and event.get("type") == "blocked":
        return Fact.UNDELIVERED
    return _FACTS.get(kind)
