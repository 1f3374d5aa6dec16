"""The cases of the actions on payments; `cases` says how they are to be read."""

from typing import Any

from tests.unit.common.catalogue.case import (
    BAD_LIQUID,
    BOOLEAN,
    MALFORMED_TEXT,
    UNKNOWN_VALUE,
    Case,
)

VALID: dict[str, dict[str, Any]] = {
    "charge_customer": {"customer_id": "cus_1", "amount": 49.9, "currency": "EUR"},
    "create_subscription": {"customer_id": "cus_1", "price_id": "price_1"},
    "cancel_subscription": {"subscription_id": "sub_1"},
    "refund_payment": {"payment_intent_id": "pi_1"},
}


def _text(action_type: str, field: str, most: int, *, line: bool = True) -> Case:
    """A text that may be left out."""
    wrong = [
        (f"at most {most:,} characters", "x" * (most + 1)),
        ("must not contain a NUL", "a\0b"), BAD_LIQUID, UNKNOWN_VALUE, MALFORMED_TEXT,
    ]  # fmt: skip
    if line:
        wrong.append(("must be a single line", "a\nb"))
    return Case(action_type, field, ("x", "{{ contact.email }}", "x" * most, None), tuple(wrong))


def _id(action_type: str, field: str) -> Case:
    """An id of Stripe's that has to be there."""
    right = ("id_1", "{{ contact.custom_fields.stripe }}", "{{ steps.before.id }}", "x" * 255)
    return Case(action_type, field, right, (
        ("is required", None), ("must not be blank", ""), ("must not be blank", "  "),
        ("at most 255 characters", "x" * 256), ("must be a single line", "a\nb"),
        BAD_LIQUID, UNKNOWN_VALUE, MALFORMED_TEXT,
    ))  # fmt: skip


def _amount(action_type: str) -> Case:
    """An amount of money."""
    bounds = "must be between 0 and 10,000,000,000"
    number = "must be a number, or text that is one"
    right = (0.5, 4990, "49.90", " 7 ", "{{ contact.custom_fields.price }}", 10**10)
    return Case(action_type, "amount", right, (
        (bounds, -1), (bounds, 10**10 + 1), (bounds, "-0.01"),
        (number, "49,90"), (number, "EUR 5"), (number, ""), (number, True), (number, [1]),
        ("must be a finite number", float("nan")), BAD_LIQUID, UNKNOWN_VALUE,
    ))  # fmt: skip


def _flag(action_type: str, field: str) -> Case:
    """True or false."""
    return Case(action_type, field, (True, False, None), (
        BOOLEAN, ("must be true or false, not a number", 0),
    ))  # fmt: skip


def _whole(action_type: str, field: str, low: int, high: int) -> Case:
    """A whole number within bounds."""
    bounds = f"must be between {low:,} and {high:,}"
    return Case(action_type, field, (low, high, None), (
        (bounds, low - 1), (bounds, high + 1), ("must be a whole number, not text", "2"),
        ("must be a whole number, not a number with a fraction", 1.5),
    ))  # fmt: skip


def _metadata(action_type: str) -> list[Case]:
    """Names and values of the user's own."""
    return [
        Case(action_type, "metadata", ({}, {"plan": "{{ contact.custom_fields.plan }}"}), (
            ("must be an object, not a list", []), ("must be an object, not text", "{}"),
            ("must have at most 40 items, not 41", {f"k{n}": "v" for n in range(41)}),
        )),
        Case(action_type, "metadata.plan", ("gold", ""), (
            ("at most 500 characters", "x" * 501), ("must be a single line", "a\nb"),
            BAD_LIQUID, UNKNOWN_VALUE, MALFORMED_TEXT,
        )),
        Case(action_type, 'metadata[" "]', (), (("must not have a blank key", "v"),)),
    ]  # fmt: skip


CASES = [
    _id("charge_customer", "customer_id"),
    _amount("charge_customer"),
    Case("charge_customer", "amount", (), (("is required", None),)),
    Case("charge_customer", "currency", ("EUR", "JPY", "KWD"), (
        ("must be a currency code of ISO 4217", "eur"), ("is required", None),
        ("is required", ""), ("takes no merge fields", "{{ account.currency }}"),
        MALFORMED_TEXT,
    )),
    _text("charge_customer", "payment_method_id", 255),
    _flag("charge_customer", "off_session"),
    _text("charge_customer", "description", 1_000),
    *_metadata("charge_customer"),
    _id("create_subscription", "customer_id"),
    _id("create_subscription", "price_id"),
    _whole("create_subscription", "quantity", 1, 1_000_000),
    _whole("create_subscription", "trial_days", 0, 730),
    _text("create_subscription", "payment_method_id", 255),
    _flag("create_subscription", "off_session"),
    _text("create_subscription", "description", 500),
    *_metadata("create_subscription"),
    _id("cancel_subscription", "subscription_id"),
    _flag("cancel_subscription", "cancel_at_period_end"),
    _flag("cancel_subscription", "invoice_now"),
    _flag("cancel_subscription", "prorate"),
    _text("cancel_subscription", "comment", 500, line=False),
    _id("refund_payment", "payment_intent_id"),
    _amount("refund_payment"),
    Case("refund_payment", "reason", ("duplicate", "fraudulent", "requested_by_customer"), (
        ("must be one of duplicate, fraudulent, requested_by_customer; did you mean", "duplicat"),
        ("must be one of", ""), ("must be one of", 1),
    )),
    *_metadata("refund_payment"),
]  # fmt: skip
