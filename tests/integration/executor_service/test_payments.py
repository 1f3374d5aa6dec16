"""Payments through an executor: whatever happens to an answer, a step charges once."""

from typing import Any

import pytest

from common.ids import new_id
from tests.integration.executor_service.world import World
from treadle.dispatch.v1.result_pb2 import ActionResult
from treadle.dispatch.v1.task_pb2 import ActionTask
from treadle.execution.v1.execution_pb2 import ErrorClass

CHARGE: dict[str, Any] = {
    "customer_id": "cus_ann",
    "amount": 49.9,
    "currency": "EUR",
    "payment_method_id": "pm_card_visa",
}
IMPATIENT = {"provider_timeout_seconds": 0.3}


def retried(task: ActionTask) -> ActionTask:
    """The next attempt at a task's step, as the engine makes it."""
    again = ActionTask.FromString(task.SerializeToString())
    again.attempt_id = str(new_id())
    again.attempt_number += 1
    return again


async def results_by_attempt(around: World, number: int) -> dict[str, ActionResult]:
    return {result.attempt_id: result for result in await around.have_results(number)}


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        ("hang", ErrorClass.ERROR_CLASS_NETWORK_TIMEOUT),
        ("reset", ErrorClass.ERROR_CLASS_NETWORK_TIMEOUT),
        ("garbage", ErrorClass.ERROR_CLASS_NETWORK_TIMEOUT),
        ("accept_then_hang", ErrorClass.ERROR_CLASS_NETWORK_TIMEOUT),
        ("accept_then_reset", ErrorClass.ERROR_CLASS_NETWORK_TIMEOUT),
        ("409", ErrorClass.ERROR_CLASS_SERVICE_UNAVAILABLE),
        ("500", ErrorClass.ERROR_CLASS_SERVICE_UNAVAILABLE),
        ("503", ErrorClass.ERROR_CLASS_SERVICE_UNAVAILABLE),
    ],
)
async def test_a_second_attempt_completes_and_charges_once(
    around: World, mode: str, error: ErrorClass
) -> None:
    task = around.task("charge_customer", CHARGE)
    around.tell("stripe", mode, count=1)
    async with around.executor("payments", **(IMPATIENT if "hang" in mode else {})):
        await around.ring([task])
        await around.have_results(1)
    again = retried(task)
    async with around.executor("payments"):
        await around.ring([again])
        results = await results_by_attempt(around, 2)
        await around.no_tasks_left()
    assert results[task.attempt_id].failed.error_class == error
    (payment,) = around.sent("stripe")
    assert results[again.attempt_id].completed.provider_reference == payment["id"]
    assert payment["step_key"] == task.action_execution_id
    assert around.ledger.calls == [], "Stripe knows a repeat by its key"


async def test_executor_that_dies_with_the_answer_outstanding_charges_once(around: World) -> None:
    tasks = [around.task("charge_customer", CHARGE) for _ in range(8)]
    around.tell("stripe", "accept_then_hang")
    # It leaves without waiting for what is under way; the tasks are given back.
    async with around.executor("payments", finish_s=0.1):
        await around.ring(tasks)
        await around.sent_some("stripe", len(tasks))
    around.simulator.plan.clear()
    async with around.executor("payments"):
        results = await around.have_results(len(tasks))
        await around.no_tasks_left()
    assert {result.WhichOneof("outcome") for result in results} == {"completed"}
    charged = [payment["step_key"] for payment in around.sent("stripe")]
    assert sorted(charged) == sorted(task.action_execution_id for task in tasks)


async def test_charge_refund_and_subscription_share_a_fleet(around: World) -> None:
    subscribe = {"customer_id": "cus_ann", "price_id": "price_gold"}
    async with around.executor("payments"):
        await around.ring(
            [
                around.task("charge_customer", CHARGE),
                around.task("create_subscription", subscribe),
            ]
        )
        made = [each.completed.provider_reference for each in await around.have_results(2)]
        payment = next(id_ for id_ in made if id_.startswith("pi_"))
        subscription = next(id_ for id_ in made if id_.startswith("sub_"))
        await around.ring(
            [
                around.task("refund_payment", {"payment_intent_id": payment, "amount": 9.9}),
                around.task("cancel_subscription", {"subscription_id": subscription}),
            ]
        )
        results = await around.have_results(4)
    assert [result.WhichOneof("outcome") for result in results] == ["completed"] * 4, results


async def test_slow_stripe_does_not_slow_webhooks(around: World) -> None:
    webhook = {"url": around.url + "/sink/crm", "method": "POST"}
    around.tell("stripe", "hang")
    slots = 4
    patient = {"concurrency": slots, "provider_timeout_seconds": 300}
    async with around.executor("internal", "payments", finish_s=0.1, **patient):
        await around.ring([around.task("charge_customer", CHARGE) for _ in range(3 * slots)])
        await around.ring([around.task("webhook_call", webhook) for _ in range(20)])
        results = await around.have_results(20)
    assert {result.WhichOneof("outcome") for result in results} == {"completed"}
    assert len(around.sent("sink")) == 20
