"""The links of marketing email to the page where a contact says what they want.

A link is a capability: whoever holds it speaks for the address that the email went to, with no
login (RFC 8058). Its token is encrypted and authenticated by a key that only executors, which make
it, and the API, which reads it, hold. So it tells nothing to those who see it in a proxy's log. It
does not expire: CAN-SPAM wants 30 days of every email, and people keep email for longer.
"""

import binascii
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import Field, SecretStr

from common.settings import ProcessSettings, SecretKey, key_bytes

# What an email address may have at most (RFC 5321), and room around it.
MAX_TOKEN_LENGTH: Final = 600

_VERSION: Final = b"\x01"
_NONCE_BYTES: Final = 12
_ID_BYTES: Final = 16
_IDS: Final = 3


class InvalidLinkError(Exception):
    """The token is not one that we have made, or its key is gone."""


@dataclass(frozen=True, slots=True)
class ContactLink:
    """Whom a link speaks for, and the step whose email carries it."""

    account_id: UUID
    contact_id: UUID
    action_execution_id: UUID
    address: str


class LinkKeys:
    """The key that seals, and others whose links are still taken."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """`keys` are of 32 bytes or more, the current one first."""
        self._ciphers = [AESGCM(_derived(key, b"contact link")) for key in keys]
        self._digest_keys = [_derived(key, b"erased address") for key in keys]
        self._anybodys_keys = [_derived(key, b"erased address of any account") for key in keys]

    def seal(self, link: ContactLink) -> str:
        """A token, of characters that need no escaping in a URL; another one each time."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        ids = (link.account_id, link.contact_id, link.action_execution_id)
        plain = b"".join(each.bytes for each in ids) + link.address.encode()
        sealed = _VERSION + nonce + self._ciphers[0].encrypt(nonce, plain, _VERSION)
        return urlsafe_b64encode(sealed).rstrip(b"=").decode("ascii")

    def open(self, token: str) -> ContactLink:
        """What a token says; raises InvalidLinkError."""
        if len(token) > MAX_TOKEN_LENGTH or not token.isascii():
            raise InvalidLinkError
        try:
            sealed = urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (binascii.Error, ValueError):
            raise InvalidLinkError from None
        head, nonce = sealed[:1], sealed[1 : 1 + _NONCE_BYTES]
        if head != _VERSION or len(nonce) != _NONCE_BYTES:
            raise InvalidLinkError
        plain = self._decrypted(nonce, sealed[1 + _NONCE_BYTES :])
        account, contact, step = (
            UUID(bytes=plain[at * _ID_BYTES :][:_ID_BYTES]) for at in range(_IDS)
        )
        return ContactLink(account, contact, step, plain[_IDS * _ID_BYTES :].decode())

    def digests(self, account_id: UUID, address: str) -> list[str]:
        """What stands for an address that must not be kept, by each key; the current one first.

        Nobody without the key finds out the address by trying all there are.
        """
        text = account_id.bytes + address.encode()
        return [hmac.new(key, text, sha256).hexdigest() for key in self._digest_keys]

    def anybodys_digests(self, address: str) -> list[str]:
        """The same, for what cannot be said to be of one account."""
        text = address.encode()
        return [hmac.new(key, text, sha256).hexdigest() for key in self._anybodys_keys]

    def _decrypted(self, nonce: bytes, sealed: bytes) -> bytes:
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(nonce, sealed, _VERSION)
            except InvalidTag:
                continue
        raise InvalidLinkError


def _derived(key: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"treadle " + purpose).derive(key)


class MarketingSettings(ProcessSettings):
    """What those who send marketing email, and those who take in what comes of it, both know."""

    link_key: SecretKey | None = Field(default=None, validation_alias="TREADLE_LINK_KEY")

    # Of accounts that have set none.
    postal_address: str = Field(
        default="", max_length=500, validation_alias="TREADLE_POSTAL_ADDRESS"
    )

    def link_keys(self, *previous: SecretStr) -> LinkKeys | None:
        """The keys; None when there is no current one."""
        return None if self.link_key is None else LinkKeys(key_bytes(self.link_key, *previous))
