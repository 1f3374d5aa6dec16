"""What use cases need of the store for exports and erasures of contacts; see `ports`."""

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Protocol
from uuid import UUID

from action_service.domain.erasure import Erasure


class PrivacyReads(Protocol):
    """What is held of contacts, and what was erased."""

    def export(self, contact_id: UUID, addresses: Collection[str]) -> AsyncIterator[bytes]:
        """The JSON document in pieces."""
        ...

    async def past_addresses(self, contact_id: UUID) -> frozenset[str]:
        """By what the contact was reached, as far as changes of theirs tell, in lower case."""
        ...

    async def messenger_ids(self, contact_id: UUID) -> frozenset[str]:
        """By what pages of Messenger know the contact."""
        ...

    async def addresses_of_others(
        self, contact_id: UUID, addresses: Collection[str]
    ) -> frozenset[str]:
        """Those of the addresses by which another contact is reached now."""
        ...

    async def erasure(self, erasure_id: UUID) -> Erasure | None:
        """The erasure; None when the account has no such one."""
        ...

    async def erasure_of(self, contact_id: UUID) -> Erasure | None:
        """The erasure of a contact; None when there is none."""
        ...


class PrivacyWrites(PrivacyReads, Protocol):
    """Beginning an erasure."""

    async def cancel_executions(self, contact_id: UUID, reason: str) -> int:
        """Ends the contact's open executions; their results come to nothing. Returns how many."""
        ...

    async def request_erasure(
        self, contact_id: UUID, *, cancelled_executions: int, address_digests: Sequence[str]
    ) -> Erasure:
        """Stores what the background then does; the contact is locked.

        By the digests is known what providers tell of messages that nobody knows.
        """
        ...
