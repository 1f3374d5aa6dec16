"""SchedulerService over gRPC, in a real process."""

from collections.abc import AsyncGenerator, Awaitable, Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import UUID, uuid4

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine

from common.auth import issue_token
from common.db import create_engine
from common.errors import ErrorReason
from common.grpc.client import bearer, connect
from common.grpc.status import from_rpc_error
from common.ids import new_id
from scheduler_service.adapters.reach import in_reach
from scheduler_service.adapters.reader import PostgresTimerReader
from scheduler_service.adapters.store import PostgresTimerStore
from scheduler_service.domain.timer import TimerKind
from scheduler_service.servicer import translate
from scheduler_service.use_cases.ports import StoreUnavailableError
from tests.support.scheduler import ACCOUNT, new_timer, run_replica
from treadle.scheduler.v1 import scheduler_service_pb2 as pb
from treadle.scheduler.v1.scheduler_service_pb2_grpc import SchedulerServiceStub

LATER = datetime(2099, 1, 1, tzinfo=UTC)


@pytest.fixture
async def api(service_env: dict[str, str]) -> AsyncGenerator[SimpleNamespace]:
    """A scheduler's stubs, and tokens for it."""
    secret = SecretStr(service_env["TREADLE_JWT_SECRET"])

    def metadata(account_id: UUID = ACCOUNT, *roles: str) -> Sequence[tuple[str, str]]:
        token = issue_token(
            secret,
            subject=uuid4(),
            account_id=account_id,
            roles=roles or ("viewer",),
            ttl=timedelta(minutes=1),
        )
        return (bearer(token),)

    async with run_replica(service_env) as replica, connect(replica.address) as channel:
        yield SimpleNamespace(
            timers=SchedulerServiceStub(channel),
            health=health_pb2_grpc.HealthStub(channel),
            metadata=metadata,
            replica=replica,
        )


async def test_a_timer_is_shown(api: SimpleNamespace, store: PostgresTimerStore) -> None:
    timer = new_timer(LATER, kind=TimerKind.DELAYED_TASK)
    await store.add([timer])
    response = await api.timers.GetTimer(
        pb.GetTimerRequest(attempt_id=str(timer.attempt_id)), metadata=api.metadata()
    )
    assert response.timer.attempt_id == str(timer.attempt_id)
    assert response.timer.kind == pb.TimerKind.TIMER_KIND_DELAYED_TASK
    assert response.timer.execution_id == str(timer.execution_id)
    assert response.timer.action_execution_id == str(timer.action_execution_id)
    assert response.timer.due_at.ToDatetime(UTC) == LATER
    assert abs(response.timer.created_at.ToDatetime(UTC) - datetime.now(UTC)) < timedelta(minutes=1)


async def refused(call: Awaitable[object]) -> tuple[grpc.StatusCode, ErrorReason]:
    with pytest.raises(grpc.RpcError) as caught:
        await call
    return caught.value.code(), from_rpc_error(caught.value).reason


async def test_another_accounts_timer_is_not_there(
    api: SimpleNamespace, store: PostgresTimerStore
) -> None:
    timer = new_timer(LATER)
    await store.add([timer])
    for attempt_id, account in ((timer.attempt_id, uuid4()), (new_id(), ACCOUNT)):
        request = pb.GetTimerRequest(attempt_id=str(attempt_id))
        call = api.timers.GetTimer(request, metadata=api.metadata(account))
        assert await refused(call) == (grpc.StatusCode.NOT_FOUND, ErrorReason.NOT_FOUND)
    listed = await api.timers.ListTimers(pb.ListTimersRequest(), metadata=api.metadata(uuid4()))
    assert not listed.timers


async def test_pages_go_through_the_timers_by_instant(
    api: SimpleNamespace, store: PostgresTimerStore
) -> None:
    execution = new_id()
    timers = [
        new_timer(LATER + timedelta(seconds=number // 3), execution_id=execution)
        for number in range(7)
    ]
    others = [new_timer(LATER), new_timer(LATER, account_id=uuid4(), execution_id=execution)]
    await store.add([*timers, *others])
    wanted = sorted(timers, key=lambda timer: (timer.due_at, timer.attempt_id))
    seen: list[str] = []
    token = first_token = ""
    while True:
        page = await api.timers.ListTimers(
            pb.ListTimersRequest(execution_id=str(execution), page_size=3, page_token=token),
            metadata=api.metadata(),
        )
        seen += [timer.attempt_id for timer in page.timers]
        token = page.next_page_token
        first_token = first_token or token
        if not token:
            break
        assert len(page.timers) == 3
    assert seen == [str(timer.attempt_id) for timer in wanted]
    everything = await api.timers.ListTimers(
        pb.ListTimersRequest(page_size=200), metadata=api.metadata()
    )
    assert len(everything.timers) == 8
    assert everything.next_page_token == ""
    foreign = api.timers.ListTimers(
        pb.ListTimersRequest(page_token=first_token), metadata=api.metadata()
    )
    assert (await refused(foreign))[1] is ErrorReason.MALFORMED_REQUEST


async def test_malformed_ids_are_refused(api: SimpleNamespace) -> None:
    for call in (
        api.timers.GetTimer(pb.GetTimerRequest(attempt_id="x"), metadata=api.metadata()),
        api.timers.ListTimers(pb.ListTimersRequest(execution_id="x"), metadata=api.metadata()),
    ):
        assert await refused(call) == (
            grpc.StatusCode.INVALID_ARGUMENT,
            ErrorReason.MALFORMED_REQUEST,
        )


async def test_callers_must_be_known_and_allowed(api: SimpleNamespace) -> None:
    request = pb.ListTimersRequest()
    assert (await refused(api.timers.ListTimers(request)))[1] is ErrorReason.UNAUTHENTICATED
    stranger = api.timers.ListTimers(request, metadata=api.metadata(ACCOUNT, "nobody"))
    assert (await refused(stranger))[1] is ErrorReason.PERMISSION_DENIED


async def test_health_needs_no_token(api: SimpleNamespace) -> None:
    for service in ("", "treadle.scheduler.v1.SchedulerService"):
        answer = await api.health.Check(health_pb2.HealthCheckRequest(service=service))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    assert await api.replica.stop() == 0


async def test_row_level_security_is_a_second_wall(
    store: PostgresTimerStore, engine: AsyncEngine
) -> None:
    await store.add([new_timer(LATER), new_timer(LATER, account_id=uuid4())])
    async with engine.begin() as connection:
        await connection.execute(text("SET LOCAL ROLE treadle_scheduler_tenant"))
        await connection.execute(
            text("SELECT set_config('treadle.account_id', :account, true)"),
            {"account": str(ACCOUNT)},
        )
        seen = await connection.execute(text("SELECT account_id FROM timers"))
        assert list(seen.scalars()) == [ACCOUNT]
        with pytest.raises(DBAPIError, match="permission denied"):
            await connection.execute(text("DELETE FROM timers"))


async def test_while_the_database_is_away_or_busy_callers_are_told_to_come_back() -> None:
    nowhere = create_engine("postgresql://nobody@127.0.0.1:1/none", search_path="scheduler")
    with pytest.raises(StoreUnavailableError) as away:
        await PostgresTimerReader(nowhere).get(ACCOUNT, new_id())
    await nowhere.dispose()
    with pytest.raises(StoreUnavailableError) as busy, in_reach():
        raise PoolTimeoutError
    refusals = [translate(error) for error in (away.value, busy.value, ValueError())]
    assert [refusal and (refusal.reason, refusal.retry_after) for refusal in refusals] == [
        (ErrorReason.DEPENDENCY_UNAVAILABLE, timedelta(seconds=1)),
        (ErrorReason.OVERLOADED, timedelta(seconds=1)),
        None,
    ]
