"""Credentials: sealed when they are set, opened only for the services that call providers."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final, cast
from uuid import UUID

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from action_service.domain.credentials import (
    DEFAULT_NAME,
    MAX_CREDENTIALS,
    Credential,
    UnreadableSecretError,
    WrappedKey,
    binding,
    hint_of,
)
from action_service.domain.plan import Json
from action_service.use_cases.checks import below
from action_service.use_cases.credential_ports import (
    OpeningTransaction,
    SealingTransaction,
    Vault,
)
from action_service.use_cases.ports import Change, Reader, Transaction, Writer
from action_service.use_cases.webhook_signing import (
    WEBHOOK_SIGNING,
    signing_violations,
    succeeding,
)
from common.catalogue.records import RecordSpec, record_spec
from common.errors import FieldViolation, invalid, malformed, not_found, stale_etag
from common.event_webhook_key import event_webhook_key
from treadle.credential.v1.credential_pb2 import Secret, WebhookSigningSecret

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
# They go into headers.
_SECRET_VALUE: Final = re.compile(r"[!-~]+")
# They go into paths.
_ID: Final = re.compile(r"[A-Za-z0-9_-]+")
_SPECS: Final[Mapping[str, RecordSpec]] = {
    field.name: record_spec(cast("Descriptor", field.message_type))
    for field in Secret.DESCRIPTOR.fields
}


def is_name(text: str) -> bool:
    """Whether a credential can be called so."""
    return _NAME.fullmatch(text) is not None


def name_of(given: str) -> str:
    """A credential's name in a request."""
    if given and not is_name(given):
        raise malformed(
            "name",
            "must have up to 100 letters, digits, '.', '_' or '-', the first a letter or digit",
        )
    return given or DEFAULT_NAME


async def list_credentials(tx: Reader) -> list[Credential]:
    """All of the account, by provider and name."""
    return list(await tx.credentials.all())


async def get_credential(tx: Transaction, provider: str, name: str) -> Credential:
    """The credential; refuses one that is not there."""
    return _there(await tx.credentials.get(provider, name), provider, name)


async def set_credential(
    tx: Writer, vault: Vault, name: str, secret: Secret, *, now: datetime, etag: str = ""
) -> Credential:
    """Stores a secret, in the place of the one with its provider and name if there is one.

    One that signs webhooks is followed by its predecessor for a while.
    """
    provider = secret.WhichOneof("provider")
    if provider is None:
        raise invalid([FieldViolation("secret", "is required")])
    hint = _checked(provider, secret)
    before = await tx.credentials.lock(provider, name)
    if before is None:
        if etag:
            raise not_found("credential", _words(provider, name))
        if await tx.credentials.count() >= MAX_CREDENTIALS:
            problem = f"the account has {MAX_CREDENTIALS} credentials, as many as it may have"
            raise invalid([FieldViolation("name", problem)])
    else:
        _check_etag(before, etag)
    if provider == WEBHOOK_SIGNING:
        old = None if before is None else await _readable(tx, vault, before)
        secret = Secret(webhook_signing=succeeding(secret.webhook_signing, old, now=now))
    place = binding(tx.account_id, provider, name)
    sealed = vault.seal(await newest_data_key(tx, vault), secret.SerializeToString(), place)
    after = await tx.credentials.set(provider, name, hint, sealed)
    tx.record(_change("set", before, after))
    return after


async def delete_credential(tx: Writer, provider: str, name: str, *, etag: str = "") -> None:
    """Deletes a credential; the account's steps use the deployment's from then on."""
    before = _there(await tx.credentials.lock(provider, name), provider, name)
    _check_etag(before, etag)
    await tx.credentials.delete(provider, name)
    tx.record(_change("deleted", before, None))


async def resolve_credential(
    tx: Reader, vault: Vault, provider: str, name: str
) -> tuple[Credential, Secret]:
    """The credential with its secret. Raises UnreadableSecretError."""
    credential = await get_credential(tx, provider, name)
    return credential, await _opened(tx, vault, credential)


async def _opened(tx: OpeningTransaction, vault: Vault, credential: Credential) -> Secret:
    key = await tx.credentials.data_key(credential.sealed.key_version)
    if key is None:
        raise _lost_data_key(tx.account_id)
    place = binding(tx.account_id, credential.provider, credential.name)
    return Secret.FromString(vault.open(key, credential.sealed, place))


async def _readable(
    tx: OpeningTransaction, vault: Vault, credential: Credential
) -> WebhookSigningSecret | None:
    """None for one that cannot be opened any more: it must not be in its successor's way."""
    try:
        return (await _opened(tx, vault, credential)).webhook_signing
    except UnreadableSecretError:
        return None


def _checked(provider: str, secret: Secret) -> str:
    """The hint of a secret; refuses one that no provider can have given out."""
    spec = _SPECS[provider]
    values = cast("Mapping[str, str]", spec.read(cast("Message", getattr(secret, provider))))
    place = f"secret.{provider}"
    found = [
        *(FieldViolation(below(place, v.field), v.description) for v in spec.violations(values)),
        *_unusable(place, spec, values),
        *_unknown_key(place, values.get("webhook_public_key", "")),
    ]
    if provider == WEBHOOK_SIGNING and not found:
        found += signing_violations(below(place, "secret"), values["secret"])
    if found:
        raise invalid(found)
    first = next(name for name in values if spec.inputs.fields[name].kind == "secret")
    return hint_of(values[first])


def _unusable(place: str, spec: RecordSpec, values: Mapping[str, str]) -> Iterator[FieldViolation]:
    for name, value in values.items():
        is_secret = spec.inputs.fields[name].kind == "secret"
        if value and not (_SECRET_VALUE if is_secret else _ID).fullmatch(value):
            wanted = (
                "printable ASCII without spaces" if is_secret else "letters, digits, '_' or '-'"
            )
            yield FieldViolation(below(place, name), f"must be {wanted}")


def _unknown_key(place: str, text: str) -> Iterator[FieldViolation]:
    if text:
        try:
            event_webhook_key(text)
        except ValueError as error:
            yield FieldViolation(below(place, "webhook_public_key"), str(error))


async def newest_data_key(tx: SealingTransaction, vault: Vault) -> WrappedKey:
    """The data key that the account's secrets are sealed by, made when it is first needed."""
    key = await tx.credentials.data_key()
    if key is None:
        # Another transaction may do the same: the first one's key is everybody's.
        await tx.credentials.add_data_key(vault.new_data_key(tx.account_id, 1))
        key = await tx.credentials.data_key()
    if key is None:
        raise _lost_data_key(tx.account_id)
    return key


def _lost_data_key(account_id: UUID) -> UnreadableSecretError:
    return UnreadableSecretError(f"account {account_id} has lost its data key")


def _there(credential: Credential | None, provider: str, name: str) -> Credential:
    if credential is None:
        raise not_found("credential", _words(provider, name))
    return credential


def _check_etag(credential: Credential, given: str) -> None:
    if given and given != credential.etag:
        raise stale_etag("credential", _words(credential.provider, credential.name))


def _words(provider: str, name: str) -> str:
    return f"{provider}/{name}"


def _change(done: str, before: Credential | None, after: Credential | None) -> Change:
    (entity_id,) = {each.id for each in (before, after) if each is not None}
    return Change(
        operation=f"credential.{done}",
        entity_type="credential",
        entity_id=entity_id,
        before=_facts(before),
        after=_facts(after),
    )


def _facts(credential: Credential | None) -> dict[str, Json] | None:
    """What the audit log tells: which credential, and nothing of its secret."""
    if credential is None:
        return None
    return {
        "provider": credential.provider,
        "name": credential.name,
        "revision": credential.revision,
    }
