"""Events that start workflows, on a real Postgres and NATS with as many engines as it takes."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta
from typing import cast

import orjson
import pytest

from action_service.adapters.plan_cache import PlanCache
from action_service.adapters.trigger_store import PostgresTriggerStore
from action_service.domain.plan import Json
from action_service.domain.triggers import Condition, Operator, ReEntry, Trigger
from action_service.engine.codec import TaskEncoder
from action_service.engine.model import Task
from action_service.engine.triggers import Candidate, Event, TriggerProcessor
from common.ids import new_id
from common.nats import ensure_streams
from tests.support.effects import executors
from tests.support.engine import Bench, HandExecutor, Seeded, Step, bench, tagged
from tests.support.triggers import (
    ANY_TAG,
    batch_of,
    event,
    handled,
    listen,
    publish,
    runs,
    tagged_with,
)

TAG = Step("add_tag", {"tag_name": "welcomed"})
PERSONAL = Step("add_note", {"content": "{{ event.data.tag_name }} since {{ event.occurred_at }}"})
HOUR = timedelta(hours=1)


@pytest.fixture
async def world(database_url: str, nats_url: str) -> AsyncGenerator[Bench]:
    async with bench(database_url, nats_url) as surroundings:
        yield surroundings


@pytest.fixture
async def crm(world: Bench) -> AsyncGenerator[HandExecutor]:
    executor = HandExecutor(world)
    await executor.start()
    yield executor
    await executor.stop()


async def test_an_event_starts_an_execution_that_can_read_it(
    world: Bench, crm: HandExecutor
) -> None:
    seeded = await world.seed([PERSONAL])
    await listen(world, seeded, ANY_TAG)
    await world.start_engine()
    happened = event(seeded.contact_ids[0], {"tag_name": "gold", "tag_id": "t"})
    occurred_at = datetime.now(UTC).replace(microsecond=0)
    await publish(world, batch_of(seeded.account_id, [happened], occurred_at=occurred_at))

    (task,) = await crm.take(1)

    assert task.contact_id == seeded.contact_ids[0]
    assert orjson.loads(task.context_json)["event"] == {
        "id": happened.id,
        "type": "tag_added",
        "occurred_at": occurred_at.isoformat(),
        "data": {"tag_name": "gold", "tag_id": "t"},
    }
    assert await world.rows(
        "SELECT id::text, trigger_event_id::text, origin_execution_ids FROM workflow_executions"
    ) == [(task.execution_id, happened.id, None)]


async def test_only_those_who_listen_start(world: Bench) -> None:
    vip = await world.seed([TAG], contacts=2)
    account = vip.account_id
    gold, either, other_type, deaf = [
        await world.seed([TAG], contacts=0, account_id=account) for _ in range(4)
    ]
    foreign = await world.seed([TAG])
    await listen(world, vip, tagged_with("vip"))
    await listen(world, gold, tagged_with("gold"))
    await listen(world, either, tagged_with("gold"), ANY_TAG, tagged_with("vip"))
    await listen(world, other_type, Trigger("tag_removed"))
    await listen(world, foreign, ANY_TAG)
    await world.start_engine()
    first, second = vip.contact_ids
    await publish(world, batch_of(account, [event(first), event(second, {"tag_name": "gold"})]))
    await publish(world, batch_of(account, [event(second)], event_type="unheard_of"))
    # An event of one account about the contact of another.
    await publish(world, batch_of(foreign.account_id, [event(first)]))
    await handled(world)

    assert await runs(world, vip) == {first: 1}
    assert await runs(world, gold) == {second: 1}
    assert await runs(world, either) == {first: 1, second: 1}
    for nobody in (other_type, deaf, foreign):
        assert await runs(world, nobody) == {}


async def test_an_event_delivered_ten_times_starts_one_execution(world: Bench) -> None:
    seeded = await world.seed([TAG], contacts=200)
    await listen(world, seeded, ANY_TAG, re_entry=ReEntry.ALWAYS)
    await world.start_engine()
    await world.start_engine()
    batches = [
        batch_of(seeded.account_id, [event(each) for each in seeded.contact_ids[start::4]])
        for start in range(4)
    ]
    await asyncio.gather(*(publish(world, batch, times=10) for batch in batches))
    # The same events, together in other messages.
    mixed = [each for batch in batches for each in batch.events[::2]]
    await publish(world, batch_of(seeded.account_id, mixed + mixed), times=3)
    await handled(world)

    assert await runs(world, seeded) == dict.fromkeys(seeded.contact_ids, 1)


@pytest.mark.parametrize(
    ("re_entry", "at_once", "then"),
    [(ReEntry.ONCE, 1, 1), (ReEntry.AFTER_FINISHED, 1, 2), (ReEntry.ALWAYS, 30, 31)],
)
async def test_re_entry_while_engines_compete(
    world: Bench, crm: HandExecutor, re_entry: ReEntry, at_once: int, then: int
) -> None:
    seeded = await world.seed([TAG], contacts=5)
    await listen(world, seeded, tagged_with("vip"), re_entry=re_entry)
    for _ in range(2):
        await world.start_engine()

    async def happen(times: int) -> None:
        for _ in range(times):
            events = [event(each) for each in seeded.contact_ids]
            await publish(world, batch_of(seeded.account_id, events))

    await asyncio.gather(*(happen(10) for _ in range(3)))
    await handled(world)
    assert await runs(world, seeded) == dict.fromkeys(seeded.contact_ids, at_once)

    tasks = await crm.take(5 * at_once)
    await crm.answer(*(tagged(task) for task in tasks))
    await world.until(
        "SELECT count(*) FROM workflow_executions WHERE state = 'completed'", 5 * at_once
    )
    await happen(1)
    await handled(world)
    assert await runs(world, seeded) == dict.fromkeys(seeded.contact_ids, then)


@pytest.mark.parametrize(
    ("re_entry", "expected"),
    [(ReEntry.ONCE, 1), (ReEntry.AFTER_FINISHED, 1), (ReEntry.ALWAYS, 2)],
)
async def test_executions_that_callers_started_count(
    world: Bench, re_entry: ReEntry, expected: int
) -> None:
    seeded = await world.seed([TAG])
    await world.start(seeded)
    await listen(world, seeded, ANY_TAG, re_entry=re_entry)
    await world.start_engine()
    await publish(world, batch_of(seeded.account_id, [event(seeded.contact_ids[0])]))
    await handled(world)
    assert await runs(world, seeded) == {seeded.contact_ids[0]: expected}


async def test_two_workflows_that_trigger_each_other_come_to_an_end(world: Bench) -> None:
    ping = await world.seed(
        [Step("remove_tag", {"tag_name": "ping"}), Step("add_tag", {"tag_name": "pong"})]
    )
    pong = await world.seed(
        [Step("remove_tag", {"tag_name": "pong"}), Step("add_tag", {"tag_name": "ping"})],
        contacts=0,
        account_id=ping.account_id,
    )
    await listen(world, ping, tagged_with("ping"), re_entry=ReEntry.ALWAYS)
    await listen(world, pong, tagged_with("pong"), re_entry=ReEntry.ALWAYS)
    for _ in range(2):
        await world.start_engine()
    (contact,) = ping.contact_ids
    async with executors(world, copies=2):
        await publish(world, batch_of(ping.account_id, [event(contact, {"tag_name": "ping"})]))
        refused = "SELECT count(*) FROM audit_log WHERE operation = 'workflow.trigger_refused'"
        await world.until(refused, 1)
        await handled(world)

    assert await runs(world, ping) == {contact: 5}
    assert await runs(world, pong) == {contact: 5}
    assert await world.states() == {"completed": 10}
    (entry,) = await world.rows(
        "SELECT workflow_id::text, entity_type, entity_id::text, actor, before, after"
        " FROM audit_log WHERE operation = 'workflow.trigger_refused'"
    )
    assert entry[:5] == (ping.workflow_id, "workflow", ping.workflow_id, "service:engine", None)
    said = cast("dict[str, Json]", entry[5])
    assert said["reason"] == "the workflow has led to itself 5 times in a row"
    assert (said["event_type"], said["contact_id"]) == ("tag_added", contact)
    assert len(cast("list[str]", said["origin_execution_ids"])) == 10
    depths = await world.rows(
        "SELECT cardinality(origin_execution_ids) FROM workflow_executions ORDER BY id"
    )
    assert [row[0] for row in depths] == [None, *range(1, 10)]


async def test_a_refusal_is_written_down_once(world: Bench) -> None:
    seeded = await world.seed([TAG], contacts=5)
    chain = await world.start(seeded)
    await listen(world, seeded, ANY_TAG, re_entry=ReEntry.ALWAYS)
    for _ in range(2):
        await world.start_engine()
    contact = seeded.contact_ids[0]
    deep = batch_of(seeded.account_id, [event(contact, origin=chain)])
    shallow = batch_of(seeded.account_id, [event(contact, origin=[str(new_id()), *chain[:4]])])
    await publish(world, deep, times=10)
    await publish(world, shallow)
    await handled(world)
    assert (await runs(world, seeded))[contact] == 2
    assert await world.rows(
        "SELECT after->>'event_id' FROM audit_log WHERE operation = 'workflow.trigger_refused'"
    ) == [(deep.events[0].id,)]


@pytest.mark.parametrize("status", ["draft", "paused", "archived"])
async def test_a_workflow_that_is_not_active_starts_nothing(world: Bench, status: str) -> None:
    seeded = await world.seed([TAG], contacts=3)
    await listen(world, seeded, ANY_TAG, status=status)
    await world.start_engine()
    first, second, third = seeded.contact_ids
    await publish(world, batch_of(seeded.account_id, [event(first)]))
    await handled(world)
    # Now it is active; what came before does not start, unless it may have been committed after.
    await listen(world, seeded, ANY_TAG)
    now = datetime.now(UTC)
    await publish(world, batch_of(seeded.account_id, [event(second)], occurred_at=now - HOUR))
    just = now - timedelta(seconds=5)
    await publish(world, batch_of(seeded.account_id, [event(third)], occurred_at=just))
    await handled(world)
    assert await runs(world, seeded) == {third: 1}


async def test_events_wait_for_an_engine(world: Bench) -> None:
    seeded = await world.seed([TAG], contacts=3)
    before, during, after = seeded.contact_ids
    now = datetime.now(UTC)
    await ensure_streams(world.js)
    await listen(world, seeded, ANY_TAG)
    await publish(world, batch_of(seeded.account_id, [event(before)], occurred_at=now - HOUR))
    await publish(world, batch_of(seeded.account_id, [event(during)]))
    await world.start_engine()
    await publish(world, batch_of(seeded.account_id, [event(after)]))
    await handled(world)
    assert await runs(world, seeded) == {during: 1, after: 1}


@pytest.mark.parametrize("count", [500, 1_200])
async def test_many_events_at_once(world: Bench, crm: HandExecutor, count: int) -> None:
    seeded = await world.seed([TAG], contacts=count)
    even = Trigger("tag_added", (Condition("rank", Operator.ONE_OF, list(range(0, count, 2))),))
    half = await world.seed([TAG], contacts=0, account_id=seeded.account_id)
    await listen(world, seeded, ANY_TAG, re_entry=ReEntry.ONCE)
    await listen(world, half, even, re_entry=ReEntry.ONCE)
    await world.start_engine()
    happened = [event(each, {"rank": rank}) for rank, each in enumerate(seeded.contact_ids)]
    await publish(world, batch_of(seeded.account_id, happened), times=2)
    await handled(world)
    assert await runs(world, seeded) == dict.fromkeys(seeded.contact_ids, 1)
    assert await runs(world, half) == dict.fromkeys(seeded.contact_ids[::2], 1)
    assert len(await crm.take(count + count // 2)) == count + count // 2


async def test_a_bad_event_keeps_no_other_from_starting(world: Bench) -> None:
    seeded = await world.seed([TAG], contacts=4)
    await listen(world, seeded, ANY_TAG)
    await world.start_engine()
    account = seeded.account_id
    good = [event(each) for each in seeded.contact_ids]
    gone = event(str(new_id()))
    without_ids = event("nobody")
    not_an_object = event(seeded.contact_ids[0], None)
    not_an_object.data_json = b"[1]"
    not_json = event(seeded.contact_ids[1])
    not_json.data_json = b"{"
    # Postgres stores no NUL, and finds it only when the row is written.
    unstorable = event(seeded.contact_ids[2], {"text": "a\0b"})
    bad = [gone, without_ids, not_an_object, not_json, unstorable]
    await world.js.publish(f"treadle.events.{account}.tag_added", b"\xff\xff")
    await world.js.publish("treadle.events.nobody.tag_added", b"")
    await world.js.publish(f"treadle.events.{account}.tag_added.more", b"")
    await publish(world, batch_of(account, [*bad, good[0], unstorable, *good[1:], *bad]))
    await handled(world)
    assert await runs(world, seeded) == dict.fromkeys(seeded.contact_ids, 1)
    started = await world.rows("SELECT trigger_event_id::text FROM workflow_executions")
    assert {row[0] for row in started} == {each.id for each in good}


class Silence:
    """A `Ringer` of a process that dies before it rings."""

    async def ring(self, tasks: Sequence[Task]) -> None:
        """Rings for nothing."""

    async def hand_over(self, task: Task) -> None:
        """Keeps it."""


async def test_what_dies_after_its_commit_is_carried_on(world: Bench, crm: HandExecutor) -> None:
    seeded = await world.seed([TAG])
    await listen(world, seeded, ANY_TAG, re_entry=ReEntry.ALWAYS)
    happened = event(seeded.contact_ids[0])
    processor = TriggerProcessor(
        PostgresTriggerStore(world.pool, PlanCache()), Silence(), TaskEncoder()
    )
    candidate = Candidate(
        Event(
            happened.id,
            seeded.account_id,
            "tag_added",
            happened.contact_id,
            datetime.now(UTC),
            {},
            (),
        ),
        seeded.workflow_id,
    )
    await processor.process([candidate])
    # Neither rung for nor acked: the event comes again, and the lease runs out.
    await world.execute("UPDATE workflow_action_executions SET lease_until = now()")
    await world.start_engine()
    await publish(world, batch_of(seeded.account_id, [happened]))
    await handled(world)
    (task,) = await crm.take(1)
    assert task.contact_id == happened.contact_id
    assert await runs(world, seeded) == {happened.contact_id: 1}


async def test_engines_that_wait_for_each_other_decide_as_one(world: Bench) -> None:
    """Two processors with many workflows and contacts in opposite orders: nothing locks up."""
    first = await world.seed([TAG], contacts=20)
    others = [await world.seed([TAG], contacts=0, account_id=first.account_id) for _ in range(4)]
    workflows: list[Seeded] = [first, *others]
    for each in workflows:
        await listen(world, each, ANY_TAG, re_entry=ReEntry.ONCE)
    store = PostgresTriggerStore(world.pool, PlanCache())
    processors = [TriggerProcessor(store, Silence(), TaskEncoder()) for _ in range(2)]

    def candidates() -> list[Candidate]:
        return [
            Candidate(
                Event(
                    str(new_id()),
                    first.account_id,
                    "tag_added",
                    contact,
                    datetime.now(UTC),
                    {},
                    (),
                ),
                each.workflow_id,
            )
            for contact in first.contact_ids
            for each in workflows
        ]

    for _ in range(5):
        await asyncio.gather(
            processors[0].process(candidates()), processors[1].process(candidates()[::-1])
        )
    for each in workflows:
        assert await runs(world, each) == dict.fromkeys(first.contact_ids, 1)
