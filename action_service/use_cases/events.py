"""Events of other systems: taken in once each, and told to workflows as our own are."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import orjson

from action_service.domain.contact import json_problem
from action_service.domain.event_types import EVENT_TYPES, EventType, own_type
from action_service.domain.event_waits import ALIASES
from action_service.domain.plan import Json
from action_service.use_cases.checks import text_violations
from action_service.use_cases.event_ports import By, ContactKey, OwnEventType
from action_service.use_cases.ports import Change, DraftReads, Writer
from common.catalogue.kinds import check_kind
from common.contact_fields import email_problem, phone_problem
from common.errors import FieldViolation, already_exists, invalid, not_found
from common.ids import new_id
from common.phone_numbers import e164
from common.wording import hint, short

MAX_EVENTS = 500
MAX_ID = 200
MAX_DATA_BYTES = 32 * 1024
MAX_OWN_TYPES = 200
# Deeper than any message can be.
_DATA_DEPTH = 100
_MAX_DESCRIPTION = 500
# Clocks differ.
_FUTURE = timedelta(minutes=5)


class Fate(StrEnum):
    """What became of an event."""

    ACCEPTED = "accepted"
    REPEATED = "repeated"
    NO_CONTACT = "no_contact"


@dataclass(frozen=True, slots=True)
class GivenEvent:
    """An event as another system tells of it; `by` is None when it names no contact."""

    id: str
    type: str
    by: By | None
    contact: str
    occurred_at: datetime | None
    data: Mapping[str, Json]


async def publish_events(tx: Writer, given: Sequence[GivenEvent], now: datetime) -> list[Fate]:
    """Takes in the events, all or none, each once by its id; what became of each, in order.

    An event whose contact is not there is not taken in: it may come again when it is.
    """
    if not 1 <= len(given) <= MAX_EVENTS:
        problem = f"must have 1 to {MAX_EVENTS} items, not {len(given):,}"
        raise invalid([FieldViolation("events", problem)])
    types = await event_types(tx)
    violations = [
        violation
        for index, event in enumerate(given)
        for violation in _violations(event, f"events[{index}]", types, now)
    ]
    if violations:
        raise invalid(violations)
    keys = [_key(event) for event in given]
    contacts = await tx.events.contacts(keys)
    known = {event.id: event for event, key in zip(given, keys, strict=True) if key in contacts}
    new = await tx.events.remember(list(known))
    fates: list[Fate] = []
    for event, key in zip(given, keys, strict=True):
        contact_id = contacts.get(key)
        if contact_id is None:
            fates.append(Fate.NO_CONTACT)
        elif event.id in new:
            new.discard(event.id)
            occurred_at = min(event.occurred_at or now, now)
            data = {**event.data, "occurred_at": occurred_at.isoformat(), "source_id": event.id}
            tx.emit(event.type, contact_id, data)
            fates.append(Fate.ACCEPTED)
        else:
            fates.append(Fate.REPEATED)
    return fates


async def event_types(tx: DraftReads) -> dict[str, EventType]:
    """All types that workflows of the account can name, by name."""
    own = await tx.events.types()
    return {**EVENT_TYPES, **{each.name: own_type(each.name, each.description) for each in own}}


def unknown_type(name: str, types: Collection[str]) -> str:
    """Why a name is that of no type of events."""
    if not name:
        return "is required"
    known = f"there are {', '.join(types)}"
    return f"there is no event type '{short(name)}'{hint(name, types) or f'; {known}'}"


async def create_event_type(tx: Writer, name: str, description: str) -> OwnEventType:
    """Makes a type known; refuses a name that is taken."""
    violations = list(
        text_violations("description", description, max_length=_MAX_DESCRIPTION, required=False)
    )
    if problem := check_kind("event_type", name):
        violations.append(FieldViolation("name", problem))
    if name in EVENT_TYPES or name in ALIASES:
        violations.append(FieldViolation("name", "is the name of a type of Treadle's own"))
    if violations:
        raise invalid(violations)
    if len(await tx.events.types()) >= MAX_OWN_TYPES:
        raise invalid([FieldViolation("name", f"an account has {MAX_OWN_TYPES} types at most")])
    made = await tx.events.add_type(name, description)
    if made is None:
        raise already_exists("event type", "name", f"there is an event type {name} already")
    tx.record(Change("event_type.created", "event_type", new_id(), after={"name": name}))
    return made


async def delete_event_type(tx: Writer, name: str) -> None:
    """Forgets a type; waits and triggers that name it hear nothing more."""
    if not await tx.events.delete_type(name):
        raise not_found("event type", name)
    tx.record(Change("event_type.deleted", "event_type", new_id(), before={"name": name}))


def _key(event: GivenEvent) -> ContactKey:
    match event.by:
        case By.EMAIL:
            return By.EMAIL, event.contact.strip().lower()
        case By.PHONE:
            return By.PHONE, e164(event.contact.strip()) or ""
        case _:
            return By.ID, str(UUID(event.contact))


def _violations(
    event: GivenEvent, place: str, types: Mapping[str, EventType], now: datetime
) -> Iterator[FieldViolation]:
    yield from text_violations(f"{place}.id", event.id, max_length=MAX_ID, required=True)
    kind = types.get(event.type)
    if kind is None or not kind.is_foreign:
        yield FieldViolation(f"{place}.type", _no_type(event.type, kind, types))
    if event.by is None:
        yield FieldViolation(f"{place}.contact_id", "name the contact: contact_id, email or phone")
    elif problem := _contact_problem(event):
        yield FieldViolation(f"{place}.{event.by.value}", problem)
    if event.occurred_at is not None and event.occurred_at > now + _FUTURE:
        yield FieldViolation(f"{place}.occurred_at", "must not be in the future")
    size = len(orjson.dumps(event.data))
    if size > MAX_DATA_BYTES:
        limit = MAX_DATA_BYTES // 1024
        yield FieldViolation(f"{place}.data", f"must be at most {limit} KiB, not {size // 1024}")
    if problem := json_problem(dict(event.data), depth=_DATA_DEPTH):
        yield FieldViolation(f"{place}.data", problem)


def _contact_problem(event: GivenEvent) -> str | None:
    match event.by:
        case By.EMAIL:
            return email_problem(event.contact.strip())
        case By.PHONE:
            return phone_problem(event.contact.strip())
        case _:
            return check_kind("uuid", event.contact)


def _no_type(name: str, kind: EventType | None, types: Mapping[str, EventType]) -> str:
    if kind is not None:
        return "is a type that Treadle alone publishes"
    foreign = sorted(each.name for each in types.values() if each.is_foreign)
    near = hint(name, foreign) or f"; there are {', '.join(foreign)}, and those you create"
    return f"there is no event type '{short(name)}'{near}"
