"""refund_payment: refunds through Stripe's own SDK, on the simulator."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from devstack.simulator.failures import Control
from tests.unit.executor_service.handlers.harness import CONTEXT, Bench, Case, case_id
from treadle.dispatch.v1.result_pb2 import ActionResult

CONFIG: dict[str, Any] = {"payment_intent_id": "{{ steps.charge.payment_intent_id }}"}


def after(payment_intent_id: str) -> Mapping[str, Any]:
    """The context after a step named `charge`."""
    step = {"payment_intent_id": payment_intent_id, "tenth": "4.99"}
    return {**CONTEXT, "steps": {"charge": step}}


async def paid(bench: Bench, currency: str = "EUR", amount: float = 49.9, **more: str) -> str:
    """The id of a new payment; the inbox is empty again."""
    config = {"customer_id": "cus_ann", "amount": amount, "currency": currency} | more
    made = await bench.result("charge_customer", config)
    bench.simulator.inbox.clear()
    return made.completed.provider_reference


# Run on a payment of 49.90 EUR.
CASES = [
    Case(
        "refunds everything by default",
        CONFIG,
        output={"amount": 49.9, "currency": "EUR", "status": "succeeded"},
        sent=1,
        claims=0,
    ),
    Case(
        "refunds a part",
        CONFIG | {"amount": "{{ steps.charge.tenth }}"},
        output={"amount": 4.99},
        sent=1,
    ),
    Case(
        "refunds no more than was paid",
        CONFIG | {"amount": 50},
        outcome="failed",
        error="rejected",
        message="400 Bad Request: Refund amount .* greater than unrefunded",
        sent=0,
    ),
    Case(
        "does not round money",
        CONFIG | {"amount": 4.999},
        outcome="failed",
        error="invalid_config",
        message="amount: an amount in EUR has at most 2 decimals",
        sent=0,
    ),
    Case(
        "does not give back everything for an amount that comes to nothing",
        CONFIG | {"amount": "{{ contact.custom_fields.none | default: '' }}"},
        outcome="failed",
        error="invalid_config",
        message="amount: must not be blank",
        sent=0,
    ),
    Case(
        "refunds something",
        CONFIG | {"amount": 0},
        outcome="failed",
        error="invalid_config",
        message="amount: must be more than 0",
        sent=0,
    ),
    Case(
        "tries again after an error",
        CONFIG,
        told=[Control(provider="stripe", mode="503")],
        outcome="failed",
        error="service_unavailable",
        sent=0,
    ),
    Case(
        "never leaves the outcome open",
        CONFIG,
        told=[Control(provider="stripe", mode="accept_then_hang")],
        outcome="failed",
        error="network_timeout",
        sent=1,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=case_id)
async def test_refund_payment_action(bench: Bench, case: Case) -> None:
    context = after(await paid(bench))
    await bench.check("refund_payment", "stripe", replace(case, context=context))


async def test_payment_that_is_none(bench: Bench) -> None:
    for payment, message in (("pi_none", "No such payment_intent"), ("pi_1?x", "no id of Stripe")):
        case = Case(
            "none", CONFIG, after(payment), outcome="failed", error="invalid_config",
            message=message, sent=0,
        )  # fmt: skip
        await bench.check("refund_payment", "stripe", case)


async def test_every_field_arrives_where_stripe_wants_it(bench: Bench) -> None:
    payment = await paid(bench)
    given = {
        "amount": 10,
        "reason": "requested_by_customer",
        "metadata": {"by": "{{ contact.email }}"},
    }
    task = bench.task("refund_payment", CONFIG | given, after(payment))
    await bench.run(task)
    (refund,) = bench.inbox("stripe")
    request = refund["details"]["request"]
    assert request.pop("metadata")["by"] == "ann@example.com"
    assert request == {
        "payment_intent": payment,
        "amount": "1000",
        "reason": "requested_by_customer",
    }
    assert (refund["to"], refund["step_key"]) == (payment, task.action_execution_id)


async def test_amount_is_counted_as_the_payment_s_currency_is(bench: Bench) -> None:
    context = after(await paid(bench, "JPY", 4990))
    case = Case("yen", CONFIG | {"amount": 990}, context, output={"amount": 990, "currency": "JPY"})
    await bench.check("refund_payment", "stripe", case)
    assert bench.inbox("stripe")[0]["details"]["request"]["amount"] == "990"


async def test_payment_is_refunded_once(bench: Bench) -> None:
    context = after(await paid(bench))
    await bench.result("refund_payment", CONFIG, context)
    case = Case(
        "again", CONFIG, context, outcome="failed", error="rejected",
        message="has already been refunded. .Stripe error charge_already_refunded", sent=1,
    )  # fmt: skip
    await bench.check("refund_payment", "stripe", case)


async def test_refund_that_fails_is_no_refund(bench: Bench) -> None:
    payment = await paid(bench, payment_method_id="pm_card_refundFail")
    case = Case(
        "fails", CONFIG, after(payment), outcome="failed", error="rejected",
        message="could not give the money back: .* failed .expired_or_canceled_card",
    )  # fmt: skip
    await bench.check("refund_payment", "stripe", case)


@pytest.mark.parametrize("mode", ["accept_then_hang", "accept_then_reset", "hang", "500"])
async def test_attempts_give_back_once(bench: Bench, mode: str) -> None:
    task = bench.task("refund_payment", CONFIG | {"amount": 10}, after(await paid(bench)))
    bench.simulator.plan.set(Control(provider="stripe", mode=mode, count=1))
    await bench.run(task)
    second = await bench.run(task)
    assert isinstance(second, ActionResult)
    (refund,) = bench.inbox("stripe")
    assert second.completed.provider_reference == refund["id"]
