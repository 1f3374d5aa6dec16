"""Unknown sends over REST, before the real API: listed, explained, and decided about once."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest

from action_service.domain.plan import OnError
from action_service.domain.unknown_sends import LookPolicy
from tests.support.engine import Bench, HandExecutor, HandScheduler, Step, bench, result_for
from tests.support.inbound import SMS
from tests.support.record_rest import RecordRest, pointers, record_rest
from tests.support.unknown import STEP, became_unknown
from treadle.dispatch.v1.task_pb2 import ActionTask

URL = "/api/v1/unknown-sends"


@pytest.fixture
async def rest(database_url: str) -> AsyncGenerator[RecordRest]:
    async with record_rest(database_url) as running:
        yield running


@pytest.fixture
async def world(database_url: str, nats_url: str) -> AsyncGenerator[Bench]:
    async with bench(database_url, nats_url) as surroundings:
        await surroundings.start_engine(look_policy=LookPolicy(limit=0))
        yield surroundings


@pytest.fixture
async def executor(world: Bench) -> AsyncGenerator[HandExecutor]:
    hand = HandExecutor(world, "communication")
    await hand.start()
    yield hand
    await hand.stop()


@pytest.fixture
async def scheduler(world: Bench) -> AsyncGenerator[HandScheduler]:
    hand = HandScheduler(world)
    await hand.start()
    yield hand
    await hand.stop()


async def unknown(
    rest: RecordRest, world: Bench, executor: HandExecutor, contacts: int = 1, step: Step = SMS
) -> list[ActionTask]:
    account_id = str(rest.account_id)
    _, tasks = await became_unknown(
        world, executor, contacts=contacts, account_id=account_id, step=step
    )
    # The engine has seen that nobody is to be asked, so what is read does not change any more.
    await world.until("SELECT count(*) FROM unknown_sends WHERE due_at IS NOT NULL", 0)
    return tasks


def url(task: ActionTask) -> str:
    return f"{URL}/{task.attempt_id}"


async def resolved(rest: RecordRest, task: ActionTask, **body: str) -> dict[str, Any]:
    given = {"reason": "the provider's console says so", **body}
    answer = await rest.admin.post(f"{url(task)}/resolve", json=given)
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == f'"{answer.json()["etag"]}"'
    return answer.json()


async def step_log(rest: RecordRest, task: ActionTask) -> dict[str, Any]:
    shown = await rest.shown(f"executions/{task.execution_id}/actions")
    return shown[0]


async def audit(world: Bench) -> list[tuple[object, ...]]:
    return await world.rows(
        "SELECT operation, entity_id::text, after->>'resolution', after->>'reason'"
        " FROM audit_log WHERE entity_type = 'unknown_send' ORDER BY id"
    )


async def test_what_is_unknown_is_shown_in_plain_words(
    rest: RecordRest, world: Bench, executor: HandExecutor
) -> None:
    (task,) = await unknown(rest, world, executor)
    (send,) = await rest.shown("unknown-sends")
    assert (await rest.viewer.get(url(task))).json() == send
    assert send["id"] == task.attempt_id
    assert send["action_execution_id"] == task.action_execution_id
    assert send["contact_id"] == task.contact_id
    assert (send["state"], send["resolution"], send["delivery_id"]) == ("open", None, None)
    assert (send["channel"], send["provider"]) == ("sms", "twilio")
    assert (send["recipient"], send["sender"], send["text"]) == (
        "+14155550100",
        "+14155550199",
        "Hello",
    )
    assert send["reason"] == "Twilio did not answer (read timeout)"
    assert send["claimed_at"] <= send["unknown_at"]
    entry = await step_log(rest, task)
    assert (entry["status"], entry["outcome"]) == ("running", "unknown")
    assert entry["unknown_send_id"] == task.attempt_id
    assert entry["explanation"] == send["explanation"]
    assert "not known whether Twilio has taken the message" in send["explanation"]
    assert "have it sent once more" in send["explanation"]


async def test_a_send_that_was_made_completes_the_step(
    rest: RecordRest, world: Bench, executor: HandExecutor
) -> None:
    (task,) = await unknown(rest, world, executor)
    send = await resolved(rest, task, resolution="sent", provider_message_id="SM5")
    assert (send["state"], send["resolution"]) == ("decided", "sent")
    await world.until(STEP, "completed", id=task.action_execution_id)
    entry = await step_log(rest, task)
    assert entry["result"] == {"message_id": "SM5", "to": "+14155550100", "body": "Hello"}
    assert entry["attempts"][0]["provider_reference"] == "SM5"
    assert "it was sent" in entry["explanation"]
    shown = (await rest.admin.get(url(task))).json()
    assert shown["state"] == "settled"
    assert shown["resolved_by"].startswith("user:")
    assert shown["resolved_by"] in shown["explanation"]
    assert await world.rows("SELECT provider_message_id FROM messages") == [("SM5",)]
    assert await audit(world) == [
        ("unknown_send.resolved", task.attempt_id, "sent", "the provider's console says so")
    ]
    assert not await rest.shown("unknown-sends")
    assert len(await rest.shown("unknown-sends", state="settled")) == 1


async def test_a_send_that_was_not_made_is_made_once_more(
    rest: RecordRest, world: Bench, executor: HandExecutor, scheduler: HandScheduler
) -> None:
    (task,) = await unknown(rest, world, executor)
    await resolved(rest, task, resolution="retry")
    due = (await scheduler.take()).task
    assert due.attempt_id != task.attempt_id
    again = result_for(due)
    again.due.SetInParent()
    await executor.answer(again)
    (second,) = await executor.take(1)
    assert second.attempt_id == due.attempt_id
    assert second.attempt_number == 2
    # What is still said of the first attempt counts no more.
    late = result_for(task)
    late.completed.provider_reference = "SM0"
    sent = result_for(second)
    sent.completed.provider_reference = "SM1"
    await executor.answer(late, sent)
    await world.until(STEP, "completed", id=task.action_execution_id)
    entry = await step_log(rest, task)
    assert [attempt["provider_reference"] for attempt in entry["attempts"]] == [None, "SM1"]
    assert entry["attempts"][0]["error"]["error_class"] == "unknown_outcome"
    assert entry["retry_count"] == 1
    assert await executor.nothing()


@pytest.mark.parametrize(
    ("on_error", "state"), [(OnError.STOP, "failed"), (OnError.CONTINUE, "running")]
)
async def test_a_send_that_is_given_up_fails_as_the_step_says(
    rest: RecordRest, world: Bench, executor: HandExecutor, on_error: OnError, state: str
) -> None:
    step = replace(SMS, on_error=on_error)
    (task,) = await unknown(rest, world, executor, step=step)
    await resolved(rest, task, resolution="fail", reason="the offer has ended")
    await world.until(STEP, "failed", id=task.action_execution_id)
    entry = await step_log(rest, task)
    assert entry["error"]["message"] == "the message was not sent: the offer has ended"
    run = (await rest.admin.get(f"/api/v1/executions/{task.execution_id}")).json()
    assert run["state"] == state


async def test_it_is_decided_once(rest: RecordRest, world: Bench, executor: HandExecutor) -> None:
    (task,) = await unknown(rest, world, executor)
    body = {"resolution": "retry", "reason": "nobody has it"}
    answers = await asyncio.gather(
        *(rest.admin.post(f"{url(task)}/resolve", json=body) for _ in range(8))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    refusal = next(answer for answer in answers if answer.status_code == 409).json()
    assert refusal["reason"] == "ILLEGAL_TRANSITION"
    assert "nobody has it" in refusal["detail"]
    assert len(await audit(world)) == 1


async def test_who_has_read_something_older_is_refused(
    rest: RecordRest, world: Bench, executor: HandExecutor
) -> None:
    (task,) = await unknown(rest, world, executor)
    read = await rest.viewer.get(url(task))
    await world.execute("UPDATE unknown_sends SET revision = revision + 1")
    body = {"resolution": "sent", "reason": "it is there"}
    headers = {"If-Match": read.headers["etag"]}
    stale = await rest.admin.post(f"{url(task)}/resolve", json=body, headers=headers)
    assert stale.status_code == 412
    headers = {"If-Match": (await rest.viewer.get(url(task))).headers["etag"]}
    good = await rest.admin.post(f"{url(task)}/resolve", json=body, headers=headers)
    assert good.status_code == 200


async def test_many_are_decided_at_once(
    rest: RecordRest, world: Bench, executor: HandExecutor
) -> None:
    tasks = await unknown(rest, world, executor, contacts=5)
    ids = [task.attempt_id for task in tasks]
    await resolved(rest, tasks[0], resolution="fail")
    nobody = str(uuid4())
    body = {"ids": [*ids, nobody], "resolution": "sent", "reason": "Twilio has them"}
    answer = await rest.admin.post(f"{URL}/resolve", json=body)
    assert answer.status_code == 200, answer.text
    assert sorted(answer.json()["resolved_ids"]) == sorted(ids[1:])
    assert answer.json()["left_ids"] == [ids[0], nobody]
    await world.until(
        "SELECT count(*) FROM workflow_action_executions WHERE status = 'completed'", 4
    )
    assert len(await audit(world)) == 5


async def test_the_list_is_filtered_and_paged(
    rest: RecordRest, world: Bench, executor: HandExecutor
) -> None:
    tasks = await unknown(rest, world, executor, contacts=3)
    (other,) = await unknown(rest, world, executor)
    every = {task.attempt_id for task in (*tasks, other)}
    seen: list[str] = []
    token = ""
    while True:
        query = {"page_size": "2"} | ({"page_token": token} if token else {})
        page = (await rest.viewer.get(URL, params=query)).json()
        seen += [each["id"] for each in page["unknown_sends"]]
        token = page["next_page_token"]
        if not token:
            break
    assert (len(seen), set(seen)) == (4, every)
    assert await rest.listed("unknown-sends", contact_id=other.contact_id) == [other.attempt_id]
    ((workflow_id,),) = await world.rows(
        "SELECT workflow_id::text FROM unknown_sends WHERE id = CAST(:id AS uuid)",
        id=other.attempt_id,
    )
    assert await rest.listed("unknown-sends", workflow_id=str(workflow_id)) == [other.attempt_id]
    assert set(await rest.listed("unknown-sends", channel="sms")) == every
    assert not await rest.listed("unknown-sends", channel="email")
    assert not await rest.listed("unknown-sends", unknown_before="2020-01-01T00:00:00Z")
    assert set(await rest.listed("unknown-sends", unknown_before="2100-01-01T00:00:00Z")) == every


async def test_a_cancelled_run_leaves_nothing_to_decide(
    rest: RecordRest, world: Bench, executor: HandExecutor
) -> None:
    (task,) = await unknown(rest, world, executor)
    answer = await rest.admin.post(f"/api/v1/executions/{task.execution_id}/cancel", json={})
    assert answer.status_code == 200, answer.text
    shown = (await rest.admin.get(url(task))).json()
    assert (shown["state"], shown["resolution"], shown["resolved_by"]) == (
        "settled",
        "ended",
        "result",
    )
    body = {"resolution": "retry", "reason": "once more"}
    assert (await rest.admin.post(f"{url(task)}/resolve", json=body)).status_code == 409


async def test_what_is_refused(rest: RecordRest, world: Bench, executor: HandExecutor) -> None:
    first, second = await unknown(rest, world, executor, contacts=2)
    await resolved(rest, first, resolution="sent", provider_message_id="SM1")
    good = {"resolution": "sent", "reason": "it is there"}

    async def post(**body: str) -> httpx.Response:
        return await rest.admin.post(f"{url(second)}/resolve", json={**good, **body})

    assert set(pointers(await post(resolution="ended"))) == {"/resolution"}
    assert set(pointers(await post(resolution="maybe"))) == {"/resolution"}
    assert set(pointers(await post(reason=" "))) == {"/reason"}
    taken = pointers(await post(provider_message_id="SM1"))
    assert taken == {"/provider_message_id": "is known to be the message of another attempt"}
    odd = await post(resolution="retry", provider_message_id="SM2")
    assert set(pointers(odd)) == {"/provider_message_id"}
    assert (await rest.viewer.post(f"{url(second)}/resolve", json=good)).status_code == 403
    # Another account's is as good as none.
    assert (await rest.stranger.get(url(second))).status_code == 404
    assert (await rest.stranger.post(f"{url(second)}/resolve", json=good)).status_code == 404
    many = {**good, "ids": [second.attempt_id]}
    theirs = await rest.stranger.post(f"{URL}/resolve", json=many)
    assert theirs.json() == {"resolved_ids": [], "left_ids": [second.attempt_id]}
    assert (await rest.admin.get(f"{URL}/nonsense")).status_code == 400
    (left,) = await rest.shown("unknown-sends")
    assert left["id"] == second.attempt_id
