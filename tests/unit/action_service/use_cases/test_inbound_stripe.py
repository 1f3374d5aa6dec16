"""Stripe's events, as its reference shows them, read into what workflows hear."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from action_service.domain.event_types import EVENT_TYPES
from action_service.domain.payments import Maker, PaymentNews
from action_service.domain.provider_events import ProviderEvent
from action_service.use_cases.inbound.events import Provider, read_events

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACCOUNT = "018f0000-0000-7000-8000-000000000001"
CONTACT = "018f0000-0000-7000-8000-000000000002"
STEP = "018f0000-0000-7000-8000-000000000003"
OURS = {
    "order": "7",
    "treadle_account_id": ACCOUNT,
    "treadle_contact_id": CONTACT,
    "treadle_action_execution_id": STEP,
}
MAKER = Maker(ACCOUNT, CONTACT, STEP)
INTENT: dict[str, Any] = {
    "id": "pi_1",
    "object": "payment_intent",
    "amount": 4990,
    "amount_received": 4990,
    "currency": "eur",
    "customer": "cus_1",
    "latest_charge": "ch_1",
    "metadata": OURS,
    "status": "succeeded",
}
DECLINED = INTENT | {
    "amount_received": 0,
    "latest_charge": {"id": "ch_1", "object": "charge"},
    "status": "requires_payment_method",
    "last_payment_error": {"code": "card_declined", "decline_code": "insufficient_funds"},
}
CHARGE: dict[str, Any] = {
    "id": "ch_1",
    "object": "charge",
    "amount": 4990,
    "amount_refunded": 3000,
    "currency": "eur",
    "customer": "cus_1",
    "metadata": OURS,
    "payment_intent": "pi_1",
    "refunded": False,
    "refunds": {"data": [{"id": "re_2", "reason": "requested_by_customer"}]},
}
DISPUTE: dict[str, Any] = {
    "id": "du_1",
    "object": "dispute",
    "amount": 4990,
    "charge": "ch_1",
    "currency": "eur",
    "metadata": {},
    "payment_intent": "pi_1",
    "reason": "fraudulent",
    "status": "needs_response",
}
SUBSCRIPTION: dict[str, Any] = {
    "id": "sub_1",
    "object": "subscription",
    "cancel_at_period_end": False,
    "cancellation_details": {"reason": None},
    "currency": "eur",
    "customer": "cus_1",
    "items": {"data": [{"price": {"id": "price_1", "unit_amount": 1000}, "quantity": 2}]},
    "metadata": OURS,
    "status": "active",
}
INVOICE: dict[str, Any] = {
    "id": "in_1",
    "object": "invoice",
    "amount_due": 2000,
    "amount_paid": 2000,
    "attempt_count": 1,
    "billing_reason": "subscription_cycle",
    "currency": "eur",
    "customer": "cus_1",
    "metadata": {},
    "parent": {"subscription_details": {"metadata": OURS, "subscription": "sub_1"}},
    "status": "paid",
}
PAID = {
    "payment_intent_id": "pi_1",
    "charge_id": "ch_1",
    "customer_id": "cus_1",
    "amount": 4990,
    "currency": "EUR",
    "status": "succeeded",
}
SUBSCRIBED = {
    "subscription_id": "sub_1",
    "customer_id": "cus_1",
    "price_id": "price_1",
    "quantity": 2,
    "amount": 2000,
    "currency": "EUR",
    "status": "active",
    "cancel_at_period_end": False,
}
INVOICED = {
    "invoice_id": "in_1",
    "subscription_id": "sub_1",
    "customer_id": "cus_1",
    "amount": 2000,
    "attempt_count": 1,
    "currency": "EUR",
    "status": "paid",
    "reason": "subscription_cycle",
}


def told(kind: str, about: object, before: object = None) -> ProviderEvent:
    data = {"object": about} | ({"previous_attributes": before} if before else {})
    event = {"id": "evt_1", "type": kind, "created": 1513299569, "data": data}
    (read,) = read_events(Provider.STRIPE, orjson.dumps(event), "", NOW)
    assert read.payload == event
    return read


def news(event: ProviderEvent) -> PaymentNews:
    assert event.payment is not None
    return event.payment


@pytest.mark.parametrize(
    ("kind", "about", "event_type", "references", "detail"),
    [
        (
            "payment_intent.succeeded",
            INTENT,
            "payment_succeeded",
            ("pi_1", "ch_1", "cus_1"),
            PAID,
        ),
        (
            "payment_intent.payment_failed",
            DECLINED,
            "payment_failed",
            ("pi_1", "ch_1", "cus_1"),
            PAID | {"status": "requires_payment_method", "reason": "insufficient_funds"},
        ),
        (
            "charge.dispute.created",
            DISPUTE,
            "payment_disputed",
            ("du_1", "pi_1", "ch_1"),
            {
                "dispute_id": "du_1",
                "payment_intent_id": "pi_1",
                "charge_id": "ch_1",
                "amount": 4990,
                "currency": "EUR",
                "status": "needs_response",
                "reason": "fraudulent",
            },
        ),
        (
            "customer.subscription.created",
            SUBSCRIPTION,
            "subscription_started",
            ("sub_1", "cus_1"),
            SUBSCRIBED,
        ),
        (
            "customer.subscription.deleted",
            SUBSCRIPTION
            | {"status": "canceled", "cancellation_details": {"reason": "payment_failed"}},
            "subscription_canceled",
            ("sub_1", "cus_1"),
            SUBSCRIBED | {"status": "canceled", "reason": "payment_failed"},
        ),
        ("invoice.paid", INVOICE, "invoice_paid", ("in_1", "sub_1", "cus_1"), INVOICED),
        (
            "invoice.payment_failed",
            INVOICE | {"status": "open", "amount_paid": 0},
            "invoice_failed",
            ("in_1", "sub_1", "cus_1"),
            INVOICED | {"status": "open"},
        ),
    ],
)
def test_what_is_heard(
    kind: str,
    about: dict[str, Any],
    event_type: str,
    references: tuple[str, ...],
    detail: dict[str, Any],
) -> None:
    event = told(kind, about)
    assert (event.id, event.kind, event.message_id) == ("evt_1", kind, references[0])
    assert event.occurred_at == datetime.fromtimestamp(1513299569, UTC)
    assert event.detail == detail
    maker = None if event_type == "payment_disputed" else MAKER
    is_state = event_type != "payment_disputed"
    assert event.payment == PaymentNews(event_type, references, is_state, maker)
    assert all(EVENT_TYPES[event_type].has_value(name) for name in detail)


def test_each_part_that_is_given_back_is_heard() -> None:
    event = told("charge.refunded", CHARGE, {"amount_refunded": 1000})
    assert (event.detail["amount"], event.detail["amount_refunded"]) == (2000, 3000)
    assert event.detail["status"] == "partially_refunded"
    assert event.detail["reason"] == "requested_by_customer"
    assert news(event) == PaymentNews("payment_refunded", ("ch_1", "pi_1", "cus_1"), False, MAKER)
    whole = told("charge.refunded", CHARGE | {"amount_refunded": 4990, "refunded": True})
    assert (whole.detail["amount"], whole.detail["status"]) == (4990, "refunded")
    assert all(EVENT_TYPES["payment_refunded"].has_value(name) for name in event.detail)


def test_what_a_subscription_was_before() -> None:
    event = told(
        "customer.subscription.updated", SUBSCRIPTION | {"status": "past_due"}, {"status": "active"}
    )
    assert news(event).event_type == "subscription_updated"
    assert (event.detail["previous_status"], event.detail["status"]) == ("active", "past_due")
    assert all(EVENT_TYPES["subscription_updated"].has_value(name) for name in event.detail)


def test_an_invoice_of_an_older_version_of_the_api() -> None:
    older = {name: value for name, value in INVOICE.items() if name != "parent"}
    older |= {"subscription": "sub_1", "subscription_details": {"metadata": OURS}}
    event = told("invoice.paid", older)
    assert news(event) == PaymentNews("invoice_paid", ("in_1", "sub_1", "cus_1"), True, MAKER)


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        {},
        {"treadle_account_id": ACCOUNT},
        {"treadle_contact_id": CONTACT},
        {"treadle_account_id": ACCOUNT, "treadle_contact_id": "mia"},
        {"treadle_account_id": 7, "treadle_contact_id": CONTACT},
    ],
)
def test_metadata_that_name_no_contact(metadata: object) -> None:
    assert news(told("payment_intent.succeeded", INTENT | {"metadata": metadata})).maker is None


@pytest.mark.parametrize(
    ("kind", "about"),
    [
        ("charge.failed", CHARGE),
        ("payment_intent.succeeded", None),
        ("payment_intent.succeeded", {"object": "payment_intent"}),
        ("invoice.paid", []),
    ],
)
def test_all_else_is_kept(kind: str, about: object) -> None:
    event = told(kind, about)
    assert (event.payment, event.fact, event.message_id, event.detail) == (None, None, None, {})


def test_values_of_other_kinds_are_left_out() -> None:
    odd = {"id": "pi_1", "amount_received": "much", "latest_charge": 7, "status": "succeeded"}
    event = told("payment_intent.succeeded", odd)
    assert event.detail == {"payment_intent_id": "pi_1", "status": "succeeded"}
    assert news(event).references == ("pi_1",)
