"""create_subscription: subscriptions through Stripe's own SDK, on the simulator."""

from typing import Any

import orjson
import pytest

from devstack.simulator.failures import Control
from tests.unit.executor_service.handlers.harness import Bench, Case, case_id
from treadle.dispatch.v1.result_pb2 import ActionResult

CONFIG: dict[str, Any] = {
    "customer_id": "{{ contact.custom_fields.stripe }}",
    "price_id": "price_{{ contact.custom_fields.plan }}",
}


def told(mode: str, **rules: Any) -> list[Control]:
    """What Stripe is told to do."""
    return [Control(provider="stripe", mode=mode, **rules)]


CASES = [
    Case(
        "subscribes to the rendered price",
        CONFIG,
        output={
            "status": "active",
            "customer_id": "cus_ann",
            "price_id": "price_gold",
            "quantity": 1,
            "trial_end": None,
        },
        sent=1,
        claims=0,
    ),
    Case("takes a quantity", CONFIG | {"quantity": 12}, output={"quantity": 12}),
    Case("begins with a trial", CONFIG | {"trial_days": 14}, output={"status": "trialing"}),
    Case("needs no card for a trial", CONFIG | {"trial_days": 1, "customer_id": "cus_cardless"}),
    Case(
        "makes nothing when the first payment fails",
        CONFIG | {"payment_method_id": "pm_card_chargeDeclinedInsufficientFunds"},
        outcome="failed",
        error="rejected",
        message="insufficient funds.*decline code insufficient_funds",
        sent=0,
    ),
    Case(
        "says that nothing can be charged",
        CONFIG | {"customer_id": "cus_cardless"},
        outcome="failed",
        error="invalid_config",
        message="no attached payment source",
        sent=0,
    ),
    Case(
        "says that there is no such price",
        CONFIG | {"price_id": "{{ contact.custom_fields.plan }}"},
        outcome="failed",
        error="invalid_config",
        message="No such price: 'gold'",
        sent=0,
    ),
    Case(
        "says that there is no such customer",
        CONFIG | {"customer_id": "ann"},
        outcome="failed",
        error="invalid_config",
        message="No such customer: 'ann'",
        sent=0,
    ),
    Case(
        "lets no path in",
        CONFIG | {"price_id": "{{ contact.email }}"},
        outcome="failed",
        error="invalid_config",
        message="price_id: .* no id of Stripe's",
        sent=0,
    ),
    Case(
        "tries again later",
        CONFIG,
        told=told("503"),
        outcome="failed",
        error="service_unavailable",
        sent=0,
    ),
    Case(
        "never leaves the outcome open",
        CONFIG,
        told=told("accept_then_hang"),
        outcome="failed",
        error="network_timeout",
        sent=1,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=case_id)
async def test_create_subscription_action(bench: Bench, case: Case) -> None:
    await bench.check("create_subscription", "stripe", case)


async def test_every_field_arrives_where_stripe_wants_it(bench: Bench) -> None:
    config = CONFIG | {
        "quantity": 3,
        "trial_days": 14,
        "payment_method_id": "pm_card_visa",
        "off_session": False,
        "description": "Plan of {{ contact.first_name }}",
        "metadata": {"source": "{{ contact.email }}"},
    }
    task = bench.task("create_subscription", config)
    await bench.run(task)
    (made,) = bench.inbox("stripe")
    request = made["details"]["request"]
    assert request.pop("metadata")["source"] == "ann@example.com"
    assert request == {
        "customer": "cus_ann",
        "items": {"0": {"price": "price_gold", "quantity": "3"}},
        "trial_period_days": "14",
        "default_payment_method": "pm_card_visa",
        "off_session": "false",
        "description": "Plan of Ann",
        "payment_behavior": "error_if_incomplete",
    }
    assert made["step_key"] == task.action_execution_id


async def test_instants_are_iso_8601_in_utc(bench: Bench) -> None:
    result = await bench.result("create_subscription", CONFIG | {"trial_days": 14})
    output = orjson.loads(result.completed.output_json)
    (made,) = bench.inbox("stripe")
    assert output["trial_end"] == output["current_period_end"]
    assert output["trial_end"].endswith("Z")
    assert output["subscription_id"] == made["id"] == result.completed.provider_reference
    assert output["latest_invoice_id"].startswith("in_")


async def test_attempts_make_one_subscription(bench: Bench) -> None:
    task = bench.task("create_subscription", CONFIG)
    for control in told("accept_then_reset", count=1):
        bench.simulator.plan.set(control)
    await bench.run(task)
    second = await bench.run(task)
    assert isinstance(second, ActionResult)
    (made,) = bench.inbox("stripe")
    assert second.completed.provider_reference == made["id"]
