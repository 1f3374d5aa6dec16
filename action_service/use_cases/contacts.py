"""Contacts, as people change them; the engine's effects change them too."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from action_service.domain.changes import difference
from action_service.domain.contact import (
    Contact,
    ContactValues,
    contact_facts,
    custom_fields_problems,
    is_field_name,
    merged_custom_fields,
)
from action_service.domain.contact_events import (
    CONTACT_CREATED,
    CONTACT_UPDATED,
    EventSource,
    created_data,
    updated_data,
)
from action_service.domain.custom_fields import CustomFieldType, typed_fields
from action_service.domain.plan import Json
from action_service.use_cases.checks import below, check_etag
from action_service.use_cases.ports import Change, Transaction, Writer
from common.contact_fields import (
    email_problem,
    name_problem,
    phone_problem,
    timezone_problem,
    user_id_problem,
)
from common.errors import ErrorReason, FieldViolation, TreadleError, invalid, malformed, not_found
from common.ids import new_id
from common.phone_numbers import e164

MAX_BATCH = 1_000
UPDATABLE = frozenset(
    {"email", "phone", "first_name", "last_name", "timezone", "owner_id", "custom_fields"}
)


@dataclass(frozen=True, slots=True)
class ContactInput:
    """A contact as it was given; an empty text is no value."""

    email: str = ""
    phone: str = ""
    first_name: str = ""
    last_name: str = ""
    timezone: str = ""
    owner_id: str = ""
    custom_fields: Mapping[str, Json] = field(default_factory=dict[str, Json])


async def get_contact(tx: Transaction, contact_id: UUID) -> Contact:
    """The contact; refuses one that is not there."""
    contact = await tx.contacts.get(contact_id)
    if contact is None:
        raise not_found("contact", contact_id)
    return contact


async def create_contact(tx: Writer, given: ContactInput) -> Contact:
    """Stores a contact."""
    (contact_id,) = await _store(tx, [given], ["contact"])
    return await get_contact(tx, contact_id)


async def create_contacts(tx: Writer, given: Sequence[ContactInput]) -> list[UUID]:
    """Stores up to 1,000 contacts, all or none; returns their ids in order."""
    if not 1 <= len(given) <= MAX_BATCH:
        problem = f"must have 1 to {MAX_BATCH:,} items, not {len(given):,}"
        raise invalid([FieldViolation("contacts", problem)])
    return await _store(tx, given, [f"contacts[{index}]" for index in range(len(given))])


async def update_contact(
    tx: Writer, contact_id: UUID, given: ContactInput, mask: frozenset[str], *, etag: str
) -> Contact:
    """Sets the fields that `mask` names; custom fields are merged by name, a null removes."""
    unknown = mask - UPDATABLE
    if unknown:
        raise malformed("update_mask", f"cannot be updated: {', '.join(sorted(unknown))}")
    values, violations = checked_contact(given, "contact")
    before = await tx.contacts.lock(contact_id)
    if before is None:
        raise not_found("contact", contact_id)
    check_etag("contact", contact_id, before.revision, etag)
    if "custom_fields" in mask:
        (custom,), untyped = await _typed(tx, [given], ["contact"])
        merged = merged_custom_fields(before.values.custom_fields, custom)
        violations += untyped
        violations += _custom_fields_violations("contact", merged)
        values = replace(values, custom_fields=merged)
    named = tuple(below("contact", name) for name in mask)
    violations = [v for v in violations if v.field.startswith(named)]
    if "owner_id" in mask:
        violations += await _owner_violations(tx, [values], ["contact"])
    if violations:
        raise invalid(dict.fromkeys(violations))
    after = replace(before.values, **{name: getattr(values, name) for name in mask})
    changed = difference(contact_facts(before.values), contact_facts(after))
    if not changed:
        return before
    stored = await tx.contacts.update(contact_id, after)
    tx.record(Change("contact.updated", "contact", contact_id, None, changed.before, changed.after))
    tx.emit(CONTACT_UPDATED, contact_id, updated_data(EventSource.API, changed))
    return stored


async def _store(tx: Writer, given: Sequence[ContactInput], paths: Sequence[str]) -> list[UUID]:
    customs, violations = await _typed(tx, given, paths)
    given = [replace(g, custom_fields=c) for g, c in zip(given, customs, strict=True)]
    checked = [checked_contact(each, path) for each, path in zip(given, paths, strict=True)]
    contacts = [(new_id(), values) for values, _ in checked]
    violations += [violation for _, found in checked for violation in found]
    violations += _repeated_emails([values for values, _ in checked], paths)
    violations += await _owner_violations(tx, [values for values, _ in checked], paths)
    if violations:
        raise invalid(violations)
    stored = await tx.contacts.add(contacts)
    taken = [
        FieldViolation(below(path, "email"), f"another contact has the email {values.email}")
        for (contact_id, values), path in zip(contacts, paths, strict=True)
        if contact_id not in stored
    ]
    if taken:
        raise TreadleError(
            ErrorReason.ALREADY_EXISTS,
            "; ".join(f"{v.field}: {v.description}" for v in taken[:3]),
            violations=taken,
            metadata={"entity": "contact"},
        )
    for contact_id, values in contacts:
        known = {name: value for name, value in contact_facts(values).items() if value is not None}
        tx.record(Change("contact.created", "contact", contact_id, after=known))
        tx.emit(CONTACT_CREATED, contact_id, created_data(EventSource.API, values))
    return [contact_id for contact_id, _ in contacts]


async def _typed(
    tx: Writer, given: Sequence[ContactInput], paths: Sequence[str]
) -> tuple[list[dict[str, Json]], list[FieldViolation]]:
    """The custom fields given, those with a declared type as values of it; and what is none."""
    names = {name for each in given for name in each.custom_fields if is_field_name(name)}
    types = await tx.contacts.field_types(names) if names else dict[str, CustomFieldType]()
    customs: list[dict[str, Json]] = []
    violations: list[FieldViolation] = []
    for each, path in zip(given, paths, strict=True):
        stored, problems = typed_fields(types, each.custom_fields)
        customs.append(stored)
        violations += [
            FieldViolation(below(path, f"custom_fields.{name}"), text) for name, text in problems
        ]
    return customs, violations


def checked_contact(given: ContactInput, path: str) -> tuple[ContactValues, list[FieldViolation]]:
    """The values as they are stored, and everything wrong with them."""
    violations: list[FieldViolation] = []
    email = given.email.strip()
    phone = given.phone.strip()
    for name, text, check in (
        ("email", email, email_problem),
        ("phone", phone, phone_problem),
        ("first_name", given.first_name, name_problem),
        ("last_name", given.last_name, name_problem),
        ("timezone", given.timezone, timezone_problem),
        ("owner_id", given.owner_id, user_id_problem),
    ):
        if text and (problem := check(text)):
            violations.append(FieldViolation(below(path, name), problem))
    violations += _custom_fields_violations(path, given.custom_fields)
    owned = given.owner_id and not user_id_problem(given.owner_id)
    values = ContactValues(
        email=email or None,
        phone=e164(phone),
        first_name=given.first_name.strip() or None,
        last_name=given.last_name.strip() or None,
        timezone=given.timezone or None,
        owner_id=UUID(given.owner_id) if owned else None,
        custom_fields=merged_custom_fields({}, given.custom_fields),
    )
    return values, violations


def _custom_fields_violations(path: str, fields: Mapping[str, Json]) -> list[FieldViolation]:
    place = below(path, "custom_fields")
    return [
        FieldViolation(f"{place}{inner}", text) for inner, text in custom_fields_problems(fields)
    ]


def _repeated_emails(
    values: Sequence[ContactValues], paths: Sequence[str]
) -> Iterator[FieldViolation]:
    first: dict[str, str] = {}
    for each, path in zip(values, paths, strict=True):
        if each.email is None:
            continue
        earlier = first.setdefault(each.email.lower(), path)
        if earlier != path:
            yield FieldViolation(below(path, "email"), f"is the same as that of {earlier}")


async def _owner_violations(
    tx: Writer, values: Sequence[ContactValues], paths: Sequence[str]
) -> list[FieldViolation]:
    owners = {each.owner_id for each in values if each.owner_id is not None}
    known = await tx.contacts.known_users(owners) if owners else frozenset[UUID]()
    return [
        FieldViolation(below(path, "owner_id"), "there is no user with this id")
        for each, path in zip(values, paths, strict=True)
        if each.owner_id is not None and each.owner_id not in known
    ]
