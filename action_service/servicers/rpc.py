"""One transaction per RPC, and repeated requests answered as they were the first time."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

from google.protobuf.message import Message

from action_service.servicers.requests import parse_uuid
from action_service.use_cases.ports import Database, Reader, Writer
from common.auth import current_principal

T = TypeVar("T")
R = TypeVar("R", bound=Message)


class Rpc:
    """Runs the work of RPCs in transactions of the caller's account."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, work: Callable[[Reader], Awaitable[T]]) -> T:
        """Does `work` in a read-only transaction."""
        async with self._database.reading(current_principal().require_account()) as tx:
            return await work(tx)

    async def write(self, work: Callable[[Writer], Awaitable[T]]) -> T:
        """Does `work`, all or nothing."""
        async with self._database.writing(current_principal()) as tx:
            return await work(tx)

    async def once(
        self,
        request: Message,
        given_id: str,
        response: type[R],
        work: Callable[[Writer], Awaitable[R]],
    ) -> R:
        """Does `work` once for each `request_id`; the same request again gets the same answer."""
        if not given_id:
            return await self.write(work)
        request_id = parse_uuid("request_id", given_id)
        method = request.DESCRIPTOR.full_name
        digest = hashlib.sha256(request.SerializeToString(deterministic=True)).digest()
        async with self._database.writing(current_principal()) as tx:
            earlier = await tx.earlier_answer(method, request_id, digest)
            if earlier is not None:
                return response.FromString(earlier)
            answer = await work(tx)
            tx.answer(answer.SerializeToString())
            return answer
