"""In the place of NATS: what is published, in order, until somebody takes it."""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import timedelta

from action_service.engine.model import Task
from action_service.engine.ports import OutboxRow
from scheduler_service.use_cases.ports import Message


class Streams:
    """The engine's `Ringer` and event publisher, and the scheduler's `Publisher`."""

    def __init__(self) -> None:
        self._published: deque[tuple[str, bytes]] = deque()

    async def ring(self, tasks: Sequence[Task]) -> None:
        """See Ringer."""
        self._published += [(task.subject, task.payload) for task in tasks]

    async def hand_over(self, task: Task) -> None:
        """See Ringer."""
        await self.ring([task])

    async def send(self, messages: Sequence[Message]) -> Sequence[Exception | None]:
        """See Publisher."""
        self._published += [(message.subject, message.payload) for message in messages]
        return [None] * len(messages)

    def take(self) -> tuple[str, bytes] | None:
        """Subject and payload of the oldest that nobody has taken."""
        return self._published.popleft() if self._published else None

    def offer(self, rows: Sequence[OutboxRow]) -> None:
        """See EventPublisher: the store hands events over itself."""

    async def run(self, stop: asyncio.Event, *, sweep_interval: timedelta) -> None:
        """See EventPublisher: nothing is left behind."""
