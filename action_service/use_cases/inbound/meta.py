"""Meta's webhooks of Messenger: deliveries, reads, and what people do in a page's conversations.

Source: Meta's "Messenger Platform webhook reference". What opens the window for answers is in its
"Send a Message": a message, a tap on a button, a link, a reaction.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from action_service.domain.messages import Fact
from action_service.domain.plan import Json
from action_service.domain.provider_events import Conversation, ProviderEvent
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
            yield _event("change", change, now)


def _events(item: JsonObject, now: datetime) -> Iterator[ProviderEvent]:
    message = members(item.get("message"))
    postback = members(item.get("postback"))
    if "delivery" in item:
        yield from _deliveries(item, now)
    elif "read" in item:
        yield _up_to("read", item, Fact.READ, now)
    elif message.get("is_echo") is True:
        yield _event("echo", item, now)
    elif message:
        yield _answer("message", item, message, _said(message), now)
    elif postback:
        yield _answer("postback", item, postback, _tapped(postback), now)
    else:
        yield _visit(item, now)


def _visit(item: JsonObject, now: datetime) -> ProviderEvent:
    """What else a person does in a conversation, or something else altogether."""
    if "referral" in item:
        return _event("referral", item, now, _with(item, members(item["referral"])))
    # Those of a type allow a single message, or marketing.
    optin = members(item.get("optin"))
    if optin and "type" not in optin:
        return _event("optin", item, now, _with(item, optin))
    if members(item.get("reaction")).get("action") == "react":
        return _event("reaction", item, now, _with(item))
    return _event("other", item, now)


def _deliveries(item: JsonObject, now: datetime) -> Iterator[ProviderEvent]:
    delivery = members(item.get("delivery"))
    mids = delivery.get("mids")
    named = [mid for mid in mids if isinstance(mid, str) and mid] if isinstance(mids, list) else []
    at = instant(delivery.get("watermark"), now, per_second=_MILLISECONDS)
    for mid in named:
        yield ProviderEvent(
            f"{mid}:delivered",
            "delivery",
            at,
            item,
            message_id=mid,
            fact=Fact.DELIVERED,
            recipient=text(members(item.get("sender")).get("id")) or None,
        )
    if not named:
        yield _up_to("delivery", item, Fact.DELIVERED, now)


def _up_to(kind: str, item: JsonObject, fact: Fact, now: datetime) -> ProviderEvent:
    """What is said of every message of the conversation that was sent by then."""
    at = instant(members(item.get(kind)).get("watermark"), now, per_second=_MILLISECONDS)
    conversation = _with(item, by_person=False)
    if conversation is None:
        return _event(kind, item, now)
    return ProviderEvent(
        digest(dict(item)),
        kind,
        at,
        item,
        fact=fact,
        conversation=conversation,
        recipient=conversation.psid,
    )


def _answer(
    kind: str,
    item: JsonObject,
    part: JsonObject,
    detail: Mapping[str, Json],
    now: datetime,
) -> ProviderEvent:
    conversation = _with(item, members(part.get("referral")))
    return ProviderEvent(
        id=text(part.get("mid")) or digest(dict(item)),
        kind=kind,
        occurred_at=instant(item.get("timestamp"), now, per_second=_MILLISECONDS),
        payload=item,
        fact=None if conversation is None else Fact.REPLIED,
        detail=detail,
        conversation=conversation,
    )


def _said(message: JsonObject) -> dict[str, Json]:
    payload = members(message.get("quick_reply")).get("payload")
    return {"body": text(message.get("text")), "payload": text(payload)}


def _tapped(postback: JsonObject) -> dict[str, Json]:
    return {"body": text(postback.get("title")), "payload": text(postback.get("payload"))}


def _with(
    item: JsonObject, referral: JsonObject | None = None, *, by_person: bool = True
) -> Conversation | None:
    """Between whom it is; None for a person whom the page has no id of."""
    psid, page = (text(members(item.get(name)).get("id")) for name in ("sender", "recipient"))
    if not psid or not page:
        return None
    return Conversation(page, psid, by_person=by_person, ref=text((referral or {}).get("ref")))


def _event(
    kind: str, item: JsonObject, now: datetime, conversation: Conversation | None = None
) -> ProviderEvent:
    at = instant(item.get("timestamp"), now, per_second=_MILLISECONDS)
    return ProviderEvent(digest(dict(item)), kind, at, item, conversation=conversation)
