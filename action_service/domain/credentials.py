"""Secrets of accounts as they are kept: sealed by a data key of the account, itself wrapped.

A stolen database is of no use without the master key, which only processes hold. Master keys are
changed by wrapping the data keys anew; the secrets stay as they are.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

DEFAULT_NAME: Final = "default"
MAX_CREDENTIALS: Final = 100

_HINT_LENGTH: Final = 4
# Of a shorter secret four characters would be too much.
_SHORTEST_HINTED: Final = 16


class UnreadableSecretError(Exception):
    """What is stored cannot be opened: another master key, another place, or tampered with."""


class ForeignSecretError(UnreadableSecretError):
    """Not sealed for this place, or tampered with; all keys are at hand."""


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A data key of an account, encrypted by the master key `master_key_id`."""

    account_id: UUID
    version: int
    master_key_id: str
    nonce: bytes = field(repr=False)
    wrapped: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A secret, encrypted by the account's data key of `key_version`."""

    key_version: int
    nonce: bytes = field(repr=False)
    ciphertext: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Credential:
    """What an account calls a provider with; `hint` tells people which secret it is."""

    id: UUID
    provider: str
    name: str
    hint: str
    sealed: Sealed
    revision: int
    created_at: datetime
    updated_at: datetime

    @property
    def etag(self) -> str:
        """Another one means another secret, also after it was deleted and set anew."""
        return f"{self.id.hex}-r{self.revision}"


def binding(account_id: UUID, provider: str, name: str) -> bytes:
    """What a sealed credential is bound to: moved to another place it does not open."""
    return b"\0".join((b"credential", account_id.bytes, provider.encode(), name.encode()))


def hint_of(secret: str) -> str:
    """The end of a secret, or nothing of one that is short."""
    return secret[-_HINT_LENGTH:] if len(secret) >= _SHORTEST_HINTED else ""
