"""SPEC-WFL-003 R4.3: waits that end by an event or by their timeout, whichever is decided first.

`TREADLE_TEST_RACES=10000` has ten thousand of them decided.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import orjson
import pytest

from action_service.adapters.event_outbox import OutboxPublisher
from action_service.adapters.event_waits import PostgresEventWaits
from action_service.adapters.plan_cache import PlanCache
from action_service.adapters.ringer import NatsRinger
from action_service.adapters.upkeep import forget_events
from action_service.bootstrap import engine_stores
from action_service.domain.event_waits import Arrival
from action_service.domain.plan import Json
from action_service.domain.retry import RetryTiming
from action_service.engine.batch import BatchProcessor
from action_service.engine.codec import TaskEncoder
from action_service.engine.event_arrivals import EventWaits
from action_service.engine.event_waits import EventWait
from action_service.engine.model import Task
from action_service.engine.triggers import Event
from common.ids import new_id
from tests.support.engine import Bench, HandExecutor, Seeded, Step, bench, result_for, tagged
from tests.support.triggers import batch_of, event, handled, publish
from treadle.dispatch.v1.result_pb2 import ActionResult
from treadle.dispatch.v1.task_pb2 import ActionTask

TAG = Step("add_tag", {"tag_name": "went on"})
RACES = int(os.environ.get("TREADLE_TEST_RACES", "1000"))
RUNS = 1_000
"""Races in one test."""


# To a version that waits for another type of events.
MIGRATE = """
    WITH next AS (
        INSERT INTO workflow_versions (id, account_id, workflow_id, version, plan, heard_types)
        SELECT CAST(:id AS uuid), account_id, workflow_id, 2,
               jsonb_set(plan, '{steps,0,config,event_type}', '"sms_reply"'), '{sms_reply}'
        FROM workflow_versions
        RETURNING id
    )
    UPDATE workflow_executions SET version_id = next.id FROM next
    """


RENEWAL = Step(
    "wait_until_date",
    {
        "date_type": "contact_field",
        "field_name": "custom_fields.renewal",
        "timezone_mode": "utc",
    },
)
CHANGE: dict[str, Json] = {
    "changes": {"custom_fields.renewal": {"before": "2099-05-01", "after": "2099-06-01"}}
}


def wait(**more: Json) -> Step:
    return Step("wait_for_event", {"event_type": "email_open", **more})


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


@pytest.fixture
async def timing(world: Bench) -> AsyncGenerator[HandExecutor]:
    """Stands in for the scheduler."""
    executor = HandExecutor(world, "timing")
    await executor.start()
    yield executor
    await executor.stop()


def parked(task: ActionTask, until: datetime | None = None) -> ActionResult:
    result = result_for(task)
    # The scheduler says nothing of an end.
    result.ClearField("finished_at")
    result.waiting.resume_at.FromDatetime(until or datetime.now(UTC) + timedelta(days=30))
    result.waiting.reason = "waits for email_open, 30 days at most"
    return result


def timed_out(task: ActionTask) -> ActionResult:
    result = result_for(task)
    result.completed.output_json = b'{"waited_until": "2026-12-24T09:00:00Z"}'
    return result


async def opened(
    world: Bench,
    seeded: Seeded,
    *contacts: str,
    at: datetime | None = None,
    data: dict[str, Json] | None = None,
    times: int = 1,
    kind: str = "email_opened",
) -> None:
    events = [event(contact, data or {"message_id": "m"}) for contact in contacts]
    batch = batch_of(seeded.account_id, events, event_type=kind, occurred_at=at)
    await publish(world, batch, times=times)


async def renewed(world: Bench, day: str) -> None:
    await world.execute(
        "UPDATE contacts SET custom_fields = CAST(:fields AS jsonb)",
        fields=orjson.dumps({"renewal": day}).decode(),
    )


async def outputs(world: Bench) -> list[dict[str, Json]]:
    rows = await world.rows(
        "SELECT result_data FROM workflow_action_executions"
        " WHERE action_type = 'wait_for_event' AND status = 'completed' ORDER BY created_at"
    )
    return [row[0] for row in rows]  # type: ignore[misc]


async def test_an_event_ends_the_wait(
    world: Bench, timing: HandExecutor, crm: HandExecutor
) -> None:
    seeded = await world.seed([wait(), TAG], contacts=2)
    await world.start_engine()
    await world.start(seeded)
    tasks = await timing.take(2)
    await timing.answer(*map(parked, tasks))
    await world.until("SELECT count(*) FROM workflow_executions WHERE state = 'waiting'", 2)
    occurred_at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)

    await opened(world, seeded, seeded.contact_ids[0], at=occurred_at, times=3)

    (task,) = await crm.take(1)
    assert task.contact_id == seeded.contact_ids[0]
    (output,) = await outputs(world)
    assert output["event_id"]
    assert output | {"event_id": ""} == {
        "ended_by": "event",
        "event_type": "email_open",
        "event_id": "",
        "occurred_at": occurred_at.isoformat(),
        "data": {"message_id": "m"},
    }
    # The timeout that comes later is for nobody any more.
    await timing.answer(*(timed_out(each) for each in tasks if each.contact_id == task.contact_id))
    await crm.answer(tagged(task))
    await world.until("SELECT count(*) FROM workflow_executions WHERE state = 'completed'", 1)
    assert await world.states() == {"completed": 1, "waiting": 1}


@pytest.mark.parametrize("ignores", [True, False], ids=["people only", "anybody"])
async def test_what_a_program_opens_ends_no_wait_for_people(
    world: Bench, timing: HandExecutor, crm: HandExecutor, ignores: bool
) -> None:
    # It is the default.
    step = wait() if ignores else wait(ignore_automatic=False)
    seeded = await world.seed([step, TAG])
    await world.start_engine()
    await world.start(seeded)
    (task,) = await timing.take(1)
    await opened(world, seeded, *seeded.contact_ids, data={"automatic": True})
    await handled(world)
    if ignores:
        # Nor does one that is there already when the wait is.
        await timing.answer(parked(task))
        await world.until("SELECT state FROM workflow_executions", "waiting")
        await opened(world, seeded, *seeded.contact_ids, data={"automatic": False})
    await crm.take(1)
    (output,) = await outputs(world)
    assert (output["ended_by"], output["data"]) == ("event", {"automatic": not ignores})


async def test_an_event_that_comes_before_the_scheduler_has_taken_the_wait(
    world: Bench, timing: HandExecutor, crm: HandExecutor
) -> None:
    seeded = await world.seed([wait(), TAG])
    await world.start_engine()
    await world.start(seeded)
    (task,) = await timing.take(1)
    await opened(world, seeded, *seeded.contact_ids)
    await crm.take(1)
    await timing.answer(parked(task))
    assert [each["ended_by"] for each in await outputs(world)] == ["event"]


@pytest.mark.parametrize("answer", [parked, timed_out], ids=["parked", "time is up"])
async def test_an_event_that_nobody_matched_when_it_came(
    world: Bench, timing: HandExecutor, crm: HandExecutor, answer: object
) -> None:
    """As if it had been handled a moment before the wait's own transaction committed."""
    seeded = await world.seed([wait(), TAG])
    await world.start_engine()
    await world.start(seeded)
    (task,) = await timing.take(1)
    await world.execute(
        "INSERT INTO heard_events (id, account_id, contact_id, event_type, occurred_at, data)"
        " VALUES (:id, :account, :contact, 'email_opened', now(), '{}')",
        id=str(new_id()),
        account=seeded.account_id,
        contact=seeded.contact_ids[0],
    )
    await timing.answer(parked(task) if answer is parked else timed_out(task))
    await crm.take(1)
    assert [each["ended_by"] for each in await outputs(world)] == ["event"]
    assert await world.rows(
        "SELECT x.completed_at >= x.created_at, a.finished_at >= x.created_at"
        " FROM workflow_action_attempts a"
        " JOIN workflow_action_executions x ON x.id = a.action_execution_id"
    ) == [(True, True)]


async def test_an_event_that_a_migration_outruns_does_not_count_as_the_timeout(
    world: Bench, timing: HandExecutor, crm: HandExecutor
) -> None:
    """Matched under one version, decided under the next, which waits for something else."""
    seeded = await world.seed([wait(timeout_action="end"), TAG])
    await world.start_engine()
    await world.start(seeded)
    (task,) = await timing.take(1)
    await timing.answer(parked(task))
    await world.until("SELECT state FROM workflow_executions", "waiting")

    class Outrun(PostgresEventWaits):
        async def arrivals(self, waits: Sequence[EventWait]) -> Mapping[str, Arrival]:
            found = await super().arrivals(waits)
            await world.execute(MIGRATE, id=str(new_id()))
            return found

    ringer = NatsRinger(world.nc, world.js)
    stores, encoder = engine_stores(world.pool), TaskEncoder()
    publisher = OutboxPublisher(world.pool, world.js)
    processor = BatchProcessor(
        stores.executions, ringer, publisher, encoder, timing=RetryTiming(), rng=Random(7)
    )
    waits = EventWaits(Outrun(world.pool, PlanCache()), processor, ringer, encoder)
    contact = seeded.contact_ids[0]
    happened = Event(
        str(new_id()), seeded.account_id, "email_opened", contact, datetime.now(UTC), {}, ()
    )
    await waits.handle([happened])

    assert await outputs(world) == []
    assert await world.states() == {"waiting": 1}


async def test_what_does_not_end_a_wait(
    world: Bench, timing: HandExecutor, crm: HandExecutor
) -> None:
    seeded = await world.seed([wait(), TAG], contacts=2)
    mine, other = seeded.contact_ids
    await world.start_engine()
    await world.start(
        Seeded(seeded.account_id, seeded.workflow_id, seeded.version_id, seeded.action_ids, [mine])
    )
    (task,) = await timing.take(1)
    await timing.answer(parked(task))
    await opened(world, seeded, mine, at=datetime.now(UTC) - timedelta(minutes=1))
    await opened(world, seeded, other)
    await opened(world, seeded, mine, kind="email_clicked")
    await handled(world)
    assert await crm.nothing(0.1)
    assert await outputs(world) == []


async def test_what_the_step_before_has_brought_about_ends_no_wait_for_the_like(
    world: Bench, timing: HandExecutor, crm: HandExecutor
) -> None:
    seeded = await world.seed([TAG, Step("wait_for_event", {"event_type": "tag_added"}), TAG])
    await world.start_engine()
    await world.start(seeded)
    (first,) = await crm.take(1)
    await crm.answer(tagged(first))
    (task,) = await timing.take(1)
    await world.until("SELECT count(*) FROM heard_events", 1)
    await handled(world)
    await timing.answer(parked(task))
    await world.until("SELECT state FROM workflow_executions", "waiting")

    await opened(world, seeded, *seeded.contact_ids, data={"tag_name": "vip"}, kind="tag_added")
    (following,) = await crm.take(1)
    assert following.action_id == seeded.action_ids[2]
    assert [each["data"] for each in await outputs(world)] == [{"tag_name": "vip"}]


async def test_a_wait_until_the_calendar_ends(world: Bench, timing: HandExecutor) -> None:
    seeded = await world.seed([wait()])
    await world.start_engine()
    await world.start(seeded)
    (task,) = await timing.take(1)
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    await timing.answer(parked(task, last))
    await world.until("SELECT state FROM workflow_executions", "waiting")
    assert await world.rows("SELECT scheduled_at, lease_until FROM workflow_action_executions") == [
        (last, last)
    ]


@pytest.mark.parametrize(
    ("more", "state", "tags"),
    [
        ({}, "running", ["went on"]),
        ({"timeout_action": "continue"}, "running", ["went on"]),
        ({"timeout_action": "end"}, "completed", []),
        ({"timeout_action": "branch"}, "running", ["on the branch"]),
    ],
    ids=["default", "continue", "end", "branch"],
)
async def test_wait_for_event_action(
    world: Bench,
    timing: HandExecutor,
    crm: HandExecutor,
    more: dict[str, Json],
    state: str,
    tags: Sequence[str],
) -> None:
    branch = str(new_id())
    if more.get("timeout_action") == "branch":
        more = {**more, "timeout_branch_id": branch}
    elsewhere = Step("add_tag", {"tag_name": "on the branch"}, branch=branch)
    seeded = await world.seed([wait(**more), TAG, elsewhere])
    await world.start_engine()
    await world.start(seeded)
    (task,) = await timing.take(1)
    await timing.answer(parked(task))
    await timing.answer(timed_out(task))

    await world.until("SELECT state FROM workflow_executions", state)
    found = [each.config.add_tag.tag_name for each in await crm.take(len(tags))]
    assert found == tags
    assert await outputs(world) == [{"ended_by": "timeout", "event_type": "email_open"}]


async def test_a_related_action_s_message_counts_from_its_sending_on(
    world: Bench, timing: HandExecutor, crm: HandExecutor
) -> None:
    seeded = await world.seed([Step("add_tag", {"tag_name": "sent"}), wait(), TAG])
    sending, waiting_action, _ = seeded.action_ids
    await world.execute(
        "UPDATE workflow_versions SET plan = jsonb_set(plan, '{steps,1,config}',"
        " plan->'steps'->1->'config'"
        " || jsonb_build_object('related_action_id', CAST(:id AS text)))",
        id=sending,
    )
    await world.start_engine()
    await world.start(seeded)
    (sent,) = await crm.take(1)
    # Before the wait is so much as reached.
    await opened(
        world, seeded, *seeded.contact_ids, data={"action_execution_id": sent.action_execution_id}
    )
    await handled(world)
    await crm.answer(tagged(sent))
    (task,) = await timing.take(1)
    assert task.action_id == waiting_action
    await opened(world, seeded, *seeded.contact_ids, data={"action_execution_id": str(new_id())})
    await timing.answer(parked(task))
    (following,) = await crm.take(1)
    assert following.config.add_tag.tag_name == "went on"
    (output,) = await outputs(world)
    assert output["data"] == {"action_execution_id": sent.action_execution_id}


async def test_a_paused_workflow_holds_what_the_event_brings_about(
    world: Bench, timing: HandExecutor, crm: HandExecutor
) -> None:
    seeded = await world.seed([wait(), TAG])
    await world.start_engine()
    await world.start(seeded)
    (task,) = await timing.take(1)
    await timing.answer(parked(task))
    await world.until("SELECT state FROM workflow_executions", "waiting")
    await world.execute("UPDATE workflows SET status = 'paused'")
    await opened(world, seeded, *seeded.contact_ids)
    await world.until("SELECT state FROM workflow_executions", "paused")
    assert await crm.nothing(0.1)
    await world.execute("UPDATE workflows SET status = 'active'")
    await crm.take(1)


@pytest.mark.parametrize("seed", range(-(-RACES // RUNS)))
async def test_events_race_with_timeouts(
    world: Bench, timing: HandExecutor, crm: HandExecutor, seed: int
) -> None:
    """Both come for every execution, in any order and twice: each takes exactly one path."""
    branch = str(new_id())
    late = Step("add_tag", {"tag_name": "late"}, branch=branch)
    seeded = await world.seed(
        [wait(timeout_action="branch", timeout_branch_id=branch), TAG, late], contacts=RUNS
    )
    for _ in range(2):
        await world.start_engine()
    await world.start(seeded)
    tasks = await timing.take(RUNS)
    rng = Random(seed)

    async def say(kind: int, chunk: Sequence[ActionTask]) -> None:
        match kind:
            case 0:
                await timing.answer(*map(parked, chunk))
            case 1:
                await timing.answer(*map(timed_out, chunk))
            case _:
                await opened(world, seeded, *(task.contact_id for task in chunk))

    said = [(kind, tasks[at : at + 25]) for at in range(0, RUNS, 25) for kind in (0, 1, 1, 2, 2)]
    rng.shuffle(said)
    await asyncio.gather(*(say(kind, chunk) for kind, chunk in said))

    following = await crm.take(RUNS)
    await handled(world)
    assert await crm.nothing(0.2)
    assert len({task.execution_id for task in following}) == RUNS
    rows = await world.rows(
        "SELECT x.result_data->>'ended_by', n.action_id::text, count(*)"
        " FROM workflow_action_executions x"
        " JOIN workflow_executions e ON e.id = x.workflow_execution_id"
        " JOIN workflow_action_executions n ON n.id = e.current_action_execution_id"
        " WHERE x.action_type = 'wait_for_event' GROUP BY 1, 2"
    )
    went_on, went_late = seeded.action_ids[1], seeded.action_ids[2]
    found = {(ended_by, action): number for ended_by, action, number in rows}
    assert found.keys() == {("event", went_on), ("timeout", went_late)}
    assert sum(int(str(number)) for number in found.values()) == RUNS


async def test_a_changed_contact_moves_the_date_that_its_run_waits_for(
    world: Bench, timing: HandExecutor
) -> None:
    fixed: dict[str, Json] = {
        "date_type": "specific",
        "date_value": "2027-01-01T09:00",
        "timezone_mode": "utc",
    }
    seeded = await world.seed([RENEWAL])
    untouched = await world.seed([Step("wait_until_date", fixed)], account_id=seeded.account_id)
    await renewed(world, "2099-05-01")
    await world.start_engine()
    await world.start(seeded)
    (first,) = await timing.take(1)
    await renewed(world, "2099-06-01")
    await opened(world, seeded, *seeded.contact_ids, kind="contact_updated", data=CHANGE)
    (again,) = await timing.take(1)
    assert again.attempt_id == first.attempt_id
    assert again.ready_at == first.ready_at
    assert again.context_at.ToDatetime() > first.context_at.ToDatetime()
    contact = orjson.loads(again.context_json)["contact"]
    assert contact["custom_fields"] == {"renewal": "2099-06-01"}
    other: dict[str, Json] = {"first_name": {"before": "Ada", "after": "Eve"}}
    await opened(
        world, seeded, *seeded.contact_ids, kind="contact_updated", data={"changes": other}
    )
    await opened(world, untouched, *untouched.contact_ids, kind="contact_updated", data=CHANGE)
    await handled(world)
    assert await timing.nothing(0.2)


async def test_a_change_that_overtakes_the_step_moves_it_all_the_same(
    world: Bench, timing: HandExecutor
) -> None:
    """As if it had been handled a moment before the step's own transaction committed."""
    seeded = await world.seed([RENEWAL])
    await renewed(world, "2099-05-01")
    await world.start_engine()
    await world.start(seeded)
    (task,) = await timing.take(1)
    await renewed(world, "2099-06-01")
    for changes in (CHANGE, {"changes": {"first_name": {"before": "Ada", "after": "Eve"}}}):
        await world.execute(
            "INSERT INTO heard_events (id, account_id, contact_id, event_type, occurred_at, data)"
            " VALUES (:id, :account, :contact, 'contact_updated', now(), CAST(:data AS jsonb))",
            id=str(new_id()),
            account=seeded.account_id,
            contact=seeded.contact_ids[0],
            data=orjson.dumps(changes).decode(),
        )
    await timing.answer(parked(task))
    (again,) = await timing.take(1)
    assert again.attempt_id == task.attempt_id
    contact = orjson.loads(again.context_json)["contact"]
    assert contact["custom_fields"] == {"renewal": "2099-06-01"}
    # Once: that it has been planned anew is no reason to do so again.
    until = datetime(2099, 6, 1, tzinfo=UTC)
    await timing.answer(parked(again, until))
    await world.until("SELECT scheduled_at FROM workflow_action_executions", until)
    assert await timing.nothing(0.2)


async def test_a_change_whose_ring_is_lost_is_rung_for_again(
    world: Bench, timing: HandExecutor
) -> None:
    seeded = await world.seed([RENEWAL])
    await renewed(world, "2099-05-01")
    await world.start_engine()
    await world.start(seeded)
    (task,) = await timing.take(1)
    until = datetime(2099, 5, 1, tzinfo=UTC)
    await timing.answer(parked(task, until))
    await world.until("SELECT state FROM workflow_executions", "waiting")

    class Unheard(NatsRinger):
        async def ring(self, tasks: Sequence[Task]) -> None:
            assert [each.message_id.partition(":")[0] for each in tasks] == [task.attempt_id]

    ringer = Unheard(world.nc, world.js)
    stores, encoder = engine_stores(world.pool), TaskEncoder()
    publisher = OutboxPublisher(world.pool, world.js)
    processor = BatchProcessor(
        stores.executions, ringer, publisher, encoder, timing=RetryTiming(), rng=Random(7)
    )
    waits = EventWaits(stores.waits, processor, ringer, encoder)
    contact = seeded.contact_ids[0]
    changed = Event(
        str(new_id()), seeded.account_id, "contact_updated", contact, datetime.now(UTC), CHANGE, ()
    )
    await waits.handle([changed])

    leases = "SELECT lease_until < now() + interval '1 minute' FROM workflow_action_executions"
    assert await world.rows(leases) == [(True,)]
    # The answer to it leaves the wait alone until it is due.
    later = datetime(2099, 6, 1, tzinfo=UTC)
    await timing.answer(parked(task, later))
    await world.until("SELECT scheduled_at FROM workflow_action_executions", later)
    assert await world.rows(leases) == [(False,)]


async def test_of_a_wait_s_instants_that_come_together_the_last_counts(
    world: Bench, timing: HandExecutor
) -> None:
    seeded = await world.seed([wait()])
    await world.start_engine()
    await world.start(seeded)
    (task,) = await timing.take(1)
    first, last = (datetime(2099, 5, day, tzinfo=UTC) for day in (1, 2))
    await timing.answer(parked(task, first), parked(task, last))
    await world.until("SELECT state FROM workflow_executions", "waiting")
    assert await world.rows("SELECT scheduled_at FROM workflow_action_executions") == [(last,)]


async def test_a_change_begins_no_wait_that_is_held(
    world: Bench, timing: HandExecutor, crm: HandExecutor
) -> None:
    seeded = await world.seed([TAG, RENEWAL])
    await renewed(world, "2099-05-01")
    await world.start_engine()
    await world.start(seeded)
    (task,) = await crm.take(1)
    await world.execute("UPDATE workflows SET status = 'paused'")
    await crm.answer(tagged(task))
    await world.until("SELECT state FROM workflow_executions", "paused")
    await opened(world, seeded, *seeded.contact_ids, kind="contact_updated", data=CHANGE)
    await handled(world)
    assert await timing.nothing(0.2)
    await renewed(world, "2099-06-01")
    await world.execute("UPDATE workflows SET status = 'active'")
    (begun,) = await timing.take(1)
    contact = orjson.loads(begun.context_json)["contact"]
    assert contact["custom_fields"] == {"renewal": "2099-06-01"}


async def test_old_events_are_forgotten(world: Bench) -> None:
    seeded = await world.seed([wait()])
    for age in ("91 days", "89 days"):
        await world.execute(
            "INSERT INTO heard_events (id, account_id, contact_id, event_type, occurred_at, data,"
            " heard_at) VALUES (gen_random_uuid(), :account, :contact, 'email_opened', now(), '{}',"
            " now() - CAST(CAST(:age AS text) AS interval))",
            account=seeded.account_id,
            contact=seeded.contact_ids[0],
            age=age,
        )
        await world.execute(
            "INSERT INTO published_events (account_id, source_id, received_at)"
            " VALUES (:account, :age, now() - CAST(CAST(:age AS text) AS interval))",
            account=seeded.account_id,
            age=age,
        )
    assert await forget_events(world.db, older_than=timedelta(days=90)) == 2
    assert await world.rows("SELECT source_id FROM published_events") == [("89 days",)]
    assert await forget_events(world.db, older_than=timedelta(days=90)) == 0


async def test_events_stay_while_an_open_run_may_look_back_for_them(world: Bench) -> None:
    listening, other = await world.seed([wait()]), await world.seed([TAG])
    (run_id,) = await world.start(listening, ring=False)
    await world.start(other, ring=False)
    for contact, account, kind, age in (
        (listening.contact_ids[0], listening.account_id, "email_opened", "91 days"),
        # Before the run began, of a type that it does not wait for, of somebody who waits not.
        (listening.contact_ids[0], listening.account_id, "email_opened", "101 days"),
        (listening.contact_ids[0], listening.account_id, "sms_reply", "91 days"),
        (other.contact_ids[0], other.account_id, "email_opened", "91 days"),
    ):
        await world.execute(
            "INSERT INTO heard_events (id, account_id, contact_id, event_type, occurred_at, data,"
            " heard_at) VALUES (gen_random_uuid(), :account, :contact, :kind, now(), '{}',"
            " now() - CAST(CAST(:age AS text) AS interval))",
            account=account,
            contact=contact,
            kind=kind,
            age=age,
        )
    await world.execute("UPDATE workflow_executions SET started_at = now() - interval '100 days'")
    assert await forget_events(world.db, older_than=timedelta(days=90)) == 3
    assert await world.rows("SELECT contact_id::text, event_type FROM heard_events") == [
        (listening.contact_ids[0], "email_opened")
    ]
    for state, left in (("paused", 1), ("completed", 0)):
        await world.execute(
            "UPDATE workflow_executions SET state = :state WHERE id = CAST(:id AS uuid)",
            state=state,
            id=run_id,
        )
        await forget_events(world.db, older_than=timedelta(days=90))
        assert await world.rows("SELECT count(*) FROM heard_events") == [(left,)]
