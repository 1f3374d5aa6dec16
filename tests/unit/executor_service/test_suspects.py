"""Tasks that kill their executor are given up, and their neighbours are not given up with them."""

import asyncio
import random
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry

from common.catalogue import catalogue
from common.clock import SYSTEM_CLOCK
from common.nats import Delivery
from common.nats.trials import MOST_DEATHS
from executor_service.domain.outcome import Completed, Outcome
from executor_service.gate import Gate
from executor_service.handlers.base import Call, EffectHandler, IoHandler, Step
from executor_service.metrics import Metrics
from executor_service.pipeline import Action, Pipeline
from executor_service.publisher import ResultPublisher
from executor_service.worker import CategoryWorker
from tests.support.permits import MemoryPermits
from tests.support.poison import Killed, MemoryTrials, lives
from tests.unit.executor_service.handlers.memory import MemoryLedger
from treadle.dispatch.v1.result_pb2 import ActionResult, ActionResultBatch
from treadle.dispatch.v1.task_pb2 import ActionTask

DEADLY = "deadly"
MAX_DELIVER = 3


class Message:
    """A task in the stream."""

    def __init__(self, stream: "Stream", name: str, action_type: str) -> None:
        self._stream = stream
        self.task = ActionTask(attempt_id=name, account_id="a", execution_id=name)
        getattr(self.task.config, action_type).SetInParent()
        self.data = self.task.SerializeToString()
        self.subject = "treadle.actions.any"
        self.headers = None
        self.num_delivered = 0

    async def ack(self) -> None:
        self._stream.left.discard(self)
        self._stream.changed.set()

    async def in_progress(self) -> None: ...

    async def nak(self) -> None: ...


class Stream:
    """Hands out, in any order, all that is left: to one process after the other."""

    def __init__(self, action_type: str, names: list[str]) -> None:
        self.left = {Message(self, name, action_type) for name in names}
        self.changed = asyncio.Event()
        self._handed: list[Message] = []

    def hand_out(self) -> None:
        self._handed = list(self.left)
        random.shuffle(self._handed)
        for message in self._handed:
            message.num_delivered += 1

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def flush(self) -> None: ...

    async def next_batch(self, max_messages: int) -> list[Delivery]:
        while not self._handed:
            if not self.left:
                return []
            self.changed.clear()
            await self.changed.wait()
        batch, self._handed = self._handed[:max_messages], self._handed[max_messages:]
        return cast("list[Delivery]", batch)


class Effect(EffectHandler[Any]):
    """Dies in the midst of a batch."""

    def apply(self, task: ActionTask, config: Any) -> Outcome:
        if task.attempt_id.startswith(DEADLY):
            raise Killed
        return Completed()


class Io(IoHandler[Any]):
    """Dies while other calls are under way."""

    def __init__(self, killed: asyncio.Event) -> None:
        self._killed = killed

    async def prepare(self, step: Step[Any]) -> Call:
        async def call() -> Outcome:
            await asyncio.sleep(0)
            if step.task.attempt_id.startswith(DEADLY):
                self._killed.set()
                await asyncio.Future[None]()
            await asyncio.sleep(0)
            return Completed()

        return call

    def peer(self, config: Any) -> str:
        return ""


class Fleet:
    """One process after the other, and what becomes of the tasks."""

    def __init__(self, action_type: str, names: list[str]) -> None:
        self.stream = Stream(action_type, names)
        self.trials = MemoryTrials()
        self.results: dict[str, ActionResult] = {}
        self.dead: set[str] = set()
        self._action_type = action_type

    async def store(self, category: str, delivery: Delivery, reason: str) -> None:
        self.dead.add(ActionTask.FromString(delivery.data).attempt_id)

    async def _publish(self, payload: bytes, message_id: str) -> None:
        for result in ActionResultBatch.FromString(payload).results:
            self.results[result.attempt_id] = result

    async def live(self) -> None:
        """A process's life; raises Killed."""
        self.stream.hand_out()
        killed = asyncio.Event()
        publisher = ResultPublisher(self._publish)
        worker = self._worker(publisher, killed)
        jobs = [asyncio.create_task(job) for job in (worker.run(), killed.wait())]
        publishing = asyncio.create_task(publisher.run())
        await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
        running = jobs[0]
        for job in (*jobs, publishing):
            job.cancel()
        await asyncio.wait((*jobs, publishing))
        await worker.abandon()
        if killed.is_set():
            raise Killed
        await running

    def _worker(self, publisher: ResultPublisher, killed: asyncio.Event) -> CategoryWorker:
        spec = catalogue().get(self._action_type)
        handler = Effect() if self._action_type == "add_tag" else Io(killed)
        metrics = Metrics(CollectorRegistry())
        return CategoryWorker(
            spec.category,
            source=self.stream,
            pipeline=Pipeline(
                {spec.type: Action(spec, handler)},
                ledger=MemoryLedger(),
                gate=Gate(MemoryPermits(), SYSTEM_CLOCK, at_a_time=64),
                clock=SYSTEM_CLOCK,
                metrics=metrics,
            ),
            publisher=publisher,
            dead_letters=self,
            trials=self.trials,
            metrics=metrics,
            slots=64,
            max_deliver=MAX_DELIVER,
        )


@pytest.mark.parametrize("action_type", ["add_tag", "webhook_call"])
@pytest.mark.parametrize("deadly", [1, 3])
async def test_those_that_kill_are_given_up_and_no_other(action_type: str, deadly: int) -> None:
    innocents = {f"innocent {n}" for n in range(100)}
    killers = {f"{DEADLY} {n}" for n in range(deadly)}
    fleet = Fleet(action_type, [*innocents, *killers])
    # All that one has in hand dies with it, until those that come too often are tried alone.
    assert await lives(fleet.live) <= MAX_DELIVER + MOST_DEATHS * deadly + 1
    assert fleet.dead == killers
    outcomes = {name: each.WhichOneof("outcome") for name, each in fleet.results.items()}
    assert outcomes == dict.fromkeys(innocents, "completed") | dict.fromkeys(killers, "failed")


async def test_only_those_that_come_too_often_are_tried_alone() -> None:
    fleet = Fleet("add_tag", [f"innocent {n}" for n in range(100)])
    assert await lives(fleet.live) == 1
    assert fleet.trials.tried == []
