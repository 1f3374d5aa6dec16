"""What the use cases of credentials need: where sealed secrets are kept, and what seals them."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from action_service.domain.credentials import Credential, Sealed, WrappedKey


class Vault(Protocol):
    """Holds the master keys; knows no account's secrets."""

    def new_data_key(self, account_id: UUID, version: int) -> WrappedKey:
        """A data key that nobody has seen, wrapped."""
        ...

    def seal(self, key: WrappedKey, secret: bytes, binding: bytes) -> Sealed:
        """Encrypts a secret, for the place that `binding` names."""
        ...

    def open(self, key: WrappedKey, sealed: Sealed, binding: bytes) -> bytes:
        """Decrypts a secret. Raises UnreadableSecretError, or ForeignSecretError of its kind."""
        ...


class CredentialReads(Protocol):
    """Credentials, as they are sealed, and data keys, as they are wrapped."""

    async def get(self, provider: str, name: str) -> Credential | None:
        """The credential; None when the account has no such one."""
        ...

    async def all(self) -> Sequence[Credential]:
        """All of the account, by provider and name."""
        ...

    async def data_key(self, version: int | None = None) -> WrappedKey | None:
        """The account's data key of that version, or its newest; None when it has none."""
        ...


class CredentialWrites(CredentialReads, Protocol):
    """Changes of credentials."""

    async def lock(self, provider: str, name: str) -> Credential | None:
        """The credential, kept from every other change until the transaction ends."""
        ...

    async def count(self) -> int:
        """How many the account has."""
        ...

    async def set(self, provider: str, name: str, hint: str, sealed: Sealed) -> Credential:
        """Stores a credential in the place of the one with its provider and name."""
        ...

    async def delete(self, provider: str, name: str) -> None:
        """Deletes a credential."""
        ...

    async def add_data_key(self, key: WrappedKey) -> None:
        """Stores a data key, unless somebody else has stored one of that version meanwhile."""
        ...


class OpeningTransaction(Protocol):
    """A transaction of one account in which its secrets can be opened."""

    @property
    def account_id(self) -> UUID:
        """The account."""
        ...

    @property
    def credentials(self) -> CredentialReads:
        """Its credentials and data keys."""
        ...


class SealingTransaction(Protocol):
    """A transaction of one account in which secrets can be sealed."""

    @property
    def account_id(self) -> UUID:
        """The account."""
        ...

    @property
    def credentials(self) -> CredentialWrites:
        """Its credentials and data keys."""
        ...
