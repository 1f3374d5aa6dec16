"""Credentials between messages and JSON."""

from gateway.mapping.values import instant, text
from gateway.models.credentials import (
    PROVIDER,
    Credential,
    CredentialList,
    NewSigningSecret,
)
from treadle.credential.v1 import credential_pb2, credential_service_pb2


def credential(message: credential_pb2.Credential) -> Credential:
    """A credential as a resource."""
    return Credential(
        provider=PROVIDER.shown(message.provider),
        name=message.name,
        hint=text(message.hint),
        created_at=instant(message.created_at),
        updated_at=instant(message.updated_at),
        etag=message.etag,
    )


def new_signing_secret(
    message: credential_service_pb2.RotateWebhookSigningResponse,
) -> NewSigningSecret:
    """A signing secret that was just made."""
    return NewSigningSecret(**credential(message.credential).model_dump(), secret=message.secret)


def credential_list(message: credential_service_pb2.ListCredentialsResponse) -> CredentialList:
    """All credentials of an account."""
    return CredentialList(credentials=[credential(each) for each in message.credentials])
