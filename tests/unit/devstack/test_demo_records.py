"""The demo's verdict on records: one of each for each contact, and turns taken evenly."""

from devstack.client import JsonObject
from devstack.demo.records import Records, wrong_records

STEPS = ("assign_to_user", "create_opportunity", "create_task", "add_note", "grant_course_access")


def records(*owners: str) -> Records:
    """Contacts of these owners, with all that is made for each of them."""
    contacts: list[JsonObject] = [
        {"id": f"c{n}", "email": f"c{n}@example.com", "owner_id": owner}
        for n, owner in enumerate(owners)
    ]
    made = {
        path: [
            JsonObject(contact_id=c["id"], assignee_id=c["owner_id"], value=9.5) for c in contacts
        ]
        for path in ("opportunities", "tasks", "notes", "course-accesses")
    }
    users = {"u0": "Idle", "u1": "Grace", "u2": "Alan", "u3": "Radia"}
    return Records(users, ["u1", "u2", "u3"], contacts, made)


def test_all_is_well() -> None:
    good = records("u1", "u2", "u3", "u1")
    assert list(wrong_records(good, STEPS)) == []
    assert good.owned == good.tasks == {"Grace": 2, "Alan": 1, "Radia": 1}
    assert good.worth == 38


def test_missing_and_doubled_records_and_uneven_turns_are_named() -> None:
    bad = records("u1", "u1", "u2", "u1")
    bad.made["tasks"].pop()
    bad.made["notes"].append({"contact_id": "c0"})
    assert list(wrong_records(bad, STEPS)) == [
        "tasks of c3@example.com: 0 made, 1 wanted",
        "notes of c0@example.com: 2 made, 1 wanted",
        "owners have taken [3, 1, 0] turns for 4 contacts",
    ]


def test_contacts_without_an_owner_are_named() -> None:
    (line,) = wrong_records(records("u1", "u2", ""), STEPS)
    assert line == "owners have taken [1, 1, 0] turns for 3 contacts"
