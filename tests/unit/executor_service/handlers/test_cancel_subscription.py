"""cancel_subscription: ends of subscriptions through Stripe's own SDK, on the simulator."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson
import pytest

from devstack.simulator.failures import Control
from tests.unit.executor_service.handlers.harness import CONTEXT, Bench, Case, case_id
from treadle.dispatch.v1.result_pb2 import ActionResult

CONFIG: dict[str, Any] = {"subscription_id": "{{ steps.subscribe.subscription_id }}"}
NOW = CONFIG | {"cancel_at_period_end": False}


def after(subscription_id: str) -> Mapping[str, Any]:
    """The context after a step named `subscribe`."""
    return {**CONTEXT, "steps": {"subscribe": {"subscription_id": subscription_id}}}


async def subscribed(bench: Bench) -> str:
    """The id of a new subscription; the inbox is empty again."""
    config = {"customer_id": "cus_ann", "price_id": "price_gold"}
    made = await bench.result("create_subscription", config)
    bench.simulator.inbox.clear()
    return made.completed.provider_reference


# Run on a subscription that is there.
CASES = [
    Case(
        "cancels at the end of the period by default",
        CONFIG,
        output={"status": "active", "cancel_at_period_end": True},
        sent=1,
        claims=0,
    ),
    Case(
        "cancels at once",
        NOW,
        output={"status": "canceled", "cancel_at_period_end": False, "cancel_at": None},
        sent=1,
    ),
    Case(
        "tries again after an error",
        NOW,
        told=[Control(provider="stripe", mode="500")],
        outcome="failed",
        error="service_unavailable",
        sent=0,
    ),
    Case(
        "never leaves the outcome open",
        NOW,
        told=[Control(provider="stripe", mode="accept_then_reset")],
        outcome="failed",
        error="network_timeout",
        sent=1,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=case_id)
async def test_cancel_subscription_action(bench: Bench, case: Case) -> None:
    context = after(await subscribed(bench))
    await bench.check("cancel_subscription", "stripe", replace(case, context=context))


@pytest.mark.parametrize(
    ("subscription_id", "message"),
    [
        ("sub_none", "No such subscription: 'sub_none' .Stripe error resource_missing"),
        ("sub/1", "subscription_id: .* no id of Stripe's"),
    ],
)
@pytest.mark.parametrize("config", [CONFIG, NOW], ids=["later", "now"])
async def test_subscription_that_is_none(
    bench: Bench, config: Mapping[str, Any], subscription_id: str, message: str
) -> None:
    case = Case(
        "none",
        config,
        after(subscription_id),
        outcome="failed",
        error="invalid_config",
        message=message,
        sent=0,
    )
    await bench.check("cancel_subscription", "stripe", case)


async def test_every_field_arrives_where_stripe_wants_it(bench: Bench) -> None:
    context = after(await subscribed(bench))
    given = {"invoice_now": True, "prorate": True, "comment": "{{ contact.first_name }}\nleft"}
    await bench.result("cancel_subscription", NOW | given, context)
    (canceled,) = bench.inbox("stripe")
    assert canceled["details"]["request"] == {
        "invoice_now": "true",
        "prorate": "true",
        "cancellation_details": {"comment": "Ann\nleft"},
    }


async def test_end_of_the_period_arrives_too(bench: Bench) -> None:
    context = after(await subscribed(bench))
    task = bench.task("cancel_subscription", CONFIG | {"comment": "Moved"}, context)
    result = await bench.run(task)
    assert isinstance(result, ActionResult)
    (changed,) = bench.inbox("stripe")
    assert changed["details"]["request"] == {
        "cancel_at_period_end": "true",
        "cancellation_details": {"comment": "Moved"},
    }
    assert changed["step_key"] == task.action_execution_id
    output = orjson.loads(result.completed.output_json)
    assert output["cancel_at"] > output["canceled_at"]


@pytest.mark.parametrize("config", [CONFIG, NOW], ids=["later", "now"])
async def test_subscription_that_is_canceled_already_is_what_was_wanted(
    bench: Bench, config: Mapping[str, Any]
) -> None:
    context = after(await subscribed(bench))
    await bench.result("cancel_subscription", NOW, context)
    case = Case("again", config, context, output={"status": "canceled"}, sent=1)
    await bench.check("cancel_subscription", "stripe", case)


@pytest.mark.parametrize("config", [CONFIG, NOW], ids=["later", "now"])
async def test_attempt_after_a_lost_answer_completes(
    bench: Bench, config: Mapping[str, Any]
) -> None:
    task = bench.task("cancel_subscription", config, after(await subscribed(bench)))
    bench.simulator.plan.set(Control(provider="stripe", mode="accept_then_hang", count=1))
    first = await bench.run(task)
    second = await bench.run(task)
    assert isinstance(first, ActionResult)
    assert isinstance(second, ActionResult)
    assert (first.WhichOneof("outcome"), second.WhichOneof("outcome")) == ("failed", "completed")
    assert len(bench.inbox("stripe")) == 1
