"""Who may call which RPC of the contracts, seen from outside a real server."""

import importlib
import pkgutil
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from grpc import aio

import treadle
from common.auth import GATEWAY_ROLE, ROLE_PERMISSIONS, SERVICE_ROLE, TokenVerifier
from common.gateway_token import gateway_token
from common.grpc.client import ServiceTokens, bearer, connect
from common.grpc.permissions import required_permission
from common.grpc.server import GrpcServer
from tests.support.grpc_service import SECRET, credentials


def _services() -> list[ServiceDescriptor]:
    modules = pkgutil.walk_packages(treadle.__path__, prefix="treadle.")
    names = [module.name for module in modules if module.name.endswith("_service_pb2")]
    files = [importlib.import_module(name).DESCRIPTOR for name in names]
    return [service for file in files for service in file.services_by_name.values()]


async def _answer(request: bytes, context: object) -> bytes:
    return b""


async def _stream(request: bytes, context: object) -> AsyncGenerator[bytes, None]:
    yield b""


def _register(service: ServiceDescriptor, server: aio.Server) -> None:
    handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
        rpc.name: (
            grpc.unary_stream_rpc_method_handler(_stream)
            if rpc.server_streaming
            else grpc.unary_unary_rpc_method_handler(_answer)
        )
        for rpc in service.methods
    }
    server.add_registered_method_handlers(service.full_name, handlers)


@pytest.fixture
async def channel() -> AsyncGenerator[aio.Channel, None]:
    server = GrpcServer(TokenVerifier(SECRET))
    for service in _services():
        server.add(_register, service)
    async with server.running("127.0.0.1:0") as address, connect(address) as channel:
        yield channel


async def _call(
    channel: aio.Channel, rpc: MethodDescriptor, *metadata: tuple[str, str]
) -> grpc.StatusCode:
    path = f"/{rpc.containing_service.full_name}/{rpc.name}"
    try:
        if rpc.server_streaming:
            async for _ in channel.unary_stream(path, bytes, bytes)(b"", metadata=metadata):
                pass
        else:
            await channel.unary_unary(path, bytes, bytes)(b"", metadata=metadata)
    except aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def _identity(role: str) -> tuple[str, str]:
    if role == GATEWAY_ROLE:
        return bearer(gateway_token(SECRET, timedelta(minutes=5)))
    if role == SERVICE_ROLE:
        return bearer(ServiceTokens(SECRET, "executor").token(uuid4()))
    return credentials(role, account_id=uuid4())[0]


async def test_no_rpc_serves_a_stranger(channel: aio.Channel) -> None:
    for service in _services():
        for rpc in service.methods:
            assert await _call(channel, rpc) is grpc.StatusCode.UNAUTHENTICATED, rpc.full_name


@pytest.mark.parametrize("role", [*ROLE_PERMISSIONS, "none"])
async def test_a_role_may_call_what_its_permissions_say(channel: aio.Channel, role: str) -> None:
    granted = ROLE_PERMISSIONS.get(role, frozenset[str]())
    identity = _identity(role)
    for service in _services():
        for rpc in service.methods:
            allowed = required_permission(service.full_name, rpc.name) in granted
            code = await _call(channel, rpc, identity)
            expected = grpc.StatusCode.OK if allowed else grpc.StatusCode.PERMISSION_DENIED
            assert code is expected, rpc.full_name
