import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from grpc import aio

from common.auth import TokenVerifier
from common.errors import ErrorReason, FieldViolation, TreadleError, invalid
from common.grpc.client import ServiceTokens, bearer, connect
from common.grpc.status import from_rpc_error
from common.telemetry import Trace, current_request_id, current_trace, traced
from tests.support.grpc_service import SECRET, Service, running_service
from treadle.execution.v1 import execution_service_pb2 as execution
from treadle.execution.v1 import execution_service_pb2_grpc as execution_grpc

GET = execution.GetExecutionRequest()
WATCH = execution.WatchExecutionRequest()
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class ManualClock:
    def __init__(self) -> None:
        self.instant = START

    def now(self) -> datetime:
        return self.instant


def _viewer(service: Service) -> str:
    ((_, authorization),) = service.credentials("viewer")
    return authorization.removeprefix("Bearer ")


async def test_a_channels_identity_goes_with_every_call(service: Service) -> None:
    token = _viewer(service)
    async with connect(service.address, token=lambda: token) as channel:
        stub = execution_grpc.ExecutionServiceStub(channel)
        await stub.GetExecution(GET)
        assert [message async for message in stub.WatchExecution(WATCH)]
    assert len(set(service.executions.callers)) == 1


async def test_a_calls_own_identity_comes_first(service: Service) -> None:
    token = _viewer(service)
    async with connect(service.address, token=lambda: "nonsense") as channel:
        stub = execution_grpc.ExecutionServiceStub(channel)
        await stub.GetExecution(GET, metadata=(bearer(token),))
    assert len(service.executions.callers) == 1


async def test_trace_and_request_id_go_with_every_call(service: Service) -> None:
    seen: list[tuple[Trace | None, str | None]] = []

    async def answer() -> execution.GetExecutionResponse:
        seen.append((current_trace(), current_request_id()))
        return execution.GetExecutionResponse()

    service.executions.answer = service.executions.streamed = answer
    viewer = service.credentials("viewer")
    with traced(None, request_id="r-9") as span:
        await service.stub.GetExecution(GET, metadata=viewer)
        async for _ in service.stub.WatchExecution(WATCH, metadata=viewer):
            pass
    for trace, request_id in seen:
        assert trace is not None
        assert trace.trace_id == span.trace_id
        assert trace.span_id != span.span_id
        assert request_id == "r-9"
    assert len(seen) == 2


async def test_a_call_without_a_timeout_gets_the_channels(service: Service) -> None:
    async def answer() -> execution.GetExecutionResponse:
        await asyncio.sleep(60)
        raise AssertionError

    service.executions.answer = answer
    async with connect(service.address, timeout=timedelta(seconds=0.1)) as channel:
        stub = execution_grpc.ExecutionServiceStub(channel)
        with pytest.raises(aio.AioRpcError) as refused:
            await stub.GetExecution(GET, metadata=service.credentials("viewer"))
    error = from_rpc_error(refused.value)
    assert error.reason is ErrorReason.DEADLINE_EXCEEDED
    assert error.message == "the call failed with DEADLINE_EXCEEDED"


async def test_a_thousand_violations_arrive(service: Service) -> None:
    violations = [FieldViolation(f"contact_ids[{n}]", f"no contact {uuid4()}") for n in range(1000)]

    async def answer() -> execution.GetExecutionResponse:
        raise invalid(violations)

    service.executions.answer = answer
    with pytest.raises(aio.AioRpcError) as refused:
        await service.stub.GetExecution(GET, metadata=service.credentials("viewer"))
    assert list(from_rpc_error(refused.value).violations) == violations


async def test_a_server_that_is_away_is_an_unavailable_dependency() -> None:
    async with connect("127.0.0.1:1") as channel:
        with pytest.raises(aio.AioRpcError) as refused:
            await execution_grpc.ExecutionServiceStub(channel).GetExecution(GET)
    error = from_rpc_error(refused.value)
    assert error.reason is ErrorReason.DEPENDENCY_UNAVAILABLE
    assert error.retry_after is not None


async def test_a_channel_may_wait_for_a_server_and_outlives_its_restart(service: Service) -> None:
    await service.server.stop(timedelta())
    token = _viewer(service)
    async with connect(service.address, token=lambda: token, wait_for_ready=True) as channel:
        stub = execution_grpc.ExecutionServiceStub(channel)
        call = asyncio.ensure_future(_get(stub))
        await asyncio.sleep(0.1)
        for _ in range(2):
            async with running_service(service.address):
                await asyncio.wait_for(call, 60)
            call = asyncio.ensure_future(_get(stub))
        call.cancel()


async def _get(stub: "execution_grpc.ExecutionServiceAsyncStub") -> None:
    await stub.GetExecution(GET)


class TestServiceTokens:
    @pytest.fixture
    def clock(self) -> ManualClock:
        return ManualClock()

    @pytest.fixture
    def tokens(self, clock: ManualClock) -> ServiceTokens:
        return ServiceTokens(
            SECRET, "executor", ttl=timedelta(minutes=10), clock=clock, cached_accounts=2
        )

    def test_it_is_the_services_identity(self, tokens: ServiceTokens, clock: ManualClock) -> None:
        principal = TokenVerifier(SECRET, clock=clock).verify(tokens.token())
        assert principal.actor == "service:executor"
        assert principal.account_id is None
        assert "ledger:claim" in principal.permissions

    def test_it_may_act_for_an_account(self, tokens: ServiceTokens, clock: ManualClock) -> None:
        account = uuid4()
        principal = TokenVerifier(SECRET, clock=clock).verify(tokens.token(account))
        assert principal.require_account() == account

    def test_a_token_is_kept_until_shortly_before_its_end(
        self, tokens: ServiceTokens, clock: ManualClock
    ) -> None:
        verifier = TokenVerifier(SECRET, clock=clock)
        first = tokens.token()
        clock.instant += timedelta(minutes=7, seconds=59)
        assert tokens.token() == first
        clock.instant += timedelta(seconds=1)
        second = tokens.token()
        assert second != first
        verifier.verify(first)
        clock.instant += timedelta(minutes=2)
        verifier.verify(second)
        with pytest.raises(TreadleError):
            verifier.verify(first)

    def test_only_so_many_accounts_are_remembered(
        self, tokens: ServiceTokens, clock: ManualClock
    ) -> None:
        first, second, third = uuid4(), uuid4(), uuid4()

        def issued_anew(account: UUID) -> bool:
            before = clock.instant
            clock.instant += timedelta(seconds=1)
            token = tokens.token(account)
            clock.instant = before
            fresh = ServiceTokens(SECRET, "executor", ttl=timedelta(minutes=10), clock=clock)
            return token != fresh.token(account)

        tokens.token(first)
        tokens.token(second)
        assert not issued_anew(first)
        tokens.token(third)
        assert not issued_anew(first)
        assert issued_anew(second)
