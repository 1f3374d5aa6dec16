"""The executor on a real nats-server: results, dead letters, bulkheads, lost connections."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

from nats.aio.msg import Msg
from prometheus_client import CollectorRegistry

from common.catalogue import catalogue
from common.clock import SYSTEM_CLOCK
from common.nats import (
    ACTIONS,
    DEAD,
    ConsumerSpec,
    JetStreamTrials,
    Outgoing,
    PullConsumer,
    action_consumer,
    publish_one,
)
from common.nats.streams import ensure_consumer
from common.nats.trials import MOST_DEATHS
from devstack.nats import NatsServer
from executor_service.adapters.dead_letters import JetStreamDeadLetters
from executor_service.adapters.providers import sms_gateways
from executor_service.fleet import run_fleet
from executor_service.gate import Gate
from executor_service.handlers.communication.send_sms import SendSmsHandler
from executor_service.metrics import Metrics
from executor_service.pipeline import Action, Pipeline
from executor_service.ports import ClaimDecision, Refused
from executor_service.publisher import ResultPublisher, jetstream_publisher
from executor_service.settings import ExecutorSettings
from executor_service.worker import UNKNOWN_ACTION_DELAY_S, CategoryWorker
from tests.integration.executor_service.world import SECRET, SMS, TEMPLATE_ID, World, until
from tests.support.permits import MemoryPermits
from tests.unit.executor_service.handlers.memory import MemoryCredentials, MemoryLedger
from treadle.dispatch.v1.task_pb2 import ActionTask
from treadle.execution.v1.execution_pb2 import ErrorClass

EMAIL = {
    "template_id": TEMPLATE_ID,
    "subject": "Hi",
    "from_name": "Bakery",
    "from_email": "b@example.com",
    "purpose": "transactional",
}


async def test_every_task_gets_one_result_and_is_acked(around: World) -> None:
    tasks = [around.task("add_tag", {"tag_name": f"t{n}"}) for n in range(2_000)]
    async with around.executor("crm"):
        await around.ring(tasks)
        results = await around.have_results(len(tasks))
        await around.no_tasks_left()
    assert Counter(result.attempt_id for result in results) == Counter(
        task.attempt_id for task in tasks
    )
    assert {result.WhichOneof("outcome") for result in results} == {"completed"}
    tags = {result.attempt_id: result.completed.effects[0].add_tag.tag_name for result in results}
    assert tags == {task.attempt_id: task.config.add_tag.tag_name for task in tasks}
    assert around.messages < len(tasks) / 10, "results travel in batches"


async def test_every_category_sends_through_its_provider(around: World) -> None:
    webhook = {"url": around.url + "/sink/crm", "method": "POST", "payload": {"n": 1}}
    tasks = [
        around.task("send_email", EMAIL),
        around.task("send_sms", SMS),
        around.task("webhook_call", webhook),
        around.task("update_contact", {"field_updates": [{"field": "first_name", "value": "B"}]}),
    ]
    async with around.executor("communication", "crm", "internal"):
        await around.ring(tasks)
        results = await around.have_results(4)
    assert [result.WhichOneof("outcome") for result in results] == ["completed"] * 4, results
    assert len(around.sent("sendgrid")) == len(around.sent("twilio")) == 1
    assert len(around.sent("sink")) == 1
    assert sorted(claim for call in around.ledger.calls for claim in call) == sorted(
        task.attempt_id for task in tasks[:2]
    )


async def test_takes_the_tasks_of_its_categories_only(around: World) -> None:
    tasks = [around.task("add_tag", {"tag_name": "a"}), around.task("send_sms", SMS)]
    async with around.executor("crm"):
        await around.ring(tasks)
        await around.have_results(1)
        await around.until_tasks_left(1)
    assert await around.tasks_left() == 1
    assert [result.attempt_id for result in around.results] == [tasks[0].attempt_id]


async def test_what_is_no_task_becomes_a_dead_letter(around: World) -> None:
    subject = catalogue().get("add_tag").subject
    for number, data in enumerate((b"\xff\xff", b"", b'{"json": true}')):
        await publish_one(around.js, Outgoing(subject, data, f"bad-{number}"))
    good = around.task("add_tag", {"tag_name": "a"})
    async with around.executor("crm"):
        await around.ring([good])
        await around.have_results(1)
        await around.no_tasks_left()
    dead = await around.js.get_last_msg(DEAD.name, "treadle.dead.actions.crm")
    assert (await around.js.stream_info(DEAD.name)).state.messages == 3
    assert dead.headers is not None
    assert dead.headers["Treadle-Subject"] == subject


async def test_task_that_executors_die_of_ends_visibly(around: World) -> None:
    task = around.task("add_tag", {"tag_name": "a"})
    await _deliver_in_vain(around, task, "crm")
    await _die_of(around, task)
    await _deliver_in_vain(around, task, "crm")
    async with around.executor("crm", max_deliver=2):
        (result,) = await around.have_results(1)
        await around.no_tasks_left()
    assert result.attempt_id == task.attempt_id
    assert result.failed.error_class == ErrorClass.ERROR_CLASS_INTERNAL
    assert "deliveries without a result" in result.failed.message
    dead = await around.js.get_last_msg(DEAD.name, "treadle.dead.actions.crm")
    assert dead.data == task.SerializeToString()


async def test_dead_letter_of_a_webhook_holds_no_credentials(around: World) -> None:
    webhook = {
        "url": around.url + "/sink/crm",
        "method": "POST",
        "auth_type": "bearer",
        "auth_config": {"token": "s3cret"},
    }
    task = around.task("webhook_call", webhook)
    await _deliver_in_vain(around, task, "internal")
    await _die_of(around, task)
    async with around.executor("internal", max_deliver=1):
        await around.have_results(1)
    dead = await around.js.get_last_msg(DEAD.name, "treadle.dead.actions.internal")
    assert dead.data is not None
    assert b"s3cret" not in dead.data
    assert ActionTask.FromString(dead.data).attempt_id == task.attempt_id


async def test_send_that_is_given_up_may_have_been_sent(around: World) -> None:
    task = around.task("send_sms", SMS)
    await _deliver_in_vain(around, task, "communication")
    await _die_of(around, task)
    async with around.executor("communication", max_deliver=1):
        (result,) = await around.have_results(1)
    assert result.failed.error_class == ErrorClass.ERROR_CLASS_UNKNOWN_OUTCOME
    assert not result.claimant


async def test_redelivery_of_a_claimed_send_does_not_speak_for_the_claimant(
    around: World,
) -> None:
    around.tell("sendgrid", "accept_then_hang")
    task = around.task("send_email", EMAIL)
    async with around.executor("communication", finish_s=0.1):
        await around.ring([task])
        await around.sent_some("sendgrid", 1)
    around.contacts.away = True
    async with around.executor("communication"):
        (result,) = await around.have_results(1)
        await around.no_tasks_left()
    assert result.WhichOneof("outcome") == "deferred"
    assert not result.claimant
    assert around.ledger.calls == [[task.attempt_id]]
    assert len(around.sent("sendgrid")) == 1


async def test_tasks_that_only_shared_the_fate_of_others_are_run_alone(around: World) -> None:
    effect = around.task("add_tag", {"tag_name": "a"})
    webhook = {"url": around.url + "/sink/crm", "method": "POST", "payload": {"n": 1}}
    calls = [around.task("webhook_call", webhook) for _ in range(3)]
    await _deliver_in_vain(around, effect, "crm")
    for call in calls:
        await _deliver_in_vain(around, call, "internal")
    async with around.executor("crm", "internal", max_deliver=1):
        results = await around.have_results(4)
        await around.no_tasks_left()
    assert [each.WhichOneof("outcome") for each in results] == ["completed"] * 4, results
    spans = sorted((r.started_at.ToDatetime(), r.finished_at.ToDatetime()) for r in results)
    assert all(finished <= started for (_, finished), (started, _) in pairwise(spans))
    assert (await around.js.stream_info("TREADLE_TRIALS")).state.messages == 0
    assert (await around.js.stream_info(DEAD.name)).state.messages == 0


async def _die_of(around: World, task: ActionTask) -> None:
    """Leaves what executors leave that die, again and again, while nothing else is in hand."""
    for _ in range(MOST_DEATHS):
        trial = JetStreamTrials(around.js).alone(task.attempt_id.encode())
        assert await trial.__aenter__()
        around.unfinished.append(trial)


async def _deliver_in_vain(around: World, task: ActionTask, category: str) -> None:
    await around.ring([task])
    spec = action_consumer(f"executor-{category}", category)
    consumer = PullConsumer(around.nc, around.js, spec)
    await consumer.start()
    (delivery,) = await consumer.next_batch(1)
    await delivery.nak()
    await consumer.stop()


async def test_task_of_an_unknown_action_is_left_to_others(around: World) -> None:
    task = around.task("wait_time", {"duration": 1, "unit": "minutes"})
    subject = catalogue().get("add_tag").subject
    await publish_one(around.js, Outgoing(subject, task.SerializeToString(), task.attempt_id))
    given_back: list[bytes] = []

    async def note(message: Msg) -> None:
        given_back.append(message.data)

    await around.nc.subscribe("$JS.ACK.*.executor-crm.>", cb=note)
    async with around.executor("crm"):
        await until(lambda: bool(given_back))
    # Not at once: it would go to and fro.
    delay = int(UNKNOWN_ACTION_DELAY_S * 1_000_000_000)
    assert given_back == [b'-NAK {"delay":%d}' % delay]
    assert await around.tasks_left() == 1
    assert not around.results


async def test_provider_that_hangs_holds_up_nobody_else(around: World) -> None:
    around.tell("twilio", "hang")
    patient = {"concurrency": 2, "provider_timeout_seconds": 300}
    async with around.executor("communication", "crm", finish_s=0.1, **patient):
        await around.ring([around.task("send_sms", SMS) for _ in range(10)])
        await until(lambda: sum(map(len, around.ledger.calls)) == 2)
        tasks = [around.task("add_tag", {"tag_name": "a"}) for _ in range(500)]
        await around.ring(tasks)
        wanted = {task.attempt_id for task in tasks}
        # Messages may have been put off meanwhile, which is an answer too.
        await until(lambda: wanted <= {result.attempt_id for result in around.results})
    completed = {r.attempt_id for r in around.results if r.WhichOneof("outcome") == "completed"}
    assert completed == wanted


async def test_concurrency_is_bounded(around: World) -> None:
    around.tell("twilio", "slow", delay_ms=150)
    async with around.executor("communication", concurrency=3):
        await around.ring([around.task("send_sms", SMS) for _ in range(9)])
        results = await around.have_results(9)
    spans = [(r.started_at.ToDatetime(), r.finished_at.ToDatetime()) for r in results]
    for start, _ in spans:
        assert sum(begin <= start < end for begin, end in spans) <= 3


async def test_results_survive_a_restart_of_the_server(
    around: World, nats_server: NatsServer
) -> None:
    around.tell("twilio", "slow", delay_ms=500)
    async with around.executor("communication"):
        task = around.task("send_sms", SMS)
        await around.ring([task])
        await around.ledger.called.wait()
        nats_server.kill()
        await around.sent_some("twilio", 1)
        nats_server.start()
        results = await around.have_results(1)
        # The connection works as before.
        await around.ring([around.task("send_sms", SMS)])
        await around.have_results(2)
    assert results[0].attempt_id == task.attempt_id
    assert results[0].WhichOneof("outcome") == "completed"
    assert len(around.sent("twilio")) == 2


async def test_long_work_is_not_delivered_again(around: World) -> None:
    told: Counter[str] = Counter()

    async def note(message: Msg) -> None:
        told[message.subject.split(".")[_SEQUENCE]] += message.data == b"+WPI"

    await around.nc.subscribe("$JS.ACK.*.executor-short.>", cb=note)
    ledger = _SlowLedger()
    # The first is under way, the second waits in the consumer; the server hears of both in time.
    async with _short_patience(around, ledger, slots=1, heartbeat_s=0.3):
        await around.ring([around.task("send_sms", SMS) for _ in range(2)])
        await until(lambda: len(told) == 2 and min(told.values()) > 3)
        assert not around.results
        ledger.answers.set()
        await around.have_results(2)
    assert len(around.sent("twilio")) == 2


async def test_what_comes_again_while_it_is_run_is_run_once(around: World) -> None:
    ledger = _SlowLedger()
    async with _short_patience(around, ledger, slots=2, heartbeat_s=60):
        await around.ring([around.task("send_sms", SMS)])
        async with asyncio.timeout(60):
            while await _deliveries(around) < 2:  # noqa: ASYNC110 - the server sets no event
                await asyncio.sleep(0.02)
        await ensure_consumer(around.js, replace(_SHORT, ack_wait=timedelta(minutes=1)))
        ledger.answers.set()
        (result,) = await around.have_results(1)
        await around.no_tasks_left()
    assert result.WhichOneof("outcome") == "completed"
    assert len(around.sent("twilio")) == len(around.results) == 1


_SHORT = ConsumerSpec(
    ACTIONS, "executor-short", "treadle.actions.communication.>", ack_wait=timedelta(seconds=1)
)
# Where in the subject of an acknowledgement the stream's number of the message is.
_SEQUENCE = 5


class _SlowLedger(MemoryLedger):
    """Answers once it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = asyncio.Event()

    async def claim(self, **claim: Any) -> ClaimDecision | Refused:
        await self.answers.wait()
        return await super().claim(**claim)


@asynccontextmanager
async def _short_patience(
    around: World, ledger: MemoryLedger, *, slots: int, heartbeat_s: float
) -> AsyncGenerator[None]:
    """A worker for text messages whose tasks are delivered again after a second."""
    settings = ExecutorSettings(
        jwt_secret=SECRET,
        twilio_account_sid="AC" + "0" * 32,
        twilio_auth_token=SECRET,
        twilio_base_url=around.url,
    )
    metrics = Metrics(CollectorRegistry())
    handler = SendSmsHandler(sms_gateways(settings, MemoryCredentials()), SYSTEM_CLOCK)
    publisher = ResultPublisher(jetstream_publisher(around.js))
    worker = CategoryWorker(
        "communication",
        source=PullConsumer(around.nc, around.js, _SHORT, capacity=2),
        pipeline=Pipeline(
            {"send_sms": Action(catalogue().get("send_sms"), handler)},
            ledger=ledger,
            gate=Gate(MemoryPermits(), SYSTEM_CLOCK, at_a_time=slots),
            clock=SYSTEM_CLOCK,
            metrics=metrics,
        ),
        publisher=publisher,
        dead_letters=JetStreamDeadLetters(around.js),
        trials=JetStreamTrials(around.js),
        metrics=metrics,
        slots=slots,
        max_deliver=5,
        heartbeat_s=heartbeat_s,
        slow_s=60,
    )
    await ensure_consumer(around.js, _SHORT)
    stop = asyncio.Event()
    job = asyncio.create_task(run_fleet([worker], publisher, stop))
    try:
        yield
    finally:
        stop.set()
        await job


async def _deliveries(around: World) -> int:
    info = await around.js.consumer_info(ACTIONS.name, _SHORT.durable)
    assert info.delivered is not None
    return info.delivered.consumer_seq
