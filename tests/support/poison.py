"""Messages that fail or kill whoever handles them, without servers and processes."""

import random
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import cast

from common.nats import Delivery
from common.nats.trials import MOST_DEATHS


class Killed(BaseException):
    """The end of a process, in the midst of whatever it did."""


class MemoryTrials:
    """`common.nats.Trials` in memory; its marks survive deaths."""

    def __init__(self) -> None:
        self.marks: Counter[bytes] = Counter()
        self.tried: list[bytes] = []

    @asynccontextmanager
    async def alone(self, suspect: bytes) -> AsyncGenerator[bool]:
        """See Trials."""
        if self.marks[suspect] >= MOST_DEATHS:
            yield False
            return
        self.tried.append(suspect)
        self.marks[suspect] += 1
        yield True
        del self.marks[suspect]


class Stream:
    """A stream with one consumer, in memory: what is given back comes again."""

    def __init__(self, *payloads: bytes) -> None:
        self.waiting = [Message(self, payload) for payload in payloads]
        self.held: list[Message] = []
        self.acked: list[bytes] = []
        self.ended: list[bytes] = []
        self.delays: list[float] = []

    async def next_batch(self, max_messages: int) -> list[Delivery]:
        batch, self.waiting = self.waiting[:max_messages], self.waiting[max_messages:]
        self.held += batch
        for message in batch:
            message.num_delivered += 1
        return cast("list[Delivery]", batch)

    def come_again(self) -> None:
        """Whoever held messages has died."""
        self.waiting += self.held
        self.held = []
        random.shuffle(self.waiting)


class Message:
    """A message in a Stream."""

    def __init__(self, stream: Stream, data: bytes) -> None:
        self._stream = stream
        self.data = data
        self.num_delivered = 0

    async def ack(self) -> None:
        self._stream.held.remove(self)
        self._stream.acked.append(self.data)

    async def nak(self, delay: float) -> None:
        self._stream.held.remove(self)
        self._stream.delays.append(delay)
        self._stream.waiting.append(self)

    async def term(self) -> None:
        self._stream.held.remove(self)
        self._stream.ended.append(self.data)


async def lives(live: Callable[[], Awaitable[None]]) -> int:
    """How many processes it takes, one after the other, until one gets to the end."""
    count = 1
    while True:
        try:
            await live()
        except Killed:
            count += 1
        else:
            return count
