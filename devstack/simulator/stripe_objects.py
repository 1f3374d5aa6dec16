"""What Stripe keeps: payments, subscriptions and refunds, made and changed as its API documents.

Customers and prices need not be made first: every id that begins with `cus_` is a customer who pays
with `pm_card_visa`, every one that begins with `price_` a monthly price. `cus_cardless` has no
payment method, `cus_deleted` is gone. The payment methods of Stripe's testing guide fail here as
they fail there.
"""

import re
import secrets
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count

from devstack.simulator.call import JsonObject, as_list, as_object, as_text
from devstack.simulator.stripe_forms import Form, Refusal, whole

KEEP_OBJECTS = 20_000
PERIOD = timedelta(days=30)
CARDLESS = "cus_cardless"
DELETED = "cus_deleted"
UNIT_AMOUNT = 1_000
CURRENCY = "eur"

# Stripe's testing guide, "Declined payments": (code, decline code, wording).
_DECLINED = "Your card was declined."
_DECLINES = {
    "pm_card_chargeDeclined": ("card_declined", "generic_decline", _DECLINED),
    "pm_card_chargeDeclinedInsufficientFunds": (
        "card_declined",
        "insufficient_funds",
        "Your card has insufficient funds.",
    ),
    "pm_card_chargeDeclinedLostCard": ("card_declined", "lost_card", _DECLINED),
    "pm_card_chargeDeclinedStolenCard": ("card_declined", "stolen_card", _DECLINED),
    "pm_card_chargeDeclinedExpiredCard": ("expired_card", "", "Your card has expired."),
    "pm_card_chargeDeclinedIncorrectCvc": (
        "incorrect_cvc",
        "",
        "Your card's security code is incorrect.",
    ),
    "pm_card_chargeDeclinedProcessingError": (
        "processing_error",
        "",
        "An error occurred while processing your card. Try again in a little bit.",
    ),
    "pm_card_authenticationRequired": (
        "authentication_required",
        "authentication_required",
        "Your card was declined. This transaction requires authentication.",
    ),
}
# A debit: the bank's answer takes days.
_SLOW_METHOD = "pm_usBankAccount_success"
_UNREFUNDABLE = "pm_card_refundFail"
_CURRENCY = re.compile(r"[a-z]{3}")

_INTENT = frozenset(
    {
        *("amount", "currency", "customer", "payment_method", "confirm", "off_session"),
        *("description", "metadata", "automatic_payment_methods", "error_on_requires_action"),
        *("receipt_email", "return_url", "setup_future_usage", "statement_descriptor_suffix"),
    }
)
_SUBSCRIPTION = frozenset(
    {
        *("customer", "items", "off_session", "metadata", "payment_behavior", "description"),
        *("trial_period_days", "default_payment_method", "cancel_at_period_end"),
    }
)
_UPDATE = frozenset({"cancel_at_period_end", "cancellation_details", "metadata", "description"})
_CANCEL = frozenset({"invoice_now", "prorate", "cancellation_details"})
_REFUND = frozenset({"payment_intent", "charge", "amount", "reason", "metadata"})
_REASONS = frozenset({"", "duplicate", "fraudulent", "requested_by_customer"})


def missing(kind: str, object_id: str, param: str = "id", status: int = 404) -> Refusal:
    """The answer for an id that nothing has."""
    return Refusal(status, f"No such {kind}: '{object_id}'", code="resource_missing", param=param)


class StripeObjects:
    """The objects, the newest ones; `restore` finds those that a restart has forgotten."""

    def __init__(self, restore: Callable[[str], JsonObject | None]) -> None:
        self._restore = restore
        self._kept: OrderedDict[str, JsonObject] = OrderedDict()
        self._numbers = count(1)
        self._run = secrets.token_hex(6)

    def customer(self, customer_id: str) -> JsonObject:
        """A customer, as documented."""
        if not customer_id.startswith("cus_"):
            raise missing("customer", customer_id)
        if customer_id == DELETED:
            return {"id": customer_id, "object": "customer", "deleted": True}
        method = None if customer_id == CARDLESS else "pm_card_visa"
        return {
            "id": customer_id,
            "object": "customer",
            "default_source": None,
            "invoice_settings": {"default_payment_method": method},
            "metadata": {},
        }

    def as_kept(self, object_id: str) -> JsonObject | None:
        """An object as it is now; None when there is none."""
        return self._kept.get(object_id) or (self._restore(object_id) if object_id else None)

    def find(self, kind: str, object_id: str) -> JsonObject:
        """An object of a kind, such as `payment_intent`."""
        found = self.as_kept(object_id)
        if found is None or found["object"] != kind:
            raise missing(
                kind.removeprefix("payment_").replace("intent", "payment_intent"), object_id
            )
        return found

    def create_intent(self, form: Form, now: datetime) -> JsonObject:
        """A PaymentIntent, confirmed when it is asked for."""
        amount, currency = _check_intent(form)
        customer = self._customer(form.text("customer"))
        confirmed, method = form.flag("confirm"), form.text("payment_method")
        metadata = form.metadata()
        intent: JsonObject = {
            "id": self._id("pi"),
            "object": "payment_intent",
            "amount": amount,
            "amount_received": 0,
            # Stripe has it on the charge only; this simulator has no object for those.
            "amount_refunded": 0,
            "created": _seconds(now),
            "currency": currency,
            "customer": customer or None,
            "description": form.text("description") or None,
            "latest_charge": self._id("ch") if confirmed else None,
            "livemode": False,
            "metadata": metadata,
            "payment_method": method or None,
            "status": "requires_confirmation",
        }
        return self.keep(_confirmed(intent, method) if confirmed else intent)

    def create_subscription(self, form: Form, now: datetime) -> JsonObject:
        """A subscription, its first invoice paid or its trial begun."""
        form.allow(_SUBSCRIPTION)
        customer = self._customer(form.required("customer"))
        trial = timedelta(days=form.number("trial_period_days") or 0)
        lines = self._items(form, now, now + (trial or PERIOD))
        method = form.text("default_payment_method")
        metadata = form.metadata()
        if not trial:
            self._pay_first(form, customer, method)
        return self.keep(
            {
                "id": self._id("sub"),
                "object": "subscription",
                "cancel_at": None,
                "cancel_at_period_end": form.flag("cancel_at_period_end"),
                "canceled_at": None,
                "cancellation_details": {"comment": None, "feedback": None, "reason": None},
                "created": _seconds(now),
                "currency": CURRENCY,
                "customer": customer,
                "default_payment_method": method or None,
                "description": form.text("description") or None,
                "items": {"object": "list", "data": lines, "has_more": False},
                "latest_invoice": self._id("in"),
                "livemode": False,
                "metadata": metadata,
                "status": "trialing" if trial else "active",
                "trial_end": _seconds(now + trial) if trial else None,
            }
        )

    def update_subscription(self, object_id: str, form: Form, now: datetime) -> JsonObject:
        """Of a subscription's parameters, those that have to do with its end."""
        form.allow(_UPDATE)
        found = self.find("subscription", object_id)
        if found["status"] == "canceled":
            raise Refusal(
                400,
                "A canceled subscription can only update its cancellation_details and metadata.",
            )
        ends = form.flag("cancel_at_period_end")
        return self.keep(
            {
                **found,
                "cancellation_details": _cancellation(found, form),
                "cancel_at_period_end": ends,
                "cancel_at": _period_end(found) if ends else None,
                "canceled_at": _seconds(now) if ends else None,
            }
        )

    def cancel_subscription(self, object_id: str, form: Form, now: datetime) -> JsonObject:
        """Ends a subscription at once; one that is canceled is not found for it again."""
        form.allow(_CANCEL)
        for name in ("invoice_now", "prorate"):
            form.flag(name)
        found = self.find("subscription", object_id)
        if found["status"] == "canceled":
            raise missing("subscription", object_id)
        return self.keep(
            {
                **found,
                "cancellation_details": _cancellation(found, form),
                "status": "canceled",
                "cancel_at": None,
                "canceled_at": _seconds(now),
                "ended_at": _seconds(now),
            }
        )

    def create_refund(self, form: Form, now: datetime) -> JsonObject:
        """Of a payment, all that is left or a part of it."""
        form.allow(_REFUND)
        reason, metadata = form.text("reason"), form.metadata()
        if reason not in _REASONS:
            raise Refusal(400, f"Invalid reason: {reason}", param="reason")
        intent = self.find("payment_intent", form.required("payment_intent"))
        amount = _refundable(intent, form.number("amount"))
        failed = intent["payment_method"] == _UNREFUNDABLE
        if not failed:
            returned = _count(intent["amount_refunded"]) + amount
            self.keep({**intent, "amount_refunded": returned})
        return self.keep(
            {
                "id": self._id("re"),
                "object": "refund",
                "amount": amount,
                "charge": intent["latest_charge"],
                "created": _seconds(now),
                "currency": intent["currency"],
                "metadata": metadata,
                "payment_intent": intent["id"],
                "reason": reason or None,
                "status": "failed" if failed else "succeeded",
                **({"failure_reason": "expired_or_canceled_card"} if failed else {}),
            }
        )

    def keep(self, made: JsonObject) -> JsonObject:
        """Remembers an object as it is now."""
        key = as_text(made["id"])
        self._kept[key] = made
        self._kept.move_to_end(key)
        if len(self._kept) > KEEP_OBJECTS:
            self._kept.popitem(last=False)
        return made

    def _customer(self, customer_id: str) -> str:
        if customer_id and self.customer(customer_id).get("deleted"):
            raise missing("customer", customer_id, "customer", 400)
        return customer_id

    def _items(self, form: Form, now: datetime, end: datetime) -> list[JsonObject]:
        given = form.nested("items")
        if not given:
            message = "Missing required param: items."
            raise Refusal(400, message, code="parameter_missing", param="items")
        lines: list[JsonObject] = []
        for number, value in given.items():
            item, path = as_object(value) or {}, f"items[{number}]"
            price = as_text(item.get("price"))
            if not price.startswith("price_"):
                raise missing("price", price, f"{path}[price]", 400)
            lines.append(
                {
                    "id": self._id("si"),
                    "object": "subscription_item",
                    "current_period_start": _seconds(now),
                    "current_period_end": _seconds(end),
                    "price": {
                        "id": price,
                        "object": "price",
                        "currency": CURRENCY,
                        "unit_amount": UNIT_AMOUNT,
                    },
                    "quantity": whole(item.get("quantity", "1"), f"{path}[quantity]"),
                }
            )
        return lines

    def _pay_first(self, form: Form, customer: str, method: str) -> None:
        owner = as_object(self.customer(customer)["invoice_settings"]) or {}
        paid_with = method or as_text(owner["default_payment_method"])
        if not paid_with:
            raise Refusal(
                400,
                "This customer has no attached payment source or default payment method.",
                code="resource_missing",
            )
        if form.text("payment_behavior") == "error_if_incomplete":
            _pay(paid_with)

    def _id(self, prefix: str) -> str:
        return f"{prefix}_{self._run}{next(self._numbers):08d}"


def _check_intent(form: Form) -> tuple[int, str]:
    """Amount and currency, once everything about the parameters is right."""
    form.allow(_INTENT)
    amount = whole(form.required("amount"), "amount")
    if amount < 1:
        message = "This value must be greater than or equal to 1."
        raise Refusal(400, message, code="parameter_invalid_integer", param="amount")
    currency = form.required("currency")
    if not _CURRENCY.fullmatch(currency):
        raise Refusal(400, f"Invalid currency: {currency}", param="currency")
    confirmed = form.flag("confirm")
    for name in ("off_session", "error_on_requires_action"):
        if form.flag(name) and not confirmed:
            raise Refusal(400, f"You cannot set {name} without confirm=true.", param=name)
    if confirmed and not form.text("payment_method"):
        raise Refusal(
            400,
            "You cannot confirm this PaymentIntent because it's missing a payment method.",
            code="payment_intent_unexpected_state",
        )
    return amount, currency


def _confirmed(intent: JsonObject, method: str) -> JsonObject:
    """A PaymentIntent that was paid, or is being; of one that is declined the refusal has it."""
    try:
        _pay(method)
    except Refusal as refusal:
        if refusal.status == 402:
            error = refusal.describe()["error"]
            failed = {"status": "requires_payment_method", "payment_method": None}
            refusal.made = {**intent, **failed, "last_payment_error": error}
        raise
    if method == _SLOW_METHOD:
        return {**intent, "status": "processing"}
    return {**intent, "status": "succeeded", "amount_received": intent["amount"]}


def _refundable(intent: JsonObject, wanted: int | None) -> int:
    """How much is given back."""
    if intent["status"] != "succeeded":
        raise Refusal(
            400,
            "This PaymentIntent does not have a successful charge to refund.",
            code="charge_not_refundable",
        )
    left = _count(intent["amount"]) - _count(intent["amount_refunded"])
    if not left:
        charge = intent["latest_charge"]
        raise Refusal(
            400, f"Charge {charge} has already been refunded.", code="charge_already_refunded"
        )
    amount = left if wanted is None else wanted
    if not 1 <= amount <= left:
        raise Refusal(
            400,
            f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})",
            code="amount_too_large",
            param="amount",
        )
    return amount


def _cancellation(found: JsonObject, form: Form) -> JsonObject:
    kept = as_object(found["cancellation_details"]) or {}
    given = form.nested("cancellation_details").get("comment")
    return {**kept, "comment": given or kept["comment"], "reason": "cancellation_requested"}


def _pay(method: str) -> None:
    """Raises what Stripe answers when a payment method fails."""
    if not method.startswith(("pm_", "card_", "src_")):
        raise missing("PaymentMethod", method, "payment_method", 400)
    if found := _DECLINES.get(method.replace("_visa_", "_")):
        code, decline_code, message = found
        raise Refusal(402, message, type="card_error", code=code, decline_code=decline_code)


def _period_end(subscription: JsonObject) -> object:
    items = as_list((as_object(subscription["items"]) or {}).get("data")) or [None]
    return (as_object(items[0]) or {}).get("current_period_end")


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp())
