"""With what providers sign for an account's own credentials, for the gateway to verify."""

from collections.abc import Mapping
from typing import Final

from action_service.use_cases.credential_ports import Vault
from action_service.use_cases.credentials import resolve_credential
from action_service.use_cases.inbound.events import Provider
from action_service.use_cases.ports import Reader
from treadle.credential.v1.credential_pb2 import Secret


def _twilio(secret: Secret) -> str:
    return secret.twilio.auth_token


def _sendgrid(secret: Secret) -> str:
    return secret.sendgrid.webhook_public_key


def _meta(secret: Secret) -> str:
    return secret.facebook_page.app_secret


def _stripe(secret: Secret) -> str:
    return secret.stripe.webhook_secret


# The credentials' spelling of the provider, and what of them it signs with.
_SIGNS_WITH: Final = {
    Provider.TWILIO: ("twilio", _twilio),
    Provider.SENDGRID: ("sendgrid", _sendgrid),
    Provider.META: ("facebook_page", _meta),
    Provider.STRIPE: ("stripe", _stripe),
}


async def inbound_secrets(tx: Reader, vault: Vault, provider: Provider) -> list[str]:
    """Of all credentials of the account for the provider; each once, without those that have none.

    Raises UnreadableSecretError.
    """
    spelling, signs_with = _SIGNS_WITH[provider]
    found: Mapping[str, None] = {}
    for credential in await tx.credentials.all():
        if credential.provider == spelling:
            _, secret = await resolve_credential(tx, vault, spelling, credential.name)
            found = {**found, signs_with(secret): None}
    return [value for value in found if value]
