"""Accounts' own credentials from the action service, remembered for a minute and in memory only.

A change is thus in force after at most that time, and sooner when the provider refuses the old one.
"""

from collections import OrderedDict
from datetime import timedelta
from typing import Final

import grpc
from grpc import aio

from common.clock import Clock
from common.errors import ErrorReason, TreadleError, dependency_unavailable
from common.grpc.status import from_rpc_error
from common.remembered import Remembered
from executor_service.ports import DEFAULT_CREDENTIAL, Credential
from treadle.credential.v1.credential_pb2 import Provider
from treadle.credential.v1.credential_service_pb2 import (
    ResolveCredentialRequest,
    ResolveCredentialResponse,
)
from treadle.credential.v1.credential_service_pb2_grpc import CredentialServiceStub

KEEP: Final = timedelta(seconds=60)
MAX_CREDENTIALS: Final = 1024

_SOON: Final = timedelta(seconds=2)

_Key = tuple[str, Provider, str]


class CredentialClient:
    """Credentials of any account; see `executor_service.ports.CredentialStore`."""

    def __init__(self, channel: aio.Channel, clock: Clock) -> None:
        self._stub = CredentialServiceStub(channel)
        self._credentials = Remembered(self._ask, clock, keep=KEEP, limit=MAX_CREDENTIALS)
        # The refused ones that were asked for anew.
        self._refused: OrderedDict[_Key, str] = OrderedDict()

    async def get(
        self, account_id: str, provider: Provider, name: str = DEFAULT_CREDENTIAL
    ) -> Credential | None:
        """Raises TreadleError when out of reach: nobody else's credential will do instead."""
        return await self._credentials.get((account_id, provider, name))

    def refused(self, credential: Credential) -> None:
        """Has it asked for anew, once: it may have been replaced, but need not."""
        key = (credential.account_id, credential.provider, credential.name)
        if self._refused.get(key) == credential.etag:
            return
        self._credentials.forget(key)
        self._refused[key] = credential.etag
        self._refused.move_to_end(key)
        if len(self._refused) > MAX_CREDENTIALS:
            self._refused.popitem(last=False)

    async def _ask(self, key: _Key) -> Credential | None:
        account_id, provider, name = key
        request = ResolveCredentialRequest(account_id=account_id, provider=provider, name=name)
        try:
            response: ResolveCredentialResponse = await self._stub.ResolveCredential(
                request, wait_for_ready=True
            )
        except grpc.RpcError as error:
            refusal = refusal_of(error)
            # An API of the release before has stored none for a provider that it does not know.
            if refusal.reason in {ErrorReason.NOT_FOUND, ErrorReason.MALFORMED_REQUEST}:
                return None
            raise refusal from error
        return Credential(account_id, provider, name, response.etag, response.secret)


def refusal_of(error: grpc.RpcError) -> TreadleError:
    """Why the credential service did not do it."""
    if isinstance(error, aio.AioRpcError) and error.code() is grpc.StatusCode.UNIMPLEMENTED:
        # An API of the release before, on its way out.
        return dependency_unavailable("the credential service", _SOON)
    return from_rpc_error(error)
