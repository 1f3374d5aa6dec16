"""A real server over loopback whose answers a test decides."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from grpc import aio
from pydantic import SecretStr

from common.auth import TokenVerifier, current_principal, issue_token
from common.errors import TreadleError, dependency_unavailable
from common.grpc.client import bearer, connect
from common.grpc.interceptors import Limits
from common.grpc.server import GrpcServer, ServerOptions
from treadle.execution.v1 import execution_service_pb2 as execution
from treadle.execution.v1 import execution_service_pb2_grpc as execution_grpc

SECRET = SecretStr("k" * 32)
# So long that no call of a test meets its end, on a busy machine either.
LIMITS = Limits(
    call_timeout=timedelta(minutes=2),
    stream_timeout=timedelta(minutes=2),
    concurrent_calls=3,
    request_bytes=1024 * 1024,
    concurrent_streams=2,
)

Context = aio.ServicerContext[Any, Any]
Answer = Callable[[], Awaitable[execution.GetExecutionResponse]]


class DatabaseDownError(Exception):
    """Stands for an adapter's own exception, which the service translates."""


async def _nothing() -> execution.GetExecutionResponse:
    return execution.GetExecutionResponse()


class Executions(execution_grpc.ExecutionServiceServicer):
    """Answers as a test tells it."""

    def __init__(self) -> None:
        self.answer: Answer = _nothing
        self.streamed: Answer = _nothing
        self.callers: list[str] = []
        self.called = asyncio.Event()
        self.ended = asyncio.Event()

    def _note_caller(self) -> None:
        self.callers.append(current_principal().actor)
        self.called.set()

    async def GetExecution(  # noqa: N802
        self, request: execution.GetExecutionRequest, context: Context
    ) -> execution.GetExecutionResponse:
        self._note_caller()
        try:
            return await self.answer()
        finally:
            self.ended.set()

    async def WatchExecution(  # noqa: N802
        self, request: execution.WatchExecutionRequest, context: Context
    ) -> AsyncIterator[execution.WatchExecutionResponse]:
        self._note_caller()
        try:
            for _ in range(2):
                yield execution.WatchExecutionResponse()
            await self.streamed()
        finally:
            self.ended.set()


def _translate(error: Exception) -> TreadleError | None:
    if isinstance(error, DatabaseDownError):
        return dependency_unavailable("the database", timedelta(seconds=2))
    return None


@dataclass(frozen=True)
class Service:
    """A running server, and what a test needs to call it."""

    server: GrpcServer
    address: str
    executions: Executions
    stub: "execution_grpc.ExecutionServiceAsyncStub"
    account_id: UUID

    def credentials(self, *roles: str) -> tuple[tuple[str, str]]:
        """Return the metadata of a user who has `roles`."""
        return credentials(*roles, account_id=self.account_id)

    async def called(self, times: int = 1) -> None:
        """Wait until the service has been called so many times."""
        async with asyncio.timeout(60):
            while len(self.executions.callers) < times:
                self.executions.called.clear()
                await self.executions.called.wait()


def credentials(*roles: str, account_id: UUID) -> tuple[tuple[str, str]]:
    """Return the metadata of a user of `account_id` who has `roles`."""
    ttl = timedelta(minutes=5)
    return (
        bearer(issue_token(SECRET, subject=uuid4(), account_id=account_id, roles=roles, ttl=ttl)),
    )


@asynccontextmanager
async def running_service(
    listen: str = "127.0.0.1:0", *, notice: timedelta = timedelta(), limits: Limits = LIMITS
) -> AsyncGenerator[Service, None]:
    """Serve during the block, on a free port unless one is given; see GrpcServer of `notice`."""
    server = GrpcServer(
        TokenVerifier(SECRET), options=ServerOptions(limits=limits), translate=_translate
    )
    executions = Executions()  # pyright: ignore[reportAbstractUsage] - tests call two methods only
    server.add(execution_grpc.add_ExecutionServiceServicer_to_server, executions)
    async with (
        server.running(listen, grace=timedelta(seconds=30), notice=notice) as address,
        connect(address, timeout=timedelta(minutes=1)) as channel,
    ):
        stub = execution_grpc.ExecutionServiceStub(channel)
        yield Service(server, address, executions, stub, uuid4())
