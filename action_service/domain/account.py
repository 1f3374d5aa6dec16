"""What holds for a whole account."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from action_service.domain.compliance import Channel


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """What an account's people can set."""

    name: str = ""
    # IANA name.
    timezone: str = "UTC"
    # ISO 4217.
    currency: str = "USD"
    postal_address: str = ""
    # On these, marketing needs a consent that was given; on others, one that was not withdrawn.
    explicit_consent_channels: tuple[Channel, ...] = ()
    # The SMS that answers HELP; empty for one made of the name.
    sms_help_text: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """An account as it is stored."""

    id: UUID
    settings: AccountSettings
    revision: int
    created_at: datetime
    updated_at: datetime
