"""Stripe's events: kept, one by one, for whoever follows payments.

Source: Stripe's "The Event object".
"""

from collections.abc import Iterator
from datetime import datetime

from action_service.domain.provider_events import ProviderEvent
from action_service.use_cases.inbound.reading import instant, members, no_event, parse, text


def read(body: bytes, now: datetime) -> Iterator[ProviderEvent]:
    """The event of a request. Raises TreadleError."""
    event = members(parse(body))
    event_id = text(event.get("id"))
    if not event_id:
        raise no_event("must be an event with an id")
    at = instant(event.get("created"), now)
    yield ProviderEvent(event_id, text(event.get("type")), at, event)
