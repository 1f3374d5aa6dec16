"""Which results say that they come from the run that was granted the attempt's claim.

The engine takes another result's word for a claimed attempt as no word at all, since only the
claimant knows whether the call was made: a wrong `claimant` is a message sent twice.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry

from common.catalogue import catalogue
from common.errors import dependency_unavailable
from devstack.simulator.failures import Control
from executor_service.domain.outcome import Completed, Deferred, Outcome, Skipped
from executor_service.handlers.base import Call, IoHandler, Step
from executor_service.metrics import Metrics
from executor_service.pipeline import Action, Pipeline
from executor_service.ports import ClaimDecision, Refused
from tests.unit.executor_service.handlers.harness import TEMPLATE_ID, Bench, FixedClock, world
from tests.unit.executor_service.handlers.memory import MemoryLedger
from treadle.catalog.v1.send_sms_pb2 import SendSmsConfig
from treadle.dispatch.v1.result_pb2 import ActionResult
from treadle.dispatch.v1.task_pb2 import ActionTask
from treadle.execution.v1.execution_pb2 import ErrorClass

SMS: dict[str, Any] = {"message": "Hi", "from_number": "+14155550100"}
EMAIL: dict[str, Any] = {
    "template_id": TEMPLATE_ID,
    "subject": "Hi",
    "from_name": "Bakery",
    "from_email": "b@example.com",
}
CALL: dict[str, Any] = {
    "from_number": "+14155550100",
    "destination_type": "queue",
    "destination_value": "support",
}
# 23:00 in Berlin.
NIGHT = datetime(2026, 3, 4, 22, 0, tzinfo=UTC)
AWAY = dependency_unavailable("action service", timedelta(seconds=1))


@pytest.fixture
async def bench() -> AsyncGenerator[Bench]:
    async with world() as made:
        yield made.bench()


async def answer(bench: Bench, task: ActionTask) -> ActionResult:
    """The result of a run of the task."""
    result = await bench.run(task)
    assert isinstance(result, ActionResult)
    return result


@pytest.mark.parametrize(
    ("mode", "outcome"),
    [("ok", "completed"), ("429", "failed"), ("500", "failed"), ("accept_then_reset", "failed")],
)
async def test_run_that_was_granted_the_claim_is_the_claimant(
    bench: Bench, mode: str, outcome: str
) -> None:
    bench.simulator.plan.set(Control(provider="twilio", mode=mode))
    result = await answer(bench, bench.task("send_sms", SMS))
    assert result.WhichOneof("outcome") == outcome
    assert result.claimant


async def test_redelivery_in_quiet_hours_is_not_the_claimant(bench: Bench) -> None:
    task = bench.task("send_sms", SMS)
    assert (await answer(bench, task)).claimant
    bench.clock.instant = NIGHT
    again = await answer(bench, task)
    assert again.WhichOneof("outcome") == "deferred"
    assert not again.claimant


async def test_redelivery_without_the_template_is_not_the_claimant(bench: Bench) -> None:
    task = bench.task("send_email", EMAIL)
    assert (await answer(bench, task)).claimant
    bench.templates.error = AWAY
    again = await answer(bench, task)
    assert again.WhichOneof("outcome") == "deferred"
    assert not again.claimant


async def test_redelivery_without_the_ledger_is_not_the_claimant(bench: Bench) -> None:
    task = bench.task("send_sms", SMS)
    assert (await answer(bench, task)).claimant
    bench.ledger.error = AWAY
    again = await answer(bench, task)
    assert again.WhichOneof("outcome") == "deferred"
    assert not again.claimant


async def test_redelivery_that_finds_the_claim_is_not_the_claimant(bench: Bench) -> None:
    bench.ledger.decision = ClaimDecision.ALREADY_CLAIMED
    result = await answer(bench, bench.task("send_sms", SMS))
    assert result.failed.error_class == ErrorClass.ERROR_CLASS_UNKNOWN_OUTCOME
    assert not result.claimant


async def test_actions_that_claim_nothing_have_no_claimant(bench: Bench) -> None:
    webhook = {"url": f"{bench.url}/sink/crm", "method": "POST"}
    for task in (bench.task("webhook_call", webhook), bench.task("add_tag", {"tag_name": "a"})):
        result = await answer(bench, task)
        assert result.WhichOneof("outcome") == "completed"
        assert not result.claimant


@dataclass
class Scripted(IoHandler[SendSmsConfig]):
    """A handler whose call ends as it is told."""

    ends: Outcome | Exception

    def peer(self, config: SendSmsConfig) -> str:
        return "twilio"

    async def prepare(self, step: Step[SendSmsConfig]) -> Outcome | Call:
        async def call() -> Outcome:
            if isinstance(self.ends, Exception):
                raise self.ends
            return self.ends

        return call


@pytest.mark.parametrize(
    ("ends", "outcome"),
    [
        (Completed(), "completed"),
        (Skipped("nobody there"), "skipped"),
        (Deferred(NIGHT, "busy"), "deferred"),
        (RuntimeError("a bug"), "failed"),
        # No JSON.
        (Completed(output={"n": cast("Any", object())}), "failed"),
    ],
)
async def test_claimant_whatever_its_call_comes_to(
    bench: Bench, ends: Outcome | Exception, outcome: str
) -> None:
    action = Action(catalogue().get("send_sms"), Scripted(ends))
    pipeline = Pipeline(
        {"send_sms": action},
        ledger=bench.ledger,
        gate=bench.gate,
        clock=FixedClock(),
        metrics=Metrics(CollectorRegistry()),
    )
    result = await pipeline.run(action, Scripted(ends), bench.task("send_sms", SMS))
    assert isinstance(result, ActionResult)
    assert result.WhichOneof("outcome") == outcome
    assert result.claimant


class HeldUp(MemoryLedger):
    """Grants a claim to a process that then stands still for a while."""

    def __init__(self, clock: FixedClock, seconds: int) -> None:
        super().__init__()
        self._clock = clock
        self._for = timedelta(seconds=seconds)

    async def claim(self, **asked: Any) -> ClaimDecision | Refused:
        granted = await super().claim(**asked)
        self._clock.instant += self._for
        return granted


@pytest.mark.parametrize(("seconds", "sent"), [(14, True), (16, False)])
async def test_a_process_that_was_frozen_after_its_claim_makes_no_call(
    bench: Bench, seconds: int, sent: bool
) -> None:
    clock = FixedClock()
    action = Action(catalogue().get("send_sms"), Scripted(Completed()))
    pipeline = Pipeline(
        {"send_sms": action},
        ledger=HeldUp(clock, seconds),
        gate=bench.gate,
        clock=clock,
        metrics=Metrics(CollectorRegistry()),
    )
    result = await pipeline.run(action, Scripted(Completed()), bench.task("send_sms", SMS))
    assert isinstance(result, ActionResult)
    assert result.WhichOneof("outcome") == ("completed" if sent else "failed")
    # It knows that nothing was sent, and says so.
    assert result.claimant


async def test_giving_up_a_send_does_not_claim_to_know(bench: Bench) -> None:
    result = bench.pipeline.give_up(bench.task("send_sms", SMS), "given up")
    assert result.failed.error_class == ErrorClass.ERROR_CLASS_UNKNOWN_OUTCOME
    assert "may have been sent" in result.failed.message
    assert not result.claimant


async def test_giving_up_a_look_at_a_call_speaks_for_the_claimant(bench: Bench) -> None:
    task = bench.task("make_call", CALL)
    task.call.call_id = "CA0"
    result = bench.pipeline.give_up(task, "given up")
    assert result.failed.error_class == ErrorClass.ERROR_CLASS_INTERNAL
    assert result.claimant


async def test_giving_up_anything_else_is_a_plain_failure(bench: Bench) -> None:
    result = bench.pipeline.give_up(bench.task("add_tag", {"tag_name": "a"}), "given up")
    assert result.failed.error_class == ErrorClass.ERROR_CLASS_INTERNAL
    assert not result.claimant
