"""charge_customer: payments through Stripe's own SDK, on the simulator."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
import stripe

from devstack.simulator.failures import Control
from executor_service.adapters.stripe import API_VERSION
from tests.unit.executor_service.handlers.harness import (
    CONTACT,
    CONTEXT,
    STRIPE_KEY,
    Bench,
    Case,
    answering,
    case_id,
    closed_port_url,
)
from treadle.dispatch.v1.result_pb2 import ActionResult
from treadle.execution.v1.execution_pb2 import ErrorClass

CONFIG: dict[str, Any] = {
    "customer_id": "{{ contact.custom_fields.stripe }}",
    "amount": "{{ contact.custom_fields.price }}",
    "currency": "EUR",
}


def told(mode: str, **rules: Any) -> list[Control]:
    """What Stripe is told to do."""
    return [Control(provider="stripe", mode=mode, **rules)]


def fields(**changes: Any) -> Mapping[str, Any]:
    """The context with other custom fields."""
    return {**CONTEXT, "contact": {**CONTACT, "custom_fields": changes}}


def refused(name: str, config: Mapping[str, Any], message: str, **more: Any) -> Case:
    """A configuration that turns out wrong once it is rendered: nothing is called."""
    return Case(
        name, config, outcome="failed", error="invalid_config", message=message, sent=0, **more
    )


def declined(method: str, message: str) -> Case:
    """A payment method of Stripe's testing guide, and what is said of it."""
    config = CONFIG | {"payment_method_id": method}
    return Case(method, config, outcome="failed", error="rejected", message=message, sent=0)


CASES = [
    Case(
        "charges the rendered amount",
        CONFIG,
        output={
            "status": "succeeded",
            "amount": 49.9,
            "currency": "EUR",
            "customer_id": "cus_ann",
            "payment_method_id": "pm_card_visa",
        },
        sent=1,
        claims=0,
    ),
    Case("takes a number", CONFIG | {"amount": 0.29}, output={"amount": 0.29}, sent=1),
    Case("takes whole amounts", CONFIG | {"amount": 1250}, output={"amount": 1250}),
    Case(
        "charges the payment method given",
        CONFIG | {"payment_method_id": "pm_card_mastercard"},
        output={"payment_method_id": "pm_card_mastercard"},
    ),
    Case(
        "charges the default one when the field is blank",
        CONFIG | {"payment_method_id": "{{ contact.custom_fields.method | default: '' }}"},
        output={"payment_method_id": "pm_card_visa"},
    ),
    Case(
        "does not wait for a bank",
        CONFIG | {"payment_method_id": "pm_usBankAccount_success"},
        output={"status": "processing"},
    ),
    Case(
        "counts yen one by one",
        CONFIG | {"amount": 4990, "currency": "JPY"},
        output={"amount": 4990, "currency": "JPY"},
    ),
    Case(
        "counts dinars by the thousandth",
        CONFIG | {"amount": "1.25", "currency": "KWD"},
        output={"amount": 1.25, "currency": "KWD"},
    ),
    refused(
        "does not round money", CONFIG | {"amount": 9.999}, "amount: .* EUR has at most 2 decimals"
    ),
    refused(
        "does not round yen",
        CONFIG | {"amount": 0.5, "currency": "JPY"},
        "amount: .* JPY has no decimals",
    ),
    refused("charges something", CONFIG | {"amount": 0}, "amount: must be more than 0"),
    refused(
        "needs an amount",
        CONFIG | {"amount": "{{ contact.custom_fields.none | default: '' }}"},
        "amount: must not be blank",
    ),
    refused(
        "needs a number",
        CONFIG,
        "amount: must be a number",
        context=fields(stripe="cus_ann", price="a lot"),
    ),
    refused(
        "holds what is rendered to the bounds",
        CONFIG,
        "amount: must be between",
        context=fields(stripe="cus_ann", price="-5"),
    ),
    refused(
        "names the value that is missing",
        CONFIG,
        r"customer_id: contact\.custom_fields\.stripe has no value",
        context=fields(price="5"),
    ),
    refused(
        "lets no path in",
        CONFIG,
        "customer_id: .* no id of Stripe's",
        context=fields(stripe="../refunds", price="5"),
    ),
    refused(
        "takes no payment method that is none",
        CONFIG | {"payment_method_id": "a card"},
        "payment_method_id: .* no id of Stripe's",
    ),
    refused(
        "keeps to the limits of metadata",
        CONFIG | {"metadata": {"a[b]": "c"}},
        "metadata.a.b.: names have 1 to 40 characters",
    ),
    refused(
        "keeps names of metadata short",
        CONFIG | {"metadata": {"k" * 41: "v"}},
        "1 to 40 characters",
    ),
    Case(
        "says that there is no such customer",
        CONFIG,
        fields(stripe="nobody", price="5"),
        outcome="failed",
        error="invalid_config",
        message="404 Not Found: No such customer: 'nobody' .Stripe error resource_missing",
        sent=0,
    ),
    Case(
        "says that there is nothing to charge",
        CONFIG,
        fields(stripe="cus_cardless", price="5"),
        outcome="failed",
        error="rejected",
        message="the customer has no default payment method",
        sent=0,
    ),
    Case(
        "says that the customer is gone",
        CONFIG,
        fields(stripe="cus_deleted", price="5"),
        outcome="failed",
        error="rejected",
        message="the customer has been deleted",
        sent=0,
    ),
    declined(
        "pm_card_chargeDeclined",
        r"402 Payment Required: Your card was declined\. "
        r".Stripe error card_declined, decline code generic_decline",
    ),
    declined(
        "pm_card_visa_chargeDeclinedInsufficientFunds",
        "insufficient funds.*decline code insufficient_funds",
    ),
    declined("pm_card_chargeDeclinedExpiredCard", "has expired.*Stripe error expired_card"),
    declined("pm_card_authenticationRequired", "Stripe error authentication_required"),
    Case(
        "honours Retry-After",
        CONFIG,
        told=told("429", retry_after=7),
        outcome="failed",
        error="rate_limit",
        retry_after=timedelta(seconds=7),
        message="Stripe answered 429 Too Many Requests: .*rate_limit",
        sent=0,
    ),
    Case(
        "comes again while the earlier attempt is under way",
        CONFIG,
        told=told("409"),
        outcome="failed",
        error="service_unavailable",
        message="409 Conflict: .*idempotency_key_in_use",
        sent=0,
    ),
    Case(
        "reports refused credentials, and nothing of them",
        CONFIG,
        told=told("401"),
        outcome="failed",
        error="authentication",
        message=r"401 Unauthorized: Invalid API Key provided: \[key\]$",
    ),
    Case(
        "reports missing permissions",
        CONFIG,
        told=told("403"),
        outcome="failed",
        error="authentication",
    ),
    *(
        Case(
            f"tries again after {status}",
            CONFIG,
            told=told(status),
            outcome="failed",
            error="service_unavailable",
            sent=0,
        )
        for status in ("424", "500", "502", "503")
    ),
    *(
        Case(
            f"tries again after {mode}: the key tells a repeat",
            CONFIG | {"payment_method_id": "pm_card_visa"},
            told=told(mode),
            outcome="failed",
            error="network_timeout",
            sent=sent,
        )
        for mode, sent in (
            ("hang", 0),
            ("reset", 0),
            ("garbage", 0),
            ("accept_then_hang", 1),
            ("accept_then_reset", 1),
        )
    ),
]


@pytest.mark.parametrize("case", CASES, ids=case_id)
async def test_charge_customer_action(bench: Bench, case: Case) -> None:
    await bench.check("charge_customer", "stripe", case)


async def test_every_field_arrives_where_stripe_wants_it(bench: Bench) -> None:
    config = CONFIG | {
        "payment_method_id": "pm_card_visa",
        "description": "Order {{ contact.first_name }}",
        "metadata": {"plan": "{{ contact.custom_fields.plan }}"},
    }
    task = bench.task("charge_customer", config)
    await bench.run(task)
    (payment,) = bench.inbox("stripe")
    assert payment["details"]["request"] == {
        "amount": "4990",
        "currency": "eur",
        "customer": "cus_ann",
        "payment_method": "pm_card_visa",
        "confirm": "true",
        "off_session": "true",
        "description": "Order Ann",
        "automatic_payment_methods": {"enabled": "true", "allow_redirects": "never"},
        "metadata": {
            "plan": "gold",
            "treadle_account_id": task.account_id,
            "treadle_execution_id": task.execution_id,
            "treadle_action_execution_id": task.action_execution_id,
            "treadle_contact_id": task.contact_id,
        },
    }
    assert payment["step_key"] == task.action_execution_id
    assert payment["details"]["api_version"] == API_VERSION


@pytest.mark.parametrize(
    ("currency", "amount", "sent"),
    [("USD", 10, "1000"), ("JPY", 10, "10"), ("KWD", 10, "10000"), ("UGX", 10, "1000")],
)
async def test_amounts_are_counted_as_the_currency_is(
    bench: Bench, currency: str, amount: int, sent: str
) -> None:
    await bench.result("charge_customer", CONFIG | {"amount": amount, "currency": currency})
    (payment,) = bench.inbox("stripe")
    request = payment["details"]["request"]
    assert (request["amount"], request["currency"]) == (sent, currency.lower())


async def test_customer_who_is_there_must_not_be_asked_for_more(bench: Bench) -> None:
    await bench.result("charge_customer", CONFIG | {"off_session": False})
    (payment,) = bench.inbox("stripe")
    request = payment["details"]["request"]
    assert "off_session" not in request
    assert request["error_on_requires_action"] == "true"


@pytest.mark.parametrize("mode", ["accept_then_hang", "accept_then_reset", "503", "hang", "reset"])
async def test_attempts_charge_once_and_get_the_first_answer(bench: Bench, mode: str) -> None:
    task = bench.task("charge_customer", CONFIG | {"payment_method_id": "pm_card_visa"})
    bench.simulator.plan.set(Control(provider="stripe", mode=mode, count=1))
    first = await bench.run(task)
    assert isinstance(first, ActionResult)
    assert first.HasField("failed")
    task.attempt_id = task.workflow_id
    task.attempt_number = 2
    second = await bench.run(task)
    assert isinstance(second, ActionResult)
    (payment,) = bench.inbox("stripe")
    assert second.completed.provider_reference == payment["id"]


async def test_another_request_under_the_key_is_refused(bench: Bench) -> None:
    task = bench.task("charge_customer", CONFIG)
    await bench.run(task)
    task.config.charge_customer.amount.string_value = "50.00"
    result = await bench.run(task)
    assert isinstance(result, ActionResult)
    assert "earlier attempt of this step sent other values" in result.failed.message
    assert result.failed.error_class == ErrorClass.ERROR_CLASS_INVALID_CONFIG
    assert len(bench.inbox("stripe")) == 1


async def test_connection_refused(bench: Bench) -> None:
    bench.use(provider_url=closed_port_url())
    case = Case(
        "refused", CONFIG, outcome="failed", error="network_timeout", message="could not be reached"
    )
    await bench.check("charge_customer", "stripe", case)


@pytest.mark.parametrize("body", [b"{}", b"[]", b"null", b'{"id": 3}', b'{"object": "customer"}'])
async def test_answer_that_is_none_is_asked_for_again(bench: Bench, body: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    async with answering(head % len(body) + body) as url:
        bench.use(provider_url=url)
        case = Case("none", CONFIG, outcome="failed", error="network_timeout", message="be read")
        await bench.check("charge_customer", "stripe", case)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, b'{"error": {"code": "rate_limit", "message": "Slow"}}', "rate_limit"),
        (400, b'{"error": {"message": "No"}}', "rejected"),
        (400, b'{"error": "No"}', "rejected"),
        (400, b"<html>", "rejected"),
        (402, b"{}", "rejected"),
        (404, b'{"error": {"code": "resource_missing"}}', "invalid_config"),
        (404, b"", "rejected"),
        (409, b"[]", "service_unavailable"),
        (429, b'{"error": {"code": "lock_timeout", "message": "Busy"}}', "rate_limit"),
        (500, b'{"error": {"code": "resource_missing"}}', "service_unavailable"),
        (302, b"", "rejected"),
    ],
)
async def test_errors_are_told_by_status_and_code(
    bench: Bench, status: int, body: bytes, error: str
) -> None:
    head = b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n"
    async with answering(head % (status, len(body)) + body) as url:
        bench.use(provider_url=url)
        case = Case("error", CONFIG, outcome="failed", error=error, message=f"answered {status}")
        await bench.check("charge_customer", "stripe", case)


async def test_missing_credentials_are_named(bench: Bench) -> None:
    bench.use(provider_url=bench.url, credentials=False)
    case = Case(
        "no credentials",
        CONFIG,
        outcome="failed",
        error="authentication",
        message="TREADLE_EXECUTOR_STRIPE_API_KEY is not set",
    )
    await bench.check("charge_customer", "stripe", case)


async def test_the_key_stays_between_us_and_stripe(
    bench: Bench, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    await bench.result("charge_customer", CONFIG)
    captured = capsys.readouterr()
    assert STRIPE_KEY not in caplog.text + captured.out + captured.err


def test_the_pinned_version_is_the_one_the_sdk_was_made_for() -> None:
    assert stripe.api_version == API_VERSION
