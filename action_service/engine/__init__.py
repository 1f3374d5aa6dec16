"""The engine role: results and events in, transactions, rings out. Any number may run."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from random import Random

from nats.aio.client import Client
from nats.js import JetStreamContext

from action_service.domain.retry import RetryTiming
from action_service.domain.unknown_sends import LookPolicy
from action_service.engine.batch import BatchProcessor
from action_service.engine.codec import TaskEncoder
from action_service.engine.dead_letters import CONSUMER as DEAD_LETTERS
from action_service.engine.dead_letters import DeadLetterStore, DeadLetterWorker
from action_service.engine.deliveries import DeliveryProcessor, DeliveryStore
from action_service.engine.dispatching import Dispatcher
from action_service.engine.event_arrivals import EventWaits, EventWaitStore
from action_service.engine.forgetting import Forgetting, SpentTimers
from action_service.engine.losses import Losses, LossStore
from action_service.engine.ports import EngineStore, EventPublisher, OptOuts, Ringer
from action_service.engine.reconciling import Reconciler, UnknownSendStore
from action_service.engine.sweeper import Sweeper
from action_service.engine.trigger_worker import CONSUMER, TriggerWorker
from action_service.engine.triggers import TriggerProcessor, TriggerStore
from action_service.engine.turns import Turns
from action_service.engine.worker import ResultWorker
from common.nats import (
    ACK_WAIT,
    ACTIONS,
    DEAD_EVENTS,
    DEAD_RESULTS,
    RESULTS,
    RESULTS_SUBJECT,
    ConsumerSpec,
    JetStreamTrials,
    Poison,
    PullConsumer,
    made_at,
    store_dead_letter,
)
from common.readiness import Check

__all__ = ["Engine", "EngineStores", "EngineTuning"]

_CONSUMER = ConsumerSpec(RESULTS, "engine-results", RESULTS_SUBJECT)
# Dead letters taken at once: each may be as large as a message can be.
_FEW = 64


@dataclass(frozen=True, slots=True)
class EngineTuning:
    """What operators may turn."""

    # Batches in flight at once: one waits for Postgres while another is being made.
    lanes: int = 2
    sweep_interval: timedelta = timedelta(seconds=2)
    retry_timing: RetryTiming = field(default_factory=RetryTiming)
    look_policy: LookPolicy = field(default_factory=LookPolicy)
    nats_replicas: int = 1
    nats_ack_wait: timedelta = ACK_WAIT


@dataclass(frozen=True, slots=True)
class EngineStores:
    """What the parts of the engine keep in the database."""

    executions: EngineStore
    deliveries: DeliveryStore
    triggers: TriggerStore
    unknown_sends: UnknownSendStore
    waits: EventWaitStore
    opt_outs: OptOuts
    spent_timers: SpentTimers
    dead_letters: DeadLetterStore
    losses: LossStore


class Engine:
    """Start it, and stop it to have begun batches finished and the rest given back."""

    def __init__(
        self,
        stores: EngineStores,
        ringer: Ringer,
        publisher: EventPublisher,
        nc: Client,
        js: JetStreamContext,
        tuning: EngineTuning,
        turns: Turns | None = None,
    ) -> None:
        turns = turns or Turns()
        encoder = TaskEncoder()
        processor = BatchProcessor(
            stores.executions,
            ringer,
            publisher,
            encoder,
            timing=tuning.retry_timing,
            rng=Random(),
            turns=turns,
        )
        delivering = DeliveryProcessor(
            stores.deliveries, ringer, timing=tuning.retry_timing, rng=Random()
        )
        self._reconciler = Reconciler(
            stores.unknown_sends,
            ringer,
            processor,
            delivering,
            policy=tuning.look_policy,
            interval=tuning.sweep_interval,
        )
        self._consumer = PullConsumer(
            nc,
            js,
            replace(_CONSUMER, ack_wait=tuning.nats_ack_wait),
            capacity=256,
            replicas=tuning.nats_replicas,
        )
        trials = JetStreamTrials(js, replicas=tuning.nats_replicas)
        self._workers = [
            ResultWorker(
                self._consumer,
                processor,
                delivering,
                self._reconciler,
                stores.opt_outs,
                Poison(partial(store_dead_letter, js, DEAD_RESULTS), trials),
            )
            for _ in range(tuning.lanes)
        ]
        self._events = PullConsumer(
            nc,
            js,
            replace(CONSUMER, ack_wait=tuning.nats_ack_wait),
            capacity=64,
            replicas=tuning.nats_replicas,
        )
        self._triggers = TriggerWorker(
            self._events,
            stores.triggers,
            TriggerProcessor(stores.triggers, ringer, encoder, turns),
            EventWaits(stores.waits, processor, ringer, encoder),
            Poison(partial(store_dead_letter, js, DEAD_EVENTS), trials),
        )
        self._dead = PullConsumer(
            nc,
            js,
            replace(DEAD_LETTERS, ack_wait=tuning.nats_ack_wait),
            capacity=_FEW,
            replicas=tuning.nats_replicas,
        )
        self._letters = DeadLetterWorker(self._dead, stores.dead_letters, js)
        # What tells whether it can work.
        self.checks: dict[str, Check] = {
            each.name: each.standing for each in (self._consumer, self._events, self._dead)
        }
        self._publisher = publisher
        self._sweep_interval = tuning.sweep_interval
        self._sweeper = Sweeper(
            stores.executions,
            ringer,
            encoder,
            delivering,
            Forgetting(stores.spent_timers, ringer),
            Losses(stores.losses),
            interval=tuning.sweep_interval,
            heard_since=partial(made_at, nc, js, ACTIONS),
        )
        self._dispatcher = Dispatcher(stores.executions, ringer, encoder, turns)
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begins to pull results and events, and to sweep."""
        await self._consumer.start()
        await self._events.start()
        await self._dead.start()
        self._tasks = [asyncio.create_task(worker.run()) for worker in self._workers]
        self._tasks.append(asyncio.create_task(self._triggers.run()))
        self._tasks.append(asyncio.create_task(self._letters.run()))
        self._tasks.append(asyncio.create_task(self._sweeper.run(self._stopping)))
        self._tasks.append(asyncio.create_task(self._dispatcher.run(self._stopping)))
        self._tasks.append(asyncio.create_task(self._reconciler.run(self._stopping)))
        publishing = self._publisher.run(self._stopping, sweep_interval=self._sweep_interval)
        self._tasks.append(asyncio.create_task(publishing))

    async def wait(self) -> None:
        """Returns when a part has ended; raises what ended it unless the engine is stopping."""
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def stop(self) -> None:
        """Finishes what has begun; the rest goes to other engines."""
        self._stopping.set()
        await self._consumer.stop()
        await self._events.stop()
        await self._dead.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)
