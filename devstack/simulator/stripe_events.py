"""What Stripe's webhook tells of payments, refunds and subscriptions.

Source: Stripe's "Types of events", and the objects of its API reference that they hold.
"""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from devstack.simulator.call import JsonObject, as_list, as_object, as_text
from devstack.simulator.callbacks import Callback
from devstack.simulator.outcomes import Outcome
from devstack.simulator.telling import Telling

_PAYMENT_KINDS: Final = {
    "succeeded": "payment_intent.succeeded",
    "processing": "payment_intent.processing",
    "requires_payment_method": "payment_intent.payment_failed",
    "requires_confirmation": "payment_intent.created",
}
_NO_CHANGE: Final[JsonObject] = {}


class StripeEvents:
    """Tells of what was made and changed, all at the one address."""

    def __init__(self, telling: Telling) -> None:
        self._telling = telling

    def paid(self, intent: JsonObject, api_version: str) -> None:
        """Tell of a payment, and of the dispute about it if there is to be one."""
        customer = as_text(intent["customer"])
        outcome = self._telling.outcomes.take("stripe", customer)
        if outcome is Outcome.SILENT:
            return
        told = [(_PAYMENT_KINDS[as_text(intent["status"])], intent, _NO_CHANGE)]
        if outcome is Outcome.DISPUTE and intent["status"] == "succeeded":
            told.append(("charge.dispute.created", _dispute(intent), _NO_CHANGE))
        self._tell(as_text(intent["id"]), told, api_version)

    def refunded(self, refund: JsonObject, intent: JsonObject, api_version: str) -> None:
        """Tell of money that was given back; `intent` is as it is after that."""
        if refund["status"] != "succeeded":
            return
        total, amount = _count(intent["amount_refunded"]), _count(refund["amount"])
        before: JsonObject = {"amount_refunded": total - amount}
        told = [("charge.refunded", _charge(intent, refund), before)]
        self._tell(as_text(refund["id"]), told, api_version)

    def subscribed(self, subscription: JsonObject, api_version: str) -> None:
        """Tell of a new subscription, and that its first invoice is paid."""
        told = [
            ("customer.subscription.created", subscription, _NO_CHANGE),
            ("invoice.paid", _invoice(subscription), _NO_CHANGE),
        ]
        self._tell(as_text(subscription["id"]), told, api_version)

    def changed(self, now: JsonObject, before: JsonObject, api_version: str) -> None:
        """Tell of a subscription that has changed or ended; Stripe tells of nothing else."""
        changes = {name: value for name, value in before.items() if now.get(name) != value}
        if now["status"] == "canceled":
            told = [("customer.subscription.deleted", now, _NO_CHANGE)]
        else:
            told = [("customer.subscription.updated", now, changes)] if changes else []
        self._tell(as_text(now["id"]), told, api_version)

    def _tell(
        self, about: str, told: Sequence[tuple[str, JsonObject, JsonObject]], api_version: str
    ) -> None:
        story: list[Callback] = []
        for kind, content, changes in told:
            event: JsonObject = {
                "id": f"evt_{secrets.token_hex(12)}",
                "object": "event",
                "api_version": api_version or None,
                "data": {
                    "object": content,
                    **({"previous_attributes": changes} if changes else {}),
                },
                "livemode": False,
                "pending_webhooks": 1,
                "type": kind,
            }
            story += self._telling.webhooks.event("stripe", event, kind=kind, message_id=about)
        self._telling.callbacks.follow([replace(each, instant="created") for each in story])


def _charge(intent: JsonObject, refund: JsonObject) -> JsonObject:
    """A payment's charge, which has its metadata."""
    return {
        "id": intent["latest_charge"],
        "object": "charge",
        "amount": intent["amount"],
        "amount_refunded": intent["amount_refunded"],
        "created": intent["created"],
        "currency": intent["currency"],
        "customer": intent["customer"],
        "livemode": False,
        "metadata": intent["metadata"],
        "payment_intent": intent["id"],
        "payment_method": intent["payment_method"],
        "refunded": intent["amount_refunded"] == intent["amount"],
        "refunds": {"object": "list", "data": [refund], "has_more": False},
        "status": "succeeded",
    }


def _dispute(intent: JsonObject) -> JsonObject:
    """It has metadata of its own, which are empty."""
    return {
        "id": f"du_{secrets.token_hex(12)}",
        "object": "dispute",
        "amount": intent["amount"],
        "charge": intent["latest_charge"],
        "created": intent["created"],
        "currency": intent["currency"],
        "livemode": False,
        "metadata": {},
        "payment_intent": intent["id"],
        "reason": "fraudulent",
        "status": "needs_response",
    }


def _invoice(subscription: JsonObject) -> JsonObject:
    """The first one, paid; a trial costs nothing."""
    lines = as_list((as_object(subscription["items"]) or {}).get("data")) or []
    is_trial = subscription["status"] == "trialing"
    amount = 0 if is_trial else sum(_cost(as_object(line) or {}) for line in lines)
    return {
        "id": subscription["latest_invoice"],
        "object": "invoice",
        "amount_due": amount,
        "amount_paid": amount,
        "attempt_count": 0 if is_trial else 1,
        "billing_reason": "subscription_create",
        "created": subscription["created"],
        "currency": subscription["currency"],
        "customer": subscription["customer"],
        "livemode": False,
        "metadata": {},
        "parent": {
            "type": "subscription_details",
            "subscription_details": {
                "metadata": subscription["metadata"],
                "subscription": subscription["id"],
            },
        },
        "status": "paid",
    }


def _cost(line: JsonObject) -> int:
    price = as_object(line.get("price")) or {}
    return _count(price.get("unit_amount")) * _count(line.get("quantity"))


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0
