"""What use cases need of the store for consents, suppressions and the account's settings."""

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from action_service.domain.account import Account, AccountSettings
from action_service.domain.compliance import (
    Cause,
    Channel,
    Consent,
    NewSuppression,
    Purpose,
    StoredConsent,
    Suppression,
)


class ComplianceReads(Protocol):
    """What contacts have said, and what keeps them from being reached."""

    async def consents(self, contact_id: UUID) -> Sequence[StoredConsent]:
        """All of a contact, by channel and purpose."""
        ...

    async def consents_of(
        self, contact_ids: Sequence[UUID]
    ) -> Mapping[UUID, Sequence[StoredConsent]]:
        """The same of those contacts that have said anything."""
        ...

    async def in_force(
        self, addresses: Sequence[tuple[Channel | None, str]]
    ) -> Sequence[Suppression]:
        """The suppressions of any of these that hold, oldest first; None is a contact's."""
        ...

    async def suppression(self, suppression_id: UUID) -> Suppression | None:
        """The suppression; None when the account has no such one."""
        ...

    async def list_page(
        self,
        *,
        limit: int,
        before: UUID | None,
        channel: str | None,
        addresses: Sequence[str] | None,
        cause: Cause | None,
        include_lifted: bool,
    ) -> Sequence[Suppression]:
        """Newest first, those older than `before`."""
        ...


class ComplianceWrites(ComplianceReads, Protocol):
    """Changes of them. The first one keeps claims of the account back until the transaction ends.

    So it must come before any other lock; see `adapters/ledger.py`.
    """

    async def hold_claims(self) -> None:
        """Waits for claims of the account that are being decided, and keeps back new ones."""
        ...

    async def set_consents(
        self, consents: Mapping[UUID, Sequence[Consent]], changed_by: str
    ) -> None:
        """Stores what contacts have said, by contact."""
        ...

    async def suppress(
        self, wanted: Sequence[NewSuppression], created_by: str
    ) -> Sequence[tuple[Suppression, bool]]:
        """Stores suppressions, in their order, with whether each is new.

        One that is there for the same cause is the answer; it gets the wider scope of the two.
        """
        ...

    async def lift(
        self, wanted: Sequence[tuple[Channel | None, str]], causes: Sequence[Cause], lifted_by: str
    ) -> Sequence[Suppression]:
        """Lifts those in force of these addresses with one of the causes; returns them."""
        ...

    async def lift_one(self, suppression_id: UUID, lifted_by: str) -> Suppression | None:
        """Lifts one that is in force; None when it is not, or not there."""
        ...


class AccountReads(Protocol):
    """The account's settings."""

    async def get(self) -> Account | None:
        """The account; None when nobody has changed anything in it yet."""
        ...


class AccountWrites(AccountReads, Protocol):
    """Changes of the account's settings."""

    async def lock(self) -> Account:
        """The account, kept from every other change until the transaction ends."""
        ...

    async def update(self, settings: AccountSettings) -> Account:
        """Sets everything; counts as a revision."""
        ...


# What a consent is of.
ConsentKey = tuple[Channel, Purpose]
