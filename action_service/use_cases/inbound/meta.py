"""Meta's webhooks of Messenger: deliveries, reads and messages of a page.

Source: Meta's "Messenger Platform webhook reference".
"""

from collections.abc import Iterator
from datetime import datetime

from action_service.domain.messages import Fact
from action_service.domain.plan import Json
from action_service.domain.provider_events import ProviderEvent
from action_service.use_cases.inbound.reading import (
    JsonObject,
    digest,
    instant,
    members,
    no_event,
    objects,
    parse,
    text,
)

_MILLISECONDS = 1000


def read(body: bytes, now: datetime) -> Iterator[ProviderEvent]:
    """The events of a request. Raises TreadleError."""
    given = members(parse(body))
    if not given:
        raise no_event("must be an object")
    for entry in objects(given.get("entry")):
        for item in objects(entry.get("messaging")):
            yield from _events(item, now)
        for change in objects(entry.get("changes")):
            yield _other("change", change, now)


def _events(item: JsonObject, now: datetime) -> Iterator[ProviderEvent]:
    delivery = members(item.get("delivery"))
    mids = delivery.get("mids")
    if isinstance(mids, list):
        at = instant(delivery.get("watermark"), now, per_second=_MILLISECONDS)
        for mid in mids:
            if isinstance(mid, str) and mid:
                yield ProviderEvent(
                    f"{mid}:delivered", "delivery", at, item, message_id=mid, fact=Fact.DELIVERED
                )
        return
    message = members(item.get("message"))
    if mid := text(message.get("mid")):
        at = instant(item.get("timestamp"), now, per_second=_MILLISECONDS)
        yield ProviderEvent(mid, "message", at, item)
        return
    yield _other("read" if "read" in item else "other", item, now)


def _other(kind: str, item: JsonObject, now: datetime) -> ProviderEvent:
    said: dict[str, Json] = dict(item)
    at = instant(item.get("timestamp"), now, per_second=_MILLISECONDS)
    return ProviderEvent(digest(said), kind, at, item)
