"""Contacts of a seed: known by their email, which the file has to give."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Final, cast

from pydantic import JsonValue

from devstack.client import GatewayClient, JsonObject
from devstack.importing import finished
from devstack.seeds.document import Contact
from devstack.seeds.records import CannotSeedError, Records, changes

_FILE_NAME = "tags of a seed"
_MARKETING: Final = "marketing"
_CONSENTS: Final = {c: f"{c}_consent" for c in ("email", "sms", "voice", "messenger")}


def settle_contact(client: GatewayClient, contact: Contact, records: Records) -> str:
    """Create the contact or change what differs; tells what was done, empty for nothing."""
    apart = {"owner", "tags", "messenger", *_CONSENTS.values()}
    body = cast("JsonObject", contact.model_dump(exclude_none=True, exclude=apart))
    if contact.phone:
        body["phone"] = "+" + "".join(filter(str.isdigit, contact.phone))
    if contact.owner is not None:
        body["owner_id"] = records.id_of("users", contact.owner)
    there = find_contact(client, contact.email)
    if there is None:
        made = client.create("contacts", body)
        _link(client, contact, str(made["id"]), records)
        _consent(client, contact, str(made["id"]))
        return "created"
    changed = changes(there, {name: value for name, value in body.items() if name != "email"})
    if changed:
        client.change(f"contacts/{there['id']}", changed)
    linked = _link(client, contact, str(there["id"]), records)
    said = _consent(client, contact, str(there["id"]))
    touched = [*sorted(changed), *(["messenger"] if linked else []), *said]
    return f"changed {', '.join(touched)}" if touched else ""


def _link(client: GatewayClient, contact: Contact, contact_id: str, records: Records) -> bool:
    """Have pages know the contact; whether there was anything to do."""
    has_linked = False
    for identity in contact.messenger:
        page = records.id_of("messenger_pages", identity.page)
        place: JsonObject = {"messenger_page_id": page, "psid": identity.psid}
        known = client.records("messenger-identities", messenger_page_id=page, psid=identity.psid)
        there = next(known, None)
        if there is None:
            client.create("messenger-identities", {**place, "contact_id": contact_id})
        elif there["contact_id"] != contact_id:
            client.change(f"messenger-identities/{there['id']}", {"contact_id": contact_id})
        else:
            continue
        has_linked = True
    return has_linked


def _consent(client: GatewayClient, contact: Contact, contact_id: str) -> list[str]:
    """Record what the contact has said of marketing; which fields were news."""
    wanted = {
        channel: str(said)
        for channel, name in _CONSENTS.items()
        if (said := getattr(contact, name)) is not None
    }
    if not wanted:
        return []
    path = f"contacts/{contact_id}/consents"
    stored = cast("list[JsonObject]", client.read(path)["consents"])
    before = {each["channel"]: each["status"] for each in stored if each["purpose"] == _MARKETING}
    news = {channel: said for channel, said in wanted.items() if before.get(channel) != said}
    for channel in news:
        # The file may be older than the contact's last word.
        if before.get(channel) == "withdrawn":
            raise CannotSeedError(
                f"{_CONSENTS[channel]}: the contact has withdrawn it; take it out of the file"
            )
    if news:
        consents: list[JsonValue] = [
            {"channel": channel, "purpose": _MARKETING, "status": said, "source": "seed"}
            for channel, said in news.items()
        ]
        client.change(path, {"consents": consents})
    return [_CONSENTS[channel] for channel in news]


def find_contact(client: GatewayClient, email: str) -> JsonObject | None:
    """The contact with this email."""
    return next(client.records("contacts", email=email), None)


def missing_tags(client: GatewayClient, contact: Contact) -> Sequence[str]:
    """The tags that the contact is to have and has not."""
    if any(";" in tag for tag in contact.tags):
        raise CannotSeedError("a tag with a semicolon in its name cannot be put on; rename it")
    if not contact.tags:
        return ()
    there = find_contact(client, contact.email)
    has = cast("list[JsonValue]", there["tags"]) if there else []
    return [tag for tag in contact.tags if tag not in has]


def put_tags(client: GatewayClient, tags: Mapping[str, Sequence[str]]) -> None:
    """Put tags on contacts, by email: through an import, which is the way the API has for it."""
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(["email", "tags"])
    lines.writerows([email, ";".join(names)] for email, names in tags.items())
    data = text.getvalue().encode()
    started = client.start_import(data, file_name=_FILE_NAME, duplicates="update")
    done = finished(client, started, lambda _: None)
    for row in client.refused_rows(done.id):
        why = "; ".join(problem.description for problem in row.problems)
        raise CannotSeedError(f"{row.values['email']}: {why}")
    if done.failure:
        raise CannotSeedError(done.failure)
