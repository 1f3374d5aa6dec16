"""The RPCs of the action service that an executor calls, served over gRPC from memory."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import grpc
from pydantic import SecretStr

from common.auth import SERVICE_ROLE, TokenVerifier, current_principal
from common.catalogue import SEALED_PREFIX
from common.errors import FieldViolation, dependency_unavailable, invalid, malformed, not_found
from common.grpc.server import GrpcServer
from treadle.contact.v1.contact_service_pb2 import (
    GetEmailTemplateRequest,
    GetEmailTemplateResponse,
)
from treadle.contact.v1.contact_service_pb2_grpc import (
    ContactServiceServicer,
    add_ContactServiceServicer_to_server,
)
from treadle.credential.v1.credential_pb2 import Secret
from treadle.credential.v1.credential_service_pb2 import (
    OpenSecretsRequest,
    OpenSecretsResponse,
    ResolveCredentialRequest,
    ResolveCredentialResponse,
)
from treadle.credential.v1.credential_service_pb2_grpc import (
    CredentialServiceServicer,
    add_CredentialServiceServicer_to_server,
)
from treadle.ledger.v1.ledger_service_pb2 import ClaimAttemptsRequest, ClaimAttemptsResponse
from treadle.ledger.v1.ledger_service_pb2 import ClaimDecision as Wire
from treadle.ledger.v1.ledger_service_pb2_grpc import (
    LedgerServiceServicer,
    add_LedgerServiceServicer_to_server,
)


class Ledger(LedgerServiceServicer):
    """Grants each attempt once; `stale-` ones never."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.called = asyncio.Event()
        self.short = False

    async def ClaimAttempts(  # noqa: N802 - the RPC's name
        self,
        request: ClaimAttemptsRequest,
        context: grpc.ServicerContext,
    ) -> ClaimAttemptsResponse:
        known = {attempt for call in self.calls for attempt in call}
        self.calls.append([claim.attempt_id for claim in request.claims])
        self.called.set()
        await self.gate.wait()
        decisions = [
            Wire.CLAIM_DECISION_STALE
            if claim.attempt_id.startswith("stale-")
            else Wire.CLAIM_DECISION_ALREADY_CLAIMED
            if claim.attempt_id in known
            else Wire.CLAIM_DECISION_GRANTED
            for claim in request.claims
        ]
        return ClaimAttemptsResponse(decisions=decisions[: len(decisions) - self.short])


class Contacts(ContactServiceServicer):
    """One template, called by any of `template_ids`, of one account; serves no other RPC."""

    def __init__(self, account_id: str) -> None:
        self.account_id = account_id
        self.calls = 0
        self.html = "<p>1</p>"
        self.template_ids = {"t"}
        self.away = False

    async def GetEmailTemplate(  # noqa: N802 - the RPC's name
        self,
        request: GetEmailTemplateRequest,
        context: grpc.ServicerContext,
    ) -> GetEmailTemplateResponse:
        self.calls += 1
        if self.away:
            raise dependency_unavailable("database", timedelta(seconds=1))
        own = current_principal().account_id == UUID(self.account_id)
        if not own or request.template_id not in self.template_ids:
            raise not_found("email template", request.template_id)
        response = GetEmailTemplateResponse()
        response.template.html_body = self.html
        return response


class Credentials(CredentialServiceServicer):
    """Secrets by account, one for each provider; a sealed one names its account."""

    def __init__(self) -> None:
        self.secrets: dict[str, list[Secret]] = {}
        self.calls = 0
        self.away = False
        # Whether it is of a release that does not know the provider.
        self.unknown = False

    async def ResolveCredential(  # noqa: N802 - the RPC's name
        self,
        request: ResolveCredentialRequest,
        context: grpc.ServicerContext,
    ) -> ResolveCredentialResponse:
        self.calls += 1
        assert SERVICE_ROLE in current_principal().roles
        if self.away:
            raise dependency_unavailable("database", timedelta(seconds=1))
        if self.unknown:
            raise malformed("provider", "must be one of others")
        for secret in self.secrets.get(request.account_id, ()):
            field = Secret.DESCRIPTOR.fields_by_name[secret.WhichOneof("provider") or ""]
            if field.number == request.provider and request.name == "default":
                return ResolveCredentialResponse(secret=secret, etag=str(secret))
        raise not_found("credential", str(request.provider))

    async def OpenSecrets(  # noqa: N802 - the RPC's name
        self,
        request: OpenSecretsRequest,
        context: grpc.ServicerContext,
    ) -> OpenSecretsResponse:
        self.calls += 1
        assert SERVICE_ROLE in current_principal().roles
        if self.away:
            raise dependency_unavailable("database", timedelta(seconds=1))
        prefix = f"{SEALED_PREFIX}{request.account_id}:"
        if not all(each.startswith(prefix) for each in request.sealed):
            raise invalid([FieldViolation("sealed", "are not the account's")])
        return OpenSecretsResponse(secrets=[each.removeprefix(prefix) for each in request.sealed])


@asynccontextmanager
async def action_api(
    secret: SecretStr,
    ledger: Ledger,
    contacts: Contacts,
    credentials: Credentials | None = None,
) -> AsyncGenerator[str]:
    """Serves them; gives the address."""
    server = GrpcServer(TokenVerifier(secret))
    if credentials is not None:
        server.add(add_CredentialServiceServicer_to_server, credentials)
    server.add(add_LedgerServiceServicer_to_server, ledger)
    server.add(add_ContactServiceServicer_to_server, contacts)
    async with server.running("127.0.0.1:0", grace=timedelta(0)) as address:
        yield address
