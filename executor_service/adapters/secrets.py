"""Secrets of configurations, opened by the action service; remembered for a minute, in memory only.

A sealed secret never comes to mean anything else, so remembering makes nothing stale; forgetting
keeps what nobody uses any more out of the memory of a process that faces other systems.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import grpc
from grpc import aio

from common.clock import Clock
from common.remembered import Remembered
from executor_service.adapters.credentials import refusal_of
from treadle.credential.v1.credential_service_pb2 import OpenSecretsRequest, OpenSecretsResponse
from treadle.credential.v1.credential_service_pb2_grpc import CredentialServiceStub

KEEP: Final = timedelta(seconds=60)
MAX_CONFIGS: Final = 1024

_Key = tuple[str, tuple[str, ...]]


class SecretClient:
    """Opens secrets of any account; see `executor_service.ports.SecretStore`."""

    def __init__(self, channel: aio.Channel, clock: Clock) -> None:
        self._stub = CredentialServiceStub(channel)
        self._opened = Remembered(self._ask, clock, keep=KEEP, limit=MAX_CONFIGS)

    async def open(self, account_id: str, sealed: tuple[str, ...]) -> Sequence[str]:
        """Asks once for all secrets of a configuration, whatever the number of its steps."""
        return await self._opened.get((account_id, sealed))

    async def _ask(self, key: _Key) -> Sequence[str]:
        account_id, sealed = key
        request = OpenSecretsRequest(account_id=account_id, sealed=sealed)
        try:
            response: OpenSecretsResponse = await self._stub.OpenSecrets(
                request, wait_for_ready=True
            )
        except grpc.RpcError as error:
            raise refusal_of(error) from error
        return tuple(response.secrets)
