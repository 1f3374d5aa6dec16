"""Credentials as they are shown: everything but the secret."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from gateway.models.base import ProtoEnum, Resource
from treadle.credential.v1 import credential_pb2

PROVIDER = ProtoEnum(credential_pb2.Provider)

ProviderShown = Annotated[str, PROVIDER.documented]


class Credential(Resource):
    """With what the account calls a provider; the secret itself is never shown."""

    provider: ProviderShown
    name: str = Field(examples=["default"])
    hint: str | None = Field(
        description="The last characters of the secret; null when it is too short to show any.",
        examples=["x7Qk"],
    )
    created_at: datetime
    updated_at: datetime
    etag: str


class NewSigningSecret(Credential):
    """With what the account's webhooks are signed from now on: shown this once."""

    secret: str = Field(examples=["whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="])


class CredentialList(Resource):
    """All credentials of the account."""

    credentials: list[Credential]
