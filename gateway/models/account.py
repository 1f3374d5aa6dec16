"""Bodies of the account's settings."""

from datetime import datetime

from pydantic import Field

from gateway.models.base import Body, Etag, Id, Resource, examples
from gateway.models.compliance import ChannelName, ChannelShown


class UpdateAccountBody(Body):
    """Changes of the settings; what is left out or null stays, an empty value takes away."""

    model_config = examples(
        {"name": "Oak & Co", "postal_address": "1 Main St, Springfield, IL 62701, USA"}
    )

    name: str | None = Field(default=None, description="The business that contacts hear from.")
    timezone: str | None = Field(default=None, description="IANA name.", examples=["Europe/Berlin"])
    currency: str | None = Field(default=None, description="ISO 4217.", examples=["EUR"])
    postal_address: str | None = Field(default=None, description="Marketing email must show it.")
    explicit_consent_channels: list[ChannelName] | None = Field(
        default=None,
        description="On these, marketing goes only to contacts who have consented.",
    )
    sms_help_text: str | None = Field(default=None, description="The SMS that answers HELP.")
    etag: Etag | None = Field(default=None, description="As If-Match.")


class Account(Resource):
    """What holds for the whole account."""

    id: Id
    name: str | None
    timezone: str
    currency: str
    postal_address: str | None
    explicit_consent_channels: list[ChannelShown]
    sms_help_text: str | None
    created_at: datetime
    updated_at: datetime
    etag: str
