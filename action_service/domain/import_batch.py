"""What a batch of rows of an import does to contacts, given the contacts that have their emails.

Rows act one after another: a later row may be the duplicate of an earlier one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from action_service.domain.changes import Difference, difference
from action_service.domain.compliance import Channel, ConsentStatus
from action_service.domain.contact import (
    ContactValues,
    contact_facts,
    custom_fields_problems,
    merged_custom_fields,
)
from action_service.domain.contact_import import CONSENTS, Counts, Duplicates, RowProblem


class ReadRow(NamedTuple):
    """A row whose values may be stored."""

    number: int
    values: ContactValues
    tags: Sequence[str] = ()
    consents: Mapping[Channel, ConsentStatus] = {}


class Existing(NamedTuple):
    """A contact that is there, kept from every other change."""

    id: UUID
    values: ContactValues
    tags: frozenset[str]
    # To marketing.
    consents: Mapping[Channel, ConsentStatus] = {}


class Update(NamedTuple):
    """A change of a contact by one row."""

    contact_id: UUID
    changed: Difference


@dataclass(slots=True)
class BatchOutcome:
    """What is to be stored; `values` are the last ones of the contacts that are updated."""

    created: list[tuple[UUID, ContactValues]] = field(
        default_factory=list[tuple[UUID, ContactValues]]
    )
    updates: list[Update] = field(default_factory=list[Update])
    values: dict[UUID, ContactValues] = field(default_factory=dict[UUID, ContactValues])
    # (contact, name of the tag), each once.
    tags: dict[tuple[UUID, str], None] = field(default_factory=dict[tuple[UUID, str], None])
    # What contacts have said last.
    consents: dict[UUID, dict[Channel, ConsentStatus]] = field(
        default_factory=dict[UUID, dict[Channel, ConsentStatus]]
    )
    refused: dict[int, Sequence[RowProblem]] = field(
        default_factory=dict[int, Sequence[RowProblem]]
    )
    counts: Counts = field(default_factory=Counts)


def decide_batch(
    rows: Iterable[ReadRow],
    existing: Mapping[str, Existing],
    duplicates: Duplicates,
    *,
    make_id: Callable[[], UUID],
) -> BatchOutcome:
    """What the rows do; `existing` is by email in lower case."""
    outcome = BatchOutcome()
    known = dict(existing)
    for row in rows:
        key = (row.values.email or "").lower()
        contact = known.get(key) if key else None
        if contact is None:
            contact_id = make_id()
            outcome.created.append((contact_id, row.values))
            outcome.tags.update(dict.fromkeys((contact_id, tag) for tag in row.tags))
            if row.consents:
                outcome.consents[contact_id] = dict(row.consents)
            outcome.counts += Counts(created=1)
            if key:
                known[key] = Existing(contact_id, row.values, frozenset(row.tags), row.consents)
        elif duplicates is Duplicates.SKIP:
            outcome.counts += Counts(skipped=1)
        else:
            known[key] = _update(outcome, contact, row)
    return outcome


def _update(outcome: BatchOutcome, contact: Existing, row: ReadRow) -> Existing:
    after = _over(contact.values, row.values)
    problems = [
        RowProblem("", f"custom_fields{path} of the contact {text}")
        for path, text in custom_fields_problems(after.custom_fields)
    ]
    problems += _objections(contact, row)
    if problems:
        outcome.refused[row.number] = problems
        outcome.counts += Counts(refused=1)
        return contact
    changed = difference(contact_facts(contact.values), contact_facts(after))
    new_tags = [tag for tag in row.tags if tag not in contact.tags]
    outcome.tags.update(dict.fromkeys((contact.id, tag) for tag in new_tags))
    said = {
        channel: status
        for channel, status in row.consents.items()
        if contact.consents.get(channel) is not status
    }
    if said:
        outcome.consents.setdefault(contact.id, {}).update(said)
    if changed:
        outcome.updates.append(Update(contact.id, changed))
        outcome.values[contact.id] = after
    outcome.counts += Counts(updated=1) if changed or new_tags or said else Counts(skipped=1)
    tags = contact.tags.union(new_tags)
    return Existing(contact.id, after, tags, {**contact.consents, **said})


def _objections(contact: Existing, row: ReadRow) -> Iterator[RowProblem]:
    """A list may be older than the contact's last word, so it never undoes a withdrawal."""
    for column, channel in CONSENTS.items():
        said, before = row.consents.get(channel), contact.consents.get(channel)
        if said is ConsentStatus.GRANTED and before is ConsentStatus.WITHDRAWN:
            text = f"{column}: the contact has withdrawn it; only their consents can grant it anew"
            yield RowProblem("", text)


def _over(stored: ContactValues, given: ContactValues) -> ContactValues:
    """`stored` with the values that are given put over it: an empty cell changes nothing."""
    return ContactValues(
        # The same but for its case, which stays as it is.
        email=stored.email,
        phone=given.phone or stored.phone,
        first_name=given.first_name or stored.first_name,
        last_name=given.last_name or stored.last_name,
        timezone=given.timezone or stored.timezone,
        owner_id=given.owner_id or stored.owner_id,
        custom_fields=merged_custom_fields(stored.custom_fields, given.custom_fields),
    )
