import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any, Never, cast
from uuid import uuid4

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc import aio
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2
from grpc_status import rpc_status
from prometheus_client import REGISTRY

from common.auth import TokenVerifier, current_principal
from common.errors import ErrorReason, FieldViolation, invalid, not_found, overloaded
from common.grpc.client import connect
from common.grpc.server import LIVENESS, GrpcServer
from common.grpc.status import from_rpc_error
from tests.support.grpc_service import (
    LIMITS,
    SECRET,
    DatabaseDownError,
    Service,
    credentials,
    running_service,
)
from treadle.execution.v1 import execution_service_pb2 as execution

SERVICE = "treadle.execution.v1.ExecutionService"
GET = execution.GetExecutionRequest()
WATCH = execution.WatchExecutionRequest()


async def _refused(call: Any) -> aio.AioRpcError:
    with pytest.raises(aio.AioRpcError) as refused:
        if isinstance(call, aio.UnaryStreamCall):
            async for _ in cast("AsyncIterator[object]", call):
                pass
        else:
            await call
    return refused.value


async def _reason(call: Any) -> ErrorReason:
    return from_rpc_error(await _refused(call)).reason


def _raises(error: Exception) -> Any:
    async def answer() -> Never:
        raise error

    return answer


async def _hangs() -> Never:
    await asyncio.sleep(60)
    raise AssertionError


async def test_a_caller_with_the_permission_is_served(service: Service) -> None:
    await service.stub.GetExecution(GET, metadata=service.credentials("viewer"))
    received = [
        message
        async for message in service.stub.WatchExecution(
            WATCH, metadata=service.credentials("viewer")
        )
    ]
    assert len(received) == 2
    assert all(caller.startswith("user:") for caller in service.executions.callers)


async def test_nobody_without_a_token_is_served(service: Service) -> None:
    assert await _reason(service.stub.GetExecution(GET)) is ErrorReason.UNAUTHENTICATED
    assert await _reason(service.stub.WatchExecution(WATCH)) is ErrorReason.UNAUTHENTICATED
    bad = (("authorization", "Bearer nonsense"),)
    assert await _reason(service.stub.GetExecution(GET, metadata=bad)) is (
        ErrorReason.UNAUTHENTICATED
    )
    assert service.executions.callers == []


async def test_nobody_without_the_permission_is_served(service: Service) -> None:
    nobody = service.credentials("auditor")
    error = await _refused(service.stub.GetExecution(GET, metadata=nobody))
    assert error.code() is grpc.StatusCode.PERMISSION_DENIED
    assert from_rpc_error(error).metadata == {"permission": "execution:read"}
    assert await _reason(service.stub.WatchExecution(WATCH, metadata=nobody)) is (
        ErrorReason.PERMISSION_DENIED
    )
    assert service.executions.callers == []


async def test_an_rpc_that_declares_no_permission_is_refused_to_all() -> None:
    async def get(request: bytes, context: object) -> bytes:
        return b"secret"

    def register(servicer: object, server: aio.Server) -> None:
        handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
            "Get": grpc.unary_unary_rpc_method_handler(get)
        }
        server.add_registered_method_handlers("treadle.undeclared.v1.NoService", handlers)

    server = GrpcServer(TokenVerifier(SECRET))
    server.add(register, object())
    async with server.running("127.0.0.1:0") as address, connect(address) as channel:
        admin = credentials("admin", account_id=uuid4())
        call = channel.unary_unary("/treadle.undeclared.v1.NoService/Get", bytes, bytes)
        assert await _reason(call(b"", metadata=admin)) is ErrorReason.PERMISSION_DENIED


async def test_a_method_that_does_not_exist_is_unimplemented(service: Service) -> None:
    async with connect(service.address) as channel:
        call = channel.unary_unary(f"/{SERVICE}/Nothing", bytes, bytes)
        error = await _refused(call(b"", metadata=service.credentials("admin")))
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_the_caller_is_authenticated_before_the_message_is_read(service: Service) -> None:
    async with connect(service.address) as channel:
        get = channel.unary_unary(f"/{SERVICE}/GetExecution", bytes, bytes)
        assert await _reason(get(b"\xff\xff")) is ErrorReason.UNAUTHENTICATED
        error = from_rpc_error(
            await _refused(get(b"\xff\xff", metadata=service.credentials("viewer")))
        )
    assert error.reason is ErrorReason.MALFORMED_REQUEST


async def test_a_refusal_reaches_the_caller_whole(service: Service) -> None:
    violations = [FieldViolation("contact_id", "is not a UUID"), FieldViolation("state", "is bad")]
    service.executions.answer = _raises(invalid(violations))
    error = await _refused(service.stub.GetExecution(GET, metadata=service.credentials("viewer")))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    # Read as any client of gRPC would.
    status = cast("status_pb2.Status", rpc_status.from_call(cast("grpc.Call", error)))
    info, bad_request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    assert status.details[0].Unpack(info)
    assert status.details[1].Unpack(bad_request)
    assert (info.domain, info.reason) == ("treadle", "VALIDATION_FAILED")
    assert [v.field for v in bad_request.field_violations] == ["contact_id", "state"]


async def test_a_refusal_within_a_stream_reaches_the_caller(service: Service) -> None:
    service.executions.streamed = _raises(not_found("execution", "1"))
    received = 0
    with pytest.raises(aio.AioRpcError) as refused:
        async for _ in service.stub.WatchExecution(WATCH, metadata=service.credentials("viewer")):
            received += 1
    assert received == 2
    assert from_rpc_error(refused.value).reason is ErrorReason.NOT_FOUND


async def test_a_crash_tells_the_caller_only_the_request_id(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    service.executions.answer = _raises(RuntimeError("SELECT secret FROM accounts"))
    service.executions.streamed = service.executions.answer
    metadata = (*service.credentials("viewer"), ("x-request-id", "r-42"))
    for call in (
        service.stub.GetExecution(GET, metadata=metadata),
        service.stub.WatchExecution(WATCH, metadata=metadata),
    ):
        error = await _refused(call)
        assert error.code() is grpc.StatusCode.INTERNAL
        assert "SELECT" not in str(error.trailing_metadata()) + str(error.details())
        assert from_rpc_error(error).metadata == {"request_id": "r-42"}
    log = capsys.readouterr().out
    assert "SELECT secret FROM accounts" in log
    assert "r-42" in log


async def test_an_answer_of_the_wrong_type_is_a_crash(service: Service) -> None:
    async def answer() -> Any:
        return "not a message"

    service.executions.answer = answer
    call = service.stub.GetExecution(GET, metadata=service.credentials("viewer"))
    assert await _reason(call) is ErrorReason.INTERNAL


async def test_a_services_own_exceptions_are_translated(service: Service) -> None:
    service.executions.answer = _raises(DatabaseDownError())
    error = from_rpc_error(
        await _refused(service.stub.GetExecution(GET, metadata=service.credentials("viewer")))
    )
    assert error.reason is ErrorReason.DEPENDENCY_UNAVAILABLE
    assert error.retry_after == timedelta(seconds=2)


async def test_a_call_without_a_deadline_gets_the_servers() -> None:
    soon = timedelta(seconds=0.1)
    limits = replace(LIMITS, call_timeout=soon, stream_timeout=soon)
    async with running_service(limits=limits) as service:
        service.executions.answer = service.executions.streamed = _hangs
        viewer = service.credentials("viewer")
        # Our channels bring a deadline, so that a raw one is needed to send none at all.
        async with aio.insecure_channel(service.address) as channel:
            get = channel.unary_unary(
                f"/{SERVICE}/GetExecution", execution.GetExecutionRequest.SerializeToString, bytes
            )
            error = await _refused(get(GET, metadata=viewer))
        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert from_rpc_error(error).message == "the call took longer than the server allows"
        assert service.executions.ended.is_set()
        stream = service.stub.WatchExecution(WATCH, metadata=viewer)
        assert await _reason(stream) is ErrorReason.DEADLINE_EXCEEDED


async def test_a_callers_own_deadline_ends_the_work(service: Service) -> None:
    service.executions.answer = _hangs
    viewer = service.credentials("viewer")
    # On a busy machine the time may be over before the server hears of the call.
    while not service.executions.callers:
        call = service.stub.GetExecution(GET, metadata=viewer, timeout=0.1)
        assert await _reason(call) is ErrorReason.DEADLINE_EXCEEDED
    await asyncio.wait_for(service.executions.ended.wait(), 60)


@pytest.mark.parametrize("rpc", ["GetExecution", "WatchExecution"])
async def test_a_caller_who_goes_away_ends_the_work(service: Service, rpc: str) -> None:
    service.executions.answer = service.executions.streamed = _hangs
    request = GET if rpc == "GetExecution" else WATCH
    call = getattr(service.stub, rpc)(request, metadata=service.credentials("viewer"))
    waiting = asyncio.ensure_future(_consume(call))
    await service.called()
    call.cancel()
    await asyncio.wait_for(service.executions.ended.wait(), 60)
    with suppress(asyncio.CancelledError):
        await waiting


async def _consume(call: Any) -> None:
    if isinstance(call, aio.UnaryStreamCall):
        async for _ in cast("AsyncIterator[object]", call):
            pass
    else:
        await call


async def test_more_calls_than_the_server_takes_are_turned_away(service: Service) -> None:
    service.executions.answer = service.executions.streamed = _hangs
    viewer = service.credentials("viewer")

    def get() -> Any:
        return service.stub.GetExecution(GET, metadata=viewer, timeout=60)

    def watch() -> Any:
        return service.stub.WatchExecution(WATCH, metadata=viewer, timeout=60)

    taken = [get(), get(), get(), watch(), watch()]
    waiting = [asyncio.ensure_future(_consume(call)) for call in taken]
    await service.called(5)
    assert await _reason(get()) is ErrorReason.OVERLOADED
    assert await _reason(watch()) is ErrorReason.OVERLOADED
    for call in taken:
        call.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_more_bytes_than_the_server_holds_are_turned_away(service: Service) -> None:
    service.executions.answer = _hangs
    viewer = service.credentials("viewer")

    def get(kibibytes: int) -> Any:
        request = execution.GetExecutionRequest(execution_id="x" * 1024 * kibibytes)
        return service.stub.GetExecution(request, metadata=viewer, timeout=30)

    taken = asyncio.ensure_future(_consume(get(700)))
    await service.called()
    error = from_rpc_error(await _refused(get(700)))
    assert (error.reason, error.retry_after) == (ErrorReason.OVERLOADED, timedelta(seconds=1))
    # There is room for a smaller one, and for all when the first is done.
    smaller = asyncio.ensure_future(_consume(get(100)))
    await service.called(2)
    taken.cancel()
    await asyncio.wait_for(service.executions.ended.wait(), 30)
    service.executions.answer = _raises(not_found("execution", "x"))
    assert await _reason(get(700)) is ErrorReason.NOT_FOUND
    smaller.cancel()
    await asyncio.gather(taken, smaller, return_exceptions=True)


async def test_a_passing_refusal_says_when_to_come_back(service: Service) -> None:
    service.executions.answer = _raises(overloaded("queue full", timedelta(seconds=3)))
    error = from_rpc_error(
        await _refused(service.stub.GetExecution(GET, metadata=service.credentials("viewer")))
    )
    assert (error.reason, error.retry_after) == (ErrorReason.OVERLOADED, timedelta(seconds=3))


async def test_a_request_that_is_too_large_is_refused(service: Service) -> None:
    large = execution.GetExecutionRequest(execution_id="x" * (5 * 1024 * 1024))
    call = service.stub.GetExecution(large, metadata=service.credentials("viewer"))
    assert await _reason(call) is ErrorReason.REQUEST_TOO_LARGE


async def test_each_call_has_an_id_that_the_caller_sees(service: Service) -> None:
    viewer = service.credentials("viewer")
    for sent, echoed in ("r-7", True), ("not an id", False):
        call = service.stub.GetExecution(GET, metadata=(*viewer, ("x-request-id", sent)))
        await call
        trailer = dict(await call.trailing_metadata())
        assert (trailer["x-request-id"] == sent) is echoed


async def test_the_principal_does_not_outlive_its_call(service: Service) -> None:
    seen: list[str] = []

    async def answer() -> execution.GetExecutionResponse:
        await asyncio.sleep(0.02)
        seen.append(current_principal().subject)
        return execution.GetExecutionResponse()

    service.executions.answer = answer
    callers = [service.credentials("viewer") for _ in range(3)]
    await asyncio.gather(*(service.stub.GetExecution(GET, metadata=c) for c in callers))
    assert len(set(seen)) == 3


async def test_calls_are_counted_and_timed(service: Service) -> None:
    labels = {"grpc_service": SERVICE, "grpc_method": "GetExecution"}

    def handled(code: str) -> float:
        sample = labels | {"grpc_code": code}
        return REGISTRY.get_sample_value("grpc_server_handled_total", sample) or 0

    def timed() -> float:
        return REGISTRY.get_sample_value("grpc_server_handling_seconds_count", labels) or 0

    before = handled("OK"), handled("UNAUTHENTICATED"), timed()
    await service.stub.GetExecution(GET, metadata=service.credentials("viewer"))
    await _refused(service.stub.GetExecution(GET))
    assert (handled("OK"), handled("UNAUTHENTICATED"), timed()) == (
        before[0] + 1,
        before[1] + 1,
        before[2] + 2,
    )


async def test_the_access_log_has_ids_but_no_payload_and_no_token(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    ((_, authorization),) = viewer = service.credentials("viewer")
    request = execution.GetExecutionRequest(execution_id="payload-7")
    await service.stub.GetExecution(request, metadata=viewer)
    log = capsys.readouterr().out
    assert f"{SERVICE}/GetExecution" in log
    assert str(service.account_id) in log
    assert "payload-7" not in log
    assert authorization.split()[1] not in log


async def test_health_and_reflection_need_no_token(service: Service) -> None:
    # Our own channels call nobody who is not well.
    async with aio.insecure_channel(service.address) as channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            health_pb2.HealthCheckRequest.SerializeToString,
            health_pb2.HealthCheckResponse.FromString,
        )
        for name in ("", SERVICE, LIVENESS):
            answer = await check(health_pb2.HealthCheckRequest(service=name))
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
        await service.server.set_serving(False)
        answer = await check(health_pb2.HealthCheckRequest())
        assert answer.status == health_pb2.HealthCheckResponse.NOT_SERVING
        answer = await check(health_pb2.HealthCheckRequest(service=LIVENESS))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING

        reflect = channel.stream_stream(
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            reflection_pb2.ServerReflectionRequest.SerializeToString,
            reflection_pb2.ServerReflectionResponse.FromString,
        )
        asked = reflection_pb2.ServerReflectionRequest(list_services="")
        (listed,) = [answer async for answer in reflect(iter([asked]))]
    names = {found.name for found in listed.list_services_response.service}
    assert names == {
        SERVICE,
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
    }


async def test_a_process_without_services_of_its_own_reports_its_health() -> None:
    server = GrpcServer(TokenVerifier(SECRET))
    async with server.running("127.0.0.1:0") as address, connect(address) as channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            health_pb2.HealthCheckRequest.SerializeToString,
            health_pb2.HealthCheckResponse.FromString,
        )
        answer = await check(health_pb2.HealthCheckRequest())
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


async def test_stopping_lets_calls_finish_and_ends_streams(service: Service) -> None:
    release = asyncio.Event()

    async def answer() -> execution.GetExecutionResponse:
        await release.wait()
        return execution.GetExecutionResponse()

    service.executions.answer, service.executions.streamed = answer, _hangs
    viewer = service.credentials("viewer")
    async with connect(service.address) as channel:
        watch = channel.unary_stream(
            "/grpc.health.v1.Health/Watch",
            health_pb2.HealthCheckRequest.SerializeToString,
            health_pb2.HealthCheckResponse.FromString,
        )
        statuses = aiter(watch(health_pb2.HealthCheckRequest(), timeout=60))
        assert (await anext(statuses)).status == health_pb2.HealthCheckResponse.SERVING
        call = asyncio.ensure_future(_consume(service.stub.GetExecution(GET, metadata=viewer)))
        stream = asyncio.ensure_future(
            _reason(service.stub.WatchExecution(WATCH, metadata=viewer, timeout=60))
        )
        await service.called(2)
        # The answers to later calls say that the server is through with beginning the earlier ones.
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            health_pb2.HealthCheckRequest.SerializeToString,
            health_pb2.HealthCheckResponse.FromString,
        )
        for _ in range(20):
            assert (await check(health_pb2.HealthCheckRequest(), timeout=60)).status
        stopping = asyncio.create_task(service.server.stop(timedelta(seconds=10)))
        assert await stream is ErrorReason.DEPENDENCY_UNAVAILABLE
        assert (await anext(statuses)).status == health_pb2.HealthCheckResponse.NOT_SERVING
        assert not stopping.done()
        release.set()
        await call
        await asyncio.wait_for(stopping, 30)


async def test_stopping_does_not_wait_for_ever(service: Service) -> None:
    service.executions.answer = _hangs
    call = asyncio.ensure_future(
        _reason(service.stub.GetExecution(GET, metadata=service.credentials("viewer"), timeout=60))
    )
    await service.called()
    await asyncio.wait_for(service.server.stop(timedelta(seconds=0.1)), 30)
    assert await call is ErrorReason.DEPENDENCY_UNAVAILABLE


async def test_a_port_that_is_taken_is_an_error(service: Service) -> None:
    other = GrpcServer(TokenVerifier(SECRET))
    with pytest.raises(OSError, match="cannot listen on"):
        await other.start(service.address)
