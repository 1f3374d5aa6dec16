"""The event stream of an execution: what a reader sees, and what happens when one side leaves."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest

from common.errors import ErrorReason, TreadleError, not_found, permission_denied
from gateway.settings import GatewaySettings
from tests.support.gateway import Script, client, running_gateway
from treadle.execution.v1 import execution_pb2
from treadle.execution.v1.execution_service_pb2 import WatchExecutionResponse

EXECUTION = "0199d2a4-6f0e-7cc1-9f2b-0c5c1a7f3d10"
EVENTS = f"/api/v1/executions/{EXECUTION}/events"


@dataclass(frozen=True)
class Event:
    kind: str
    id: str | None
    data: Any


def state(value: execution_pb2.ExecutionState) -> WatchExecutionResponse:
    execution = execution_pb2.Execution(id=EXECUTION, state=value)
    action = execution_pb2.ActionExecution(
        id="a1", status=execution_pb2.ACTION_EXECUTION_STATUS_RUNNING, action_type="add_tag"
    )
    return WatchExecutionResponse(execution=execution, action_executions=[action])


RUNNING = state(execution_pb2.EXECUTION_STATE_RUNNING)
COMPLETED = state(execution_pb2.EXECUTION_STATE_COMPLETED)


async def events_of(answer: httpx.Response) -> AsyncIterator[Event]:
    fields: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
            continue
        if "event" in fields:
            yield Event(fields["event"], fields.get("id"), json.loads(fields["data"]))
        fields = {}


async def test_every_change_is_an_event_and_the_end_is_said(
    admin: httpx.AsyncClient, script: Script
) -> None:
    async def changes(_request: object, _context: object) -> AsyncIterator[WatchExecutionResponse]:
        yield RUNNING
        yield COMPLETED

    script.streams["WatchExecution"] = changes

    async with admin.stream("GET", EVENTS, headers={"Last-Event-ID": "7"}) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "content-length" not in answer.headers
        seen = [event async for event in events_of(answer)]

    assert [(e.kind, e.id) for e in seen] == [
        ("execution", "8"),
        ("execution", "9"),
        ("end", "end"),
    ]
    assert [e.data["execution"]["state"] for e in seen[:2]] == ["running", "completed"]
    assert seen[0].data["action_executions"][0]["status"] == "running"
    assert script.last.execution_id == EXECUTION


async def test_a_reader_that_saw_the_end_is_told_to_stay_away(
    admin: httpx.AsyncClient, script: Script
) -> None:
    answer = await admin.get(EVENTS, headers={"Last-Event-ID": "end"})

    assert (answer.status_code, answer.content) == (204, b"")
    assert script.requests == []


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (not_found("execution", EXECUTION), 404),
        (permission_denied("execution:read"), 403),
    ],
)
async def test_a_refused_stream_is_a_problem(
    admin: httpx.AsyncClient, script: Script, error: TreadleError, status: int
) -> None:
    async def refuse(_request: object, _context: object) -> AsyncIterator[WatchExecutionResponse]:
        raise error
        yield RUNNING

    script.streams["WatchExecution"] = refuse

    answer = await admin.get(EVENTS)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_refusal_on_the_way_is_an_error_event(
    admin: httpx.AsyncClient, script: Script
) -> None:
    async def fail(_request: object, _context: object) -> AsyncIterator[WatchExecutionResponse]:
        yield RUNNING
        raise not_found("execution", EXECUTION)

    script.streams["WatchExecution"] = fail

    async with admin.stream("GET", EVENTS) as answer:
        seen = [event async for event in events_of(answer)]

    assert [event.kind for event in seen] == ["execution", "error"]
    assert seen[1].data["reason"] == "NOT_FOUND"


async def test_passing_trouble_ends_the_stream_without_a_word(
    admin: httpx.AsyncClient, script: Script
) -> None:
    async def fail(_request: object, _context: object) -> AsyncIterator[WatchExecutionResponse]:
        yield RUNNING
        raise TreadleError(ErrorReason.DEPENDENCY_UNAVAILABLE, "restarting")

    script.streams["WatchExecution"] = fail

    async with admin.stream("GET", EVENTS) as answer:
        seen = [event async for event in events_of(answer)]

    assert [event.kind for event in seen] == ["execution"]


async def test_comments_keep_a_quiet_stream_alive(admin: httpx.AsyncClient, script: Script) -> None:
    async def quiet(_request: object, _context: object) -> AsyncIterator[WatchExecutionResponse]:
        yield RUNNING
        await asyncio.sleep(60)

    script.streams["WatchExecution"] = quiet
    comments = 0

    async with asyncio.timeout(5), admin.stream("GET", EVENTS) as answer:
        async for line in answer.aiter_lines():
            comments += line.startswith(":")
            if comments == 3:
                break

    assert comments == 3


async def test_the_services_stream_ends_when_the_reader_leaves(
    admin: httpx.AsyncClient, script: Script
) -> None:
    cancelled = asyncio.Event()

    async def quiet(_request: object, _context: object) -> AsyncIterator[WatchExecutionResponse]:
        try:
            yield RUNNING
            await asyncio.sleep(60)
        finally:
            cancelled.set()

    script.streams["WatchExecution"] = quiet

    async with admin.stream("GET", EVENTS) as answer:
        async for event in events_of(answer):
            assert event.kind == "execution"
            break

    async with asyncio.timeout(5):
        await cancelled.wait()


async def test_streams_end_when_the_gateway_stops(services: str, script: Script) -> None:
    async def quiet(_request: object, _context: object) -> AsyncIterator[WatchExecutionResponse]:
        yield RUNNING
        await asyncio.sleep(60)

    script.streams["WatchExecution"] = quiet
    settings = GatewaySettings(
        listen="127.0.0.1:0", api_target=services, scheduler_target=services, stop_grace_seconds=20
    )
    stop = asyncio.Event()

    async with (
        asyncio.timeout(timedelta(seconds=10).total_seconds()),
        running_gateway(settings, stop) as url,
        client(url, "viewer") as http,
        http.stream("GET", EVENTS) as answer,
    ):
        async for event in events_of(answer):
            assert event.kind == "execution"
            stop.set()


async def test_streams_leave_room_for_other_requests(services: str, script: Script) -> None:
    settings = GatewaySettings(
        listen="127.0.0.1:0", api_target=services, scheduler_target=services, max_event_streams=1
    )
    gone = asyncio.Event()

    async def last(_request: object, _context: object) -> AsyncIterator[WatchExecutionResponse]:
        yield RUNNING
        try:
            await asyncio.Event().wait()
        finally:
            gone.set()

    script.streams["WatchExecution"] = last
    async with running_gateway(settings) as url, client(url, "viewer") as http:
        async with http.stream("GET", EVENTS) as first:
            assert first.status_code == 200
            one_too_many = await http.get(EVENTS)
            assert one_too_many.status_code == 429
            assert one_too_many.json()["reason"] == "OVERLOADED"
            assert one_too_many.headers["retry-after"] == "2"
        await asyncio.wait_for(gone.wait(), 30)
        script.streams["WatchExecution"] = no_more
        assert (await http.get(EVENTS)).status_code == 200


async def no_more(_request: object, _context: object) -> AsyncIterator[WatchExecutionResponse]:
    yield COMPLETED
