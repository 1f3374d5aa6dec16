"""Emails and SMS beside a step's own work whose outcome is unknown come to an end too."""

from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest

from action_service.domain.unknown_sends import LookPolicy
from tests.support.effects import add_users, executors
from tests.support.engine import Bench, HandExecutor, bench, result_for
from tests.support.unknown import STATE, looked, lost
from tests.support.work import own, step
from treadle.dispatch.v1.task_pb2 import ActionTask

STATUS = "SELECT status FROM deliveries"
DECIDE = (
    "UPDATE unknown_sends SET state = 'decided', resolution = :resolution, resolved_by = 'user:1',"
    " resolved_at = now(), resolution_reason = 'seen', due_at = now()"
)
NOTIFY = {
    "recipient_type": "contact_owner",
    "channels": ["sms"],
    "title": "Hot lead",
    "message": "Call them",
}


@pytest.fixture
async def world(database_url: str, nats_url: str) -> AsyncGenerator[Bench]:
    async with bench(database_url, nats_url) as surroundings, executors(surroundings):
        yield surroundings


@pytest.fixture
async def executor(world: Bench) -> AsyncGenerator[HandExecutor]:
    hand = HandExecutor(world, "communication")
    await hand.start()
    yield hand
    await hand.stop()


async def unknown(world: Bench, executor: HandExecutor, policy: LookPolicy) -> ActionTask:
    """A notification to the contact's owner that may have been sent; its task."""
    await world.start_engine(look_policy=policy)
    home = await world.seed([], contacts=1)
    (owner,) = await add_users(world, home.account_id, "Ann")
    await world.execute("UPDATE users SET phone = '+4915112345678'")
    await own(world, home.contact_ids[0], owner)
    await step(world, home, "send_notification", NOTIFY)
    (task,) = await executor.take(1)
    await world.execute("UPDATE deliveries SET claimed = true")
    word = lost(task)
    word.delivery_id = task.delivery.id
    word.sent.recipient = task.delivery.recipient
    await executor.answer(word)
    await world.until(STATUS, "unknown")
    return task


async def test_what_is_found_was_sent(world: Bench, executor: HandExecutor) -> None:
    policy = LookPolicy(base=timedelta(milliseconds=50), limit=1)
    task = await unknown(world, executor, policy)
    (lookup,) = await executor.take(1)
    assert lookup.lookup.attempt_id == task.attempt_id
    assert lookup.lookup.sent.recipient == "+4915112345678"
    await executor.answer(looked(lookup, "SM1"))
    await world.until(STATUS, "sent")
    rows = await world.rows(
        "SELECT u.state, u.resolution, u.resolved_by, u.channel, u.provider, d.attempts,"
        " m.provider_message_id"
        " FROM unknown_sends u JOIN deliveries d ON d.id = u.delivery_id"
        " JOIN messages m ON m.delivery_id = d.id"
    )
    assert rows == [("settled", "sent", "lookup", "sms", "twilio", 1, "SM1")]


async def test_what_was_not_sent_is_sent_once_more(world: Bench, executor: HandExecutor) -> None:
    task = await unknown(world, executor, LookPolicy(limit=0))
    await world.execute(DECIDE, resolution="retry")
    (second,) = await executor.take(1)
    assert second.delivery.id == task.delivery.id
    assert second.attempt_id != task.attempt_id
    sent = result_for(second)
    sent.delivery_id = second.delivery.id
    sent.completed.provider_reference = "SM2"
    await executor.answer(sent)
    await world.until(STATUS, "sent")
    assert await world.rows(STATE, id=task.attempt_id) == [("settled",)]
    assert await world.rows("SELECT attempts FROM deliveries") == [(2,)]
    assert await executor.nothing()


async def test_what_is_given_up_has_failed(world: Bench, executor: HandExecutor) -> None:
    task = await unknown(world, executor, LookPolicy(limit=0))
    await world.execute(DECIDE, resolution="fail")
    await world.until(STATUS, "failed")
    assert await world.rows("SELECT reason FROM deliveries") == [
        ("the message was not sent: seen",)
    ]
    assert await world.rows(STATE, id=task.attempt_id) == [("settled",)]
