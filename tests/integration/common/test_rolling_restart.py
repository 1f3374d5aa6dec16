"""Servers that are replaced one after the other, under load: their callers notice nothing."""

import asyncio
from contextlib import AsyncExitStack
from uuid import uuid4

import pytest
from grpc import aio

from common.errors import ErrorReason
from common.grpc.client import connect
from common.grpc.server import NOTICE
from common.grpc.status import from_rpc_error
from tests.support.grpc_service import Service, credentials, running_service
from treadle.execution.v1 import execution_service_pb2 as execution
from treadle.execution.v1 import execution_service_pb2_grpc as execution_grpc

GET = execution.GetExecutionRequest()
# Together below what the servers of tests allow.
CALLERS = 3


async def slowly() -> execution.GetExecutionResponse:
    await asyncio.sleep(0.01)
    return execution.GetExecutionResponse()


class Replica:
    """A server that can be replaced by another at its address."""

    def __init__(self) -> None:
        self._life = AsyncExitStack()
        self.address = "127.0.0.1:0"
        self.service: Service

    async def start(self) -> None:
        serving = running_service(self.address, notice=NOTICE)
        self.service = await self._life.enter_async_context(serving)
        self.service.executions.answer = slowly
        self.address = self.service.address

    async def stop(self) -> None:
        await self._life.aclose()


async def call_on(stub: "execution_grpc.ExecutionServiceAsyncStub", over: asyncio.Event) -> int:
    """Calls one after the other; raises what any of them raises."""
    calls = 0
    viewer = credentials("viewer", account_id=uuid4())
    while not over.is_set():
        await stub.GetExecution(GET, metadata=viewer)
        calls += 1
    return calls


async def test_no_call_fails() -> None:
    replicas = Replica(), Replica()
    for replica in replicas:
        await replica.start()
    over = asyncio.Event()
    async with connect(f"ipv4:{','.join(each.address for each in replicas)}") as channel:
        stub = execution_grpc.ExecutionServiceStub(channel)
        callers = [asyncio.create_task(call_on(stub, over)) for _ in range(CALLERS)]
        for replica in replicas:
            await replica.service.called(CALLERS)
            await replica.stop()
            await replica.start()
            # In use again.
            await replica.service.called(CALLERS)
        over.set()
        assert min(await asyncio.gather(*callers)) > 0
    for replica in replicas:
        await replica.stop()


async def test_who_cannot_serve_gets_no_calls_until_it_can() -> None:
    replicas = Replica(), Replica()
    for replica in replicas:
        await replica.start()
    sick, well = (replica.service for replica in replicas)
    over = asyncio.Event()
    async with connect(f"ipv4:{','.join(each.address for each in replicas)}") as channel:
        stub = execution_grpc.ExecutionServiceStub(channel)
        caller = asyncio.create_task(call_on(stub, over))
        await sick.called()
        await sick.server.set_serving(False)
        # The word is on its way for a moment.
        seen = 0
        while seen != (seen := len(sick.executions.callers)):
            await well.called(len(well.executions.callers) + 10)
        await sick.server.set_serving(True)
        await sick.called(seen + 1)
        await well.server.set_serving(False)
        await sick.server.set_serving(False)
        with pytest.raises(aio.AioRpcError) as refused:
            await caller
        assert from_rpc_error(refused.value).reason is ErrorReason.DEPENDENCY_UNAVAILABLE
    for replica in replicas:
        await replica.stop()
