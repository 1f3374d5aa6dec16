"""Workflows hear of changes: over REST, from contact to contact, through copies and `kill -9`."""

from common.nats import EVENTS
from devstack.stack import Stack
from tests.support.account import Account
from tests.support.e2e_books import check_books
from tests.support.e2e_duplicates import Duplicator
from tests.support.e2e_processes import freeze, in_hand, second_engine
from tests.support.e2e_rest import Customer, Json, tag
from tests.support.e2e_triggers import completed, started, triggered, when_tagged
from tests.support.foreground import eventually

CONTACTS = 250
RECOVERY = 90.0
"""Seconds: what a killed engine had in hand comes back twice at worst."""

COUNT: Json = {
    "action_type": "update_contact",
    "action_config": {
        "field_updates": [{"field": "custom_fields.welcomes", "value": 1}],
        "update_mode": "increment",
    },
    "name": "count",
}


def test_a_change_leads_to_another(account: Account) -> None:
    api = Customer(account.http())
    assert "tag_added" in [each["name"] for each in api.get("event-types")["event_types"]]
    welcome = triggered(
        api, {"event_type": "contact_created"}, tag("{{ event.data.source | append: '-made' }}")
    )
    count = triggered(api, when_tagged("api-made"), COUNT)
    deaf = triggered(api, when_tagged("other"), COUNT)
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
    visits: Json = {
        "action_type": "update_contact",
        "action_config": {
            "field_updates": [{"field": "custom_fields.visits", "value": 1}],
            "update_mode": "increment",
        },
        "name": "visit",
    }
    circle = triggered(
        api,
        {
            "event_type": "contact_updated",
            "conditions": [
                {"field": "changes.custom_fields.visits.after", "operator": "is_set"},
            ],
        },
        visits,
    )
    (contact,) = api.start(circle, api.people(1))
    assert api.execution(contact)["workflow_id"] == circle

    def refusals() -> list[Json]:
        entries = api.items(f"workflows/{circle}/audit", "entries")
        return [each for each in entries if each["operation"] == "workflow.trigger_refused"]

    assert eventually(lambda: len(refusals()) == 1)
    assert completed(api, circle) == 5
    assert refusals()[0]["after"]["reason"].startswith("the workflow has led to itself 5 times")


def test_every_event_counts_once_whatever_dies(own_stack: Stack) -> None:
    stack = own_stack
    engine, another = stack.services["engine"], second_engine(stack)
    try:
        another.start()
        another.wait_ready()
        with (
            Account(stack) as account,
            Duplicator(stack, "treadle.events.>", copies=2) as copies,
        ):
            api = Customer(account.http())
            created: Json = {"event_type": "contact_created"}
            welcome = triggered(api, created, tag("welcome"), re_entry="once")
            count = triggered(api, when_tagged("welcome"), COUNT)
            api.people(CONTACTS)
            # With events in hand that neither engine has acted upon.
            for each in (engine, another):
                freeze(each)
            api.people(CONTACTS, first=CONTACTS)
            assert eventually(lambda: in_hand(stack, EVENTS.name, "engine-triggers") > 0)
            for each in (engine, another):
                each.kill()
                each.restart()
            # At work.
            api.people(CONTACTS, first=2 * CONTACTS)
            assert eventually(lambda: started(api, welcome) > CONTACTS)
            engine.kill()
            engine.restart()
            api.people(CONTACTS, first=3 * CONTACTS)
            total = 4 * CONTACTS
            assert eventually(lambda: completed(api, count) == total, RECOVERY)
            assert completed(api, welcome) == total
            shown = [(c["tags"], c["custom_fields"]) for c in api.items("contacts", "contacts")]
            assert shown == [(["welcome"], {"welcomes": 1})] * total
            assert copies.published > 0
            check_books(stack)
    finally:
        another.stop()
