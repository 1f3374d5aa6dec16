"""Records that calls need, from the action service, remembered for half a minute.

A change of one is thus in force after at most that time.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, TypeVar
from uuid import UUID

import grpc
from grpc import aio

from common.clock import Clock
from common.errors import ErrorReason
from common.grpc.client import ServiceTokens, bearer
from common.grpc.status import from_rpc_error
from common.remembered import Remembered
from executor_service.ports import RecordNotFoundError
from treadle.record.v1.directory_service_pb2 import GetUserRequest
from treadle.record.v1.directory_service_pb2_grpc import DirectoryServiceStub
from treadle.record.v1.media_service_pb2 import GetAudioFileRequest
from treadle.record.v1.media_service_pb2_grpc import MediaServiceStub

KEEP: Final = timedelta(seconds=30)
MAX_RECORDS: Final = 1024

_Key = tuple[str, str]
R = TypeVar("R")


class RecordClient:
    """Records of any account, each read with a token of the executor for that account."""

    def __init__(self, channel: aio.Channel, tokens: ServiceTokens, clock: Clock) -> None:
        self._media = MediaServiceStub(channel)
        self._directory = DirectoryServiceStub(channel)
        self._tokens = tokens
        self._audio = Remembered(self._ask_audio, clock, keep=KEEP, limit=MAX_RECORDS)
        self._phones = Remembered(self._ask_phone, clock, keep=KEEP, limit=MAX_RECORDS)

    async def audio_url(self, account_id: str, audio_file_id: str) -> str:
        """See `executor_service.ports.RecordSource`; raises TreadleError when out of reach."""
        return await self._audio.get((account_id, audio_file_id))

    async def user_phone(self, account_id: str, user_id: str) -> str:
        """See `executor_service.ports.RecordSource`; raises TreadleError when out of reach."""
        return await self._phones.get((account_id, user_id))

    async def _ask_audio(self, key: _Key) -> str:
        account_id, audio_file_id = key
        response = await _found(
            lambda: self._media.GetAudioFile(
                GetAudioFileRequest(audio_file_id=audio_file_id),
                metadata=self._metadata(account_id),
                wait_for_ready=True,
            )
        )
        return response.audio_file.url

    async def _ask_phone(self, key: _Key) -> str:
        account_id, user_id = key
        response = await _found(
            lambda: self._directory.GetUser(
                GetUserRequest(user_id=user_id),
                metadata=self._metadata(account_id),
                wait_for_ready=True,
            )
        )
        return response.user.phone

    def _metadata(self, account_id: str) -> tuple[tuple[str, str]]:
        return (bearer(self._tokens.token(UUID(account_id))),)


async def _found(ask: Callable[[], Awaitable[R]]) -> R:
    try:
        return await ask()
    except grpc.RpcError as error:
        refusal = from_rpc_error(error)
        if refusal.reason in {ErrorReason.NOT_FOUND, ErrorReason.MALFORMED_REQUEST}:
            raise RecordNotFoundError from error
        raise refusal from error
