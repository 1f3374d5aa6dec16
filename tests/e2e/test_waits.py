"""Waits over REST on the whole stack: dates, events of other systems, timeouts and branches."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.support.account import Account
from tests.support.e2e_rest import Customer, Json, ok, step, tag, told
from tests.support.foreground import eventually


@pytest.fixture
def api(account: Account) -> Customer:
    return Customer(account.http())


def event(id_: str, contact: str, kind: str = "form_submit", **more: object) -> Json:
    return {"id": id_, "type": kind, "contact_id": contact, **more}


def publish(api: Customer, *events: Json) -> list[str]:
    answer = api.post("events", {"events": list(events)})
    assert [each["id"] for each in answer["receipts"]] == [each["id"] for each in events]
    return [each["fate"] for each in answer["receipts"]]


def refused(api: Customer, path: str, body: Json) -> list[tuple[str, str]]:
    answer = api.http.post(f"/api/v1/{path}", json=body)
    assert answer.status_code in {400, 422}, answer.text
    return [(each["pointer"], each["detail"]) for each in answer.json()["errors"]]


def waiting(api: Customer, run: str) -> bool:
    return api.execution(run)["state"] == "waiting"


def test_an_event_of_another_system_ends_a_wait(api: Customer) -> None:
    workflow = api.workflow(
        step("wait_for_event", "form", event_type="form_submit", timeout_duration=5),
        tag("{{ steps.form.ended_by }}: {{ steps.form.data.form_id }}"),
    )
    here, there = api.people(2)
    runs = api.start(workflow, [here, there])
    assert eventually(lambda: all(waiting(api, run) for run in runs))
    assert "waits for form_submit, 5 hours at most" in api.log(runs[0])[0]["reason"]
    told_of = event("f-1", here, data={"form_id": "contact-us"})
    assert publish(api, told_of) == ["accepted"]
    assert publish(api, told_of, told_of) == ["repeated", "repeated"]
    assert eventually(lambda: api.ended(runs[0]))
    assert api.contact(here)["tags"] == ["event: contact-us"]
    assert waiting(api, runs[1])
    output = api.log(runs[0])[0]["result"]
    assert (output["ended_by"], output["data"]["source_id"]) == ("event", "f-1")


def test_when_the_time_is_up_the_run_goes_on_in_its_branch(api: Customer) -> None:
    workflow = api.draft(
        step("wait_for_event", "form", event_type="form_submit", timeout_duration=1,
             timeout_unit="seconds"),
        tag("answered"),
    )  # fmt: skip
    first = api.steps(workflow)["form"]
    branch = api.post(
        f"workflows/{workflow}/branches", {"name": "Silent", "parent_action_id": first["id"]}
    )["id"]
    api.post(f"workflows/{workflow}/actions", tag("silent") | {"branch_id": branch})
    config = first["action_config"] | {
        "timeout_action": "branch",
        "timeout_branch_id": branch,
    }
    changed = {"action_config": config}
    ok(api.http.put(f"/api/v1/workflows/{workflow}/actions/{first['id']}", json=changed))
    api.post(f"workflows/{workflow}/activate")
    (contact,) = api.people(1)
    (run,) = api.start(workflow, [contact])
    assert eventually(lambda: api.ended(run))
    assert told(api.log(run)) == [("form", "completed"), ("silent", "completed")]
    assert api.log(run)[0]["result"]["ended_by"] == "timeout"


def test_a_branch_of_another_action_is_refused_at_activation(api: Customer) -> None:
    workflow = api.draft(tag("first"))
    parent = api.steps(workflow)["first"]["id"]
    body = {"name": "Its own", "parent_action_id": parent}
    branch = api.post(f"workflows/{workflow}/branches", body)["id"]
    api.post(f"workflows/{workflow}/actions", tag("inside") | {"branch_id": branch})
    config = {"timeout_action": "branch", "timeout_branch_id": branch}
    wait = step("wait_for_event", "form", event_type="form_submit", **config)
    made = api.post(f"workflows/{workflow}/actions", wait | {"previous_action_id": parent})
    answer = api.http.post(f"/api/v1/workflows/{workflow}/activate")
    assert answer.status_code in {409, 422}
    assert f"{made['id']}" in answer.text
    assert "is the branch of another action" in answer.text


def test_types_of_the_account_s_own(api: Customer, account: Account) -> None:
    wait = step("wait_for_event", "quote", event_type="quote_sent")
    workflow = api.draft(wait, tag("quoted"))
    action = api.steps(workflow)["quote"]
    assert action["config_status"] == "invalid"
    assert "there is no event type 'quote_sent'" in str(action["config_violations"])
    (contact,) = api.people(1)
    mine = event("q-1", contact, "quote_sent", data={"value": 12})
    assert refused(api, "events", {"events": [mine]})[0][0] == "/events/0/type"

    made = api.post("event-types", {"name": "quote_sent", "description": "A quote went out."})
    assert made["name"] == "quote_sent"
    assert api.http.post("/api/v1/event-types", json={"name": "quote_sent"}).status_code == 409
    assert refused(api, "event-types", {"name": "Quote sent"})[0][0] == "/name"
    assert refused(api, "event-types", {"name": "tag_added"})[0][1].startswith("is the name")
    assert "quote_sent" in [each["name"] for each in api.get("event-types")["event_types"]]

    api.post(f"workflows/{workflow}/activate")
    listening = api.draft(tag("heard"))
    trigger = {
        "event_type": "quote_sent",
        "conditions": [{"field": "value", "operator": "equals", "value": 12}],
    }
    api.put(f"workflows/{listening}/triggers", {"triggers": [trigger]})
    api.post(f"workflows/{listening}/activate")
    (run,) = api.start(workflow, [contact])
    assert eventually(lambda: waiting(api, run))
    assert publish(api, mine) == ["accepted"]
    assert eventually(lambda: set(api.contact(contact)["tags"]) == {"quoted", "heard"})
    assert api.http.delete("/api/v1/event-types/quote_sent").status_code == 204
    assert api.http.delete("/api/v1/event-types/quote_sent").status_code == 404


def test_contacts_are_found_by_email_and_phone(api: Customer) -> None:
    body = {"contacts": [{"email": "Ada@example.com", "phone": "+14155550100"}]}
    api.post("contacts/batch", body)
    fates = publish(
        api,
        {"id": "1", "type": "form_submit", "email": "ada@EXAMPLE.com"},
        {"id": "2", "type": "form_submit", "phone": "+1 415 555 0100"},
        {"id": "3", "type": "form_submit", "email": "nobody@example.com"},
    )
    assert fates == ["accepted", "accepted", "no_contact"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"id": ""}, "/events/0/id"),
        ({"id": "x" * 201}, "/events/0/id"),
        ({"type": "tag_added"}, "/events/0/type"),
        ({"type": "form_submitt"}, "/events/0/type"),
        ({"contact_id": None}, "/events/0/contact_id"),
        ({"contact_id": None, "email": "nobody"}, "/events/0/email"),
        ({"email": "ada@example.com"}, "/events/0"),
        ({"occurred_at": "2099-01-01T00:00:00Z"}, "/events/0/occurred_at"),
        ({"occurred_at": "yesterday"}, "/events/0/occurred_at"),
        ({"data": {"x": "y" * 33_000}}, "/events/0/data"),
        ({"data": {"x": "\0"}}, "/events/0/data/x"),
    ],
)
def test_events_that_are_refused(api: Customer, change: Json, pointer: str) -> None:
    given = event("1", "00000000-0000-4000-8000-000000000000") | change
    assert pointer in [place for place, _ in refused(api, "events", {"events": [given]})]


def test_a_viewer_publishes_nothing(account: Account) -> None:
    http: httpx.Client = account.http("viewer")
    body = {"events": [event("1", "00000000-0000-4000-8000-000000000000")]}
    assert http.post("/api/v1/events", json=body).status_code == 403


def test_wait_until_date_moves_with_the_contact(api: Customer) -> None:
    far = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    (contact,) = api.people(1)
    place = f"/api/v1/contacts/{contact}"
    ok(api.http.patch(place, json={"custom_fields": {"renewal": far}}))
    workflow = api.workflow(
        step("wait_until_date", "renewal", date_type="contact_field",
             field_name="custom_fields.renewal", time_of_day="09:00", timezone_mode="utc"),
        tag("renewed"),
    )  # fmt: skip
    (run,) = api.start(workflow, [contact])
    assert eventually(lambda: waiting(api, run))
    reason = api.log(run)[0]["reason"]
    assert f"waits until {far} 09:00:00 wall time in UTC" in reason
    ok(api.http.patch(place, json={"custom_fields": {"renewal": "2020-01-01"}}))
    assert eventually(lambda: api.ended(run))
    assert api.contact(contact)["tags"] == ["renewed"]


def test_a_contact_without_the_date_fails_the_step_visibly(api: Customer) -> None:
    config = {"date_type": "contact_field", "field_name": "custom_fields.renewal"}
    workflow = api.workflow(step("wait_until_date", "renewal", **config))
    (run,) = api.start(workflow, api.people(1))
    assert eventually(lambda: api.ended(run))
    (failed,) = api.log(run)
    assert failed["status"] == "failed"
    assert "the contact's custom_fields.renewal is empty" in str(failed)
