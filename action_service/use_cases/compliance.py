"""Consents and suppressions, as people set them; what contacts do themselves comes by providers."""

from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

import orjson

from action_service.domain.compliance import (
    Cause,
    Channel,
    Consent,
    NewSuppression,
    StoredConsent,
    Suppression,
)
from action_service.domain.contact import Contact
from action_service.domain.plan import Json
from action_service.use_cases.checks import below, text_violations
from action_service.use_cases.contacts import get_contact
from action_service.use_cases.ports import Change, Reader, Transaction, Writer
from common.contact_fields import email_problem, phone_problem
from common.errors import FieldViolation, invalid, not_found
from common.phone_numbers import e164

MAX_CONSENTS: Final = 20
MAX_SOURCE: Final = 200
MAX_EVIDENCE: Final = 8_192
MAX_DETAIL: Final = 500
MAX_ADDRESS: Final = 254


def address_key(channel: Channel, address: str) -> str:
    """The form in which an address is suppressed.

    Raises ValueError with what is wrong, in words that follow the field's name.
    """
    address = address.strip()
    match channel:
        case Channel.EMAIL:
            problem = email_problem(address)
            key = address.lower()
        case Channel.SMS | Channel.VOICE:
            problem = phone_problem(address)
            key = e164(address) or ""
        case Channel.MESSENGER:
            problem = next(_psid_problems(address), None)
            key = address
    if problem is not None or not key:
        raise ValueError(problem or "is required")
    return key


def places_of(contact: Contact) -> list[tuple[Channel | None, str]]:
    """Where a contact may be suppressed: as a whole, and at each address."""
    places: list[tuple[Channel | None, str]] = [(None, str(contact.id))]
    if contact.values.email:
        places.append((Channel.EMAIL, contact.values.email.lower()))
    if contact.values.phone:
        places += [(Channel.SMS, contact.values.phone), (Channel.VOICE, contact.values.phone)]
    return places


async def list_consents(
    tx: Reader, contact_id: UUID
) -> tuple[Sequence[StoredConsent], Sequence[Suppression]]:
    """What a contact has said, and the suppressions that hold for them."""
    contact = await get_contact(tx, contact_id)
    return (
        await tx.compliance.consents(contact_id),
        await tx.compliance.in_force(places_of(contact)),
    )


async def set_consents(
    tx: Writer, contact_id: UUID, given: Sequence[Consent]
) -> Sequence[StoredConsent]:
    """Stores what a contact has said; returns all that they have."""
    if found := list(_consent_violations(given)):
        raise invalid(found)
    await tx.compliance.hold_claims()
    await get_contact(tx, contact_id)
    before = {
        (each.consent.channel, each.consent.purpose): each.consent
        for each in await tx.compliance.consents(contact_id)
    }
    await tx.compliance.set_consents({contact_id: given}, tx.actor)
    for consent in given:
        earlier = before.get((consent.channel, consent.purpose))
        record_consent(tx, contact_id, earlier, consent)
    return await tx.compliance.consents(contact_id)


def record_consent(tx: Writer, contact_id: UUID, before: Consent | None, after: Consent) -> None:
    """Leaves in the audit log what a contact has said, with its proof."""
    tx.record(
        Change(
            operation=f"consent.{after.status.value}",
            entity_type="contact",
            entity_id=contact_id,
            before=None if before is None else _consent_facts(before),
            after=_consent_facts(after),
        )
    )


async def add_suppression(tx: Writer, wanted: NewSuppression) -> Suppression:
    """Keeps an address or a contact from being reached."""
    if found := list(text_violations("suppression.detail", wanted.detail, max_length=MAX_DETAIL)):
        raise invalid(found)
    await tx.compliance.hold_claims()
    if wanted.channel is None:
        await get_contact(tx, UUID(wanted.address))
    ((suppression, is_new),) = await tx.compliance.suppress([wanted], tx.actor)
    if is_new:
        tx.record(suppression_change("added", suppression))
    return suppression


async def lift_suppression(tx: Writer, suppression_id: UUID) -> Suppression:
    """Ends a suppression; one that has ended before is left as it is."""
    lifted = await tx.compliance.lift_one(suppression_id, tx.actor)
    if lifted is not None:
        tx.record(suppression_change("lifted", lifted))
        return lifted
    return await get_suppression(tx, suppression_id)


async def get_suppression(tx: Transaction, suppression_id: UUID) -> Suppression:
    """The suppression; refuses one that is not there."""
    found = await tx.compliance.suppression(suppression_id)
    if found is None:
        raise not_found("suppression", suppression_id)
    return found


def suppression_change(done: str, suppression: Suppression) -> Change:
    """The entry in the audit log."""
    what = suppression.what
    facts: dict[str, Json] = {
        "channel": None if what.channel is None else what.channel.value,
        "address": what.address,
        "scope": what.scope.value,
        "cause": what.cause.value,
        "detail": what.detail,
    }
    before, after = (None, facts) if done == "added" else (facts, None)
    return Change(f"suppression.{done}", "suppression", suppression.id, None, before, after)


def cause_violations(wanted: NewSuppression) -> Iterator[FieldViolation]:
    """A contact is suppressed for one cause only, which is none of an address."""
    if (wanted.cause is Cause.DO_NOT_CONTACT) != (wanted.channel is None):
        yield FieldViolation(
            "suppression.cause",
            "must be do_not_contact for a contact_id, and another for a channel and address",
        )


def _consent_violations(given: Sequence[Consent]) -> Iterator[FieldViolation]:
    if not 1 <= len(given) <= MAX_CONSENTS:
        problem = f"must have 1 to {MAX_CONSENTS} items, not {len(given)}"
        yield FieldViolation("consents", problem)
        return
    seen: set[object] = set()
    for index, consent in enumerate(given):
        path = f"consents[{index}]"
        yield from text_violations(below(path, "source"), consent.source, max_length=MAX_SOURCE)
        if (consent.channel, consent.purpose) in seen:
            yield FieldViolation(path, "gives the same channel and purpose a second time")
        seen.add((consent.channel, consent.purpose))
        evidence = orjson.dumps(consent.evidence)
        if len(evidence) > MAX_EVIDENCE or b"\\u0000" in evidence:
            problem = f"must have at most {MAX_EVIDENCE:,} bytes of JSON, and no NUL character"
            yield FieldViolation(below(path, "evidence"), problem)


def _consent_facts(consent: Consent) -> dict[str, Json]:
    return {
        "channel": consent.channel.value,
        "purpose": consent.purpose.value,
        "status": consent.status.value,
        "source": consent.source,
        "evidence": dict(consent.evidence),
    }


def _psid_problems(address: str) -> Iterator[str]:
    for violation in text_violations("", address, max_length=MAX_ADDRESS, required=True):
        yield violation.description
