"""Emails and SMS beside a step's own work, from the engine to the provider's inbox and back."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from action_service.engine.model import Task
from common.ids import new_id
from tests.support.effects import add_users, executors, run
from tests.support.engine import Bench, HandExecutor, Seeded, Step, bench, result_for
from tests.support.inbound import Providers, of_email
from tests.support.post import FROM_EMAIL, FROM_NUMBER, Post, post
from tests.support.work import add_course, add_template, own, reach, step
from treadle.dispatch.v1.result_pb2 import ActionResult
from treadle.dispatch.v1.task_pb2 import ActionTask
from treadle.execution.v1.execution_pb2 import (
    ERROR_CLASS_RATE_LIMIT,
    ERROR_CLASS_UNKNOWN_OUTCOME,
)

DONE = "SELECT count(*) FROM deliveries WHERE status <> 'pending'"
STATUS = "SELECT status FROM deliveries"


@dataclass
class World:
    """An account whose contact has an owner who can be reached in every way."""

    bench: Bench
    post: Post
    home: Seeded
    owner: str

    async def notify(self, *channels: str, title: str = "Hot lead") -> None:
        """Notifies the owner, by the only step of a workflow."""
        config = {
            "recipient_type": "contact_owner",
            "channels": list(channels),
            "title": title,
            "message": "{{ contact.first_name }} <called>",
        }
        outcome = await step(self.bench, self.home, "send_notification", config)
        assert outcome.status == "completed"

    async def delivery(self) -> tuple[Any, ...]:
        """Of the only delivery: status, reason, attempts, and whether its end is known."""
        (row,) = await self.bench.rows(
            "SELECT status, reason, attempts, finished_at IS NOT NULL, lease_until IS NULL"
            " FROM deliveries"
        )
        return row


class Deaf:
    """A ringer of an engine that dies after each commit, before it rings."""

    async def ring(self, tasks: Sequence[Task]) -> None:
        del tasks

    async def hand_over(self, task: Task) -> None:
        del task


@pytest.fixture
async def world(database_url: str, nats_url: str) -> AsyncGenerator[World]:
    """Two engines, and executors of all but communication."""
    async with (
        bench(database_url, nats_url) as surroundings,
        post(database_url, nats_url) as posting,
        executors(surroundings, copies=2),
    ):
        await surroundings.start_engine()
        await surroundings.start_engine()
        yield await settled_in(surroundings, posting)


async def settled_in(surroundings: Bench, posting: Post) -> World:
    home = await surroundings.seed([], contacts=2)
    (owner,) = await add_users(surroundings, home.account_id, "Ann")
    await surroundings.execute("UPDATE users SET phone = '+4915112345678'")
    await own(surroundings, home.contact_ids[0], owner)
    return World(surroundings, posting, home, owner)


async def test_a_notification_goes_out_by_email_and_sms(world: World) -> None:
    async with world.post.fleet():
        await world.notify("in_app", "email", "sms")
        await world.bench.until(DONE, 2)
    (email,) = world.post.sent("sendgrid")
    (sms,) = world.post.sent("twilio")
    assert (email["to"], email["from"]) == ("ann@example.com", FROM_EMAIL)
    assert (email["subject"], email["text"]) == ("Hot lead", "Ada <called>")
    assert email["html"] == "<p>Ada &lt;called&gt;</p>"
    assert (sms["to"], sms["from"]) == ("+4915112345678", FROM_NUMBER)
    assert sms["text"] == "Hot lead\nAda <called>"
    rows = await world.bench.rows(
        "SELECT channel, status, reason, attempts, claimed, lease_until, provider_reference"
        " FROM deliveries ORDER BY channel"
    )
    assert rows == [
        ("email", "sent", None, 1, True, None, email["id"]),
        ("sms", "sent", None, 1, True, None, sms["id"]),
    ]


async def test_what_a_user_does_with_a_notification_is_nothing_of_the_contacts(
    world: World,
) -> None:
    async with world.post.fleet():
        await world.notify("email")
        await world.bench.until("SELECT count(*) FROM messages", 1)
    (email,) = world.post.sent("sendgrid")
    providers = Providers(world.bench, world.home)
    await providers.sendgrid(
        of_email(email["id"], "delivered", 0), of_email(email["id"], "open", 1)
    )
    assert (await providers.message(email["id"]))[0] == "opened"
    heard = {each[0] for each in await providers.heard()}
    assert not heard & {"email_delivered", "email_opened"}


async def test_the_welcome_is_rendered_from_its_template(world: World) -> None:
    account_id, contact_id = world.home.account_id, world.home.contact_ids[0]
    template = await add_template(
        world.bench, account_id, "<p>Dear {{ contact.first_name }}, {{ user.name }} is there.</p>"
    )
    course = await add_course(
        world.bench, account_id, subject="Hi {{ contact.first_name }}", template_id=template
    )
    await reach(world.bench, contact_id, email="ada@example.com")
    await world.bench.execute("UPDATE contacts SET first_name = 'A&da'")
    async with world.post.fleet():
        await step(world.bench, world.home, "grant_course_access", {"course_id": course})
        await world.bench.until(STATUS, "sent")
    (email,) = world.post.sent("sendgrid")
    assert (email["to"], email["subject"]) == ("ada@example.com", "Hi A&da")
    assert email["html"] == "<p>Dear A&amp;da, Ann is there.</p>"


async def test_a_course_without_a_template_has_a_plain_welcome(world: World) -> None:
    course = await add_course(world.bench, world.home.account_id)
    await world.bench.execute("UPDATE courses SET name = '{{ Baking & more }}'")
    await reach(world.bench, world.home.contact_ids[0], email="ada@example.com")
    async with world.post.fleet():
        await step(world.bench, world.home, "grant_course_access", {"course_id": course})
        await world.bench.until(STATUS, "sent")
    (email,) = world.post.sent("sendgrid")
    assert email["subject"] == "Welcome to {{ Baking & more }}"
    assert email["text"] == "Hello Ada,\n\nyou now have access to {{ Baking & more }}."


async def test_what_the_provider_refuses_for_now_is_tried_again(world: World) -> None:
    world.post.tell("sendgrid", "500", count=2)
    async with world.post.fleet():
        await world.notify("email")
        await world.bench.until(STATUS, "sent")
    assert await world.delivery() == ("sent", None, 3, True, True)
    assert len(world.post.sent("sendgrid")) == 1


async def test_trying_ends_as_the_retry_table_says(world: World) -> None:
    world.post.tell("sendgrid", "503")
    async with world.post.fleet():
        await world.notify("email")
        await world.bench.until(STATUS, "failed")
    status, reason, attempts, *_ = await world.delivery()
    assert (status, attempts) == ("failed", 4)
    assert reason.startswith("SendGrid answered 503")
    assert world.post.tried() == 4


async def test_what_cannot_be_sent_fails_at_once(world: World) -> None:
    async with world.post.fleet(notification_from_number=""):
        await world.notify("sms")
        await world.bench.until(STATUS, "failed")
    status, reason, attempts, *_ = await world.delivery()
    assert (status, attempts) == ("failed", 1)
    assert "TREADLE_EXECUTOR_NOTIFICATION_FROM_NUMBER is not set" in reason


@pytest.mark.parametrize("mode", ["hang", "accept_then_hang", "accept_then_reset"])
async def test_without_an_answer_it_is_unknown_and_never_sent_again(
    world: World, mode: str
) -> None:
    world.post.tell("twilio", mode)
    async with world.post.fleet(provider_timeout_seconds=0.3):
        await world.notify("sms")
        await world.bench.until(STATUS, "unknown")
        # Whatever the sweeps find: it is not this one.
        await asyncio.sleep(1)
    status, reason, attempts, *ended = await world.delivery()
    assert (status, attempts, ended) == ("unknown", 1, [True, True])
    assert "not sent again" in reason
    assert world.post.tried() == 1


async def test_a_claim_without_an_answer_is_unknown(world: World) -> None:
    """The executor was killed between claim and answer; NATS delivers the task again."""
    await world.notify("sms")
    await world.bench.until(STATUS, "pending")
    await world.bench.execute("UPDATE deliveries SET claimed = true")
    async with world.post.fleet():
        await world.bench.until(STATUS, "unknown")
    _, reason, *_ = await world.delivery()
    assert "may have been sent" in reason
    assert world.post.sent("twilio") == []


async def test_a_sweep_rings_for_what_an_engine_left_behind(
    database_url: str, nats_url: str
) -> None:
    async with (
        bench(database_url, nats_url) as surroundings,
        post(database_url, nats_url) as posting,
        executors(surroundings),
    ):
        await surroundings.start_engine(ringer=Deaf())
        world = await settled_in(surroundings, posting)
        await world.notify("sms")
        (engine,) = surroundings.engines
        await engine.stop()
        async with posting.fleet():
            await surroundings.start_engine()
            await asyncio.sleep(0.5)
            assert posting.sent("twilio") == []
            await surroundings.execute("UPDATE deliveries SET lease_until = now()")
            await surroundings.until(STATUS, "sent")
    assert len(posting.sent("twilio")) == 1


async def test_many_at_once_are_sent_once_each(world: World) -> None:
    many = 80
    home = await world.bench.seed([], contacts=many, account_id=world.home.account_id)
    await world.bench.execute(
        "UPDATE contacts SET owner_id = CAST(:owner AS uuid)", owner=world.owner
    )
    config: dict[str, Any] = {
        "recipient_type": "contact_owner",
        "channels": ["email", "sms"],
        "title": "Hot lead",
        "message": "Call",
    }
    seeded = await world.bench.seed(
        [Step("send_notification", config)], contacts=0, account_id=home.account_id
    )
    seeded.contact_ids = home.contact_ids
    world.post.tell("twilio", "429", count=30, retry_after=0)
    async with world.post.fleet(), world.post.fleet():
        await run(world.bench, seeded)
        await world.bench.until("SELECT count(*) FROM deliveries WHERE status = 'sent'", 2 * many)
    keys = Counter(
        message["custom_args"]["delivery_id"]
        for provider in ("sendgrid", "twilio")
        for message in world.post.sent(provider)
    )
    assert len(keys) == 2 * many
    assert set(keys.values()) == {1}


@pytest.fixture
async def hand(world: World) -> AsyncGenerator[HandExecutor]:
    """The test itself in place of the fleet."""
    executor = HandExecutor(world.bench, "communication")
    await executor.start()
    yield executor
    await executor.stop()


def answer_to(task: ActionTask, *, claimant: bool = True) -> ActionResult:
    result = result_for(task)
    result.delivery_id = task.delivery.id
    result.claimant = claimant
    return result


def success(task: ActionTask) -> ActionResult:
    result = answer_to(task)
    result.completed.provider_reference = "SM1"
    return result


def unknown(task: ActionTask, *, claimant: bool = True) -> ActionResult:
    result = answer_to(task, claimant=claimant)
    result.failed.error_class = ERROR_CLASS_UNKNOWN_OUTCOME
    result.failed.message = "no answer"
    return result


def busy(task: ActionTask) -> ActionResult:
    result = answer_to(task)
    result.failed.error_class = ERROR_CLASS_RATE_LIMIT
    result.failed.message = "too many"
    return result


async def test_an_answer_counts_once(world: World, hand: HandExecutor) -> None:
    await world.notify("sms")
    (task,) = await hand.take(1)
    assert not task.execution_id
    assert task.attempt_number == 1
    for _ in range(5):
        await hand.answer(success(task), success(task))
    await world.bench.until(STATUS, "sent")
    await hand.answer(busy(task), unknown(task))
    await asyncio.sleep(0.3)
    assert await world.delivery() == ("sent", None, 1, True, True)


async def test_a_retry_is_another_attempt(world: World, hand: HandExecutor) -> None:
    await world.notify("sms")
    (first,) = await hand.take(1)
    # The second comes after the delivery has moved on to another attempt.
    await hand.answer(busy(first), success(first))
    (second,) = await hand.take(1)
    assert second.attempt_id != first.attempt_id
    assert second.delivery == first.delivery
    assert second.attempt_number == 2
    await hand.answer(success(first))
    await asyncio.sleep(0.3)
    assert (await world.delivery())[:3] == ("pending", "too many", 1)
    await hand.answer(success(second))
    await world.bench.until(STATUS, "sent")
    assert await world.delivery() == ("sent", None, 2, True, True)


async def test_what_is_put_off_comes_when_it_is_due(world: World, hand: HandExecutor) -> None:
    await world.notify("sms")
    (first,) = await hand.take(1)
    put_off = answer_to(first, claimant=False)
    not_before = datetime.now(UTC) + timedelta(seconds=1)
    put_off.deferred.not_before.FromDatetime(not_before)
    put_off.deferred.reason = "away"
    await hand.answer(put_off)
    (second,) = await hand.take(1)
    assert datetime.now(UTC) >= not_before
    assert second.attempt_id != first.attempt_id
    assert second.attempt_number == 1


async def test_the_claimant_has_the_last_word(world: World, hand: HandExecutor) -> None:
    await world.notify("sms")
    (task,) = await hand.take(1)
    await world.bench.execute("UPDATE deliveries SET claimed = true")
    await hand.answer(unknown(task, claimant=False))
    await world.bench.until(STATUS, "unknown")
    await hand.answer(success(task))
    await world.bench.until(STATUS, "sent")
    assert await world.delivery() == ("sent", None, 1, True, True)


async def test_answers_that_mean_nothing_hold_up_nobody(world: World, hand: HandExecutor) -> None:
    await world.notify("sms", "email")
    first, second = await hand.take(2)
    nobody, garbled = success(first), success(first)
    nobody.delivery_id = str(new_id())
    garbled.delivery_id = "x"
    never, unstorable = busy(first), success(first)
    never.failed.retry_after.seconds = 315_576_000_000
    unstorable.completed.provider_reference = "SM\0"
    silent = answer_to(first)
    await hand.answer(garbled, nobody, silent, never, unstorable, success(second))
    await world.bench.until("SELECT count(*) FROM deliveries WHERE status = 'sent'", 1)
    await hand.answer(success(first))
    await world.bench.until("SELECT count(*) FROM deliveries WHERE status = 'sent'", 2)
