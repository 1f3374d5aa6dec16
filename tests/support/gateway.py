"""A gateway to call, and a gRPC server behind it that answers as a test tells it to."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from pydantic import SecretStr

from common.auth import TokenVerifier, issue_token
from common.grpc.server import GrpcServer
from gateway.bootstrap import serve
from gateway.settings import GatewaySettings
from treadle.catalog.v1 import catalog_service_pb2_grpc
from treadle.contact.v1 import contact_service_pb2_grpc
from treadle.execution.v1 import execution_service_pb2_grpc
from treadle.inbound.v1 import inbound_service_pb2_grpc
from treadle.record.v1 import (
    campaign_service_pb2_grpc,
    course_service_pb2_grpc,
    crm_service_pb2_grpc,
    directory_service_pb2_grpc,
    media_service_pb2_grpc,
    messenger_service_pb2_grpc,
)
from treadle.scheduler.v1 import scheduler_service_pb2_grpc
from treadle.workflow.v1 import action_service_pb2_grpc, workflow_service_pb2_grpc

SECRET = SecretStr("a secret of the tests that is long enough")
ACCOUNT = UUID("0199d2a4-0000-7000-8000-0000000000aa")
USER = UUID("0199d2a4-0000-7000-8000-0000000000bb")

Answer = Callable[[Any, Any], Awaitable[Any]]
Stream = Callable[[Any, Any], AsyncIterator[Any]]


class Script:
    """The services behind a gateway: a test sets what each method does, and sees what it got."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.streams: dict[str, Stream] = {}
        self.requests: list[tuple[str, Any]] = []
        self.metadata: list[dict[str, str]] = []

    def reset(self) -> None:
        """Forget everything."""
        for part in (self.answers, self.streams, self.requests, self.metadata):
            part.clear()

    def on(self, method: str, answer: Any) -> None:
        """Answer a method with a message, or by raising an exception."""

        async def reply(_request: Any, _context: Any) -> Any:
            if isinstance(answer, BaseException):
                raise answer
            return answer

        self.answers[method] = reply

    @property
    def last(self) -> Any:
        """The newest request."""
        return self.requests[-1][1]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("Watch"):

            async def stream(request: Any, context: Any) -> AsyncIterator[Any]:
                self._note(name, request, context)
                async for message in self.streams[name](request, context):
                    yield message

            return stream

        async def unary(request: Any, context: Any) -> Any:
            self._note(name, request, context)
            return await self.answers[name](request, context)

        return unary

    def _note(self, name: str, request: Any, context: Any) -> None:
        self.requests.append((name, request))
        self.metadata.append(dict(context.invocation_metadata()))


@asynccontextmanager
async def scripted_services(script: Script) -> AsyncGenerator[str]:
    """Serve `script` as every service; yields the address."""
    server = GrpcServer(TokenVerifier(SECRET))
    servicer: Any = script
    for register in (
        action_service_pb2_grpc.add_ActionServiceServicer_to_server,
        workflow_service_pb2_grpc.add_WorkflowServiceServicer_to_server,
        execution_service_pb2_grpc.add_ExecutionServiceServicer_to_server,
        contact_service_pb2_grpc.add_ContactServiceServicer_to_server,
        catalog_service_pb2_grpc.add_CatalogServiceServicer_to_server,
        directory_service_pb2_grpc.add_DirectoryServiceServicer_to_server,
        crm_service_pb2_grpc.add_CrmServiceServicer_to_server,
        campaign_service_pb2_grpc.add_CampaignServiceServicer_to_server,
        course_service_pb2_grpc.add_CourseServiceServicer_to_server,
        messenger_service_pb2_grpc.add_MessengerServiceServicer_to_server,
        media_service_pb2_grpc.add_MediaServiceServicer_to_server,
        inbound_service_pb2_grpc.add_InboundServiceServicer_to_server,
        scheduler_service_pb2_grpc.add_SchedulerServiceServicer_to_server,
    ):
        server.add(register, servicer)
    async with server.running("127.0.0.1:0", grace=timedelta(seconds=1)) as address:
        yield address


@asynccontextmanager
async def running_gateway(
    settings: GatewaySettings, stop: asyncio.Event | None = None
) -> AsyncGenerator[str]:
    """A gateway in this process; yields its base URL and stops it at the end."""
    stop = stop or asyncio.Event()
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(
        serve(settings, stop, ready=lambda listen, _: address.set_result(listen))
    )
    try:
        await asyncio.wait({serving, address}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            await serving
        yield f"http://{address.result()}"
    finally:
        stop.set()
        await serving


def token(*roles: str, account: UUID = ACCOUNT) -> str:
    """A user's token."""
    return issue_token(
        SECRET, subject=USER, account_id=account, roles=roles, ttl=timedelta(minutes=5)
    )


def client(base_url: str, *roles: str) -> httpx.AsyncClient:
    """A caller with these roles; without any, one without a token."""
    headers = {"Authorization": f"Bearer {token(*roles)}"} if roles else {}
    return httpx.AsyncClient(base_url=base_url, headers=headers, timeout=60)
