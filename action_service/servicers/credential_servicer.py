"""CredentialService: the secrets with which an account's steps call providers."""

from action_service.domain.credentials import DEFAULT_NAME, Credential
from action_service.servicers.requests import parse_uuid
from action_service.servicers.rpc import Rpc
from action_service.use_cases.config_secrets import open_secrets
from action_service.use_cases.credential_ports import Vault
from action_service.use_cases.credentials import (
    delete_credential,
    get_credential,
    list_credentials,
    name_of,
    resolve_credential,
    set_credential,
)
from action_service.use_cases.ports import Database, Reader, Writer
from common import standard_webhooks
from common.catalogue.fields import enum_spec
from common.clock import SYSTEM_CLOCK, Clock
from common.errors import malformed
from treadle.credential.v1 import credential_pb2
from treadle.credential.v1 import credential_service_pb2 as pb
from treadle.credential.v1.credential_service_pb2_grpc import CredentialServiceServicer

_PROVIDERS = enum_spec(credential_pb2.Provider.DESCRIPTOR)


class CredentialServicer(CredentialServiceServicer):
    """Serves CredentialService."""

    def __init__(self, database: Database, vault: Vault, clock: Clock = SYSTEM_CLOCK) -> None:
        self._database = database
        self._rpc = Rpc(database)
        self._vault = vault
        self._clock = clock

    async def SetCredential(
        self, request: pb.SetCredentialRequest, context: object
    ) -> pb.SetCredentialResponse:
        """Stores a secret."""
        name = name_of(request.name)
        credential = await self._set(name, request.secret, request.etag)
        return pb.SetCredentialResponse(credential=_message(credential))

    async def RotateWebhookSigning(
        self, request: pb.RotateWebhookSigningRequest, context: object
    ) -> pb.RotateWebhookSigningResponse:
        """Makes a secret for signing webhooks, and shows it this once."""
        secret = standard_webhooks.new_secret()
        signing = credential_pb2.WebhookSigningSecret(secret=secret)
        credential = await self._set(
            DEFAULT_NAME, credential_pb2.Secret(webhook_signing=signing), request.etag
        )
        return pb.RotateWebhookSigningResponse(credential=_message(credential), secret=secret)

    async def GetCredential(
        self, request: pb.GetCredentialRequest, context: object
    ) -> pb.GetCredentialResponse:
        """Returns one credential, without its secret."""
        provider, name = _provider(request.provider), name_of(request.name)

        async def work(tx: Reader) -> pb.GetCredentialResponse:
            credential = await get_credential(tx, provider, name)
            return pb.GetCredentialResponse(credential=_message(credential))

        return await self._rpc.read(work)

    async def ListCredentials(
        self, request: pb.ListCredentialsRequest, context: object
    ) -> pb.ListCredentialsResponse:
        """Lists the account's credentials, without their secrets."""
        found = await self._rpc.read(list_credentials)
        return pb.ListCredentialsResponse(credentials=[_message(each) for each in found])

    async def DeleteCredential(
        self, request: pb.DeleteCredentialRequest, context: object
    ) -> pb.DeleteCredentialResponse:
        """Deletes a credential."""
        provider, name = _provider(request.provider), name_of(request.name)

        async def work(tx: Writer) -> None:
            await delete_credential(tx, provider, name, etag=request.etag)

        await self._rpc.write(work)
        return pb.DeleteCredentialResponse()

    async def ResolveCredential(
        self, request: pb.ResolveCredentialRequest, context: object
    ) -> pb.ResolveCredentialResponse:
        """Returns the secret of a credential, of the account that the calling service names."""
        account_id = parse_uuid("account_id", request.account_id)
        provider, name = _provider(request.provider), name_of(request.name)
        async with self._database.reading(account_id) as tx:
            credential, secret = await resolve_credential(tx, self._vault, provider, name)
        return pb.ResolveCredentialResponse(secret=secret, etag=credential.etag)

    async def OpenSecrets(
        self, request: pb.OpenSecretsRequest, context: object
    ) -> pb.OpenSecretsResponse:
        """Returns what sealed secrets say, of the account that the calling service names."""
        account_id = parse_uuid("account_id", request.account_id)
        async with self._database.reading(account_id) as tx:
            secrets = await open_secrets(tx, self._vault, request.sealed)
        return pb.OpenSecretsResponse(secrets=secrets)

    async def _set(self, name: str, secret: credential_pb2.Secret, etag: str) -> Credential:
        now = self._clock.now()

        async def work(tx: Writer) -> Credential:
            return await set_credential(tx, self._vault, name, secret, now=now, etag=etag)

        return await self._rpc.write(work)


def _provider(number: int) -> str:
    provider = _PROVIDERS.spelling(number)
    if provider is None:
        known = ", ".join(_PROVIDERS.spellings)
        raise malformed("provider", f"must be one of {known}")
    return provider


def _message(credential: Credential) -> credential_pb2.Credential:
    return credential_pb2.Credential(
        provider=f"PROVIDER_{credential.provider.upper()}",
        name=credential.name,
        hint=credential.hint,
        created_at=credential.created_at,
        updated_at=credential.updated_at,
        etag=credential.etag,
    )
