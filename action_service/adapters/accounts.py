"""The settings of accounts."""

from typing import Any

from sqlalchemy import Row, text

from action_service.adapters.sql import Repository
from action_service.domain.account import Account, AccountSettings
from action_service.domain.compliance import Channel

_COLUMNS = """
    id, name, timezone, currency, postal_address, explicit_consent_channels, sms_help_text,
    revision, created_at, updated_at
"""
_GET = f"SELECT {_COLUMNS} FROM accounts WHERE id = :account"  # noqa: S608 - made of constants, as below
_FIND = text(_GET)
_LOCK = text(f"{_GET} FOR NO KEY UPDATE")
_UPDATE = text(
    f"""
    UPDATE accounts
    SET name = :name, timezone = :timezone, currency = :currency,
        postal_address = :postal_address, sms_help_text = :sms_help_text,
        explicit_consent_channels = CAST(:explicit_consent_channels AS text[]),
        revision = revision + 1, updated_at = now()
    WHERE id = :account
    RETURNING {_COLUMNS}
    """  # noqa: S608
)


class AccountReader(Repository):
    """See AccountReads."""

    async def get(self) -> Account | None:
        """The account; None when nobody has changed anything in it yet."""
        row = (await self._run(_FIND)).first()
        return None if row is None else _account(row)


class AccountWriter(AccountReader):
    """See AccountWrites."""

    async def lock(self) -> Account:
        """The account, kept from every other change until the transaction ends."""
        return _account((await self._run(_LOCK)).one())

    async def update(self, settings: AccountSettings) -> Account:
        """Sets everything; counts as a revision."""
        row = await self._run(
            _UPDATE,
            name=settings.name,
            timezone=settings.timezone,
            currency=settings.currency,
            postal_address=settings.postal_address,
            sms_help_text=settings.sms_help_text,
            explicit_consent_channels=list(settings.explicit_consent_channels),
        )
        return _account(row.one())


def _account(row: Row[Any]) -> Account:
    return Account(
        id=row.id,
        settings=AccountSettings(
            name=row.name,
            timezone=row.timezone,
            currency=row.currency,
            postal_address=row.postal_address,
            explicit_consent_channels=tuple(Channel(c) for c in row.explicit_consent_channels),
            sms_help_text=row.sms_help_text,
        ),
        revision=row.revision,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
