"""Permits over gRPC: gathered, kept ready for a moment, and made here while nobody answers."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import grpc
import pytest
from pydantic import SecretStr

from common.auth import TokenVerifier
from common.clock import SYSTEM_CLOCK
from common.errors import dependency_unavailable
from common.grpc.client import ServiceTokens, connect
from common.grpc.server import GrpcServer
from common.ids import new_id
from executor_service.adapters.traffic import (
    ALONE_FAILURES,
    ALONE_PAUSE,
    MAX_REQUESTS,
    TrafficClient,
)
from executor_service.domain.health import NOT_CALLED, WELL, Health, Verdict
from executor_service.domain.outcome import Deferred, Hold, HoldCause
from executor_service.ports import Permit
from treadle.traffic.v1.traffic_service_pb2 import (
    HOLD_REASON_FAILING,
    AcquirePermitsRequest,
    AcquirePermitsResponse,
    PermitAnswer,
    PermitRequest,
)
from treadle.traffic.v1.traffic_service_pb2_grpc import (
    TrafficServiceServicer,
    add_TrafficServiceServicer_to_server,
)

SECRET = SecretStr("unit-" + "x" * 40)
ACCOUNT = str(new_id())
LATER = datetime(2030, 1, 1, tzinfo=UTC)
DOWN = Verdict(Health.UNWELL, "service_unavailable")


class Traffic(TrafficServiceServicer):
    """Grants what `answer` says, which is everything."""

    def __init__(self) -> None:
        self.calls: list[list[PermitRequest]] = []
        self.answer: Callable[[PermitRequest], PermitAnswer] = granting()
        self.gate = asyncio.Event()
        self.gate.set()
        self.called = asyncio.Event()
        self.away = False

    async def AcquirePermits(  # noqa: N802 - the RPC's name
        self, request: AcquirePermitsRequest, context: grpc.ServicerContext
    ) -> AcquirePermitsResponse:
        self.calls.append(list(request.requests))
        self.called.set()
        await self.gate.wait()
        if self.away:
            raise dependency_unavailable("database", timedelta(seconds=1))
        return AcquirePermitsResponse(answers=[self.answer(each) for each in request.requests])

    @property
    def outcomes(self) -> list[tuple[str, int, int, int, int, int]]:
        """What was told: the peer, the epoch, successes, failures, throttled, unused."""
        return [
            (each.peer, o.epoch, o.successes, o.failures, o.throttled, o.unused)
            for call in self.calls
            for each in call
            for o in each.outcomes
        ]


def granting(
    most: int = 10**6, *, epoch: int = 7, lease: float = 60
) -> Callable[[PermitRequest], PermitAnswer]:
    def answer(request: PermitRequest) -> PermitAnswer:
        message = PermitAnswer(granted=min(most, request.waiting + request.ahead), epoch=epoch)
        message.lease.FromTimedelta(timedelta(seconds=lease))
        if message.granted < request.waiting:
            message.reason = HOLD_REASON_FAILING
            message.message = "Twilio is failing"
            message.per_second = 20
            message.not_before.FromDatetime(LATER)
            message.spacing.FromTimedelta(timedelta(seconds=1))
        return message

    return answer


@pytest.fixture
def traffic() -> Traffic:
    return Traffic()  # pyright: ignore[reportAbstractUsage] - no other RPC is called


@asynccontextmanager
async def served(*services: Traffic) -> AsyncGenerator[TrafficClient]:
    server = GrpcServer(TokenVerifier(SECRET))
    for service in services:
        server.add(add_TrafficServiceServicer_to_server, service)
    tokens = ServiceTokens(SECRET, "executor")
    async with (
        server.running("127.0.0.1:0", grace=timedelta(0)) as address,
        connect(address, token=tokens.token) as channel,
    ):
        client = TrafficClient(channel, SYSTEM_CLOCK)
        yield client
        await client.aclose()


@pytest.fixture
async def client(traffic: Traffic) -> AsyncGenerator[TrafficClient]:
    async with served(traffic) as made:
        yield made


async def permit(client: TrafficClient, peer: str = "twilio") -> Permit:
    found = await client.get(ACCOUNT, peer)
    assert isinstance(found, Permit), found
    return found


async def held(client: TrafficClient, peer: str = "twilio") -> Deferred:
    found = await client.get(ACCOUNT, peer)
    assert isinstance(found, Deferred), found
    return found


async def test_a_permit_carries_its_epoch(client: TrafficClient, traffic: Traffic) -> None:
    assert await permit(client) == Permit(ACCOUNT, "twilio", 7)
    ((request,),) = traffic.calls
    assert (request.account_id, request.peer, request.waiting) == (ACCOUNT, "twilio", 1)
    assert request.ahead == 0


async def test_wishes_gather_while_a_call_is_under_way(
    client: TrafficClient, traffic: Traffic
) -> None:
    traffic.gate.clear()
    first = asyncio.create_task(permit(client))
    await traffic.called.wait()
    rest = [asyncio.create_task(permit(client)) for _ in range(50)]
    other = asyncio.create_task(permit(client, "stripe"))
    await asyncio.sleep(0)
    traffic.gate.set()
    await asyncio.gather(first, *rest, other)
    assert [[(r.peer, r.waiting) for r in call] for call in traffic.calls] == [
        [("twilio", 1)],
        [("twilio", 50), ("stripe", 1)],
    ]


async def test_at_full_speed_a_call_is_made_for_hundreds_of_permits(
    client: TrafficClient, traffic: Traffic
) -> None:
    for _ in range(2_000):
        await permit(client)
    assert len(traffic.calls) < 20


async def test_what_is_kept_ready_is_good_for_its_lease_only(
    client: TrafficClient, traffic: Traffic
) -> None:
    traffic.answer = granting(lease=0)
    for _ in range(5):
        await permit(client)
    assert len(traffic.calls) == 5


async def test_who_is_held_is_told_when_to_come_each_at_another_instant(
    client: TrafficClient, traffic: Traffic
) -> None:
    traffic.answer = granting(2)
    found = await asyncio.gather(*(client.get(ACCOUNT, "twilio") for _ in range(5)))
    assert [type(each) for each in found] == [Permit] * 2 + [Deferred] * 3
    assert found[2:] == [
        Deferred(
            LATER + timedelta(seconds=place),
            "Twilio is failing",
            Hold(HoldCause.CIRCUIT_OPEN, "twilio", per_second=20),
        )
        for place in range(3)
    ]


async def test_who_gave_up_waiting_leaves_the_others_alone(
    client: TrafficClient, traffic: Traffic
) -> None:
    traffic.gate.clear()
    one, other = asyncio.create_task(permit(client)), asyncio.create_task(permit(client))
    await traffic.called.wait()
    one.cancel()
    traffic.gate.set()
    assert (await other).epoch == 7


async def test_outcomes_are_told_by_their_epoch(client: TrafficClient, traffic: Traffic) -> None:
    first, second = await permit(client), await permit(client)
    traffic.answer = granting(epoch=8)
    third = Permit(ACCOUNT, "twilio", 8)
    client.settle(first, WELL)
    client.settle(second, DOWN)
    client.settle(third, Verdict(Health.CROWDED, "rate_limit", timedelta(seconds=30)))
    client.settle(third, Verdict(Health.CROWDED, "rate_limit", timedelta(seconds=3)))
    client.settle(third, NOT_CALLED)
    await client.aclose()
    assert sorted(traffic.outcomes) == [("twilio", 7, 1, 1, 0, 0), ("twilio", 8, 0, 0, 2, 1)]
    last = traffic.calls[-1][0]
    assert (last.waiting, last.ahead) == (0, 0)
    told = {each.epoch: each for each in last.outcomes}
    assert told[7].last_error == "service_unavailable"
    assert told[8].retry_after.ToTimedelta() == timedelta(seconds=30)


async def test_outcomes_are_told_within_a_moment_by_themselves(
    client: TrafficClient, traffic: Traffic
) -> None:
    client.settle(await permit(client), WELL)
    traffic.called.clear()
    async with asyncio.timeout(60):
        await traffic.called.wait()
    assert traffic.outcomes == [("twilio", 7, 1, 0, 0, 0)]


async def test_many_keys_go_in_several_calls(client: TrafficClient, traffic: Traffic) -> None:
    keys = [str(new_id()) for _ in range(MAX_REQUESTS + 1)]
    await asyncio.gather(*(client.get(key, "twilio") for key in keys))
    assert [len(call) for call in traffic.calls] == [MAX_REQUESTS, 1]


async def test_while_the_service_is_away_calls_are_made_all_the_same(
    client: TrafficClient, traffic: Traffic
) -> None:
    traffic.away = True
    for _ in range(20):
        client.settle(await permit(client), WELL)
    # Of calls that it did not permit the service is not told.
    await client.aclose()
    assert traffic.outcomes == []
    assert len(traffic.calls) < 5


async def test_a_service_of_the_release_before_stops_nobody() -> None:
    async with served() as client:
        await permit(client)


async def test_outcomes_wait_until_the_service_is_back(
    client: TrafficClient, traffic: Traffic
) -> None:
    client.settle(await permit(client), DOWN)
    traffic.away = True
    await client.aclose()
    traffic.away = False
    await client.aclose()
    assert traffic.outcomes == [("twilio", 7, 0, 1, 0, 0)] * 2


async def test_alone_failures_in_a_row_stop_calls_for_a_moment(
    client: TrafficClient, traffic: Traffic
) -> None:
    traffic.away = True
    for number in range(3 * ALONE_FAILURES):
        client.settle(await permit(client), WELL if number % 3 == 0 else DOWN)
    for _ in range(ALONE_FAILURES - 2):
        client.settle(await permit(client), DOWN)
    before = SYSTEM_CLOCK.now()
    found = await held(client)
    assert before < found.not_before <= SYSTEM_CLOCK.now() + 2 * ALONE_PAUSE
    assert "failing" in found.reason
    # Others go on, and the service has the last word once it is back.
    await permit(client, "stripe")
    traffic.away = False
    await permit(client)


async def test_a_pause_that_the_service_ordered_holds_while_it_is_away(
    client: TrafficClient, traffic: Traffic
) -> None:
    traffic.answer = granting(0)
    await held(client)
    traffic.away = True
    found = await held(client)
    assert found.not_before >= LATER
    assert found.reason == "Twilio is failing"
