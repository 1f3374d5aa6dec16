"""What Stripe's webhook tells in the simulator, read as what Stripe posts is read."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from action_service.domain.provider_events import ProviderEvent
from action_service.use_cases.inbound.events import Provider, read_events
from devstack.simulator.call import Answer, Call
from devstack.simulator.callbacks import Callback, Callbacks
from devstack.simulator.inbox import Inbox
from devstack.simulator.outcomes import Outcome, Wish
from devstack.simulator.stripe import Stripe
from devstack.simulator.stripe_events import StripeEvents
from devstack.simulator.telling import Telling
from devstack.simulator.webhooks import Addresses, Webhooks, WebhookSecrets

NOON = datetime(2026, 1, 26, 12, tzinfo=UTC)
ACCOUNT = "018f0000-0000-7000-8000-000000000001"
CONTACT = "018f0000-0000-7000-8000-000000000002"
OURS = {
    "metadata[treadle_account_id]": ACCOUNT,
    "metadata[treadle_contact_id]": CONTACT,
}
PAYMENT = OURS | {
    "amount": "4990",
    "currency": "eur",
    "customer": "cus_mia",
    "payment_method": "pm_card_visa",
    "confirm": "true",
}
SUBSCRIPTION = OURS | {
    "customer": "cus_mia",
    "items[0][price]": "price_gold",
    "items[0][quantity]": "2",
}


class _Noted(Callbacks):
    """Keeps what would be posted."""

    def __init__(self) -> None:
        super().__init__()
        self.stories: list[Sequence[Callback]] = []

    def follow(self, story: Sequence[Callback]) -> None:
        self.stories.append(story)


class Account:
    """A simulated account, and whoever hears of it."""

    def __init__(self, address: str = "http://hears.example") -> None:
        self.callbacks = _Noted()
        hook = Webhooks(Addresses(stripe=address), WebhookSecrets(stripe_secret="whsec_1"))
        self.telling = Telling(self.callbacks, hook)
        self._stripe = Stripe(Inbox(), events=StripeEvents(self.telling))

    def call(self, method: str, path: str, form: Mapping[str, str], key: str = "") -> Answer:
        kind, _, found = path.partition("/")
        headers = {"authorization": "Bearer sk_test_1", "stripe-version": "2026-10-28.endive"}
        headers |= {"idempotency-key": key} if key else {}
        headers |= {"content-type": "application/x-www-form-urlencoded"}
        params = {"kind": kind} | ({"id": found} if found else {})
        body = urlencode(form).encode() if method == "POST" else b""
        return self._stripe.handle(Call(method, f"/v1/{path}", params, {}, headers, body, NOON))

    def post(self, path: str, form: Mapping[str, str]) -> dict[str, Any]:
        answer = self.call("POST", path, form)
        assert answer.status == 200, answer.body
        return orjson.loads(answer.body)

    def heard(self) -> list[ProviderEvent]:
        """What was told so far, as it would be read."""
        contents = [each.at(NOON).content for story in self.callbacks.stories for each in story]
        return [
            event
            for content in contents
            for event in read_events(Provider.STRIPE, orjson.dumps(dict(content)), "", NOON)
        ]

    def types(self) -> list[str]:
        """What workflows would hear."""
        return [each.payment.event_type if each.payment else each.kind for each in self.heard()]


def test_a_payment_is_told_of_once_by_one_key() -> None:
    account = Account()
    for _ in range(3):
        assert account.call("POST", "payment_intents", PAYMENT, "step-1").status == 200
    (event,) = account.heard()
    assert (event.kind, event.occurred_at) == ("payment_intent.succeeded", NOON)
    assert event.payload["api_version"] == "2026-10-28.endive"
    assert event.detail["amount"] == 4990
    assert event.payment is not None
    assert event.payment.maker == (ACCOUNT, CONTACT, None)


def test_a_payment_that_is_declined_is_told_of() -> None:
    account = Account()
    form = PAYMENT | {"payment_method": "pm_card_chargeDeclinedInsufficientFunds"}
    assert account.call("POST", "payment_intents", form, "step-1").status == 402
    (event,) = account.heard()
    assert (event.kind, event.detail["reason"]) == (
        "payment_intent.payment_failed",
        "insufficient_funds",
    )
    assert event.payment is not None
    assert event.payment.maker == (ACCOUNT, CONTACT, None)


@pytest.mark.parametrize(
    "change",
    [{"amount": "0"}, {"customer": "cus_deleted"}, {"payment_method": "nothing"}],
    ids=["amount", "customer", "method"],
)
def test_what_is_refused_is_not_told_of(change: dict[str, str]) -> None:
    account = Account()
    assert account.call("POST", "payment_intents", PAYMENT | change).status == 400
    assert not account.heard()


@pytest.mark.parametrize(
    ("outcome", "types"),
    [
        (Outcome.DISPUTE, ["payment_succeeded", "payment_disputed"]),
        (Outcome.READ, ["payment_succeeded"]),
        (Outcome.SILENT, []),
    ],
)
def test_what_becomes_of_a_payment_can_be_asked_for(outcome: Outcome, types: list[str]) -> None:
    account = Account()
    account.telling.outcomes.set(Wish(provider="stripe", outcome=outcome, to="cus_mia"))
    made = account.post("payment_intents", PAYMENT)
    assert account.types() == types
    for event in account.heard():
        assert event.detail["charge_id"] == made["latest_charge"]


def test_refunds_are_told_of_part_by_part() -> None:
    account = Account()
    payment = account.post("payment_intents", PAYMENT)["id"]
    for amount in ("1000", ""):
        form = {"payment_intent": payment} | ({"amount": amount} if amount else {})
        account.post("refunds", form)
    _, part, rest = account.heard()
    assert [part.kind, rest.kind] == ["charge.refunded"] * 2
    assert (part.detail["amount"], part.detail["status"]) == (1000, "partially_refunded")
    assert (rest.detail["amount"], rest.detail["status"]) == (3990, "refunded")
    assert rest.payment is not None
    assert rest.payment.maker == (ACCOUNT, CONTACT, None)


def test_the_life_of_a_subscription() -> None:
    account = Account()
    made = account.post("subscriptions", SUBSCRIPTION)["id"]
    for _ in range(2):
        account.post(f"subscriptions/{made}", {"cancel_at_period_end": "true"})
    assert account.call("DELETE", f"subscriptions/{made}", {}).status == 200
    started, invoice, updated, canceled = account.heard()
    assert account.types() == [
        "subscription_started",
        "invoice_paid",
        "subscription_updated",
        "subscription_canceled",
    ]
    assert started.detail["amount"] == invoice.detail["amount"] == 2000
    assert invoice.detail["subscription_id"] == made
    assert (updated.detail["status"], updated.detail["cancel_at_period_end"]) == ("active", True)
    assert canceled.detail["status"] == "canceled"
    for event in (started, invoice, updated, canceled):
        assert event.payment is not None
        assert event.payment.maker == (ACCOUNT, CONTACT, None)


def test_without_an_address_nothing_is_told() -> None:
    account = Account(address="")
    account.post("payment_intents", PAYMENT)
    assert not account.heard()
