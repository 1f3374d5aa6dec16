"""Exports and erasures of contacts: articles 15, 17 and 20 of the GDPR."""

from collections.abc import AsyncIterator
from typing import Final, Protocol
from uuid import UUID

from action_service.domain.compliance import Cause, Channel, NewSuppression
from action_service.domain.contact import Contact
from action_service.domain.erasure import Erasure, addresses_of, digest_address, is_digest
from action_service.use_cases.compliance import places_of
from action_service.use_cases.contacts import get_contact
from action_service.use_cases.ports import Change, Reader, Transaction, Writer
from common.errors import not_found

ERASED: Final = "the contact was erased"


async def export_contact(tx: Reader, contact_id: UUID) -> AsyncIterator[bytes]:
    """All that is held of a contact; refuses one that is not there."""
    contact = await get_contact(tx, contact_id)
    addresses = addresses_of(contact.values)
    addresses -= await tx.privacy.addresses_of_others(contact_id, addresses)
    return tx.privacy.export(contact_id, addresses)


class AddressDigests(Protocol):
    """What stands for addresses that must not be kept."""

    def own(self, address: str) -> str:
        """In the account."""
        ...

    def anybodys(self, address: str) -> str:
        """The same in every account."""
        ...


async def erase_contact(tx: Writer, contact_id: UUID, digests: AddressDigests) -> Erasure:
    """Begins an erasure; one that has begun is the answer.

    From the commit on nothing is sent to the contact: their runs are cancelled, so that what an
    executor has in hand is not granted its claim. By the account's own digests they are not to be
    reached again, whoever adds them anew.
    """
    await tx.compliance.hold_claims()
    contact = await tx.contacts.lock(contact_id)
    known = await tx.privacy.erasure_of(contact_id)
    if known is not None:
        return known
    if contact is None:
        raise not_found("contact", contact_id)
    await tx.compliance.suppress(await _ends(tx, contact, digests), tx.actor)
    cancelled = await tx.privacy.cancel_executions(contact_id, ERASED)
    erasure = await tx.privacy.request_erasure(
        contact_id,
        cancelled_executions=cancelled,
        address_digests=[
            digest_address(digests.anybodys(each)) for each in await _addresses(tx, contact)
        ],
    )
    tx.record(
        Change(
            operation="contact.erasure_requested",
            entity_type="contact",
            entity_id=contact_id,
            after={"erasure_id": str(erasure.id), "executions_cancelled": cancelled},
        )
    )
    return erasure


async def _addresses(tx: Writer, contact: Contact) -> list[str]:
    """By what the contact is reached, or was, and nobody else of the account is."""
    known = addresses_of(contact.values) | await tx.privacy.past_addresses(contact.id)
    return sorted(known - await tx.privacy.addresses_of_others(contact.id, known))


async def _ends(tx: Writer, contact: Contact, digests: AddressDigests) -> list[NewSuppression]:
    """The suppressions that stay: of all addresses by which nobody else is reached.

    Of the addresses that the contact had before, those that are suppressed: as their suppressions
    name them, they go with everything else.
    """
    past = sorted(await tx.privacy.past_addresses(contact.id))
    held = await tx.compliance.in_force([(each, address) for each in Channel for address in past])
    places = {
        *places_of(contact),
        *((Channel.MESSENGER, each) for each in await tx.privacy.messenger_ids(contact.id)),
        *((each.what.channel, each.what.address) for each in held),
    }
    shared = await tx.privacy.addresses_of_others(contact.id, {address for _, address in places})
    return [
        NewSuppression(channel, digest_address(digests.own(address)), Cause.ERASURE)
        for channel, address in sorted(places, key=str)
        if channel is not None and address not in shared and not is_digest(address)
    ]


async def get_erasure(tx: Transaction, erasure_id: UUID) -> Erasure:
    """The erasure; refuses one that is not there."""
    erasure = await tx.privacy.erasure(erasure_id)
    if erasure is None:
        raise not_found("erasure", erasure_id)
    return erasure
