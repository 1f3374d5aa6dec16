"""Executions over gRPC on a real Postgres: starting, reading, watching, cancelling, counting."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from action_service.adapters.database import PostgresDatabase
from action_service.adapters.plan_cache import PlanCache
from action_service.domain.states import ExecutionState
from action_service.use_cases.watch import ExecutionWatcher
from common.catalogue.convert import read_struct
from common.errors import ErrorReason
from tests.support.action_api import Api, Client, fields, refused, tag
from tests.support.waiting import until
from treadle.contact.v1 import contact_pb2, contact_service_pb2
from treadle.dispatch.v1.task_pb2 import ActionTask
from treadle.execution.v1 import execution_pb2
from treadle.execution.v1 import execution_service_pb2 as pb
from treadle.workflow.v1 import workflow_pb2


async def active(client: Client, *names: str) -> workflow_pb2.Workflow:
    """An active workflow that adds these tags one after the other."""
    workflow = await client.workflow()
    for name in names or ("first", "second"):
        await client.add(workflow.id, tag(name), name=name)
    return await client.activate(workflow.id)


async def people(client: Client, number: int) -> list[str]:
    request = contact_service_pb2.CreateContactsRequest(
        contacts=[contact_pb2.Contact(first_name=f"P{index}") for index in range(number)]
    )
    return list((await client.contacts.CreateContacts(request)).contact_ids)


async def start(client: Client, workflow_id: str, ids: list[str], **more: Any) -> list[str]:
    request = pb.StartExecutionsRequest(workflow_id=workflow_id, contact_ids=ids, **more)
    return list((await client.executions.StartExecutions(request)).execution_ids)


async def start_one(client: Client, workflow_id: str) -> str:
    (contact_id,) = await people(client, 1)
    (execution_id,) = await start(client, workflow_id, [contact_id])
    return execution_id


async def get(client: Client, execution_id: str) -> execution_pb2.Execution:
    request = pb.GetExecutionRequest(execution_id=execution_id)
    return (await client.executions.GetExecution(request)).execution


async def log(client: Client, execution_id: str) -> list[execution_pb2.ActionExecution]:
    request = pb.ListActionExecutionsRequest(execution_id=execution_id)
    return list((await client.executions.ListActionExecutions(request)).action_executions)


async def cancel(client: Client, execution_id: str, reason: str = "") -> execution_pb2.Execution:
    request = pb.CancelExecutionRequest(execution_id=execution_id, reason=reason)
    return (await client.executions.CancelExecution(request)).execution


async def test_a_thousand_start_in_one_call(api: Api, client: Client) -> None:
    workflow = await active(client)
    ids = await people(client, 1000)
    request_id = str(uuid4())
    started = await start(client, workflow.id, ids, request_id=request_id)
    assert len(set(started)) == 1000
    assert len(api.bell.tasks) == 1000
    tasks = [ActionTask.FromString(task.payload) for task in api.bell.tasks]
    assert [task.contact_id for task in tasks] == ids
    assert [task.execution_id for task in tasks] == started
    assert {task.config.add_tag.tag_name for task in tasks} == {"first"}
    rows = await api.rows(
        "SELECT count(*) FROM workflow_executions e JOIN workflow_action_executions x"
        " ON x.id = e.current_action_execution_id WHERE x.status = 'pending'"
        " AND x.lease_until > now() AND x.attempt_id = e.current_attempt_id"
    )
    assert rows == [(1000,)]
    # The same request again: the same answer, nothing new, no second ring.
    assert await start(client, workflow.id, ids, request_id=request_id) == started
    assert len(api.bell.tasks) == 1000


async def test_one_start_returns_the_execution(client: Client) -> None:
    workflow = await active(client)
    (contact_id,) = await people(client, 1)
    request = pb.StartExecutionRequest(
        workflow_id=workflow.id, contact_id=contact_id, event={"order": {"total": 5}}
    )
    execution = (await client.executions.StartExecution(request)).execution
    assert execution.state == execution_pb2.EXECUTION_STATE_RUNNING
    assert (execution.workflow_id, execution.contact_id) == (workflow.id, contact_id)
    assert execution.workflow_version == 1
    assert read_struct(execution.event) == {"order": {"total": 5}}
    assert execution.current_action_id == (await client.list(workflow.id))[0].id
    assert await get(client, execution.id) == execution


async def test_starts_that_are_refused(api: Api, client: Client) -> None:
    draft = await client.workflow()
    workflow = await active(client)
    known = await people(client, 2)
    error = await refused(start(client, draft.id, known), ErrorReason.ILLEGAL_TRANSITION)
    assert error.metadata["status"] == "draft"
    await refused(start(client, str(uuid4()), known), ErrorReason.NOT_FOUND)
    unknown = str(uuid4())
    error = await refused(
        start(client, workflow.id, [known[0], unknown, known[0]]), ErrorReason.VALIDATION_FAILED
    )
    assert fields(error) == ["contact_ids[1]", "contact_ids[2]"]
    error = await refused(
        start(client, workflow.id, [known[0], "x"]), ErrorReason.MALFORMED_REQUEST
    )
    assert fields(error) == ["contact_ids[1]"]
    for ids in ([], [str(uuid4()) for _ in range(1001)]):
        error = await refused(start(client, workflow.id, ids), ErrorReason.VALIDATION_FAILED)
        assert fields(error) == ["contact_ids"]
    for event in ({"x": "y" * 40_000}, {"x": "\0"}, {"x": float("inf")}):
        error = await refused(
            start(client, workflow.id, known, event=event), ErrorReason.VALIDATION_FAILED
        )
        assert fields(error) == ["event"]
    request = pb.StartExecutionRequest(workflow_id=workflow.id, contact_id=unknown)
    error = await refused(client.executions.StartExecution(request), ErrorReason.VALIDATION_FAILED)
    assert fields(error) == ["contact_id"]
    stranger = await api.client()
    theirs = await people(stranger, 1)
    await refused(start(stranger, workflow.id, theirs), ErrorReason.NOT_FOUND)
    await refused(start(client, workflow.id, theirs), ErrorReason.VALIDATION_FAILED)
    editor = await api.client("editor", account_id=client.account_id)
    await refused(start(editor, workflow.id, known), ErrorReason.PERMISSION_DENIED)
    assert await api.rows("SELECT count(*) FROM workflow_executions") == [(0,)]
    assert api.bell.tasks == []


async def test_lists_of_executions(api: Api, client: Client) -> None:
    workflow, other = await active(client), await active(client)
    ids = await people(client, 5)
    started = await start(client, workflow.id, ids)
    elsewhere = await start(client, other.id, ids[:1])
    await cancel(client, started[2])

    async def page(**more: Any) -> pb.ListExecutionsResponse:
        return await client.executions.ListExecutions(pb.ListExecutionsRequest(**more))

    first = await page(workflow_id=workflow.id, page_size=3)
    second = await page(workflow_id=workflow.id, page_size=3, page_token=first.next_page_token)
    assert [e.id for e in (*first.executions, *second.executions)] == started[::-1]
    of_contact = await page(contact_id=ids[0])
    assert [e.id for e in of_contact.executions] == [*elsewhere, started[0]]
    both = await page(contact_id=ids[0], workflow_id=workflow.id)
    assert [e.id for e in both.executions] == [started[0]]
    cancelled = await page(workflow_id=workflow.id, state=execution_pb2.EXECUTION_STATE_CANCELLED)
    assert [e.id for e in cancelled.executions] == [started[2]]
    error = await refused(page(), ErrorReason.VALIDATION_FAILED)
    assert fields(error) == ["workflow_id"]
    await refused(
        page(workflow_id=other.id, page_token=first.next_page_token),
        ErrorReason.MALFORMED_REQUEST,
    )
    stranger = await api.client()
    request = pb.ListExecutionsRequest(workflow_id=workflow.id)
    assert not (await stranger.executions.ListExecutions(request)).executions
    await refused(get(stranger, started[0]), ErrorReason.NOT_FOUND)


async def test_cancelling(api: Api, client: Client) -> None:
    workflow = await active(client)
    execution_id = await start_one(client, workflow.id)
    stranger = await api.client()
    await refused(cancel(stranger, execution_id), ErrorReason.NOT_FOUND)
    ended = await cancel(client, execution_id, "asked for by the customer")
    assert ended.state == execution_pb2.EXECUTION_STATE_CANCELLED
    assert ended.reason == "asked for by the customer"
    assert ended.HasField("ended_at")
    assert not ended.current_action_id
    (step,) = await log(client, execution_id)
    assert step.status == execution_pb2.ACTION_EXECUTION_STATUS_CANCELLED
    # A late result finds no current attempt; nothing is left to sweep.
    fenced = await api.rows(
        "SELECT e.current_attempt_id, x.lease_until FROM workflow_executions e"
        " JOIN workflow_action_executions x ON x.workflow_execution_id = e.id"
    )
    assert fenced == [(None, None)]
    assert await cancel(client, execution_id, "again") == ended
    audit = await api.rows("SELECT before, after FROM audit_log WHERE operation LIKE 'execution%'")
    assert audit == [
        ({"state": "running"}, {"state": "cancelled", "reason": "asked for by the customer"})
    ]
    await refused(cancel(client, execution_id, "x" * 501), ErrorReason.VALIDATION_FAILED)
    viewer = await api.client("viewer", account_id=client.account_id)
    await refused(cancel(viewer, execution_id), ErrorReason.PERMISSION_DENIED)


async def test_a_run_is_cancelled_when_its_row_is_had(api: Api, client: Client) -> None:
    """No step comes to be after the end of its run, whoever held the row meanwhile."""
    workflow = await active(client)
    execution_id = await start_one(client, workflow.id)
    async with api.db.begin() as engine:
        await engine.execute(text("SELECT FROM workflow_executions FOR UPDATE"))
        cancelling = asyncio.create_task(cancel(client, execution_id))
        await api.lock_waiters(1)
        await engine.execute(
            text("UPDATE workflow_action_executions SET created_at = clock_timestamp()")
        )
    await cancelling
    assert await api.rows(
        "SELECT e.ended_at >= x.created_at, x.completed_at >= x.created_at"
        " FROM workflow_executions e"
        " JOIN workflow_action_executions x ON x.workflow_execution_id = e.id"
    ) == [(True, True)]


@pytest.mark.parametrize("state", ["completed", "failed"])
async def test_what_has_ended_is_not_cancelled(api: Api, client: Client, state: str) -> None:
    workflow = await active(client)
    execution_id = await start_one(client, workflow.id)
    await api.execute("UPDATE workflow_executions SET state = :state", state=state)
    error = await refused(cancel(client, execution_id), ErrorReason.ILLEGAL_TRANSITION)
    assert error.metadata == {"state": state}


async def test_the_log_has_everything_of_r7_3(api: Api, client: Client) -> None:
    workflow = await client.workflow()
    webhook = {
        "webhook_call": {
            "url": "https://example.com/hook",
            "method": "HTTP_METHOD_POST",
            "auth_type": "WEBHOOK_AUTH_TYPE_BEARER",
            "auth_config": {"token": "s3cret"},
        }
    }
    action = await client.add(workflow.id, webhook, name="call")
    await client.activate(workflow.id)
    execution_id = await start_one(client, workflow.id)
    await api.execute(
        """
        WITH x AS (
            UPDATE workflow_action_executions
            SET status = 'failed', started_at = '2026-01-01T10:00:00Z', retry_count = 1,
                completed_at = '2026-01-01T10:00:02.5Z', error_class = 'network_timeout',
                error_message = 'no answer', result_data = '{"status_code": 0}',
                attempt_number = 2, lease_until = NULL
            RETURNING id, account_id
        )
        INSERT INTO workflow_action_attempts
            (id, account_id, action_execution_id, number, started_at, finished_at, error_class,
             error_message, provider_reference)
        SELECT gen_random_uuid(), x.account_id, x.id, n, '2026-01-01T10:00:00Z',
               '2026-01-01T10:00:01Z', 'network_timeout', 'no answer', 'ref-' || n
        FROM x, generate_series(1, 2) AS n
        """
    )
    (step,) = await log(client, execution_id)
    assert (step.execution_id, step.action_id) == (execution_id, action.id)
    assert (step.action_name, step.action_type, step.position) == ("call", "webhook_call", 1)
    assert step.contact_id == (await get(client, execution_id)).contact_id
    config = read_struct(step.action_config)
    assert config["url"] == "https://example.com/hook"
    assert config["auth_config"] == {"token": "********"}
    assert step.status == execution_pb2.ACTION_EXECUTION_STATUS_FAILED
    assert step.duration.ToTimedelta() == timedelta(seconds=2.5)
    assert step.error.error_class == execution_pb2.ERROR_CLASS_NETWORK_TIMEOUT
    assert step.error.message == "no answer"
    assert step.retry_count == 1
    assert step.result["status_code"] == 0
    assert [(a.number, a.provider_reference) for a in step.attempts] == [(1, "ref-1"), (2, "ref-2")]
    stranger = await api.client()
    await refused(log(stranger, execution_id), ErrorReason.NOT_FOUND)


async def test_pages_of_the_log(api: Api, client: Client) -> None:
    workflow = await active(client)
    execution_id = await start_one(client, workflow.id)
    await api.execute(
        """
        INSERT INTO workflow_action_executions
            (account_id, workflow_execution_id, action_id, contact_id, action_type, attempt_id)
        SELECT account_id, workflow_execution_id, action_id, contact_id, action_type,
               gen_random_uuid()
        FROM workflow_action_executions, generate_series(1, 4)
        """
    )
    seen: list[str] = []
    request = pb.ListActionExecutionsRequest(execution_id=execution_id, page_size=2)
    while True:
        answer = await client.executions.ListActionExecutions(request)
        seen += [step.id for step in answer.action_executions]
        request.page_token = answer.next_page_token
        if not request.page_token:
            break
    assert seen == [step.id for step in await log(client, execution_id)]
    assert len(seen) == 5


async def test_watching_until_the_end(api: Api, client: Client) -> None:
    workflow = await active(client)
    execution_id = await start_one(client, workflow.id)
    request = pb.WatchExecutionRequest(execution_id=execution_id)

    answers: list[list[pb.WatchExecutionResponse]] = [[] for _ in range(3)]

    async def watch(seen: list[pb.WatchExecutionResponse]) -> None:
        async for answer in client.executions.WatchExecution(request):
            seen.append(answer)  # noqa: PERF401 - it is looked at meanwhile

    watchers = [asyncio.create_task(watch(seen)) for seen in answers]
    await until(lambda: all(len(seen) == 1 for seen in answers))
    await api.execute(
        "UPDATE workflow_action_executions SET status = 'waiting', reason = 'until tomorrow'"
    )
    await until(lambda: all(len(seen) == 2 for seen in answers))
    # A lease that is renewed is no change that anybody could see.
    await api.execute("UPDATE workflow_action_executions SET lease_until = now()")
    await asyncio.sleep(0.6)
    await cancel(client, execution_id, "enough")
    async with asyncio.timeout(60):
        await asyncio.gather(*watchers)
    assert answers[0] == answers[1] == answers[2]
    assert [a.action_executions[0].status for a in answers[0]] == [
        execution_pb2.ACTION_EXECUTION_STATUS_PENDING,
        execution_pb2.ACTION_EXECUTION_STATUS_WAITING,
        execution_pb2.ACTION_EXECUTION_STATUS_CANCELLED,
    ]
    assert answers[0][-1].execution == await get(client, execution_id)
    # Watching what has ended answers once.
    again: list[pb.WatchExecutionResponse] = []
    await watch(again)
    assert again == answers[0][-1:]
    stranger = await api.client()

    async def spy() -> object:
        return [answer async for answer in stranger.executions.WatchExecution(request)]

    await refused(spy(), ErrorReason.NOT_FOUND)


async def test_an_execution_that_was_opened_again_is_watched_anew(api: Api, client: Client) -> None:
    workflow = await active(client)
    execution = UUID(await start_one(client, workflow.id))
    set_state = "UPDATE workflow_executions SET state = :state, ended_at = CAST(:at AS timestamptz)"
    ended, watcher = datetime.now(UTC), ExecutionWatcher(PostgresDatabase(api.db, PlanCache()))
    await api.execute(set_state, state="failed", at=ended)
    # One who reads slowly has not gone when the next one comes.
    slow = watcher.watch(client.account_id, execution)
    assert (await anext(slow)).execution.state is ExecutionState.FAILED
    await api.execute(set_state, state="running", at=None)

    late = watcher.watch(client.account_id, execution)
    assert (await anext(late)).execution.state is ExecutionState.RUNNING

    await slow.aclose()
    await late.aclose()


async def test_a_watcher_that_goes_leaves_nothing_behind(api: Api, client: Client) -> None:
    workflow = await active(client)
    execution_id = await start_one(client, workflow.id)
    tasks = len(asyncio.all_tasks())
    call = client.executions.WatchExecution(pb.WatchExecutionRequest(execution_id=execution_id))
    async for _ in call:
        break
    call.cancel()
    async with asyncio.timeout(60):
        while len(asyncio.all_tasks()) > tasks:  # noqa: ASYNC110 - a task's end is announced to none
            await asyncio.sleep(0.05)


async def test_counts_by_state_and_step(api: Api, client: Client) -> None:
    workflow = await active(client, "first", "second")
    first, second = await client.list(workflow.id)
    started = await start(client, workflow.id, await people(client, 4))
    await cancel(client, started[0])
    await api.execute(
        """
        UPDATE workflow_action_executions
        SET status = 'completed', started_at = '2026-01-01T10:00:00Z',
            completed_at = '2026-01-01T10:00:03Z', retry_count = 2
        WHERE workflow_execution_id = CAST(:id AS uuid)
        """,
        id=started[1],
    )
    request = pb.SummarizeExecutionsRequest(workflow_id=workflow.id)
    summary = await client.executions.SummarizeExecutions(request)
    assert (summary.executions.running, summary.executions.cancelled) == (3, 1)
    assert [step.action_id for step in summary.steps] == [first.id, second.id]
    step = summary.steps[0]
    assert (step.action_name, step.action_type, step.position) == ("first", "add_tag", 1)
    assert (step.pending, step.completed, step.cancelled, step.retries) == (2, 1, 1, 2)
    assert step.p50_duration.ToTimedelta() == timedelta(seconds=3)
    assert step.p99_duration.ToTimedelta() == timedelta(seconds=3)
    assert not summary.steps[1].HasField("p50_duration")
    stranger = await api.client()
    await refused(stranger.executions.SummarizeExecutions(request), ErrorReason.NOT_FOUND)
