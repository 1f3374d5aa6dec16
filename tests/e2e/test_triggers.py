"""Workflows hear of changes: over REST, from contact to contact."""

from tests.support.account import Account
from tests.support.e2e_rest import Customer, Json, increment, tag
from tests.support.e2e_triggers import completed, triggered, when_tagged
from tests.support.foreground import eventually


def test_a_change_leads_to_another(account: Account) -> None:
    api = Customer(account.http())
    assert "tag_added" in [each["name"] for each in api.get("event-types")["event_types"]]
    welcome = triggered(
        api, {"event_type": "contact_created"}, tag("{{ event.data.source | append: '-made' }}")
    )
    count = triggered(api, when_tagged("api-made"), increment("welcomes"))
    deaf = triggered(api, when_tagged("other"), increment("welcomes"))
    people = api.people(3)
    assert eventually(lambda: completed(api, count) == 3)
    assert completed(api, welcome) == 3
    assert completed(api, deaf) == 0
    for each in people:
        contact = api.contact(each)
        assert (contact["tags"], contact["custom_fields"]) == (["api-made"], {"welcomes": 1})
    runs = list(api.items(f"workflows/{count}/executions", "executions"))
    assert {run["event"]["type"] for run in runs} == {"tag_added"}
    assert all(run["event"]["data"]["tag_name"] == "api-made" for run in runs)


def test_a_circle_ends_and_says_so(account: Account) -> None:
    api = Customer(account.http())
    circle = triggered(
        api,
        {
            "event_type": "contact_updated",
            "conditions": [
                {"field": "changes.custom_fields.visits.after", "operator": "is_set"},
            ],
        },
        increment("visits"),
    )
    (contact,) = api.start(circle, api.people(1))
    assert api.execution(contact)["workflow_id"] == circle

    def refusals() -> list[Json]:
        entries = api.items(f"workflows/{circle}/audit", "entries")
        return [each for each in entries if each["operation"] == "workflow.trigger_refused"]

    assert eventually(lambda: len(refusals()) == 1)
    assert completed(api, circle) == 5
    assert refusals()[0]["after"]["reason"].startswith("the workflow has led to itself 5 times")
