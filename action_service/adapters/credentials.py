"""Credentials and the data keys that they are sealed by; nothing here is readable by itself."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from action_service.adapters.sql import Repository
from action_service.adapters.vault import Vault
from action_service.domain.credentials import Credential, Sealed, WrappedKey
from common.ids import new_id

_REWRAPPED_AT_ONCE: Final = 500

_COLUMNS = (
    "id, provider, name, hint, key_version, nonce, ciphertext, revision, created_at, updated_at"
)
_GET = text(
    f"SELECT {_COLUMNS} FROM credentials"  # noqa: S608 - made of constants, as all below
    " WHERE account_id = :account AND provider = :provider AND name = :name"
)
_LOCK = text(f"{_GET.text} FOR UPDATE")
_LIST = text(
    f"SELECT {_COLUMNS} FROM credentials WHERE account_id = :account ORDER BY provider, name"  # noqa: S608
)
_COUNT = text("SELECT count(*) FROM credentials WHERE account_id = :account")
_SET = text(
    f"""
    INSERT INTO credentials AS old
        (id, account_id, provider, name, hint, key_version, nonce, ciphertext)
    VALUES (:id, :account, :provider, :name, :hint, :key_version, :nonce, :ciphertext)
    ON CONFLICT (account_id, provider, name) DO UPDATE
    SET hint = excluded.hint, key_version = excluded.key_version, nonce = excluded.nonce,
        ciphertext = excluded.ciphertext, revision = old.revision + 1, updated_at = now()
    RETURNING {_COLUMNS}
    """  # noqa: S608
)
_DELETE = text(
    "DELETE FROM credentials WHERE account_id = :account AND provider = :provider AND name = :name"
)
_KEY_COLUMNS = "account_id, version, master_key_id, nonce, wrapped"
_NEWEST_KEY = text(
    f"SELECT {_KEY_COLUMNS} FROM account_data_keys WHERE account_id = :account"  # noqa: S608
    " ORDER BY version DESC LIMIT 1"
)
_KEY = text(
    f"SELECT {_KEY_COLUMNS} FROM account_data_keys"  # noqa: S608
    " WHERE account_id = :account AND version = :version"
)
_ADD_KEY = text(
    "INSERT INTO account_data_keys (account_id, version, master_key_id, nonce, wrapped)"
    " VALUES (:account, :version, :master_key_id, :nonce, :wrapped) ON CONFLICT DO NOTHING"
)
_OUTDATED_KEYS = text(
    f"SELECT {_KEY_COLUMNS} FROM account_data_keys WHERE master_key_id <> :current"  # noqa: S608
    " ORDER BY account_id, version LIMIT :limit FOR UPDATE"
)
_REWRAP = text(
    "UPDATE account_data_keys SET master_key_id = :master_key_id, nonce = :nonce,"
    " wrapped = :wrapped, wrapped_at = now() WHERE account_id = :account AND version = :version"
)


class CredentialReader(Repository):
    """Reads credentials, as they are sealed."""

    async def get(self, provider: str, name: str) -> Credential | None:
        """The credential; None when the account has no such one."""
        row = (await self._run(_GET, provider=provider, name=name)).first()
        return None if row is None else _credential(row)

    async def all(self) -> Sequence[Credential]:
        """All of the account, by provider and name."""
        return [_credential(row) for row in await self._run(_LIST)]

    async def data_key(self, version: int | None = None) -> WrappedKey | None:
        """The account's data key of that version, or its newest; None when it has none."""
        if version is None:
            row = (await self._run(_NEWEST_KEY)).first()
        else:
            row = (await self._run(_KEY, version=version)).first()
        return None if row is None else _key(row)


class CredentialWriter(CredentialReader):
    """Reads and changes credentials."""

    async def lock(self, provider: str, name: str) -> Credential | None:
        """The credential, kept from every other change; None when there is no such one."""
        row = (await self._run(_LOCK, provider=provider, name=name)).first()
        return None if row is None else _credential(row)

    async def count(self) -> int:
        """How many the account has."""
        return int((await self._run(_COUNT)).scalar_one())

    async def set(self, provider: str, name: str, hint: str, sealed: Sealed) -> Credential:
        """Stores a credential in the place of the one with its provider and name."""
        row = await self._run(
            _SET,
            id=new_id(),
            provider=provider,
            name=name,
            hint=hint,
            key_version=sealed.key_version,
            nonce=sealed.nonce,
            ciphertext=sealed.ciphertext,
        )
        return _credential(row.one())

    async def delete(self, provider: str, name: str) -> None:
        """Deletes a credential."""
        await self._run(_DELETE, provider=provider, name=name)

    async def add_data_key(self, key: WrappedKey) -> None:
        """Stores a data key, unless somebody else has stored one of that version meanwhile."""
        await self._run(
            _ADD_KEY,
            version=key.version,
            master_key_id=key.master_key_id,
            nonce=key.nonce,
            wrapped=key.wrapped,
        )


async def rewrap_data_keys(db: AsyncEngine, vault: Vault) -> int:
    """Wraps by the current master key whatever another one has wrapped; returns how many.

    For all accounts, so outside their row-level security. Raises UnreadableSecretError when a key's
    master key is not among those given; what was done before that stays done.
    """
    done = 0
    while True:
        async with db.begin() as connection:
            found = await connection.execute(
                _OUTDATED_KEYS, {"current": vault.master_key_id, "limit": _REWRAPPED_AT_ONCE}
            )
            keys = [vault.rewrap(_key(row)) for row in found]
            if not keys:
                return done
            await connection.execute(
                _REWRAP,
                [
                    {
                        "account": key.account_id,
                        "version": key.version,
                        "master_key_id": key.master_key_id,
                        "nonce": key.nonce,
                        "wrapped": key.wrapped,
                    }
                    for key in keys
                ],
            )
            done += len(keys)


def _credential(row: Row[Any]) -> Credential:
    return Credential(
        id=row.id,
        provider=row.provider,
        name=row.name,
        hint=row.hint,
        sealed=Sealed(row.key_version, row.nonce, row.ciphertext),
        revision=row.revision,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _key(row: Row[Any]) -> WrappedKey:
    return WrappedKey(row.account_id, row.version, row.master_key_id, row.nonce, row.wrapped)
