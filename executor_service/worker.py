"""Pulls one category's tasks and keeps hold of them until their results are stored.

Each category has a worker with slots of its own, so that a provider that hangs holds up no other
category. Nor does it hold up its own: a call that takes long gives its slot back, for tasks that
call somebody else; how many calls to one provider may be under way the gate knows.

Tasks of effect handlers run in one go as they come; the others run as coroutines, while the server
is told that they are still in progress.

A task that comes again and again without a result may be what brings executors down. It is tried
alone, with nothing else in hand, so that its neighbours do not share its fate (`common.nats.trials`
says how the two are told apart).
"""

import asyncio
import random
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol

from google.protobuf.message import DecodeError

from common.nats import NATS_TROUBLE, Delivery, Trials
from common.telemetry import extract, get_logger, traced
from executor_service.handlers.base import EffectHandler, IoHandler
from executor_service.metrics import Metrics
from executor_service.pipeline import Job, Pipeline, Stale
from executor_service.publisher import Finished, ResultPublisher
from treadle.dispatch.v1.result_pb2 import ActionResult
from treadle.dispatch.v1.task_pb2 import ActionTask

# Tasks taken up in one go: some milliseconds of work, after which the event loop gets its turn.
BATCH: Final = 256
# How soon another executor, perhaps a newer one, may try a task that this one does not know.
UNKNOWN_ACTION_DELAY_S: Final = 15.0
DEAD_LETTER_DELAY_S: Final = 30.0
# A task that has run for so long gives its slot back, while there are not many such.
SLOW_S: Final = 5.0
SLOW_PER_SLOT: Final = 3

_log = get_logger(__name__)


class TaskSource(Protocol):
    """The pull consumer of a category (`common.nats.PullConsumer`)."""

    async def start(self) -> None:
        """Begins to ask for tasks."""
        ...

    async def stop(self) -> None:
        """Stops asking, and gives back what was not taken."""
        ...

    async def next_batch(self, max_messages: int) -> list[Delivery]:
        """What is there, at least one; empty once stopped."""
        ...

    async def flush(self) -> None:
        """Returns once the server has heard what was said of tasks, or cannot be reached."""
        ...


class DeadLetters(Protocol):
    """Where tasks go that are given up."""

    async def store(self, category: str, delivery: Delivery, reason: str) -> None:
        """Returns once the task is kept; raises what NATS raises."""
        ...


@dataclass(slots=True)
class _InHand:
    """A task being run: all its deliveries, and its coroutine."""

    deliveries: list[Delivery]
    job: "asyncio.Task[None] | None" = None
    finished: bool = field(default=False)
    has_slot: bool = field(default=True)


class _Suspect(NamedTuple):
    """A task that has come too often."""

    delivery: Delivery
    task: ActionTask
    job: Job


class CategoryWorker:
    """Runs one category: `start`, then `run`, which returns after `stop`."""

    def __init__(
        self,
        category: str,
        *,
        source: TaskSource,
        pipeline: Pipeline,
        publisher: ResultPublisher,
        dead_letters: DeadLetters,
        trials: Trials,
        metrics: Metrics,
        slots: int,
        max_deliver: int,
        heartbeat_s: float = 10.0,
        slow_s: float = SLOW_S,
    ) -> None:
        self.category = category
        self._source = source
        self._pipeline = pipeline
        self._publisher = publisher
        self._dead_letters = dead_letters
        self._trials = trials
        self._metrics = metrics
        self._slots = slots
        self._max_deliver = max_deliver
        self._heartbeat_s = heartbeat_s
        self._slow_s = slow_s
        self._takes_calls = pipeline.has_calls(category)
        self._in_hand: dict[str, _InHand] = {}
        self._running = 0
        # Of these, those without a slot.
        self._slow = 0
        self._slot_freed = asyncio.Event()
        # Batches of effects whose results are not stored yet.
        self._unsettled = 0
        # Those that wait to be tried alone.
        self._suspects: list[_Suspect] = []
        self._odd_jobs: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begins to ask for tasks."""
        await self._source.start()

    async def run(self) -> None:
        """Takes tasks until stopped, then waits for those it has begun."""
        heartbeats = asyncio.create_task(self._send_heartbeats())
        try:
            while True:
                await self._publisher.room()
                while self._busy_slots() >= self._slots:
                    self._slot_freed.clear()
                    await self._slot_freed.wait()
                batch = await self._source.next_batch(self._wanted())
                if not batch:
                    break
                self._take_up(batch)
                if self._suspects:
                    await self._try_suspects()
                # Results get out and signals in between batches, however many tasks are waiting.
                await asyncio.sleep(0)
            await self._finish_all()
        finally:
            heartbeats.cancel()

    async def stop(self) -> None:
        """Takes no more tasks; what has been begun goes on."""
        await self._source.stop()

    async def abandon(self) -> None:
        """Gives back what is still running. A claimed send becomes an unknown outcome elsewhere."""
        entries = [entry for entry in self._in_hand.values() if not entry.finished]
        for entry in entries:
            if entry.job is not None:
                entry.job.cancel()
        for entry in entries:
            for delivery in entry.deliveries:
                await delivery.nak()
        while self._suspects:
            await self._suspects.pop().delivery.nak()
        if entries:
            _log.warning("tasks_abandoned", category=self.category, tasks=len(entries))

    def _wanted(self) -> int:
        return self._slots - self._busy_slots() if self._takes_calls else BATCH

    def _busy_slots(self) -> int:
        return self._running - self._slow

    def _take_up(self, batch: list[Delivery]) -> None:
        """Runs the effect handlers' tasks, begins the others."""
        pipeline = self._pipeline
        finished: list[Finished] = []
        for delivery in batch:
            task = _parse(delivery)
            if task is None:
                self._spawn(self._bury(delivery))
                continue
            job = pipeline.job_of(task)
            came_too_often = delivery.num_delivered > self._max_deliver
            if job is None:
                self._spawn((self._give_up if came_too_often else self._hand_back)(delivery, task))
            elif came_too_often:
                self._suspects.append(_Suspect(delivery, task, job))
            elif isinstance(handler := job.handler, EffectHandler):
                finished.append(self._applied(job, handler, task, delivery))
            else:
                self._begin(job, handler, task, delivery)
        if finished:
            self._store(finished)

    def _applied(
        self, job: Job, handler: EffectHandler[Any], task: ActionTask, delivery: Delivery
    ) -> Finished:
        # What is no template is the same rendered, and need not be.
        markup = b"{{" in delivery.data or b"{%" in delivery.data
        return Finished((delivery,), self._pipeline.apply(job, handler, task, markup=markup))

    def _store(self, effects: list[Finished]) -> None:
        def settled() -> None:
            self._unsettled -= 1
            self._slot_freed.set()

        self._unsettled += 1
        # Results are stored in the order of their coming: with the last all are.
        effects[-1] = effects[-1]._replace(settled=settled)
        self._publisher.put_all(effects)
        self._metrics.flush()

    async def _try_suspects(self) -> None:
        """Tries each alone, in any order: those that one dies of are not always the same."""
        random.shuffle(self._suspects)
        while self._suspects:
            await self._idle()
            if not self._suspects:
                # Given back meanwhile.
                return
            delivery, task, job = self._suspects.pop()
            try:
                async with self._trials.alone(task.attempt_id.encode()) as may_be_tried:
                    if may_be_tried:
                        await self._try(delivery, task, job)
                    else:
                        await self._give_up(delivery, task)
            except NATS_TROUBLE as error:
                _log.warning("trial_failed", error=type(error).__name__)
                with suppress(*NATS_TROUBLE):
                    await delivery.nak(DEAD_LETTER_DELAY_S)

    async def _try(self, delivery: Delivery, task: ActionTask, job: Job) -> None:
        _log.warning("tried_alone", category=self.category, attempt_id=task.attempt_id)
        if isinstance(handler := job.handler, EffectHandler):
            self._store([self._applied(job, handler, task, delivery)])
        else:
            self._begin(job, handler, task, delivery)
        await self._idle()

    async def _idle(self) -> None:
        """Waits until nothing is in hand, and the server knows."""
        while self._in_hand or self._unsettled:
            self._slot_freed.clear()
            await self._slot_freed.wait()
        await self._source.flush()

    def _begin(
        self, job: Job, handler: IoHandler[Any], task: ActionTask, delivery: Delivery
    ) -> None:
        entry = self._in_hand.get(task.attempt_id)
        if entry is not None:
            # Delivered again although it is being run here: one run answers for both.
            entry.deliveries.append(delivery)
            return
        entry = _InHand([delivery])
        self._in_hand[task.attempt_id] = entry
        self._count_running(+1)
        entry.job = asyncio.create_task(self._run_one(job, handler, task, entry))

    async def _run_one(
        self, job: Job, handler: IoHandler[Any], task: ActionTask, entry: _InHand
    ) -> None:
        patience = asyncio.get_running_loop().call_later(self._slow_s, self._let_go, entry)
        try:
            with traced(extract(entry.deliveries[0].headers or {})):
                result = await self._pipeline.run(job, handler, task)
        finally:
            patience.cancel()
            self._slow -= not entry.has_slot
            self._count_running(-1)
        if isinstance(result, Stale):
            del self._in_hand[task.attempt_id]
            for delivery in entry.deliveries:
                await delivery.ack()
            self._slot_freed.set()
            return
        entry.finished = True
        self._publisher.put_all([self._finished(task.attempt_id, entry, result)])

    def _let_go(self, entry: _InHand) -> None:
        """Gives the slot of a slow task to another."""
        if self._slow < SLOW_PER_SLOT * self._slots:
            entry.has_slot = False
            self._slow += 1
            self._slot_freed.set()

    def _finished(self, attempt_id: str, entry: _InHand, result: ActionResult) -> Finished:
        # Still in hand until its result is stored, so that it is neither run again nor given up.
        def settled() -> None:
            del self._in_hand[attempt_id]
            self._slot_freed.set()

        return Finished(entry.deliveries, result, settled)

    def _count_running(self, change: int) -> None:
        self._running += change
        self._metrics.flush()
        self._metrics.in_hand(self.category, self._running)
        self._slot_freed.set()

    async def _send_heartbeats(self) -> None:
        while True:
            await asyncio.sleep(self._heartbeat_s)
            held = [each for entry in self._in_hand.values() for each in entry.deliveries]
            for delivery in (*held, *(suspect.delivery for suspect in self._suspects)):
                with suppress(*NATS_TROUBLE):
                    await delivery.in_progress()

    async def _finish_all(self) -> None:
        jobs = [entry.job for entry in self._in_hand.values() if entry.job is not None]
        await asyncio.gather(*jobs, *self._odd_jobs, return_exceptions=True)

    def _spawn(self, job: Coroutine[None, None, None]) -> None:
        odd_job = asyncio.create_task(job)
        self._odd_jobs.add(odd_job)
        odd_job.add_done_callback(self._odd_jobs.discard)

    async def _bury(self, delivery: Delivery) -> None:
        """Gives up a message that is no task: nobody can be told, so it is kept for people."""
        if await self._store_dead(delivery, "not a task"):
            await delivery.term()

    async def _give_up(self, delivery: Delivery, task: ActionTask) -> None:
        """Ends a task that nobody has a result for however often it is delivered."""
        if await self._store_dead(delivery, "delivered too often"):
            message = f"given up after {delivery.num_delivered - 1} deliveries without a result"
            self._publisher.put_all([Finished((delivery,), self._pipeline.give_up(task, message))])

    async def _store_dead(self, delivery: Delivery, reason: str) -> bool:
        try:
            await self._dead_letters.store(self.category, delivery, reason)
        except NATS_TROUBLE as error:
            _log.warning("dead_letter_failed", error=type(error).__name__)
            await delivery.nak(DEAD_LETTER_DELAY_S)
            return False
        self._metrics.dead_letter(self.category)
        _log.error("dead_letter", category=self.category, subject=delivery.subject, reason=reason)
        return True

    async def _hand_back(self, delivery: Delivery, task: ActionTask) -> None:
        _log.warning("unknown_action", category=self.category, attempt_id=task.attempt_id)
        await delivery.nak(UNKNOWN_ACTION_DELAY_S)


def _parse(delivery: Delivery) -> ActionTask | None:
    """The task; None for anything that cannot be one (most bytes parse as some message)."""
    try:
        task = ActionTask.FromString(delivery.data)
    except DecodeError:
        return None
    has_purpose = task.execution_id or task.HasField("delivery") or task.HasField("lookup")
    return task if task.attempt_id and task.account_id and has_purpose else None
