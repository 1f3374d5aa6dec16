"""Secrets inside configurations: sealed before anything keeps them, opened for executors alone.

What a draft, a version, a task or a dead letter holds is the sealed form, as a text in the secret's
place. It says by which of the account's data keys it was sealed, and opens for that account only.
A text that somebody sends as a secret is never taken for a sealed one, whatever it looks like.
"""

import binascii
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from action_service.domain.credentials import ForeignSecretError, Sealed, UnreadableSecretError
from action_service.domain.plan import Json
from action_service.use_cases.credential_ports import (
    OpeningTransaction,
    SealingTransaction,
    Vault,
)
from action_service.use_cases.credentials import newest_data_key
from common.catalogue import SEALED_PREFIX, SECRET_MASK, ActionSpec, catalogue, is_sealed
from common.errors import FieldViolation, invalid

MAX_OPENED: Final = 100

_BEGINNING: Final = f"{SEALED_PREFIX}v1:"
_FORM: Final = re.compile(_BEGINNING + r"(?P<version>[0-9]{1,9}):(?P<content>[A-Za-z0-9_=-]+)")
_NOT_SEALED: Final = "this is not the form of a sealed secret"
_NONCE_BYTES: Final = 12
# Passes for any secret: what was sealed has been checked before.
_STAND_IN: Final = "sealed"


def checkable(spec: ActionSpec, stored: Mapping[str, Json]) -> dict[str, Any]:
    """A stored configuration as its rules can be checked: they are about what was sealed."""
    return spec.replace_secrets(stored, lambda value: _STAND_IN if is_sealed(value) else value)


async def sealed_config(
    tx: SealingTransaction,
    vault: Vault,
    spec: ActionSpec,
    given: Mapping[str, Json],
    stored: Mapping[str, Json],
) -> dict[str, Any]:
    """`given` as it is to be kept: secrets sealed, masks replaced by the secrets of `stored`.

    A secret that `stored` has already keeps its sealed form, so that saving it again is no change.
    """
    kept = spec.secret_values(stored)
    plain = {value for value in spec.secret_values(given) if value != SECRET_MASK}
    plain |= {value for value in kept if not is_sealed(value)}
    if not plain:
        return spec.restore_secrets(given, stored)
    known = await _known(tx, vault, [value for value in kept if is_sealed(value)])
    forms = {value: known.get(value) or await _seal(tx, vault, value) for value in plain}
    return spec.restore_secrets(
        spec.replace_secrets(given, lambda value: forms.get(value, value)),
        spec.replace_secrets(
            stored, lambda value: value if is_sealed(value) else forms.get(value, value)
        ),
    )


async def open_secrets(tx: OpeningTransaction, vault: Vault, sealed: Sequence[str]) -> list[str]:
    """What the sealed texts say; refuses one that was not sealed for the account.

    Raises UnreadableSecretError when the account's data key cannot be had.
    """
    if len(sealed) > MAX_OPENED:
        raise invalid([FieldViolation("sealed", f"must have at most {MAX_OPENED} items")])
    opened: list[str] = []
    for index, text in enumerate(sealed):
        try:
            opened.append(await _opened(tx, vault, text))
        except ForeignSecretError:
            problem = "is no secret that was sealed for this account"
            raise invalid([FieldViolation(f"sealed[{index}]", problem)]) from None
    return opened


def has_plain_secrets(action_type: str, stored: Mapping[str, Json]) -> bool:
    """Whether a stored configuration has secrets from before there was sealing."""
    spec = catalogue().types.get(action_type)
    if spec is None or not spec.secrets:
        return False
    return not all(is_sealed(value) for value in spec.secret_values(stored))


async def resealed_config(
    tx: SealingTransaction,
    vault: Vault,
    spec: ActionSpec,
    stored: Mapping[str, Json],
    forms: dict[str, str],
) -> dict[str, Any]:
    """A stored configuration with what is plain in it sealed.

    `forms` are the sealed forms of plain secrets that are known; it is added to.
    """
    for value in spec.secret_values(stored):
        if not is_sealed(value) and value not in forms:
            forms[value] = await _seal(tx, vault, value)
    return spec.replace_secrets(stored, lambda value: value if is_sealed(value) else forms[value])


async def _seal(tx: SealingTransaction, vault: Vault, secret: str) -> str:
    key = await newest_data_key(tx, vault)
    return _written(vault.seal(key, secret.encode(), _binding(tx.account_id)))


async def _known(tx: OpeningTransaction, vault: Vault, sealed: Sequence[str]) -> dict[str, str]:
    """The sealed texts by what they say; those that cannot be opened are left out."""
    known: dict[str, str] = {}
    for text in sealed:
        try:
            known[await _opened(tx, vault, text)] = text
        except UnreadableSecretError:
            continue
    return known


async def _opened(tx: OpeningTransaction, vault: Vault, text: str) -> str:
    sealed = _read(text)
    key = await tx.credentials.data_key(sealed.key_version)
    if key is None:
        raise ForeignSecretError(f"account {tx.account_id} has no such data key")
    return vault.open(key, sealed, _binding(tx.account_id)).decode()


def _binding(account_id: UUID) -> bytes:
    """What a sealed secret is bound to: for another account, or as a credential, it won't open."""
    return b"\0".join((b"config secret", account_id.bytes))


def _written(sealed: Sealed) -> str:
    content = urlsafe_b64encode(sealed.nonce + sealed.ciphertext).decode("ascii")
    return f"{_BEGINNING}{sealed.key_version}:{content}"


def _read(text: str) -> Sealed:
    """Raises ForeignSecretError for what no `_written` has made."""
    form = _FORM.fullmatch(text)
    if form is None:
        raise ForeignSecretError(_NOT_SEALED)
    try:
        raw = urlsafe_b64decode(form["content"])
    except binascii.Error:
        raise ForeignSecretError(_NOT_SEALED) from None
    return Sealed(int(form["version"]), raw[:_NONCE_BYTES], raw[_NONCE_BYTES:])
