"""Messages that always fail, or kill: their neighbours go through, and they leave the stream."""

from collections.abc import Awaitable, Callable, Sequence

import pytest

from common.nats import Delivery
from common.nats.lane import MAX_DELIVERIES, SUSPECT_AFTER, Poison, run_lane
from common.nats.trials import MOST_DEATHS
from common.readiness import NotReadyError
from tests.support.poison import Killed, MemoryTrials, Stream, lives

POISON = b"poison"
Handle = Callable[[Sequence[Delivery]], Awaitable[None]]


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


async def run(stream: Stream, handler: Handle, graveyard: Graveyard) -> None:
    poison = Poison(graveyard, MemoryTrials())
    await run_lane(stream, handler, max_messages=10, poison=poison)


async def test_neighbours_are_unaffected_and_poison_is_buried() -> None:
    stream, graveyard = Stream(b"a", POISON, b"b"), Graveyard()
    await run(stream, handle, graveyard)
    assert stream.acked == [b"a", b"b"]
    assert graveyard.buried == [(POISON, "could not be processed")]
    assert stream.ended == [POISON]
    # Ever later.
    assert stream.delays == [2.0**n for n in range(MAX_DELIVERIES - 1)]


async def test_what_is_never_buried_comes_again_however_often_it_has() -> None:
    stream = Stream(POISON)
    stream.waiting[0].num_delivered = 5_000

    async def fail_once(batch: Sequence[Delivery]) -> None:
        if not stream.delays:
            raise RuntimeError("a bug")
        await batch[0].ack()

    await run_lane(stream, fail_once, max_messages=1)
    assert (stream.acked, stream.delays) == ([POISON], [60.0])


@pytest.mark.parametrize("deadly", [1, 3])
async def test_what_processes_die_of_is_buried_and_nothing_else(deadly: int) -> None:
    innocents = {f"innocent {n}".encode() for n in range(40)}
    deaths = {f"death {n}".encode() for n in range(deadly)}
    stream, graveyard = Stream(*innocents, *deaths), Graveyard()
    poison = Poison(graveyard, MemoryTrials())

    async def die(batch: Sequence[Delivery]) -> None:
        if not deaths.isdisjoint(delivery.data for delivery in batch):
            raise Killed
        for delivery in batch:
            await delivery.ack()

    async def live() -> None:
        stream.come_again()
        await run_lane(stream, die, max_messages=len(stream.waiting), poison=poison)

    # All that is in hand dies with it each time, until it is tried alone.
    assert await lives(live) <= SUSPECT_AFTER + MOST_DEATHS * deadly + 1
    assert set(stream.acked) == innocents
    assert dict(graveyard.buried) == dict.fromkeys(deaths, "processes die of it")


async def test_what_is_needed_and_away_buries_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("common.nats.lane._PAUSE_S", 0.0)
    stream, graveyard = Stream(b"a", b"b"), Graveyard()
    # For longer than it takes to suspect somebody.
    failures = 3 * SUSPECT_AFTER

    async def away(batch: Sequence[Delivery]) -> None:
        nonlocal failures
        if failures:
            failures -= 1
            raise NotReadyError("gone")
        await handle(batch)

    await run(stream, away, graveyard)
    assert sorted(stream.acked) == [b"a", b"b"]
    assert graveyard.buried == []


async def test_one_that_fails_does_not_have_the_others_wait_for_what_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("common.nats.lane._PAUSE_S", 0.0)
    stream, graveyard = Stream(POISON, *[str(n).encode() for n in range(9)]), Graveyard()
    tries: list[int] = []

    async def going_away(batch: Sequence[Delivery]) -> None:
        tries.append(len(batch))
        if len(tries) == 3:
            raise NotReadyError("gone")
        await handle(batch)

    await run(stream, going_away, graveyard)
    # All, then the first alone, then one for which nothing is there: the rest is given back.
    assert tries[:4] == [10, 1, 1, 10]
    assert len(stream.acked) == 9
    assert [payload for payload, _ in graveyard.buried] == [POISON]
