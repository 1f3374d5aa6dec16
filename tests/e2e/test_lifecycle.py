"""A workflow's whole life over REST: drafted, run, paused, changed, resumed; runs that go along."""

import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import pairwise

import httpx
import pytest

from devstack.stack import Stack
from tests.support.account import Account
from tests.support.e2e_rest import Customer, Json, tag, told, wait
from tests.support.e2e_timers import bring_forward
from tests.support.foreground import eventually


@pytest.fixture
def api(account: Account) -> Customer:
    return Customer(account.http())


@contextmanager
def paused(api: Customer, workflow: str, **resume: str) -> Generator[None]:
    """The workflow is paused while the block runs, and resumed after it."""
    assert api.post(f"workflows/{workflow}/pause")["status"] == "paused"
    yield
    assert api.post(f"workflows/{workflow}/resume", resume)["status"] == "active"


def in_state(api: Customer, workflow: str, state: str) -> int:
    return api.get(f"workflows/{workflow}/executions/summary")["executions"][state]


def all_in(api: Customer, workflow: str, state: str, count: int) -> bool:
    return eventually(lambda: in_state(api, workflow, state) == count)


def refused(answer: httpx.Response, status: int, reason: str) -> None:
    assert (answer.status_code, answer.json()["reason"]) == (status, reason), answer.text


def test_a_workflow_from_draft_to_archive(api: Customer) -> None:
    workflow = api.draft(tag("b"), tag("unwanted"), wait(1), tag("a"))
    path, http = f"workflows/{workflow}", api.http
    steps = api.steps(workflow)
    assert http.delete(f"/api/v1/{path}/actions/{steps['unwanted']['id']}").status_code == 204
    order = [steps[name]["id"] for name in ("a", "wait", "b")]
    api.post(f"{path}/actions/reorder", {"action_ids": order})
    steps = api.steps(workflow)
    assert [(name, step["position"]) for name, step in steps.items()] == [
        ("a", 1),
        ("wait", 2),
        ("b", 3),
    ]
    people = api.people(3)
    refused(
        http.post(f"/api/v1/{path}/executions", json={"contact_ids": people}),
        409,
        "ILLEGAL_TRANSITION",
    )
    active = api.post(f"{path}/activate")
    assert (active["status"], active["version"]) == ("active", 1)

    executions = api.start(workflow, people)

    first = f"/api/v1/{path}/actions/{steps['a']['id']}"
    for answer in (
        http.post(f"/api/v1/{path}/actions", json=tag("late")),
        http.put(first, json={"is_enabled": False}),
        http.delete(first),
        http.post(f"/api/v1/{path}/actions/reorder", json={"action_ids": order}),
    ):
        refused(answer, 409, "WORKFLOW_NOT_EDITABLE")
        assert "pause it first" in answer.json()["detail"]
    assert api.steps(workflow) == steps

    assert all_in(api, workflow, "completed", 3)
    for execution, contact in zip(executions, people, strict=True):
        assert told(api.log(execution)) == [(name, "completed") for name in ("a", "wait", "b")]
        assert api.contact(contact)["tags"] == ["a", "b"]
    assert api.post(f"{path}/archive")["status"] == "archived"
    refused(http.post(f"/api/v1/{path}/activate"), 409, "ILLEGAL_TRANSITION")
    changes = [entry["operation"] for entry in api.items(f"{path}/audit", "entries")]
    assert changes == [
        "workflow.archived",
        "workflow.activated",
        "workflow.reordered",
        "action.deleted",
        *["action.added"] * 4,
        "workflow.created",
    ]


def test_wait_time_action(api: Customer) -> None:
    """R4.1, AC-030: the execution pauses for the time given, shows until when, and goes on."""
    workflow = api.workflow(wait(1), tag("rested"), wait(1, "hours", name="long"))
    (contact,) = api.people(1)
    (execution,) = api.start(workflow, [contact])

    assert eventually(lambda: [step["status"] for step in api.log(execution)][2:] == ["waiting"])
    waited, rested, waiting = api.log(execution)
    assert waiting["completed_at"] is None
    assert api.execution(execution)["state"] == "waiting"
    began, due = (datetime.fromisoformat(waiting[name]) for name in ("started_at", "scheduled_at"))
    assert due - began == timedelta(hours=1)
    began, due, ended = (
        datetime.fromisoformat(waited[name])
        for name in ("started_at", "scheduled_at", "completed_at")
    )
    assert due - began == timedelta(seconds=1)
    assert due <= ended <= datetime.fromisoformat(rested["completed_at"])
    assert waited["duration_seconds"] >= 1
    assert datetime.fromisoformat(waited["result"]["waited_until"]) == due
    assert api.contact(contact)["tags"] == ["rested"]


def test_a_pause_holds_what_is_due_and_lets_the_rest_finish(stack: Stack, api: Customer) -> None:
    workflow = api.workflow(wait(1, "hours"), tag("after"))
    people = api.people(20)
    executions = api.start(workflow, people)
    assert all_in(api, workflow, "waiting", 20)

    with paused(api, workflow):
        # The timers run on; what comes after them does not begin.
        bring_forward(stack, executions)
        assert all_in(api, workflow, "paused", 20)
        for execution in executions:
            assert told(api.log(execution)) == [("wait", "completed"), ("after", "pending")]
        refused(
            api.http.post(f"/api/v1/workflows/{workflow}/executions", json={"contact_ids": people}),
            409,
            "ILLEGAL_TRANSITION",
        )
        assert all(api.contact(contact)["tags"] == [] for contact in people)

    assert all_in(api, workflow, "completed", 20)
    assert all(api.contact(contact)["tags"] == ["after"] for contact in people)


def edit(api: Customer, workflow: str) -> None:
    """One step with another tag, one gone, one new."""
    steps, path = api.steps(workflow), f"workflows/{workflow}/actions"
    api.put(f"{path}/{steps['changed']['id']}", {"action_config": {"tag_name": "changed-2"}})
    assert api.http.delete(f"/api/v1/{path}/{steps['gone']['id']}").status_code == 204
    api.post(path, tag("new"))


def two_generations(stack: Stack, api: Customer, in_flight: str) -> tuple[list[Json], list[Json]]:
    """Executions that were under way when the workflow changed, and ones that started later."""
    workflow = api.workflow(wait(1, "hours"), tag("gone"), tag("changed"))
    early = api.start(workflow, api.people(10))
    assert all_in(api, workflow, "waiting", 10)
    with paused(api, workflow, in_flight=in_flight):
        edit(api, workflow)
        bring_forward(stack, early)
        assert all_in(api, workflow, "paused", 10)
    late = api.start(workflow, api.people(10))
    assert all_in(api, workflow, "waiting", 10)
    bring_forward(stack, late)
    assert all_in(api, workflow, "completed", 20)
    return [api.execution(each) for each in early], [api.execution(each) for each in late]


def taken(api: Customer, executions: list[Json]) -> set[tuple[str, ...]]:
    """The tags, by contact, that executions have left behind."""
    return {tuple(api.contact(each["contact_id"])["tags"]) for each in executions}


NEW_WAY = [("wait", "completed"), ("changed", "completed"), ("new", "completed")]


def test_who_is_under_way_keeps_the_old_version(stack: Stack, api: Customer) -> None:
    early, late = two_generations(stack, api, "keep")
    assert {each["workflow_version"] for each in early} == {1}
    assert taken(api, early) == {("changed", "gone")}
    old_way = [("wait", "completed"), ("gone", "completed"), ("changed", "completed")]
    assert all(told(api.log(each["id"])) == old_way for each in early)
    assert {each["workflow_version"] for each in late} == {2}
    assert taken(api, late) == {("changed-2", "new")}
    assert all(told(api.log(each["id"])) == NEW_WAY for each in late)


def test_who_is_under_way_migrates_when_told(stack: Stack, api: Customer) -> None:
    early, late = two_generations(stack, api, "migrate")
    assert {each["workflow_version"] for each in early + late} == {2}
    assert taken(api, early + late) == {("changed-2", "new")}
    # They stood, held, at the step that went.
    left = [NEW_WAY[0], ("gone", "skipped"), *NEW_WAY[1:]]
    assert all(told(api.log(each["id"])) == left for each in early)
    assert all(told(api.log(each["id"])) == NEW_WAY for each in late)


def timers(api: Customer, execution: str) -> list[Json]:
    return api.get("timers", execution_id=execution)["timers"]


def test_nothing_happens_after_a_cancellation(stack: Stack, api: Customer) -> None:
    workflow = api.workflow(tag("before"), wait(1, "hours"), tag("after"))
    people = api.people(10)
    executions = api.start(workflow, people)
    assert all_in(api, workflow, "waiting", 10)
    cancelled, spared = executions[:5], executions[5:]
    for execution in cancelled:
        answer = api.post(f"executions/{execution}/cancel", {"reason": "changed their mind"})
        assert (answer["state"], answer["reason"]) == ("cancelled", "changed their mind")
    logs = [api.log(execution) for execution in cancelled]
    bring_forward(stack, executions)

    assert all_in(api, workflow, "completed", 5)
    assert all(api.ended(execution) for execution in spared)
    # Their timers ran on and came to nothing, like all that the engine heard before this one run.
    assert eventually(lambda: not any(timers(api, execution) for execution in cancelled))
    (marker,) = api.start(api.workflow(tag("marker")), api.people(1))
    assert eventually(lambda: api.ended(marker))
    assert [api.log(execution) for execution in cancelled] == logs
    assert {tuple(told(log)) for log in logs} == {(("before", "completed"), ("wait", "cancelled"))}
    assert [api.contact(contact)["tags"] for contact in people] == [["before"]] * 5 + [
        ["after", "before"]
    ] * 5


def snapshots(answer: httpx.Response) -> Iterator[tuple[str, Json]]:
    """Server-sent events: their kinds and data."""
    kind = ""
    for line in answer.iter_lines():
        if line.startswith("event: "):
            kind = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield kind, json.loads(line.removeprefix("data: "))


def test_progress_streams_to_the_end(stack: Stack, api: Customer) -> None:
    again = wait(1, "hours", name="again")
    workflow = api.workflow(tag("a"), wait(1, "hours"), tag("b"), again, tag("c"))
    (execution,) = api.start(workflow, api.people(1))

    seen: list[tuple[str, Json]] = []
    with api.http.stream("GET", f"/api/v1/executions/{execution}/events") as answer:
        for kind, data in snapshots(answer):
            seen.append((kind, data))
            if kind == "execution" and data["execution"]["state"] == "waiting":
                bring_forward(stack, [execution])

    last = seen.pop()
    assert last == ("end", {})
    assert {kind for kind, _ in seen} == {"execution"}
    logs = [data["action_executions"] for _, data in seen]
    # Each picture shows all that the one before it did, and more.
    done = [[step["id"] for step in log if step["status"] == "completed"] for log in logs]
    assert all(later[: len(sooner)] == sooner for sooner, later in pairwise(done))
    assert len(done[0]) < len(done[-1]) == 5
    assert {step["status"] for log in logs[:-1] for step in log} >= {"completed", "waiting"}
    states = [data["execution"]["state"] for _, data in seen]
    assert states[-1] == "completed"
    assert set(states[:-1]) <= {"running", "waiting"}
    assert logs[-1] == api.log(execution)


def test_a_batch_of_a_thousand_completes(api: Customer) -> None:
    workflow = api.workflow(tag("in"), wait(1), tag("out"))
    people = api.people(1000)

    executions = api.start(workflow, people)

    assert len(set(executions)) == 1000
    assert all_in(api, workflow, "completed", 1000)
    summary = api.get(f"workflows/{workflow}/executions/summary")
    assert [step["completed"] for step in summary["steps"]] == [1000] * 3
    found = {contact["id"]: contact["tags"] for contact in api.items("contacts", "contacts")}
    assert found == {contact: ["in", "out"] for contact in people}
