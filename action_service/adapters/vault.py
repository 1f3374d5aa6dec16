"""Envelope encryption with AES-256-GCM (NIST SP 800-38D).

Nonces are random, which is safe up to 2^32 messages of one key: a data key has some hundred
secrets to encrypt, a master key as many data keys as there are accounts.
"""

import hmac
import os
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from action_service.domain.credentials import (
    ForeignSecretError,
    Sealed,
    UnreadableSecretError,
    WrappedKey,
)

_KEY_BITS: Final = 256
_NONCE_BYTES: Final = 12


class Vault:
    """Encrypts by the current master key; decrypts by any that it is given."""

    def __init__(self, master_keys: Sequence[bytes]) -> None:
        """The current key first; the others are on their way in or out."""
        self._ciphers = {_id_of(key): AESGCM(key) for key in reversed(master_keys)}
        self.master_key_id = _id_of(master_keys[0])

    def new_data_key(self, account_id: UUID, version: int) -> WrappedKey:
        """A data key that nobody has seen, wrapped."""
        key = AESGCM.generate_key(_KEY_BITS)
        return self._wrap(account_id, version, key)

    def rewrap(self, key: WrappedKey) -> WrappedKey:
        """The same data key, wrapped by the current master key. Raises UnreadableSecretError."""
        return self._wrap(key.account_id, key.version, self._unwrap(key))

    def seal(self, key: WrappedKey, secret: bytes, binding: bytes) -> Sealed:
        """Encrypts a secret, for the place that `binding` names."""
        nonce = os.urandom(_NONCE_BYTES)
        ciphertext = AESGCM(self._unwrap(key)).encrypt(nonce, secret, binding)
        return Sealed(key.version, nonce, ciphertext)

    def open(self, key: WrappedKey, sealed: Sealed, binding: bytes) -> bytes:
        """Decrypts a secret. Raises UnreadableSecretError, or ForeignSecretError of its kind."""
        try:
            return AESGCM(self._unwrap(key)).decrypt(sealed.nonce, sealed.ciphertext, binding)
        except (InvalidTag, ValueError):  # the latter for a nonce that is none
            raise ForeignSecretError(
                f"a secret of account {key.account_id} is not what was stored in its place"
            ) from None

    def _wrap(self, account_id: UUID, version: int, key: bytes) -> WrappedKey:
        nonce = os.urandom(_NONCE_BYTES)
        cipher = self._ciphers[self.master_key_id]
        wrapped = cipher.encrypt(nonce, key, _place_of(account_id, version))
        return WrappedKey(account_id, version, self.master_key_id, nonce, wrapped)

    def _unwrap(self, key: WrappedKey) -> bytes:
        cipher = self._ciphers.get(key.master_key_id)
        if cipher is None:
            raise UnreadableSecretError(
                f"the data key of account {key.account_id} is wrapped by the master key "
                f"{key.master_key_id}, which is not among those given"
            )
        try:
            return cipher.decrypt(key.nonce, key.wrapped, _place_of(key.account_id, key.version))
        except InvalidTag:
            raise UnreadableSecretError(
                f"the data key of account {key.account_id} is not what was stored in its place"
            ) from None


def _id_of(master_key: bytes) -> str:
    """A name for a master key that tells nothing about it."""
    return hmac.digest(master_key, b"treadle master key id", "sha256")[:8].hex()


def _place_of(account_id: UUID, version: int) -> bytes:
    return b"\0".join((b"data key", account_id.bytes, str(version).encode()))
