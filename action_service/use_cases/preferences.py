"""What contacts say by the links in their email: unsubscribing, and what they want of each kind.

A link speaks for the address that its email went to, and for the contact it was sent to as long as
there is one. Both are heeded: the address is suppressed, whichever contact has it, and the contact
has withdrawn their consent, whatever their address is by now.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from action_service.domain.compliance import (
    Cause,
    Channel,
    Consent,
    ConsentStatus,
    NewSuppression,
    Purpose,
    Scope,
    StoredConsent,
    Suppression,
)
from action_service.domain.contact import Contact
from action_service.domain.plan import Json
from action_service.use_cases.compliance import places_of, record_consent, suppression_change
from action_service.use_cases.compliance_ports import ConsentKey
from action_service.use_cases.ports import Transaction, Writer
from common.contact_links import ContactLink

UNSUBSCRIBED: Final = "email_unsubscribed"
# Who speaks by a link, in consents and suppressions.
_CONTACT: Final = "contact"
_SOURCE: Final = "preference page"


@dataclass(frozen=True, slots=True)
class Preference:
    """Whether messages may come; `locked` when the contact cannot change it by a link."""

    channel: Channel
    purpose: Purpose
    wanted: bool
    locked: bool


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the page behind a link shows."""

    account_name: str
    address_hint: str
    preferences: Sequence[Preference]


async def read_preferences(tx: Transaction, link: ContactLink) -> Preferences:
    """What holds for whoever has the link."""
    contact = await tx.contacts.get(link.contact_id)
    account = await tx.accounts.get()
    consents = () if contact is None else await tx.compliance.consents(contact.id)
    suppressions = await tx.compliance.in_force(_places(link, contact))
    explicit = () if account is None else account.settings.explicit_consent_channels
    return Preferences(
        account_name="" if account is None else account.settings.name,
        address_hint=hint_of(link.address),
        preferences=list(_preferences(contact, consents, suppressions, explicit)),
    )


async def unsubscribe(tx: Writer, link: ContactLink, source: str) -> None:
    """No more marketing by email; once it is so, it changes nothing."""
    await tx.compliance.hold_claims()
    contact = await tx.contacts.lock(link.contact_id)
    if contact is not None:
        await _say(tx, contact, {(Channel.EMAIL, Purpose.MARKETING): False}, source)
    is_news = await _suppress(tx, link, contact, source)
    if is_news and contact is not None:
        tx.emit(UNSUBSCRIBED, contact.id, await _event_data(tx, link, source))


async def set_preferences(tx: Writer, link: ContactLink, wanted: Mapping[ConsentKey, bool]) -> None:
    """Sets what is not locked; there is nothing to set for a contact who is gone."""
    await tx.compliance.hold_claims()
    contact = await tx.contacts.lock(link.contact_id)
    if contact is None:
        return
    shown = await read_preferences(tx, link)
    news = {
        key: wanted[key]
        for each in shown.preferences
        if (key := (each.channel, each.purpose)) in wanted
        and not each.locked
        and wanted[key] != each.wanted
    }
    if not news:
        return
    await _say(tx, contact, news, _SOURCE)
    email = news.get((Channel.EMAIL, Purpose.MARKETING))
    if email is False and await _suppress(tx, link, contact, _SOURCE):
        tx.emit(UNSUBSCRIBED, contact.id, await _event_data(tx, link, _SOURCE))
    if email is True:
        places = [place for place in _places(link, contact) if place[0] is Channel.EMAIL]
        for lifted in await tx.compliance.lift(places, [Cause.UNSUBSCRIBE], _CONTACT):
            tx.record(suppression_change("lifted", lifted))


def hint_of(address: str) -> str:
    """Enough of an address for its owner to know it by."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}…{at}{domain}" if at else "…"


def _places(link: ContactLink, contact: Contact | None) -> list[tuple[Channel | None, str]]:
    mailed = (Channel.EMAIL, link.address.lower())
    return [
        mailed,
        *(place for place in (places_of(contact) if contact else ()) if place != mailed),
    ]


def _preferences(
    contact: Contact | None,
    consents: Sequence[StoredConsent],
    suppressions: Sequence[Suppression],
    explicit: Sequence[Channel],
) -> Iterator[Preference]:
    said = {(c.consent.channel, c.consent.purpose): c.consent.status for c in consents}
    for channel in _channels(contact):
        held = [s.what for s in suppressions if s.what.channel in {None, channel}]
        for purpose in Purpose:
            # Without a contact there is nobody whose consent could be kept.
            if contact is None and purpose is Purpose.TRANSACTIONAL:
                continue
            against = [
                each for each in held if each.scope is Scope.ALL or purpose is Purpose.MARKETING
            ]
            status = said.get((channel, purpose))
            agreed = status is ConsentStatus.GRANTED or (
                status is None and not (purpose is Purpose.MARKETING and channel in explicit)
            )
            locked = contact is None or any(e.cause is not Cause.UNSUBSCRIBE for e in against)
            yield Preference(channel, purpose, agreed and not against, locked)


def _channels(contact: Contact | None) -> Iterator[Channel]:
    yield Channel.EMAIL
    if contact is not None and contact.values.phone:
        yield Channel.SMS
        yield Channel.VOICE


async def _say(tx: Writer, contact: Contact, news: Mapping[ConsentKey, bool], source: str) -> None:
    """Stores what the contact has said, where it is not what they have said before."""
    before = {
        (each.consent.channel, each.consent.purpose): each.consent
        for each in await tx.compliance.consents(contact.id)
    }
    said = [
        Consent(
            channel,
            purpose,
            ConsentStatus.GRANTED if wanted else ConsentStatus.WITHDRAWN,
            source=source,
        )
        for (channel, purpose), wanted in news.items()
    ]
    changed = [
        each
        for each in said
        if (earlier := before.get((each.channel, each.purpose))) is None
        or earlier.status is not each.status
    ]
    if not changed:
        return
    await tx.compliance.set_consents({contact.id: changed}, _CONTACT)
    for each in changed:
        record_consent(tx, contact.id, before.get((each.channel, each.purpose)), each)


async def _suppress(tx: Writer, link: ContactLink, contact: Contact | None, source: str) -> bool:
    """Keeps marketing from the address; False when something does so already."""
    held = await tx.compliance.in_force(_places(link, contact)[:1])
    if any(each.what.cause is Cause.UNSUBSCRIBE for each in held):
        return False
    if contact is None and held:
        # Their address is not to be kept again.
        return False
    wanted = NewSuppression(
        Channel.EMAIL, link.address.lower(), Cause.UNSUBSCRIBE, Scope.MARKETING, source
    )
    ((suppression, is_new),) = await tx.compliance.suppress([wanted], _CONTACT)
    if is_new:
        tx.record(suppression_change("added", suppression))
    return is_new


async def _event_data(tx: Writer, link: ContactLink, source: str) -> dict[str, Json]:
    sent = await tx.executions.sent_by(link.action_execution_id)
    return {
        "source": source,
        "action_execution_id": str(link.action_execution_id),
        **({} if sent is None else sent),
    }
