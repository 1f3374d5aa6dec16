"""The other side of the scheduler for its tests: what the engine and the executors do to it."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from nats.aio.client import Client
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from common.ids import new_id
from common.nats import (
    DELAY_SUBJECT,
    Outgoing,
    PullConsumer,
    publish_all,
)
from scheduler_service.domain.timer import NewTimer, TimerKind
from tests.support.waiting import until
from treadle.catalog.v1.wait_time_pb2 import WaitTimeConfig, WaitUnit
from treadle.dispatch.v1.result_pb2 import ActionResult, ActionResultBatch
from treadle.dispatch.v1.task_pb2 import ActionTask, DelayedTask
from treadle.workflow.v1.action_pb2 import ActionConfig

WAIT_SUBJECT = "treadle.actions.timing.wait_time"
ACCOUNT = uuid4()
BRING_FORWARD = "UPDATE scheduler.timers SET due_at = now(), fire_at = now()"


def wait_task(seconds: int, *, ready_at: datetime, account: UUID = ACCOUNT) -> ActionTask:
    """A wait step that has just been reached."""
    config = WaitTimeConfig(duration=seconds, unit=WaitUnit.WAIT_UNIT_SECONDS)
    return ActionTask(
        attempt_id=str(new_id()),
        action_execution_id=str(new_id()),
        execution_id=str(new_id()),
        account_id=str(account),
        attempt_number=1,
        config=ActionConfig(wait_time=config),
        ready_at=ready_at,
    )


def delayed_task(not_before: datetime, *, account: UUID = ACCOUNT) -> DelayedTask:
    """An attempt that may run only from an instant on."""
    task = wait_task(1, ready_at=not_before, account=account)
    task.ClearField("config")
    task.ClearField("ready_at")
    return DelayedTask(task=task, not_before=not_before)


def new_timer(due_at: datetime, **changes: Any) -> NewTimer:
    """A timer that is as good as any."""
    values: dict[str, Any] = {
        "attempt_id": new_id(),
        "account_id": ACCOUNT,
        "kind": TimerKind.WAIT,
        "execution_id": new_id(),
        "action_execution_id": new_id(),
        "due_at": due_at,
        "planned_at": due_at,
        "payload": b"",
    }
    return NewTimer(**(values | changes))


@dataclass
class Engine:
    """The other side: rings for steps, and hears the answers. It has the database's clock."""

    database: AsyncEngine
    nc: Client
    results: list[ActionResult] = field(default_factory=list[ActionResult])
    heard_at: dict[str, datetime] = field(default_factory=dict[str, datetime])

    async def now(self) -> datetime:
        """The database's clock."""
        async with self.database.connect() as connection:
            return (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()

    async def timers(self) -> int:
        """How many timers there are."""
        async with self.database.connect() as connection:
            return (await connection.execute(text("SELECT count(*) FROM timers"))).scalar_one()

    async def until_timers(self, count: int) -> None:
        """Waits for there to be so many: a timer goes a moment after its message."""
        async with asyncio.timeout(60):
            while await self.timers() != count:  # noqa: ASYNC110 - rows set no event
                await asyncio.sleep(0.01)

    async def bring_forward(self) -> datetime:
        """Makes every timer due at once; returns the instant."""
        async with self.database.begin() as connection:
            return (
                (await connection.execute(text(f"{BRING_FORWARD} RETURNING due_at")))
                .scalars()
                .all()[0]
            )

    async def ring_waits(self, tasks: Sequence[ActionTask]) -> None:
        """Publishes wait steps."""
        await self._publish(
            [Outgoing(WAIT_SUBJECT, task.SerializeToString(), str(uuid4())) for task in tasks]
        )

    async def hold_back(self, tasks: Sequence[DelayedTask]) -> None:
        """Publishes tasks for later."""
        await self._publish(
            [Outgoing(DELAY_SUBJECT, task.SerializeToString(), str(uuid4())) for task in tasks]
        )

    async def publish(self, subject: str, payload: bytes) -> None:
        """Publishes anything."""
        await self._publish([Outgoing(subject, payload, str(uuid4()))])

    async def _publish(self, messages: Sequence[Outgoing]) -> None:
        js = self.nc.jetstream()  # pyright: ignore[reportUnknownMemberType] - untyped options
        await publish_all(self.nc, js, messages, answer_within=30)

    def of(self, outcome: str) -> list[ActionResult]:
        """The results heard so far that have this outcome."""
        return [result for result in self.results if result.WhichOneof("outcome") == outcome]

    async def listen(self, results: PullConsumer) -> None:
        """Takes down what comes, and when."""
        while batch := await results.next_batch(500):
            now = await self.now()
            for delivery in batch:
                heard = ActionResultBatch.FromString(delivery.data).results
                self.results += heard
                self.heard_at |= {result.attempt_id: now for result in heard}
                await delivery.ack()

    async def until(self, condition: Callable[[], bool], *, seconds: float = 60) -> None:
        """Waits for something to be so."""
        await until(condition, seconds=seconds)


@dataclass
class Replica:
    """A scheduler process."""

    process: asyncio.subprocess.Process
    address: str
    lines: list[dict[str, Any]]
    reading: asyncio.Task[None]

    async def kill(self) -> None:
        """Kills it on the spot."""
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()
        await self.reading

    async def stop(self) -> int:
        """Asks it to end; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        status = await self.process.wait()
        await self.reading
        return status


@asynccontextmanager
async def run_replica(env: dict[str, str], **settings: str) -> AsyncGenerator[Replica]:
    """A scheduler process, ready; killed in the end if it still runs."""
    variables = {f"TREADLE_SCHEDULER_{name}".upper(): value for name, value in settings.items()}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "scheduler_service",
        env=os.environ | env | {"TREADLE_SCHEDULER_LISTEN": "127.0.0.1:0"} | variables,
        stdout=asyncio.subprocess.PIPE,
    )
    stdout = process.stdout
    assert stdout is not None
    lines: list[dict[str, Any]] = []
    while not lines or lines[-1].get("event") != "ready":
        line = await asyncio.wait_for(stdout.readline(), 60)
        assert line, f"the scheduler ended before it was ready: {lines}"
        lines.append(json.loads(line))

    async def read_on() -> None:
        async for line in stdout:
            lines.append(json.loads(line))  # noqa: PERF401 - they are looked at meanwhile

    replica = Replica(process, lines[-1]["listen"], lines, asyncio.create_task(read_on()))
    try:
        yield replica
    finally:
        if process.returncode is None:
            await replica.kill()
