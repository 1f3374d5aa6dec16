"""Stripe's API as simulated."""

from base64 import b64encode
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from devstack.simulator.call import Answer, Call
from devstack.simulator.inbox import Inbox
from devstack.simulator.page import render_inbox
from devstack.simulator.stripe import Stripe
from devstack.simulator.stripe_forms import Form, Refusal

NOON = datetime(2026, 1, 26, 12, tzinfo=UTC)
PAYMENT = {
    "amount": "4990",
    "currency": "eur",
    "customer": "cus_mia",
    "payment_method": "pm_card_visa",
    "confirm": "true",
}
SUBSCRIPTION = {"customer": "cus_mia", "items[0][price]": "price_gold"}


class Account:
    """One simulated account, as a client sees it."""

    def __init__(self, api_key: str | None = None) -> None:
        self.inbox = Inbox()
        self.stripe = Stripe(self.inbox, api_key)

    def call(
        self, method: str, path: str, form: dict[str, str] | None = None, **headers: str
    ) -> Answer:
        kind, _, found = path.partition("/")
        given = {"authorization": "Bearer sk_test_1"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        params = {"kind": kind} | ({"id": found} if found else {})
        encoded = urlencode(form or {})
        post = method == "POST"
        if post:
            given.setdefault("content-type", "application/x-www-form-urlencoded")
        query = {} if post else form or {}
        body = encoded.encode() if post else b""
        return self.stripe.handle(Call(method, f"/v1/{path}", params, query, given, body, NOON))

    def post(self, path: str, form: dict[str, str], **headers: str) -> dict[str, Any]:
        answer = self.call("POST", path, form, **headers)
        assert answer.status == 200, answer.body
        return orjson.loads(answer.body)


def error(answer: Answer) -> dict[str, Any]:
    return orjson.loads(answer.body)["error"]


def test_payment_is_made_and_kept() -> None:
    account = Account()
    form = PAYMENT | {"description": "Order 7", "metadata[treadle_contact_id]": "c1"}
    made = account.post("payment_intents", form, idempotency_key="step-1")
    assert (made["object"], made["status"], made["amount"]) == ("payment_intent", "succeeded", 4990)
    found = account.call("GET", f"payment_intents/{made['id']}")
    assert orjson.loads(found.body) == made
    (item,) = account.inbox.page(provider="stripe").items
    message = orjson.loads(item)
    assert (message["id"], message["to"], message["text"]) == (made["id"], "cus_mia", "Order 7")
    assert message["step_key"] == "step-1"
    assert message["custom_args"]["contact_id"] == "c1"


@pytest.mark.parametrize(
    ("change", "code", "param"),
    [
        ({"amount": ""}, "parameter_missing", "amount"),
        ({"amount": "4.99"}, "parameter_invalid_integer", "amount"),
        ({"amount": "-1"}, "parameter_invalid_integer", "amount"),
        ({"amount": "0"}, "parameter_invalid_integer", "amount"),
        ({"currency": "EUR"}, None, "currency"),
        ({"currency": ""}, "parameter_missing", "currency"),
        ({"customer": "mia"}, "resource_missing", "id"),
        ({"customer": "cus_deleted"}, "resource_missing", "customer"),
        ({"payment_method": "visa"}, "resource_missing", "payment_method"),
        ({"payment_method": ""}, "payment_intent_unexpected_state", None),
        ({"confirm": "yes"}, "parameter_invalid_boolean", "confirm"),
        ({"confirm": "false", "off_session": "true"}, None, "off_session"),
        ({"colour": "red"}, "parameter_unknown", "colour"),
        ({"metadata[" + "k" * 41 + "]": "v"}, None, "metadata"),
        ({"metadata[k]": "v" * 501}, None, "metadata"),
        ({"metadata": "v"}, None, "metadata"),
        ({"amount[": "1"}, None, "amount["),
    ],
)
def test_what_stripe_refuses(change: dict[str, str], code: str | None, param: str | None) -> None:
    account = Account()
    answer = account.call("POST", "payment_intents", PAYMENT | change)
    assert answer.status in {400, 404}
    found = error(answer)
    assert (found.get("code"), found.get("param")) == (code, param)
    assert found["type"] == "invalid_request_error"
    assert found["message"]
    assert account.inbox.summary()["accepted"] == 0


@pytest.mark.parametrize(
    ("method", "code", "decline_code"),
    [
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
        ("pm_card_authenticationRequired", "authentication_required", "authentication_required"),
    ],
)
def test_cards_of_the_testing_guide(method: str, code: str, decline_code: str | None) -> None:
    account = Account()
    answer = account.call("POST", "payment_intents", PAYMENT | {"payment_method": method})
    found = error(answer)
    assert answer.status == 402
    assert (found["type"], found["code"]) == ("card_error", code)
    assert found.get("decline_code") == decline_code


def test_a_key_gets_its_first_answer_again() -> None:
    account = Account()
    first = account.call("POST", "payment_intents", PAYMENT, idempotency_key="k")
    again = account.call("POST", "payment_intents", PAYMENT, idempotency_key="k")
    assert (again.status, again.body, again.accepted) == (200, first.body, 0)
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Original-Request"] == first.headers["Request-Id"]
    assert again.headers["Request-Id"] != first.headers["Request-Id"]
    assert account.inbox.summary()["accepted"] == 1


def test_a_key_with_other_parameters_is_refused() -> None:
    account = Account()
    account.post("payment_intents", PAYMENT, idempotency_key="k")
    other = account.call("POST", "payment_intents", PAYMENT | {"amount": "1"}, idempotency_key="k")
    elsewhere = account.call("POST", "subscriptions", PAYMENT, idempotency_key="k")
    for answer in (other, elsewhere):
        assert answer.status == 400
        assert error(answer)["type"] == "idempotency_error"
    assert account.inbox.summary()["accepted"] == 1


def test_a_decline_is_kept_for_its_key_and_a_mistake_is_not() -> None:
    account = Account()
    declined = PAYMENT | {"payment_method": "pm_card_chargeDeclined"}
    account.call("POST", "payment_intents", declined, idempotency_key="declined")
    again = account.call("POST", "payment_intents", declined, idempotency_key="declined")
    assert (again.status, again.headers["Idempotent-Replayed"]) == (402, "true")
    account.call("POST", "payment_intents", PAYMENT | {"amount": "x"}, idempotency_key="mistake")
    assert account.post("payment_intents", PAYMENT, idempotency_key="mistake")


def test_without_a_key_every_request_counts() -> None:
    account = Account()
    account.post("payment_intents", PAYMENT)
    account.post("payment_intents", PAYMENT)
    assert account.inbox.summary()["accepted"] == 2


def test_refunds_add_up_to_the_payment() -> None:
    account = Account()
    payment = account.post("payment_intents", PAYMENT)["id"]
    part = account.post("refunds", {"payment_intent": payment, "amount": "1000"})
    too_much = account.call("POST", "refunds", {"payment_intent": payment, "amount": "3991"})
    rest = account.post("refunds", {"payment_intent": payment, "reason": "duplicate"})
    nothing = account.call("POST", "refunds", {"payment_intent": payment})
    assert (part["amount"], rest["amount"], rest["reason"]) == (1000, 3990, "duplicate")
    assert error(too_much)["code"] == "amount_too_large"
    assert error(nothing)["code"] == "charge_already_refunded"
    whim = {"payment_intent": payment, "reason": "whim"}
    assert error(account.call("POST", "refunds", whim))["param"] == "reason"
    unpaid = account.post("payment_intents", PAYMENT | {"confirm": "false"})["id"]
    refused = account.call("POST", "refunds", {"payment_intent": unpaid})
    assert error(refused)["code"] == "charge_not_refundable"


def test_subscription_from_trial_to_end() -> None:
    account = Account()
    form = SUBSCRIPTION | {"trial_period_days": "14", "items[0][quantity]": "3"}
    made = account.post("subscriptions", form)
    (item,) = made["items"]["data"]
    assert (made["status"], item["quantity"], item["price"]["id"]) == ("trialing", 3, "price_gold")
    assert made["trial_end"] == item["current_period_end"]
    path = f"subscriptions/{made['id']}"
    later = account.post(path, {"cancel_at_period_end": "true"})
    assert (later["status"], later["cancel_at"]) == ("trialing", item["current_period_end"])
    kept = account.post(path, {"cancel_at_period_end": "false"})
    assert (kept["cancel_at"], kept["canceled_at"]) == (None, None)
    comment = {"cancellation_details[comment]": "Moved", "prorate": "true"}
    ended = orjson.loads(account.call("DELETE", path, comment).body)
    assert (ended["status"], ended["cancellation_details"]["comment"]) == ("canceled", "Moved")
    assert account.call("DELETE", path).status == 404
    assert account.call("POST", path, {"cancel_at_period_end": "true"}).status == 400
    assert orjson.loads(account.call("GET", path).body)["status"] == "canceled"


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"customer": "cus_mia"}, 400, "parameter_missing"),
        (SUBSCRIPTION | {"items[0][price]": "gold"}, 400, "resource_missing"),
        (SUBSCRIPTION | {"customer": "cus_cardless"}, 400, "resource_missing"),
        (
            SUBSCRIPTION
            | {
                "default_payment_method": "pm_card_chargeDeclined",
                "payment_behavior": "error_if_incomplete",
            },
            402,
            "card_declined",
        ),
    ],
)
def test_subscriptions_that_are_refused(form: dict[str, str], status: int, code: str) -> None:
    answer = Account().call("POST", "subscriptions", form)
    assert (answer.status, error(answer)["code"]) == (status, code)


def test_objects_outlive_a_restart() -> None:
    account = Account()
    made = account.post("subscriptions", SUBSCRIPTION)
    account.stripe = Stripe(account.inbox)
    found = account.call("GET", f"subscriptions/{made['id']}")
    assert orjson.loads(found.body) == made


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        ("Bearer sk_test_1", True),
        ("Basic " + b64encode(b"sk_test_1:").decode(), True),
        ("Bearer sk_test_2", False),
        ("Basic " + b64encode(b"sk_test_2:").decode(), False),
        ("Basic ***", False),
        ("Bearer ", False),
        ("", False),
    ],
)
def test_keys(header: str, taken: bool) -> None:
    answer = Account("sk_test_1").call(
        "POST", "payment_intents", PAYMENT, authorization=header, idempotency_key="k"
    )
    assert answer.status == (200 if taken else 401)


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "charges"), ("DELETE", "payment_intents/pi_1"), ("GET", "refunds"), ("PUT", "x")],
)
def test_what_is_not_simulated_is_not_found(method: str, path: str) -> None:
    answer = Account().call(method, path)
    assert answer.status == 404
    assert "Unrecognized request URL" in error(answer)["message"]


def test_bodies_are_forms() -> None:
    answer = Account().call("POST", "payment_intents", PAYMENT, content_type="application/json")
    assert "application/x-www-form-urlencoded" in error(answer)["message"]


def test_told_failures_have_stripe_s_shape() -> None:
    for status in (400, 401, 402, 403, 404, 409, 413, 429, 500, 503):
        answer = Stripe(Inbox()).failure(status)
        assert answer.status == status
        assert answer.headers["Request-Id"].startswith("req_")
        assert {"message", "type"} <= error(answer).keys()
    assert error(Stripe(Inbox()).failure(409))["code"] == "idempotency_key_in_use"


@pytest.mark.parametrize(
    ("path", "form", "named"),
    [
        ("payment_intents", PAYMENT, {"cus_mia"}),
        ("refunds", {"payment_intent": "pi_1"}, {"pi_1"}),
        ("refunds", {"bad[": "x"}, set[str]()),
    ],
)
def test_failures_can_be_told_by_what_a_call_is_about(
    path: str, form: dict[str, str], named: set[str]
) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    body = urlencode(form).encode()
    call = Call("POST", f"/v1/{path}", {"kind": path}, {}, headers, body, NOON)
    assert Stripe(Inbox()).recipients(call) == named


def test_nested_parameters() -> None:
    form = Form("items[0][price]=p&items[0][quantity]=2&metadata[a%20b]=c%5B&x=")
    assert form.values == {
        "items": {"0": {"price": "p", "quantity": "2"}},
        "metadata": {"a b": "c["},
        "x": "",
    }
    with pytest.raises(Refusal):
        Form("a=1&a[b]=2")


def test_the_page_shows_payments() -> None:
    account = Account()
    account.post("payment_intents", PAYMENT)
    markup = render_inbox(account.inbox, [], {})
    assert "Payment of 4990 EUR" in markup
    assert "cus_mia" in markup
