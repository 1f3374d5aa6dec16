"""A message that always fails: its neighbours go through, and it leaves after its deliveries."""

from collections.abc import Sequence
from typing import Any, cast

import pytest

from action_service.engine.lane import MAX_DELIVERIES, run_lane
from action_service.engine.model import StoreUnavailableError
from common.nats import Delivery, PullConsumer

POISON = b"poison"


class Stream:
    """A stream with one consumer, in memory: what is given back comes again."""

    def __init__(self, *payloads: bytes) -> None:
        self.waiting = [Message(self, payload) for payload in payloads]
        self.acked: list[bytes] = []
        self.ended: list[bytes] = []
        self.delays: list[float] = []

    async def next_batch(self, max_messages: int) -> list["Message"]:
        batch, self.waiting = self.waiting[:max_messages], self.waiting[max_messages:]
        for message in batch:
            message.num_delivered += 1
        return batch


class Message:
    def __init__(self, stream: Stream, data: bytes) -> None:
        self._stream = stream
        self.data = data
        self.num_delivered = 0

    async def ack(self) -> None:
        self._stream.acked.append(self.data)

    async def nak(self, delay: float) -> None:
        self._stream.delays.append(delay)
        self._stream.waiting.append(self)

    async def term(self) -> None:
        self._stream.ended.append(self.data)


class Graveyard:
    def __init__(self) -> None:
        self.buried: list[tuple[bytes, str]] = []

    async def __call__(
        self, delivery: Delivery, reason: str, *, payload: bytes | None = None
    ) -> None:
        self.buried.append((delivery.data, reason))


async def handle(batch: Sequence[Delivery]) -> None:
    if any(delivery.data == POISON for delivery in batch):
        raise RuntimeError("a bug")
    for delivery in batch:
        await delivery.ack()


async def run(stream: Stream, handler: Any, graveyard: Graveyard | None) -> None:
    consumer = cast("PullConsumer", stream)
    await run_lane(consumer, handler, max_messages=10, bury=graveyard)


async def test_neighbours_are_unaffected_and_poison_is_buried() -> None:
    stream, graveyard = Stream(b"a", POISON, b"b"), Graveyard()
    await run(stream, handle, graveyard)
    assert stream.acked == [b"a", b"b"]
    assert graveyard.buried == [(POISON, "could not be processed")]
    assert stream.ended == [POISON]
    # Ever later.
    assert stream.delays == [2.0**n for n in range(MAX_DELIVERIES - 1)]


async def test_a_store_that_is_away_buries_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("action_service.engine.lane._PAUSE_S", 0.0)
    stream, graveyard = Stream(b"a", b"b"), Graveyard()
    failures = 3 * MAX_DELIVERIES

    async def away(batch: Sequence[Delivery]) -> None:
        nonlocal failures
        if failures:
            failures -= 1
            raise StoreUnavailableError("gone")
        await handle(batch)

    await run(stream, away, graveyard)
    assert sorted(stream.acked) == [b"a", b"b"]
    assert graveyard.buried == []
