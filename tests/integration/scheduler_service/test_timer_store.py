"""Timers in Postgres: stored once, claimed by one, never early, never lost."""

import asyncio
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from common.db import create_engine
from common.ids import new_id
from scheduler_service.adapters.store import PostgresTimerStore
from scheduler_service.domain.timer import HeldTimer, NewTimer, TimerKind
from scheduler_service.use_cases.ports import StoreUnavailableError
from tests.support.scheduler import ACCOUNT, new_timer

HOUR = timedelta(hours=1)
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


async def fire(
    store: PostgresTimerStore, limit: int = 100, *, failing: Collection[UUID] = ()
) -> list[UUID]:
    async with store.claim(limit) as claim:
        claimed = [timer.attempt_id for timer in claim.timers]
        assert all(timer.due_at <= claim.claimed_at for timer in claim.timers)
        await claim.settle([id_ for id_ in claimed if id_ not in failing], failing)
    return claimed


def held(timer: NewTimer) -> dict[UUID, HeldTimer]:
    return {timer.attempt_id: HeldTimer(timer.due_at, timer.planned_at)}


async def test_a_timer_comes_back_as_it_was_stored(store: PostgresTimerStore) -> None:
    timer = new_timer(LONG_AGO, kind=TimerKind.DELAYED_TASK, payload=b"\x00\xff")
    assert await store.add([timer]) == {}
    async with store.claim(10) as claim:
        (due,) = claim.timers
    assert (due.attempt_id, due.kind, due.due_at, due.payload) == (
        timer.attempt_id,
        timer.kind,
        timer.due_at,
        timer.payload,
    )


async def test_what_cannot_be_stored_is_told_from_a_database_that_is_away(
    store: PostgresTimerStore,
) -> None:
    no_kind = new_timer(LONG_AGO, kind=9)
    no_instant = replace(new_timer(LONG_AGO), due_at="tomorrow")
    for unusable in (no_kind, no_instant):
        with pytest.raises(DBAPIError):
            await store.add([new_timer(LONG_AGO), unusable])
    nowhere = create_engine("postgresql://nobody@127.0.0.1:1/none", search_path="scheduler")
    away = PostgresTimerStore(nowhere)
    for call in (away.add([new_timer(LONG_AGO)]), away.forget([new_id()])):
        with pytest.raises(StoreUnavailableError):
            await call
    await nowhere.dispose()


async def test_the_same_attempt_is_stored_once(store: PostgresTimerStore) -> None:
    timer = new_timer(LONG_AGO)
    await store.add([timer])
    assert await store.add([timer]) == held(timer)
    assert await fire(store) == [timer.attempt_id]
    assert await fire(store) == []


async def test_of_two_plans_of_a_wait_the_later_counts(store: PostgresTimerStore) -> None:
    timer = new_timer(LONG_AGO)
    moved = replace(timer, due_at=LONG_AGO + HOUR, planned_at=timer.planned_at + HOUR)
    await store.add([timer])
    assert await store.add([moved]) == {}
    assert await store.add([timer]) == held(moved)
    sooner = replace(moved, due_at=LONG_AGO, planned_at=moved.planned_at + HOUR)
    assert await store.add([sooner]) == {}
    assert await fire(store) == [timer.attempt_id]


async def test_a_wait_planned_again_as_it_was_keeps_its_instant(store: PostgresTimerStore) -> None:
    timer = new_timer(LONG_AGO)
    await store.add([timer])
    assert await store.add([replace(timer, due_at=LONG_AGO + HOUR)]) == held(timer)


async def test_of_a_delayed_task_the_later_instant_counts(store: PostgresTimerStore) -> None:
    timer = new_timer(LONG_AGO, kind=TimerKind.DELAYED_TASK)
    later = replace(timer, due_at=LONG_AGO + HOUR, payload=b"later")
    await store.add([timer])
    assert await store.add([later]) == {}
    assert await store.add([timer]) == held(later)
    async with store.claim(10) as claim:
        assert [(due.due_at, due.payload) for due in claim.timers] == [(later.due_at, b"later")]


async def test_another_account_cannot_move_a_timer(store: PostgresTimerStore) -> None:
    timer = new_timer(LONG_AGO, kind=TimerKind.DELAYED_TASK)
    await store.add([timer])
    foreign = replace(timer, account_id=uuid4(), due_at=LONG_AGO + HOUR)
    assert await store.add([foreign]) == held(timer)


async def test_nothing_is_claimed_before_its_instant(
    store: PostgresTimerStore, engine: AsyncEngine
) -> None:
    async with engine.connect() as connection:
        now: datetime = (await connection.execute(text("SELECT now()"))).scalar_one()
    soon = new_timer(now + HOUR)
    await store.add([soon, new_timer(now + 2 * HOUR)])
    assert await fire(store) == []
    upcoming = await store.next_due()
    assert upcoming is not None
    assert upcoming.at == soon.due_at
    assert timedelta() < upcoming.distance <= HOUR
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "UPDATE timers SET fire_at = fire_at - h, due_at = due_at - h"
                " FROM (SELECT interval '1 hour') AS moved (h)"
            )
        )
    assert await fire(store) == [soon.attempt_id]


async def test_those_due_longest_come_first(store: PostgresTimerStore) -> None:
    timers = [new_timer(LONG_AGO + n * HOUR) for n in range(10)]
    await store.add(timers[::-1])
    claimed = [*await fire(store, 4), *await fire(store, 4), *await fire(store, 4)]
    assert [set(claimed[:4]), set(claimed[4:8]), set(claimed[8:])] == [
        {timer.attempt_id for timer in part} for part in (timers[:4], timers[4:8], timers[8:])
    ]


async def test_two_claims_share_nothing(store: PostgresTimerStore) -> None:
    await store.add([new_timer(LONG_AGO) for _ in range(10)])
    async with store.claim(6) as one, store.claim(6) as other:
        mine = {timer.attempt_id for timer in one.timers}
        theirs = {timer.attempt_id for timer in other.timers}
    assert (len(mine), len(theirs), mine & theirs) == (6, 4, set())


async def test_a_claim_that_breaks_gives_everything_back(store: PostgresTimerStore) -> None:
    timer = new_timer(LONG_AGO)
    await store.add([timer])

    async def break_off() -> None:
        async with store.claim(10) as claim:
            await claim.settle([timer.attempt_id], [])
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await break_off()
    assert await fire(store) == [timer.attempt_id]


async def test_a_failed_timer_is_tried_again_later_and_keeps_its_instant(
    store: PostgresTimerStore, engine: AsyncEngine
) -> None:
    bad, good = new_timer(LONG_AGO), new_timer(LONG_AGO)
    await store.add([bad, good])
    async with engine.connect() as connection:
        before: datetime = (await connection.execute(text("SELECT now()"))).scalar_one()
    assert set(await fire(store, failing=[bad.attempt_id])) == {bad.attempt_id, good.attempt_id}
    async with engine.begin() as connection:
        row = (
            await connection.execute(
                text("SELECT due_at, fire_at, failed_tries, now() AS after FROM timers")
            )
        ).one()
        assert (row.due_at, row.failed_tries) == (bad.due_at, 1)
        second = timedelta(seconds=1)
        assert before + second < row.fire_at < row.after + second
        await connection.execute(text("UPDATE timers SET fire_at = now() + interval '1 hour'"))
    assert await fire(store) == []
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE timers SET failed_tries = 1000"))
        await connection.execute(text("UPDATE timers SET fire_at = now()"))
    assert await fire(store, failing=[bad.attempt_id]) == [bad.attempt_id]
    upcoming = await store.next_due()
    assert upcoming is not None
    assert upcoming.distance <= timedelta(minutes=1)


async def test_an_attempt_held_back_again_while_it_is_fired_is_not_lost(
    store: PostgresTimerStore,
) -> None:
    timer = new_timer(LONG_AGO, kind=TimerKind.DELAYED_TASK)
    again = replace(timer, due_at=LONG_AGO + HOUR)
    await store.add([timer])
    async with store.claim(10) as claim:
        adding = asyncio.create_task(store.add([again]))
        await asyncio.sleep(0.1)
        assert not adding.done()
        await claim.settle([timer.attempt_id], [])
    assert await adding == {}
    async with store.claim(10) as claim:
        assert [due.due_at for due in claim.timers] == [again.due_at]


async def test_two_processes_that_store_the_same_attempts_do_not_lock_each_other_out(
    store: PostgresTimerStore,
) -> None:
    timers = sorted((new_timer(LONG_AGO) for _ in range(2_000)), key=lambda t: t.attempt_id)
    await asyncio.gather(*(store.add(timers) for _ in range(4)))
    assert len(await fire(store, 5_000)) == 2_000


async def test_a_claim_that_hangs_is_taken_away(
    store: PostgresTimerStore, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "scheduler_service.adapters.store._HOLD_LIMIT",
        text("SET LOCAL idle_in_transaction_session_timeout = '200ms'"),
    )
    timer = new_timer(LONG_AGO)
    await store.add([timer])

    async def hang() -> None:
        async with store.claim(10) as claim:
            monkeypatch.undo()
            async with asyncio.timeout(60):
                while await fire(PostgresTimerStore(engine)) != [timer.attempt_id]:  # noqa: ASYNC110 - the server sets no event
                    await asyncio.sleep(0.01)
            await claim.settle([timer.attempt_id], [])

    with pytest.raises(DBAPIError):
        await hang()


async def test_spent_timers_are_forgotten_without_waiting_for_those_that_fire(
    store: PostgresTimerStore,
) -> None:
    firing, spent, other = (new_timer(LONG_AGO), *(new_timer(NEVER) for _ in range(2)))
    await store.add([firing, spent, other])
    async with asyncio.timeout(60), store.claim(1) as claim:
        await store.forget([spent.attempt_id, firing.attempt_id, new_id()])
        await claim.settle([firing.attempt_id], [])
    assert await store.add([firing, spent, other]) == held(other)


async def test_nothing_to_do(store: PostgresTimerStore) -> None:
    assert await store.add([]) == {}
    assert await store.next_due() is None
    assert await fire(store) == []


async def test_the_table_takes_no_kind_it_does_not_know(engine: AsyncEngine) -> None:
    with pytest.raises(DBAPIError):
        async with engine.begin() as connection:
            await connection.execute(
                text(
                    "INSERT INTO timers (attempt_id, account_id, kind, execution_id,"
                    " action_execution_id, due_at, fire_at, payload)"
                    " VALUES (:id, :account, 3, :id, :id, now(), now(), '')"
                ),
                {"id": new_id(), "account": ACCOUNT},
            )
