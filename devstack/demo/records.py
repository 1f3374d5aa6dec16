"""What a run has made of an account's records, and whether each contact has just one of each."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from devstack.client import GatewayClient, JsonObject

# What an action makes for its contact: a collection of the API.
_MADE = {
    "create_opportunity": "opportunities",
    "create_task": "tasks",
    "add_note": "notes",
    "grant_course_access": "course-accesses",
}


@dataclass(frozen=True, slots=True)
class Records:
    """Records of an account: users' names by id, and those of `made` by their collection."""

    users: Mapping[str, str]
    # Ids of the users who take turns.
    members: Sequence[str]
    contacts: Sequence[JsonObject]
    made: Mapping[str, list[JsonObject]]

    @property
    def owned(self) -> Counter[str]:
        """How many contacts each user owns, by name."""
        owners = (str(contact["owner_id"]) for contact in self.contacts if contact["owner_id"])
        return Counter(self.users[owner] for owner in owners)

    @property
    def tasks(self) -> Counter[str]:
        """How many tasks each user has, by name."""
        assignees = (str(task["assignee_id"]) for task in self.made["tasks"] if task["assignee_id"])
        return Counter(self.users[assignee] for assignee in assignees)

    @property
    def worth(self) -> float:
        """What all opportunities come to."""
        return sum(cast("float", deal["value"]) for deal in self.made["opportunities"])


def read_records(client: GatewayClient) -> Records:
    """Read them all."""
    return Records(
        users={str(user["id"]): str(user["name"]) for user in client.records("users")},
        members=[
            member
            for team in client.records("teams")
            for member in cast("list[str]", team["member_ids"])
        ],
        contacts=[*client.records("contacts")],
        made={path: [*client.records(path)] for path in _MADE.values()},
    )


def wrong_records(records: Records, action_types: Sequence[str]) -> Iterator[str]:
    """Compare the records with what actions of these types make for each contact, once.

    A line for every record that is missing or too many, and for turns that were not taken evenly.
    """
    steps = Counter(action_types)
    for action_type, path in _MADE.items():
        found = Counter(str(record["contact_id"]) for record in records.made[path])
        for contact in records.contacts:
            contact_id = str(contact["id"])
            if found[contact_id] != steps[action_type]:
                yield (
                    f"{path} of {contact['email']}: {found[contact_id]} made,"
                    f" {steps[action_type]} wanted"
                )
    if steps["assign_to_user"]:
        owned = [records.owned[records.users[member]] for member in records.members]
        if sum(owned) != len(records.contacts) or max(owned) - min(owned) > 1:
            yield f"owners have taken {owned} turns for {len(records.contacts)} contacts"
