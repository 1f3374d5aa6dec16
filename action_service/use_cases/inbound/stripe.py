"""Stripe's events: of payments, refunds, disputes, subscriptions and invoices; others are kept.

Source: Stripe's "The Event object" and "Types of events", and its objects' reference. Charges have
the metadata of their PaymentIntent, and invoices those of their subscription. Amounts count the
currency's smallest unit.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from action_service.domain.payments import PaymentNews, maker_in
from action_service.domain.plan import Json
from action_service.domain.provider_events import ProviderEvent
from action_service.use_cases.inbound.reading import (
    JsonObject,
    instant,
    members,
    no_event,
    objects,
    parse,
    text,
)

# What an event says: the ids, the object's own first and the customer last, and all else.
_Said = tuple[tuple[str, ...], dict[str, Json]]


class _Type(NamedTuple):
    """How an event is heard; `said` reads the object and what its members were before."""

    event_type: str
    said: Callable[[JsonObject, JsonObject], _Said]
    is_state: bool = True


def read(body: bytes, now: datetime) -> Iterator[ProviderEvent]:
    """The event of a request. Raises TreadleError."""
    event = members(parse(body))
    event_id, kind = text(event.get("id")), text(event.get("type"))
    if not event_id:
        raise no_event("must be an event with an id")
    at = instant(event.get("created"), now)
    data = members(event.get("data"))
    about = members(data.get("object"))
    known = _TYPES.get(kind)
    if known is None or not text(about.get("id")):
        yield ProviderEvent(event_id, kind, at, event)
        return
    references, said = known.said(about, members(data.get("previous_attributes")))
    said["currency"] = text(about.get("currency")).upper()
    detail = {name: value for name, value in said.items() if value not in {None, ""}}
    told = dict.fromkeys(each for each in references if each)
    maker = maker_in(members(about.get("metadata"))) or maker_in(_of_subscription(about)[1])
    news = PaymentNews(known.event_type, tuple(told), known.is_state, maker)
    yield ProviderEvent(
        event_id, kind, at, event, message_id=news.object_id, detail=detail, payment=news
    )


def _payment(intent: JsonObject, _: JsonObject) -> _Said:
    payment, charge = text(intent.get("id")), _id(intent.get("latest_charge"))
    customer, error = _id(intent.get("customer")), members(intent.get("last_payment_error"))
    is_paid = intent.get("status") == "succeeded"
    said: dict[str, Json] = {
        "payment_intent_id": payment,
        "charge_id": charge or _id(error.get("charge")),
        "customer_id": customer,
        "amount": _number(intent.get("amount_received" if is_paid else "amount")),
        "status": text(intent.get("status")),
    }
    if not is_paid:
        said["reason"] = text(error.get("decline_code")) or text(error.get("code"))
    return (payment, charge, customer), said


def _refund(charge: JsonObject, before: JsonObject) -> _Said:
    """Of a charge, which may be given back in parts: each is heard."""
    refunded = _number(charge.get("amount_refunded"))
    earlier = _number(before.get("amount_refunded")) or 0
    payment, customer = _id(charge.get("payment_intent")), _id(charge.get("customer"))
    newest = _first(charge.get("refunds"))
    said: dict[str, Json] = {
        "payment_intent_id": payment,
        "charge_id": text(charge.get("id")),
        "customer_id": customer,
        "amount": None if refunded is None else refunded - earlier,
        "amount_refunded": refunded,
        "status": "refunded" if charge.get("refunded") is True else "partially_refunded",
        "reason": text(newest.get("reason")),
    }
    return (text(charge.get("id")), payment, customer), said


def _dispute(dispute: JsonObject, _: JsonObject) -> _Said:
    payment, charge = _id(dispute.get("payment_intent")), _id(dispute.get("charge"))
    said: dict[str, Json] = {
        "dispute_id": text(dispute.get("id")),
        "payment_intent_id": payment,
        "charge_id": charge,
        "amount": _number(dispute.get("amount")),
        "status": text(dispute.get("status")),
        "reason": text(dispute.get("reason")),
    }
    return (text(dispute.get("id")), payment, charge), said


def _subscription(subscription: JsonObject, before: JsonObject) -> _Said:
    item = _first(subscription.get("items"))
    price, quantity = members(item.get("price")), _number(item.get("quantity"))
    each, customer = _number(price.get("unit_amount")), _id(subscription.get("customer"))
    said: dict[str, Json] = {
        "subscription_id": text(subscription.get("id")),
        "customer_id": customer,
        "price_id": _id(item.get("price")),
        "quantity": quantity,
        "amount": None if each is None or quantity is None else each * quantity,
        "status": text(subscription.get("status")),
        "previous_status": text(before.get("status")),
        "cancel_at_period_end": subscription.get("cancel_at_period_end") is True,
        "reason": text(members(subscription.get("cancellation_details")).get("reason")),
    }
    return (text(subscription.get("id")), customer), said


def _invoice(invoice: JsonObject, _: JsonObject) -> _Said:
    subscription, customer = _of_subscription(invoice)[0], _id(invoice.get("customer"))
    is_paid = invoice.get("status") == "paid"
    said: dict[str, Json] = {
        "invoice_id": text(invoice.get("id")),
        "subscription_id": subscription,
        "customer_id": customer,
        "amount": _number(invoice.get("amount_paid" if is_paid else "amount_due")),
        "attempt_count": _number(invoice.get("attempt_count")),
        "status": text(invoice.get("status")),
        "reason": text(invoice.get("billing_reason")),
    }
    return (text(invoice.get("id")), subscription, customer), said


_TYPES: Mapping[str, _Type] = {
    "payment_intent.succeeded": _Type("payment_succeeded", _payment),
    "payment_intent.payment_failed": _Type("payment_failed", _payment),
    "charge.refunded": _Type("payment_refunded", _refund, is_state=False),
    "charge.dispute.created": _Type("payment_disputed", _dispute, is_state=False),
    "customer.subscription.created": _Type("subscription_started", _subscription),
    "customer.subscription.updated": _Type("subscription_updated", _subscription),
    "customer.subscription.deleted": _Type("subscription_canceled", _subscription),
    "invoice.paid": _Type("invoice_paid", _invoice),
    "invoice.payment_failed": _Type("invoice_failed", _invoice),
}


def _of_subscription(invoice: JsonObject) -> tuple[str, JsonObject]:
    """The subscription of an invoice, and its metadata; endpoints of older versions say it above.

    Source: Stripe's changelog of 2025-03-31, "parent" of invoices.
    """
    now = members(members(invoice.get("parent")).get("subscription_details"))
    earlier = members(invoice.get("subscription_details"))
    subscription = _id(now.get("subscription")) or _id(invoice.get("subscription"))
    return subscription, members(now.get("metadata")) or members(earlier.get("metadata"))


def _id(value: object) -> str:
    """The id of what may have come whole, or not at all."""
    return text(value) or text(members(value).get("id"))


def _first(value: object) -> JsonObject:
    """The first object of one of Stripe's lists, else an empty one."""
    found = objects(members(value).get("data"))
    return found[0] if found else members(None)


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
