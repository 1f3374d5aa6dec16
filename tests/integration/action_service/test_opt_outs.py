"""A provider that refuses to send to somebody who has answered STOP is believed at once."""

from collections.abc import AsyncGenerator

import pytest

from common.ids import new_id_text
from tests.support.engine import Bench, HandExecutor, bench, result_for
from tests.support.inbound import SMS, sending
from tests.support.unknown import STEP
from treadle.dispatch.v1.result_pb2 import ActionResult
from treadle.dispatch.v1.task_pb2 import ActionTask

NUMBER = "+14155550100"
SUPPRESSED = """
    SELECT account_id::text, channel, address, scope, cause, detail, created_by FROM suppressions
    """


@pytest.fixture
async def world(database_url: str, nats_url: str) -> AsyncGenerator[Bench]:
    async with bench(database_url, nats_url) as surroundings:
        yield surroundings


@pytest.fixture
async def executor(world: Bench) -> AsyncGenerator[HandExecutor]:
    hand = HandExecutor(world, "communication")
    await hand.start()
    yield hand
    await hand.stop()


def opted_out(task: ActionTask) -> ActionResult:
    result = result_for(task)
    result.claimant = True
    result.skipped.reason = "suppressed: Twilio sends nothing to this number"
    result.skipped.opted_out = NUMBER
    return result


async def test_the_number_is_suppressed_once_and_the_run_goes_on(
    world: Bench, executor: HandExecutor
) -> None:
    await world.start_engine()
    home, tasks = await sending(world, executor, SMS, 2)
    await executor.answer(*map(opted_out, tasks))
    await executor.answer(opted_out(tasks[0]))
    for task in tasks:
        await world.until(STEP, "skipped", id=task.action_execution_id)
    row = (home.account_id, "sms", NUMBER, "all", "stop", "Twilio error 21610", "provider:twilio")
    assert await world.rows(SUPPRESSED) == [row]
    audit = "SELECT operation, actor, after->>'address' FROM audit_log WHERE entity_type = :kind"
    assert await world.rows(audit, kind="suppression") == [
        ("suppression.added", "provider:twilio", NUMBER)
    ]
    # The run has gone on to its next step.
    await world.until("SELECT count(*) FROM workflow_action_executions", 4)


async def test_one_of_an_account_that_is_gone_holds_up_nobody(
    world: Bench, executor: HandExecutor
) -> None:
    await world.start_engine()
    _, (task,) = await sending(world, executor, SMS)
    stray = opted_out(task)
    stray.account_id = new_id_text()
    stray.attempt_id = new_id_text()
    await executor.answer(stray, opted_out(task))
    await world.until(STEP, "skipped", id=task.action_execution_id)
    assert len(await world.rows(SUPPRESSED)) == 1
