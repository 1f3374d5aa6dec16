"""The account's settings between JSON and protobuf."""

from gateway.mapping.values import instant, text
from gateway.models.account import Account, UpdateAccountBody
from gateway.models.compliance import CHANNEL
from treadle.account.v1 import account_pb2

TEXT_FIELDS = ("name", "timezone", "currency", "postal_address", "sms_help_text")
CHANNELS = "explicit_consent_channels"


def account(message: account_pb2.Account) -> Account:
    """The settings as a resource."""
    return Account(
        id=message.id,
        name=text(message.name),
        timezone=message.timezone,
        currency=message.currency,
        postal_address=text(message.postal_address),
        explicit_consent_channels=[CHANNEL.shown(c) for c in message.explicit_consent_channels],
        sms_help_text=text(message.sms_help_text),
        created_at=instant(message.created_at),
        updated_at=instant(message.updated_at),
        etag=message.etag,
    )


def account_message(body: UpdateAccountBody) -> account_pb2.Account:
    """The settings that a body describes, with only the given fields set."""
    message = account_pb2.Account()
    for field in TEXT_FIELDS:
        value: str | None = getattr(body, field)
        if value is not None:
            setattr(message, field, value)
    channels = body.explicit_consent_channels or []
    message.explicit_consent_channels.extend(CHANNEL.number(channel) for channel in channels)
    return message
