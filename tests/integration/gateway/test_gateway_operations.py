"""Pauses of executions and operations on many over REST, before the real API."""

from collections.abc import AsyncGenerator
from typing import Any
from uuid import uuid4

import pytest

from tests.support.operations import do_all
from tests.support.record_rest import RecordRest, pointers, record_rest

URL = "/api/v1/operations"


@pytest.fixture
async def rest(database_url: str) -> AsyncGenerator[RecordRest]:
    async with record_rest(database_url) as running:
        yield running


async def runs(rest: RecordRest, number: int) -> tuple[str, list[str]]:
    """An active workflow and runs of it."""
    workflow_id = await rest.workflow()
    step = {"action_type": "add_tag", "action_config": {"tag_name": "a"}}
    await rest.make(f"workflows/{workflow_id}/actions", step)
    await rest.admin.post(f"/api/v1/workflows/{workflow_id}/activate", json={})
    contact_ids = [await rest.contact() for _ in range(number)]
    started = await rest.make(f"workflows/{workflow_id}/executions", {"contact_ids": contact_ids})
    return workflow_id, started["execution_ids"]


async def test_an_execution_is_paused_and_resumed(rest: RecordRest) -> None:
    _, (execution_id,) = await runs(rest, 1)
    url = f"/api/v1/executions/{execution_id}"
    answer = await rest.admin.post(f"{url}/pause", json={"reason": "they called"})
    assert answer.status_code == 200, answer.text
    paused = answer.json()
    assert (paused["state"], paused["pause"]["reason"]) == ("paused", "they called")
    assert paused["pause"]["paused_by"].startswith("user:")
    assert paused["pause"]["paused_at"]
    assert (await rest.viewer.get(url)).json() == paused
    assert (await rest.viewer.post(f"{url}/resume")).status_code == 403
    assert (await rest.stranger.post(f"{url}/resume")).status_code == 404
    resumed = (await rest.admin.post(f"{url}/resume")).json()
    assert (resumed["state"], resumed["pause"]) == ("running", None)
    answer = await rest.admin.post(f"{url}/pause", json={"reason": "x" * 501})
    assert set(pointers(answer)) == {"/reason"}
    await rest.admin.post(f"{url}/cancel")
    answer = await rest.admin.post(f"{url}/pause")
    assert answer.status_code == 409
    assert "has been cancelled and cannot be paused" in answer.json()["detail"]


async def test_an_operation_from_its_preview_to_its_end(rest: RecordRest) -> None:
    workflow_id, execution_ids = await runs(rest, 3)
    body: dict[str, Any] = {
        "kind": "pause",
        "filter": {
            "workflow_id": workflow_id,
            "version": 1,
            "states": ["running", "waiting"],
            "started_after": "2026-01-01T00:00:00Z",
        },
    }
    answer = await rest.viewer.post(f"{URL}/preview", json=body)
    assert (answer.status_code, answer.json()) == (200, {"matched": 3}), answer.text
    key = {"Idempotency-Key": str(uuid4())}
    answer = await rest.admin.post(URL, json=body | {"reason": "stop"}, headers=key)
    assert answer.status_code == 202, answer.text
    started = answer.json()
    assert answer.headers["Location"] == f"{URL}/{started['id']}"
    again = await rest.admin.post(URL, json=body | {"reason": "stop"}, headers=key)
    assert again.json() == started
    finished_at, created_at = started.pop("finished_at"), started.pop("created_at")
    assert (finished_at, bool(created_at)) == (None, True)
    assert started == {
        "id": started["id"],
        "kind": "pause",
        "filter": {
            "workflow_id": workflow_id,
            "version": 1,
            "action_id": None,
            "states": ["running", "waiting"],
            "started_after": "2026-01-01T00:00:00Z",
            "started_before": None,
            "tags": [],
            "contact_ids": [],
        },
        "reason": "stop",
        "status": "pending",
        "matched": 3,
        "done": 0,
        "skipped": 0,
        "failed": 0,
        "skipped_by_reason": [],
        "failures": [],
        "started_by": started["started_by"],
    }
    await rest.admin.post(f"/api/v1/executions/{execution_ids[0]}/cancel")
    await do_all(rest.api)
    done = (await rest.viewer.get(f"{URL}/{started['id']}")).json()
    assert (done["status"], done["done"], done["skipped"]) == ("completed", 2, 1)
    assert done["skipped_by_reason"] == [{"reason": "ended", "count": 1}]
    assert done["finished_at"]
    assert await rest.shown("operations", status="completed") == [done]
    assert await rest.shown("operations", status="running") == []
    assert (await rest.stranger.get(f"{URL}/{started['id']}")).status_code == 404
    assert (await rest.admin.post(f"{URL}/{started['id']}/cancel")).status_code == 409


BAD: list[tuple[dict[str, Any], str]] = [
    ({"kind": "pause", "filter": {}}, "/filter"),
    ({"kind": "pause", "filter": {"version": 1}}, "/filter/workflow_id"),
    ({"kind": "pause", "filter": {"states": ["failed"]}}, "/filter/states/0"),
    ({"kind": "explode", "filter": {"tags": ["a"]}}, "/kind"),
    ({"kind": "pause", "filter": {"contact_ids": ["me"]}}, "/filter/contact_ids/0"),
    ({"kind": "pause", "filter": {"tags": ["vip", "a\0b"]}}, "/filter/tags/1"),
    (
        {"kind": "pause", "filter": {"started_after": "0001-01-01T00:00:00+14:00"}},
        "/filter/started_after",
    ),
    ({"kind": "pause"}, "/filter"),
]


async def test_what_is_wrong_is_named(rest: RecordRest) -> None:
    for body, place in BAD:
        for path in (URL, f"{URL}/preview"):
            answer = await rest.admin.post(path, json=body)
            assert set(pointers(answer)) == {place}, body
