"""Operations on many executions: what they find, what they do, and what becomes of them."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from action_service.adapters.operation_queue import PostgresOperationQueue
from action_service.domain.operations import BATCH
from action_service.use_cases.operations.work import OperationWork
from common.db import create_engine
from common.errors import ErrorReason
from tests.support.action_api import Api, Client, refused, tag
from tests.support.engine import HandExecutor, bench, tagged
from tests.support.operations import counts, do_all, preview, shown, start, worker
from tests.support.story import Story
from treadle.contact.v1 import contact_pb2, contact_service_pb2
from treadle.execution.v1 import execution_pb2
from treadle.execution.v1 import execution_service_pb2 as executions
from treadle.operation.v1 import operation_pb2
from treadle.operation.v1 import operation_service_pb2 as pb

RUNNING = execution_pb2.EXECUTION_STATE_RUNNING
WAITING = execution_pb2.EXECUTION_STATE_WAITING
PAUSED = execution_pb2.EXECUTION_STATE_PAUSED
OPEN = (operation_pb2.OPERATION_STATUS_PENDING, operation_pb2.OPERATION_STATUS_RUNNING)
STATES = "SELECT state, count(*) FROM workflow_executions GROUP BY state ORDER BY state"
AUDITED = """
    SELECT operation, count(*), count(DISTINCT entity_id) FROM audit_log
    WHERE operation LIKE 'execution.%' OR operation LIKE 'operation.%'
    GROUP BY operation ORDER BY operation
"""


class Cohort:
    """A workflow of two steps and people who run it; nobody works on their tasks."""

    def __init__(self, client: Client, api: Api) -> None:
        self.client = client
        self.api = api
        self.workflow_id = ""
        self.contact_ids: list[str] = []
        self.execution_ids: list[str] = []

    async def begin(self, number: int) -> "Cohort":
        """So many runs."""
        self.workflow_id = (await self.client.workflow()).id
        for name in ("a", "b"):
            await self.client.add(self.workflow_id, tag(name), name=name)
        await self.client.activate(self.workflow_id)
        await self.more(number)
        return self

    async def more(self, number: int) -> list[str]:
        """So many more."""
        added: list[str] = []
        for first in range(0, number, 1_000):
            some = [contact_pb2.Contact(first_name="Ada")] * min(1_000, number - first)
            created = await self.client.contacts.CreateContacts(
                contact_service_pb2.CreateContactsRequest(contacts=some)
            )
            started = await self.client.executions.StartExecutions(
                executions.StartExecutionsRequest(
                    workflow_id=self.workflow_id, contact_ids=created.contact_ids
                )
            )
            self.contact_ids += created.contact_ids
            added += started.execution_ids
        self.execution_ids += added
        return added

    async def states(self) -> dict[str, int]:
        """How many executions are in each state."""
        return {str(state): int(str(count)) for state, count in await self.api.rows(STATES)}


@pytest.fixture
def cohort(client: Client, api: Api) -> Cohort:
    return Cohort(client, api)


async def test_pause_resume_and_cancel_a_cohort(cohort: Cohort, api: Api, client: Client) -> None:
    await cohort.begin(BATCH + 20)
    which = {"workflow_id": cohort.workflow_id}
    assert await preview(client, "pause", **which) == BATCH + 20
    started = await start(client, "pause", reason="the offer changes", **which)
    assert started.status == operation_pb2.OPERATION_STATUS_PENDING
    assert counts(started) == (BATCH + 20, 0, {}, 0)
    assert await cohort.states() == {"running": BATCH + 20}
    late = await cohort.more(5)
    assert await do_all(api) == 2
    paused = await shown(client, started.id)
    assert paused.status == operation_pb2.OPERATION_STATUS_COMPLETED
    assert paused.started_by == f"user:{client.subject}"
    assert paused.HasField("finished_at")
    assert counts(paused) == (BATCH + 20, BATCH + 20, {}, 0)
    # Those that have started since are not touched.
    assert await cohort.states() == {"paused": BATCH + 20, "running": 5}
    one = await client.executions.GetExecution(
        executions.GetExecutionRequest(execution_id=cohort.execution_ids[0])
    )
    assert one.execution.pause.reason == "the offer changes"
    assert one.execution.pause.paused_by == f"user:{client.subject}"
    assert await preview(client, "pause", **which) == 5
    await start(client, "resume", **which)
    await do_all(api)
    assert await cohort.states() == {"running": BATCH + 25}
    cancelled = await start(client, "cancel", reason="over", **which)
    await do_all(api)
    assert counts(await shown(client, cancelled.id))[:2] == (BATCH + 25, BATCH + 25)
    assert await api.rows("SELECT DISTINCT state, reason FROM workflow_executions") == [
        ("cancelled", "over")
    ]
    assert await api.rows(
        "SELECT DISTINCT status, reason, lease_until FROM workflow_action_executions"
    ) == [("cancelled", "over", None)]
    assert await api.rows(AUDITED) == [
        ("execution.cancelled", BATCH + 25, BATCH + 25),
        ("execution.paused", BATCH + 20, BATCH + 20),
        ("execution.resumed", BATCH + 20, BATCH + 20),
        ("operation.completed", 3, 3),
        ("operation.started", 3, 3),
    ]
    assert await api.rows(
        "SELECT DISTINCT after->>'operation_id' FROM audit_log"
        " WHERE operation = 'execution.cancelled'"
    ) == [(cancelled.id,)]
    assert late[0] in cohort.execution_ids


async def tagged_with(api: Api, contact_ids: list[str], name: str) -> None:
    """The contacts have the tag."""
    await api.execute(
        "WITH t AS (INSERT INTO tags (id, account_id, name) SELECT gen_random_uuid(), account_id,"
        " :name FROM contacts WHERE id = ANY(CAST(:ids AS uuid[])) LIMIT 1 RETURNING *)"
        " INSERT INTO contact_tags (account_id, contact_id, tag_id)"
        " SELECT t.account_id, c.id, t.id FROM t, unnest(CAST(:ids AS uuid[])) AS c(id)",
        ids=contact_ids,
        name=name,
    )


async def test_filters(cohort: Cohort, api: Api, client: Client) -> None:
    await cohort.begin(6)
    mine = cohort.workflow_id
    (action_a, action_b) = (action.id for action in await client.list(mine))
    await tagged_with(api, cohort.contact_ids[:3], "vip")
    await tagged_with(api, cohort.contact_ids[:5], "new")
    other = await Cohort(client, api).begin(1)
    first, second, third = cohort.execution_ids[:3]
    await api.execute(
        "UPDATE workflow_executions SET state = 'waiting', current_action_id = :b WHERE id = :id",
        b=UUID(action_b),
        id=UUID(first),
    )
    await api.execute(
        "UPDATE workflow_executions SET state = 'paused' WHERE id = :id", id=UUID(second)
    )
    await api.execute(
        "UPDATE workflow_executions SET state = 'completed' WHERE id = :id", id=UUID(third)
    )
    await api.execute(
        "UPDATE workflow_executions SET started_at = '2026-01-01T00:00:00Z' WHERE id = :id",
        id=UUID(first),
    )
    new_year, next_day = Timestamp(), Timestamp()
    new_year.FromDatetime(datetime(2026, 1, 1, tzinfo=UTC))
    next_day.FromDatetime(datetime(2026, 1, 2, tzinfo=UTC))

    async def found(**which: object) -> int:
        return await preview(client, "cancel", **which)

    assert await found(workflow_id=mine) == 5
    assert await found(workflow_id=mine, version=1) == 5
    assert await found(workflow_id=mine, version=2) == 0
    assert await found(action_id=action_b) == 1
    assert await found(action_id=action_a, states=[PAUSED]) == 1
    assert await found(states=[RUNNING, WAITING]) == 5
    assert await found(tags=["vip"]) == 2
    assert await found(tags=["vip", "new"]) == 4
    assert await found(tags=["unheard of"]) == 0
    assert await found(contact_ids=cohort.contact_ids[:3] + other.contact_ids) == 3
    assert await found(started_before=next_day) == 1
    assert await found(started_after=new_year, workflow_id=mine) == 4
    # What their workflow holds nobody has paused.
    assert await preview(client, "pause", workflow_id=mine) == 5
    assert await preview(client, "resume", workflow_id=mine) == 0
    assert (await start(client, "resume", workflow_id=mine)).status == (
        operation_pb2.OPERATION_STATUS_COMPLETED
    )
    stranger = await api.client()
    assert await preview(stranger, "cancel", action_id=action_a) == 0


@pytest.mark.parametrize(
    ("which", "field"),
    [
        ({}, "filter"),
        ({"version": 1}, "filter.workflow_id"),
        ({"states": [execution_pb2.EXECUTION_STATE_COMPLETED]}, "filter.states[0]"),
        (
            {"started_after": Timestamp(seconds=2), "started_before": Timestamp(seconds=1)},
            "filter.started_before",
        ),
        ({"tags": ["x"] * 51}, "filter.tags"),
        ({"contact_ids": [str(UUID(int=1))] * 1_001}, "filter.contact_ids"),
    ],
    ids=["empty", "version", "ended", "order", "tags", "contacts"],
)
async def test_filters_that_are_refused(shared_api: Api, which: dict[str, Any], field: str) -> None:
    client = await shared_api.client()
    error = await refused(start(client, "pause", **which), ErrorReason.VALIDATION_FAILED)
    assert [violation.field for violation in error.violations] == [field]


async def test_what_is_not_there_or_not_allowed_is_refused(shared_api: Api) -> None:
    client = await shared_api.client()
    unknown = str(uuid4())
    await refused(start(client, "pause", workflow_id=unknown), ErrorReason.NOT_FOUND)
    await refused(shown(client, unknown), ErrorReason.NOT_FOUND)
    await refused(
        client.operations.CancelOperation(pb.CancelOperationRequest(operation_id=unknown)),
        ErrorReason.NOT_FOUND,
    )
    request = pb.StartOperationRequest(filter=operation_pb2.ExecutionFilter(states=[RUNNING]))
    error = await refused(client.operations.StartOperation(request), ErrorReason.VALIDATION_FAILED)
    assert [violation.field for violation in error.violations] == ["kind"]
    viewer = await shared_api.client("viewer", account_id=client.account_id)
    assert await preview(viewer, "pause", states=[RUNNING]) == 0
    await refused(start(viewer, "pause", states=[RUNNING]), ErrorReason.PERMISSION_DENIED)


async def test_a_repeated_request_starts_one_operation(cohort: Cohort, client: Client) -> None:
    await cohort.begin(2)
    request_id, which = str(uuid4()), {"workflow_id": cohort.workflow_id}
    first = await start(client, "pause", request_id=request_id, **which)
    assert (await start(client, "pause", request_id=request_id, **which)).id == first.id
    listed = await client.operations.ListOperations(pb.ListOperationsRequest())
    assert [each.id for each in listed.operations] == [first.id]


async def test_runs_that_have_gone_on_since_are_left_alone_and_counted(
    cohort: Cohort, api: Api, client: Client
) -> None:
    await cohort.begin(5)
    action_a, action_b = (action.id for action in await client.list(cohort.workflow_id))
    started = await start(client, "pause", action_id=action_a)
    moved, ended, paused, gone, _ = (UUID(each) for each in cohort.execution_ids)
    await api.execute(
        "UPDATE workflow_executions SET current_action_id = :b WHERE id = :id",
        b=UUID(action_b),
        id=moved,
    )
    await api.execute("UPDATE workflow_executions SET state = 'failed' WHERE id = :id", id=ended)
    await client.executions.PauseExecution(
        executions.PauseExecutionRequest(execution_id=str(paused))
    )
    await api.execute(
        "DELETE FROM workflow_action_executions WHERE workflow_execution_id = :id", id=gone
    )
    await api.execute("DELETE FROM workflow_executions WHERE id = :id", id=gone)
    await do_all(api)
    done = await shown(client, started.id)
    assert counts(done) == (5, 1, {"ended": 2, "unchanged": 1, "moved_on": 1}, 0)
    assert done.status == operation_pb2.OPERATION_STATUS_COMPLETED


async def test_what_somebody_holds_comes_again(cohort: Cohort, api: Api, client: Client) -> None:
    await cohort.begin(3)
    started = await start(client, "cancel", workflow_id=cohort.workflow_id)
    async with api.db.begin() as other:
        await other.execute(
            text("SELECT FROM workflow_executions WHERE id = :id FOR NO KEY UPDATE"),
            {"id": UUID(cohort.execution_ids[1])},
        )
        assert await worker(api).next_batch()
        assert counts(await shown(client, started.id)) == (3, 2, {}, 0)
        # Nothing could be done: it is worth a break.
        assert not await worker(api).next_batch()
    await do_all(api)
    done = await shown(client, started.id)
    assert (done.status, done.done) == (operation_pb2.OPERATION_STATUS_COMPLETED, 3)


async def test_a_bad_run_fails_alone(cohort: Cohort, api: Api, client: Client) -> None:
    await cohort.begin(40)
    bad = cohort.execution_ids[7]
    await api.execute(
        """
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'cannot be written'; END $$;
        """
    )
    await api.execute(
        "CREATE TRIGGER refuse BEFORE UPDATE ON workflow_executions FOR EACH ROW"
        f" WHEN (OLD.id = '{bad}') EXECUTE FUNCTION refuse()"
    )
    started = await start(client, "pause", workflow_id=cohort.workflow_id)
    await do_all(api)
    done = await shown(client, started.id)
    assert done.status == operation_pb2.OPERATION_STATUS_COMPLETED
    assert counts(done) == (40, 39, {}, 1)
    assert [each.execution_id for each in done.failures] == [bad]
    assert "inside Treadle" in done.failures[0].reason
    assert await cohort.states() == {"paused": 39, "running": 1}


async def test_a_stopped_operation_does_no_more(cohort: Cohort, api: Api, client: Client) -> None:
    await cohort.begin(BATCH + 1)
    started = await start(client, "pause", workflow_id=cohort.workflow_id)
    assert await worker(api).next_batch()
    request = pb.CancelOperationRequest(operation_id=started.id)
    stopped = (await client.operations.CancelOperation(request)).operation
    assert stopped.status == operation_pb2.OPERATION_STATUS_CANCELLED
    assert counts(stopped) == (BATCH + 1, BATCH, {}, 0)
    assert (await client.operations.CancelOperation(request)).operation == stopped
    assert await do_all(api) == 0
    assert await cohort.states() == {"paused": BATCH, "running": 1}
    assert await api.rows("SELECT number FROM execution_operation_batches") == []
    completed = await start(client, "resume", workflow_id=cohort.workflow_id)
    await do_all(api)
    await refused(
        client.operations.CancelOperation(pb.CancelOperationRequest(operation_id=completed.id)),
        ErrorReason.ILLEGAL_TRANSITION,
    )


async def test_operations_are_listed_and_watched(cohort: Cohort, api: Api, client: Client) -> None:
    await cohort.begin(BATCH + 1)
    first = await start(client, "pause", workflow_id=cohort.workflow_id)
    second = await start(client, "cancel", workflow_id=cohort.workflow_id)
    page = await client.operations.ListOperations(pb.ListOperationsRequest(page_size=1))
    assert [each.id for each in page.operations] == [second.id]
    page = await client.operations.ListOperations(
        pb.ListOperationsRequest(page_size=1, page_token=page.next_page_token)
    )
    assert [each.id for each in page.operations] == [first.id]
    seen: list[tuple[int, int]] = []
    async for answer in client.operations.WatchOperation(
        pb.WatchOperationRequest(operation_id=first.id)
    ):
        seen.append((answer.operation.status, answer.operation.done))
        await do_all(api)
    assert seen[0] == (operation_pb2.OPERATION_STATUS_PENDING, 0)
    assert seen[-1] == (operation_pb2.OPERATION_STATUS_COMPLETED, BATCH + 1)
    listed = await client.operations.ListOperations(
        pb.ListOperationsRequest(status=operation_pb2.OPERATION_STATUS_PENDING)
    )
    assert list(listed.operations) == []


def kill_at(db: AsyncEngine, number: int, task: "asyncio.Task[bool]") -> None:
    """Has the task end before its statement of this number, as a killed process would."""
    seen = 0

    def hook(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            task.cancel()

    event.listen(db.sync_engine, "before_cursor_execute", hook)


async def test_thousands_by_workers_that_are_killed_half_way_and_replaced(
    cohort: Cohort, api: Api, client: Client, database_url: str
) -> None:
    await cohort.begin(3_000)
    started = await start(client, "pause", workflow_id=cohort.workflow_id)
    chance = Random(5)
    killed = 0

    async def work(kill_before: int) -> None:
        nonlocal killed
        db = create_engine(database_url, search_path="treadle", pool_size=1)
        task = asyncio.create_task(OperationWork(PostgresOperationQueue(db)).next_batch())
        kill_at(db, kill_before, task)
        with suppress(asyncio.CancelledError):
            await task
        killed += task.cancelled()
        await db.dispose()

    while (await shown(client, started.id)).status != operation_pb2.OPERATION_STATUS_COMPLETED:
        await asyncio.gather(work(chance.randint(1, 16)), work(chance.randint(1, 16)))
    assert killed >= 3
    assert counts(await shown(client, started.id)) == (3_000, 3_000, {}, 0)
    assert await cohort.states() == {"paused": 3_000}
    assert await api.rows(AUDITED) == [
        ("execution.paused", 3_000, 3_000),
        ("operation.completed", 1, 1),
        ("operation.started", 1, 1),
    ]


async def test_beside_an_engine_at_work_nobody_waits_in_a_circle_and_nothing_is_lost(
    api: Api, client: Client, database_url: str, nats_url: str
) -> None:
    names = ("a", "b", "c", "d")
    async with bench(database_url, nats_url) as world:
        for _ in range(2):
            await world.start_engine()
        crm = HandExecutor(world)
        await crm.start()
        story = Story(api, client, world)
        await story.begin(*names)
        await story.run(300)

        async def answer() -> None:
            left = 300 * len(names)
            while left:
                tasks = await crm.take_some(100)
                await crm.answer(*(tagged(task) for task in tasks))
                left -= len(tasks)

        async def operate() -> None:
            for kind in ("pause", "resume") * 4:
                operation = await start(client, kind, workflow_id=story.workflow_id)
                while (await shown(client, operation.id)).status in OPEN:
                    await asyncio.gather(worker(api).next_batch(), worker(api).next_batch())

        await asyncio.gather(answer(), operate())
        await story.settled("completed", 300)
        await crm.stop()
    assert await api.rows(
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    ) == [(0,)]
    assert await api.rows("SELECT count(*) FROM contact_tags") == [(300 * len(names),)]
