"""Many due at once: accounts go round, and no more is in hand than the settings say."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from nats.aio.client import Client

from common.nats import RESULTS, ConsumerSpec, PullConsumer, backlog
from common.nats.backlog import ResultsBacklog
from scheduler_service.adapters import store as adapter
from scheduler_service.adapters.store import PostgresTimerStore
from scheduler_service.domain.timer import NewTimer
from scheduler_service.use_cases.fire_due import FireDue
from scheduler_service.use_cases.ports import Message
from scheduler_service.worker import Alarm, FiringLoop
from tests.support.scheduler import Engine, new_timer, run_replica
from tests.support.waiting import until
from treadle.dispatch.v1.result_pb2 import ActionResult, ActionResultBatch

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
BUSY, QUIET, LATER = UUID(int=10), UUID(int=20), UUID(int=30)


def timers(account: UUID, count: int, *, due_at: datetime = LONG_AGO) -> list[NewTimer]:
    """Timers whose results say whose they are."""
    return [
        new_timer(
            due_at,
            account_id=account,
            payload=ActionResult(account_id=str(account)).SerializeToString(),
        )
        for _ in range(count)
    ]


async def take(store: PostgresTimerStore, limit: int) -> Counter[UUID]:
    """Whose timers a claim in turn finds; they are gone after it."""
    async with store.claim_in_turn(limit) as claim:
        owners = Counter(
            UUID(ActionResult.FromString(timer.payload).account_id) for timer in claim.timers
        )
        await claim.settle([timer.attempt_id for timer in claim.timers], [])
    return owners


async def test_an_account_with_thousands_leaves_the_others_their_share(
    store: PostgresTimerStore,
) -> None:
    await store.add(timers(BUSY, 4_000))
    await store.add(timers(QUIET, 3, due_at=LONG_AGO + timedelta(days=1)))
    await store.add(timers(LATER, 300, due_at=LONG_AGO + timedelta(days=2)))
    assert await take(store, 300) == {BUSY: 100, QUIET: 3, LATER: 100}
    assert await take(store, 300) == {BUSY: 150, LATER: 150}
    assert await take(store, 300) == {BUSY: 150, LATER: 50}
    assert await take(store, 300) == {BUSY: 300}


async def test_a_claim_in_turn_takes_what_is_due_and_nothing_else(
    store: PostgresTimerStore,
) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    failed, *others = timers(BUSY, 3)
    await store.add([failed, *others, *timers(QUIET, 2, due_at=soon)])
    async with store.claim_in_turn(10) as claim:
        await claim.settle([], [failed.attempt_id])
    async with store.claim(1) as elsewhere, store.claim_in_turn(10) as claim:
        held = {timer.attempt_id for timer in elsewhere.timers}
        mine = {timer.attempt_id for timer in claim.timers}
    assert mine == {timer.attempt_id for timer in others} - held
    assert len(mine) == 1
    assert await take(store, 10) == {BUSY: 2}
    assert await take(store, 10) == {}


async def test_a_batch_in_turn_holds_its_limit(store: PostgresTimerStore) -> None:
    for number in range(7):
        await store.add(timers(UUID(int=100 + number), 5))
    assert (await take(store, 10)).total() == 10


async def test_looks_at_so_many_accounts_and_goes_on_behind_them(
    store: PostgresTimerStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "_ACCOUNTS_A_LOOK", 2)
    months = datetime.now(UTC) + timedelta(days=90)
    for number in range(5):
        account = UUID(int=100 + number)
        await store.add(timers(account, 2, due_at=LONG_AGO if number % 2 else months))
    found = [await take(store, 10) for _ in range(3)]
    assert found == [{UUID(int=101): 2}, {UUID(int=103): 2}, {}]
    await store.add(timers(UUID(int=100), 1))
    assert await take(store, 10) == {UUID(int=100): 1}


class Outlet:
    """A `Publisher` that counts what is under way in it, and lets it through when told."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.under_way = 0
        self.most = 0
        self.sent: list[ActionResult] = []

    async def send(self, messages: Sequence[Message]) -> Sequence[Exception | None]:
        results = [
            result
            for message in messages
            for result in ActionResultBatch.FromString(message.payload).results
        ]
        self.under_way += len(results)
        self.most = max(self.most, self.under_way)
        await self.gate.wait()
        self.under_way -= len(results)
        self.sent += results
        return [None] * len(messages)


class Roomy:
    """A `Backlog` that is never full."""

    async def room(self) -> None:
        await asyncio.sleep(0)


async def test_no_more_batches_are_in_hand_than_may_be(store: PostgresTimerStore) -> None:
    batch, concurrency, count = 100, 3, 3_000
    await store.add(timers(BUSY, count))
    outlet = Outlet()
    firing = FireDue(store, outlet, results_subject="treadle.results", limit=batch)
    loop = FiringLoop(
        firing, store.next_due, Roomy(), Alarm(), batch=batch, concurrency=concurrency
    )
    running = asyncio.create_task(loop.run())
    await until(lambda: outlet.under_way == batch)
    outlet.gate.set()
    await until(lambda: len(outlet.sent) >= batch)
    outlet.gate.clear()
    await until(lambda: outlet.under_way == batch * concurrency)
    outlet.gate.set()
    await until(lambda: len(outlet.sent) == count)
    loop.stop()
    await running
    assert outlet.most == batch * concurrency


async def test_a_few_timers_of_one_account_come_before_thousands_of_another(
    store: PostgresTimerStore, other_side: Engine, service_env: dict[str, str]
) -> None:
    await store.add(timers(BUSY, 5_000))
    await store.add(timers(QUIET, 3, due_at=LONG_AGO + timedelta(days=1)))
    async with run_replica(service_env, fire_batch="200", fire_concurrency="1"):
        await other_side.until(lambda: len(other_side.results) == 5_003)
    owners = [result.account_id for result in other_side.results]
    # Behind the first batch, in the first that goes in turn.
    assert max(at for at, owner in enumerate(owners) if owner == str(QUIET)) < 2 * 200


@pytest.fixture
async def unread(nc: Client) -> list[int]:
    """Messages in the stream of results that nobody reads."""
    js = nc.jetstream()  # pyright: ignore[reportUnknownMemberType] - untyped options
    acks = [await js.publish("treadle.results", b"") for _ in range(4)]
    return [ack.seq for ack in acks]


async def test_what_engines_have_not_worked_off_holds_back_what_follows(
    nc: Client, unread: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "_PATIENCE_S", 3_600)
    js = nc.jetstream()  # pyright: ignore[reportUnknownMemberType] - untyped options
    await ResultsBacklog(js, most=len(unread) + 1).room()
    waiting = asyncio.create_task(ResultsBacklog(js, most=len(unread)).room())
    await asyncio.sleep(0.1)
    assert not waiting.done()
    engine = PullConsumer(nc, js, ConsumerSpec(RESULTS, "engine-results", "treadle.results"))
    await engine.start()
    (first, *_) = await engine.next_batch(1)
    await first.ack()
    await asyncio.wait_for(waiting, 60)
    await engine.stop()


async def test_engines_that_are_never_done_hold_back_for_a_while_only(
    nc: Client, unread: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "_PATIENCE_S", 0.05)
    js = nc.jetstream()  # pyright: ignore[reportUnknownMemberType] - untyped options
    await asyncio.wait_for(ResultsBacklog(js, most=1).room(), 60)
    assert (await js.stream_info(RESULTS.name)).state.messages == len(unread)
