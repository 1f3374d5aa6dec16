"""Runs over REST, on every service as it runs: started, watched, waited for, cancelled."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.account import Account
from tests.support.foreground import eventually

TAG = {"action_type": "add_tag", "action_config": {"tag_name": "welcomed"}, "name": "tag"}
NOBODY = "00000000-0000-4000-8000-000000000000"


def ok(answer: httpx.Response) -> httpx.Response:
    assert answer.is_success, answer.text
    return answer


def wait(unit: str, duration: int = 1) -> dict[str, Any]:
    return {"action_type": "wait_time", "action_config": {"duration": duration, "unit": unit}}


def active_workflow(http: httpx.Client, *actions: dict[str, Any]) -> str:
    workflow = ok(http.post("/api/v1/workflows", json={"name": "Runs"})).json()["id"]
    for action in actions:
        ok(http.post(f"/api/v1/workflows/{workflow}/actions", json=action))
    ok(http.post(f"/api/v1/workflows/{workflow}/activate"))
    return workflow


def new_contacts(http: httpx.Client, count: int) -> list[str]:
    body = {"contacts": [{"email": f"c{n}@example.com", "first_name": "C"} for n in range(count)]}
    return ok(http.post("/api/v1/contacts/batch", json=body)).json()["contact_ids"]


def start(http: httpx.Client, workflow: str, contact: str, **more: Any) -> dict[str, Any]:
    body = {"contact_id": contact, **more}
    return ok(http.post(f"/api/v1/workflows/{workflow}/executions", json=body)).json()


def events(answer: httpx.Response) -> Iterator[tuple[str, str, Any]]:
    fields: dict[str, str] = {}
    for line in answer.iter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "event" in fields:
            yield fields["event"], fields["id"], json.loads(fields["data"])
            fields = {}


@pytest.fixture
def http(account: Account) -> httpx.Client:
    return account.http()


def test_a_run_is_watched_to_its_end(http: httpx.Client) -> None:
    workflow = active_workflow(http, wait("seconds"), TAG)
    (contact,) = new_contacts(http, 1)
    run = start(http, workflow, contact, event={"order": "A-1001"})
    path = f"/api/v1/executions/{run['id']}"

    with http.stream("GET", f"{path}/events") as answer:
        seen = list(events(answer))

    kinds = [kind for kind, _, _ in seen]
    assert kinds == ["execution"] * (len(seen) - 1) + ["end"]
    assert [i for _, i, _ in seen] == [*map(str, range(1, len(seen))), "end"]
    states = [data["execution"]["state"] for _, _, data in seen[:-1]]
    assert states[-1] == "completed"
    assert {"running", "waiting"} & set(states[:-1])
    last = seen[-2][2]
    assert [a["status"] for a in last["action_executions"]] == ["completed", "completed"]

    assert ok(http.get(path)).json() == last["execution"]
    assert last["execution"]["event"] == {"order": "A-1001"}
    logged = ok(http.get(f"{path}/actions")).json()["action_executions"]
    assert logged == last["action_executions"]
    tagged = logged[1]
    assert (tagged["action_type"], tagged["action_name"]) == ("add_tag", "tag")
    assert tagged["action_config"] == {"tag_name": "welcomed"}
    assert tagged["contact_id"] == contact
    assert tagged["duration_seconds"] >= 0
    assert tagged["result"]["tag_name"] == "welcomed"
    assert tagged["result"]["added"]
    assert len(tagged["attempts"]) == 1
    assert ok(http.get(f"/api/v1/contacts/{contact}")).json()["tags"] == ["welcomed"]
    assert http.get(f"{path}/events", headers={"Last-Event-ID": "end"}).status_code == 204


def test_many_runs_and_their_summary(http: httpx.Client) -> None:
    workflow = active_workflow(http, TAG)
    contacts = new_contacts(http, 1000)
    path = f"/api/v1/workflows/{workflow}/executions"

    started = ok(http.post(path, json={"contact_ids": contacts})).json()["execution_ids"]

    assert len(set(started)) == 1000

    def summary() -> dict[str, Any]:
        return ok(http.get(f"{path}/summary")).json()

    assert eventually(lambda: summary()["executions"]["completed"] == 1000)
    (step,) = summary()["steps"]
    assert (step["completed"], step["failed"]) == (1000, 0)
    page = ok(http.get(path, params={"state": "completed", "page_size": 200})).json()
    assert len(page["executions"]) == 200
    params = {"state": "completed", "page_size": 200, "page_token": page["next_page_token"]}
    following = ok(http.get(path, params=params)).json()["executions"]
    assert not {e["id"] for e in page["executions"]} & {e["id"] for e in following}
    wrong = {"state": "failed", "page_token": page["next_page_token"]}
    assert http.get(path, params=wrong).status_code == 400


def test_a_waiting_run_has_a_timer_and_can_be_cancelled(http: httpx.Client) -> None:
    workflow = active_workflow(http, wait("hours"), TAG)
    (contact,) = new_contacts(http, 1)
    run = start(http, workflow, contact)
    params = {"execution_id": run["id"]}

    def timers() -> list[dict[str, Any]]:
        return ok(http.get("/api/v1/timers", params=params)).json()["timers"]

    assert eventually(lambda: len(timers()) == 1)
    (timer,) = timers()
    assert timer["kind"] == "wait"
    assert ok(http.get(f"/api/v1/timers/{timer['attempt_id']}")).json() == timer

    path = f"/api/v1/executions/{run['id']}"
    cancelled = ok(http.post(f"{path}/cancel", json={"reason": "by mistake"})).json()
    assert (cancelled["state"], cancelled["reason"]) == ("cancelled", "by mistake")
    assert ok(http.post(f"{path}/cancel")).json() == cancelled


def test_bad_starts_are_refused(http: httpx.Client) -> None:
    draft = ok(http.post("/api/v1/workflows", json={"name": "Draft"})).json()["id"]
    workflow = active_workflow(http, TAG)
    contacts = new_contacts(http, 2)
    path = f"/api/v1/workflows/{workflow}/executions"

    not_active = http.post(
        f"/api/v1/workflows/{draft}/executions", json={"contact_id": contacts[0]}
    )
    assert not_active.status_code == 409

    unknown = http.post(path, json={"contact_ids": [contacts[0], NOBODY, contacts[1]]})
    assert unknown.status_code == 422
    assert "/contact_ids/1" in {e.get("pointer") for e in unknown.json()["errors"]}
    twice = http.post(path, json={"contact_ids": [contacts[0], contacts[0]]})
    assert twice.status_code == 422
    assert ok(http.get(path)).json()["executions"] == []


def test_the_same_key_starts_once(http: httpx.Client) -> None:
    workflow = active_workflow(http, TAG)
    (contact,) = new_contacts(http, 1)
    path = f"/api/v1/workflows/{workflow}/executions"
    headers = {"Idempotency-Key": "checkout-1001"}

    first = ok(http.post(path, json={"contact_id": contact}, headers=headers)).json()
    again = ok(http.post(path, json={"contact_id": contact}, headers=headers)).json()

    assert again["id"] == first["id"]


def test_contacts_and_templates(http: httpx.Client) -> None:
    body = {"email": "Ada@Example.com", "phone": "+14155550100", "custom_fields": {"seats": 3}}
    created = ok(http.post("/api/v1/contacts", json=body))
    contact = created.json()
    assert contact["custom_fields"] == {"seats": 3}
    taken = http.post("/api/v1/contacts", json={"email": "ada@example.com"})
    assert taken.status_code == 409
    assert taken.json()["errors"][0]["pointer"] == "/email"

    path = created.headers["location"]
    changes = {"first_name": "Ada", "phone": "", "custom_fields": {"seats": None, "plan": "pro"}}
    changed = ok(http.patch(path, json=changes, headers={"If-Match": created.headers["etag"]}))
    assert changed.json()["phone"] is None
    assert changed.json()["custom_fields"] == {"plan": "pro"}
    stale = http.patch(
        path, json={"first_name": "A"}, headers={"If-Match": created.headers["etag"]}
    )
    assert stale.status_code == 412

    bad = http.post("/api/v1/contacts/batch", json={"contacts": [{"email": "x"}, {"phone": "y"}]})
    assert bad.status_code == 422
    assert {e["pointer"] for e in bad.json()["errors"]} == {
        "/contacts/0/email",
        "/contacts/1/phone",
    }

    template = {"id": NOBODY, "name": "Welcome", "html_body": "<p>{{ contact.first_name }}</p>"}
    assert ok(http.post("/api/v1/email-templates", json=template)).json()["id"] == NOBODY
    broken = http.post("/api/v1/email-templates", json={"name": "B", "html_body": "{% if %}"})
    assert broken.status_code == 422
    assert broken.json()["errors"][0]["pointer"] == "/html_body"


def test_branches_pause_and_resume(http: httpx.Client) -> None:
    workflow = active_workflow(http, TAG)
    path = f"/api/v1/workflows/{workflow}"
    ok(http.post(f"{path}/pause"))
    branch = ok(http.post(f"{path}/branches", json={"name": "No answer"})).json()
    action = ok(http.post(f"{path}/actions", json={**TAG, "name": None, "branch_id": branch["id"]}))
    assert action.json()["branch_id"] == branch["id"]
    assert http.delete(f"{path}/branches/{branch['id']}").status_code == 409
    assert http.delete(f"{path}/actions/{action.json()['id']}").status_code == 204
    assert http.delete(f"{path}/branches/{branch['id']}").status_code == 204
    assert ok(http.get(f"{path}/branches")).json() == {"branches": []}

    resumed = ok(http.post(f"{path}/resume", json={"in_flight": "migrate"})).json()
    assert resumed["status"] == "active"
    assert http.post(f"{path}/resume").status_code == 409
    assert ok(http.post(f"{path}/archive")).json()["status"] == "archived"
