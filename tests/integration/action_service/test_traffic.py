"""Permits over gRPC: one state for all executors, limits of accounts, and what people see of it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from grpc import aio
from prometheus_client import REGISTRY

from action_service.adapters.traffic_upkeep import forget_circuits, show_circuits
from action_service.domain.traffic import CircuitRules
from action_service.use_cases.traffic import Policy
from common.auth import SERVICE_ROLE, issue_token
from common.errors import ErrorReason
from common.grpc.client import connect
from tests.support.action_api import SECRET, Api, Client, fields, refused, running_api
from treadle.traffic.v1 import traffic_pb2
from treadle.traffic.v1 import traffic_service_pb2 as pb
from treadle.traffic.v1 import traffic_service_pb2_grpc as traffic_grpc

POLICY = Policy(
    {"twilio": 10, "stripe": 1_000, "webhook": 5},
    CircuitRules(min_calls=4, open_for=timedelta(seconds=100)),
)
OPEN, CLOSED = traffic_pb2.CIRCUIT_STATE_OPEN, traffic_pb2.CIRCUIT_STATE_CLOSED
HALF_OPEN = traffic_pb2.CIRCUIT_STATE_HALF_OPEN


@pytest.fixture
async def api(database_url: str) -> AsyncGenerator[Api]:
    async with running_api(database_url, policy=POLICY) as running:
        yield running


@pytest.fixture
async def client(api: Api) -> Client:
    """An admin whose account is stored."""
    made = await api.client()
    await made.contact(email="ann@example.com")
    return made


@asynccontextmanager
async def executor(api: Api) -> AsyncGenerator["traffic_grpc.TrafficServiceAsyncStub"]:
    token = issue_token(
        SECRET,
        subject="service:executor",
        account_id=None,
        roles=(SERVICE_ROLE,),
        ttl=timedelta(minutes=1),
    )
    async with connect(api.address, token=lambda: token) as channel:
        yield traffic_grpc.TrafficServiceStub(channel)


def wish(client: Client, peer: str = "twilio", **what: Any) -> pb.PermitRequest:
    return pb.PermitRequest(account_id=str(client.account_id), peer=peer, **what)


async def ask(
    stub: "traffic_grpc.TrafficServiceAsyncStub", *wishes: pb.PermitRequest
) -> list[pb.PermitAnswer]:
    return list((await stub.AcquirePermits(pb.AcquirePermitsRequest(requests=wishes))).answers)


async def told(
    stub: "traffic_grpc.TrafficServiceAsyncStub",
    client: Client,
    peer: str = "twilio",
    **outcomes: Any,
) -> pb.PermitAnswer:
    """Asks for one permit, and tells what became of that many calls before."""
    (before,) = await ask(stub, wish(client, peer))
    report = pb.Outcomes(epoch=before.epoch, **outcomes)
    (answer,) = await ask(stub, wish(client, peer, waiting=1, outcomes=[report]))
    return answer


async def seen(client: Client, peer: str = "twilio") -> traffic_pb2.Provider:
    response = await client.traffic.ListProviders(pb.ListProvidersRequest())
    (found,) = [each for each in response.providers if each.peer == peer]
    return found


async def test_the_fleet_shares_one_limit(api: Api, client: Client) -> None:
    async with executor(api) as one, executor(api) as other:
        answers = await asyncio.gather(
            *(ask(stub, wish(client, waiting=4)) for stub in (one, other) * 3)
        )
    granted = [answer.granted for (answer,) in answers]
    # Transactions go by their own beginning, which may cost one; and the time that they take may
    # have brought some more.
    assert 9 <= sum(granted) <= 14
    held = [answer for (answer,) in answers if answer.granted < 4]
    assert {answer.reason for answer in held} == {pb.HOLD_REASON_LIMITED}
    assert {answer.message for answer in held} == {
        "limit of 10 calls a second to Twilio for this account"
    }
    assert len({answer.not_before.ToJsonString() for answer in held}) == len(held)


async def test_accounts_and_peers_have_limits_of_their_own(api: Api, client: Client) -> None:
    stranger = await api.client()
    await stranger.contact(email="bob@example.com")
    async with executor(api) as stub:
        answers = await ask(
            stub,
            wish(client, waiting=11),
            wish(client, "stripe", waiting=11),
            wish(client, "webhook:a.example.com", waiting=11),
            wish(client, "webhook:b.example.com", waiting=11),
            wish(client, "sendgrid", waiting=20_000),
            wish(stranger, waiting=11),
        )
    assert [answer.granted for answer in answers] == [10, 11, 5, 5, 20_000, 10]


async def test_an_account_that_is_not_there_holds_up_nobody(api: Api, client: Client) -> None:
    nobody = pb.PermitRequest(account_id=str(uuid4()), peer="twilio", waiting=2)
    async with executor(api) as stub:
        for _ in range(2):
            answers = await ask(stub, nobody, wish(client, "stripe", waiting=1))
            assert [answer.granted for answer in answers] == [2, 1]
    assert await api.rows("SELECT peer FROM provider_circuits") == [("stripe",)]


async def test_a_failing_provider_is_left_alone_by_everybody(api: Api, client: Client) -> None:
    async with executor(api) as one, executor(api) as other:
        answer = await told(one, client, failures=4, last_error="network_timeout")
        assert (answer.granted, answer.reason) == (0, pb.HOLD_REASON_FAILING)
        assert answer.message.startswith("Twilio is failing: calls are paused until ")
        (answer,) = await ask(other, wish(client, waiting=1))
        assert (answer.granted, answer.reason) == (0, pb.HOLD_REASON_FAILING)
        (answer,) = await ask(other, wish(client, "stripe", waiting=1))
        assert answer.granted == 1
    provider = await seen(client)
    assert (provider.state, provider.trips) == (OPEN, 1)
    assert provider.last_error == "network_timeout"
    assert provider.open_until.ToDatetime() - provider.changed_at.ToDatetime() == timedelta(
        seconds=100
    )


async def test_probes_close_the_circuit_again(api: Api, client: Client) -> None:
    async with executor(api) as stub:
        await told(stub, client, failures=4)
        await api.execute("UPDATE provider_circuits SET open_until = now()")
        (answer,) = await ask(stub, wish(client, waiting=5))
        assert (answer.granted, answer.reason) == (3, pb.HOLD_REASON_PROBING)
        assert (await seen(client)).state == HALF_OPEN
        report = pb.Outcomes(epoch=answer.epoch, successes=3)
        (answer,) = await ask(stub, wish(client, waiting=5, outcomes=[report]))
        assert answer.granted == 5
    assert (await seen(client)).state == CLOSED


async def test_the_pause_that_a_provider_asks_for_is_everybodys(api: Api, client: Client) -> None:
    async with executor(api) as stub:
        report = pb.Outcomes(epoch=0, throttled=1)
        report.retry_after.FromTimedelta(timedelta(minutes=1))
        (answer,) = await ask(stub, wish(client, waiting=1, outcomes=[report]))
    assert (answer.granted, answer.reason) == (0, pb.HOLD_REASON_PAUSED)
    assert "has asked for fewer calls" in answer.message
    provider = await seen(client)
    assert provider.state == CLOSED
    assert provider.HasField("paused_until")


async def test_people_see_providers_and_the_hosts_that_were_called(
    api: Api, client: Client
) -> None:
    async with executor(api) as stub:
        hook = "webhook:crm.example.com"
        await told(stub, client, hook, successes=3, failures=1, last_error="service_unavailable")
    response = await client.traffic.ListProviders(pb.ListProvidersRequest())
    assert [each.peer for each in response.providers] == [
        "sendgrid",
        "twilio",
        "twilio_voice",
        "facebook",
        "stripe",
        hook,
    ]
    last = response.providers[-1]
    assert (last.label, last.state, last.successes, last.failures, last.last_error) == (
        "crm.example.com",
        CLOSED,
        3,
        1,
        "service_unavailable",
    )
    assert (last.limit.per_second, last.limit.burst, last.limit.own) == (5, 5, False)
    assert response.providers[0].limit.per_second == 0
    stranger = await api.client()
    assert len((await stranger.traffic.ListProviders(pb.ListProvidersRequest())).providers) == 5


async def test_an_admin_sets_a_limit_and_takes_it_back(api: Api, client: Client) -> None:
    request = pb.SetProviderLimitRequest(peer="twilio", per_second=3)
    limit = (await client.traffic.SetProviderLimit(request)).provider.limit
    assert (limit.per_second, limit.burst, limit.own) == (3, 3, True)
    async with executor(api) as stub:
        (answer,) = await ask(stub, wish(client, waiting=10))
        assert answer.granted == 3
        request = pb.SetProviderLimitRequest(peer="twilio", per_second=3, burst=100)
        await client.traffic.SetProviderLimit(request)
        (answer,) = await ask(stub, wish(client, waiting=10))
        assert answer.granted == 10
        request = pb.SetProviderLimitRequest(peer="twilio", per_second=0)
        await client.traffic.SetProviderLimit(request)
        (answer,) = await ask(stub, wish(client, waiting=1_000))
        assert answer.granted == 1_000
    clear = pb.ClearProviderLimitRequest(peer="twilio")
    limit = (await client.traffic.ClearProviderLimit(clear)).provider.limit
    assert (limit.per_second, limit.own) == (10, False)
    await refused(client.traffic.ClearProviderLimit(clear), ErrorReason.NOT_FOUND)
    rows = await api.rows(
        "SELECT operation, before->>'per_second', after->>'per_second' FROM audit_log"
        " WHERE entity_type = 'provider_limit' ORDER BY id"
    )
    assert rows == [
        ("provider_limit.set", None, "3"),
        ("provider_limit.set", "3", "3"),
        ("provider_limit.set", "3", "0"),
        ("provider_limit.cleared", "0", None),
    ]


async def test_an_operator_closes_a_circuit(api: Api, client: Client) -> None:
    operator = await api.client("operator", account_id=client.account_id)
    async with executor(api) as stub:
        await told(stub, client, failures=4)
        request = pb.ResetProviderRequest(peer="twilio")
        assert (await operator.traffic.ResetProvider(request)).provider.state == CLOSED
        (answer,) = await ask(stub, wish(client, waiting=1))
        assert answer.granted == 1
    rows = await api.rows(
        "SELECT operation, actor, before->>'state', after->>'state', before->>'peer'"
        " FROM audit_log WHERE entity_type = 'provider_circuit'"
    )
    assert rows == [
        ("provider_circuit.reset", f"user:{operator.subject}", "open", "closed", "twilio")
    ]


@pytest.mark.parametrize("role", ["viewer", "editor", "operator"])
async def test_limits_are_an_admins(api: Api, client: Client, role: str) -> None:
    other = await api.client(role, account_id=client.account_id)
    request = pb.SetProviderLimitRequest(peer="twilio", per_second=3)
    await refused(other.traffic.SetProviderLimit(request), ErrorReason.PERMISSION_DENIED)
    await other.traffic.ListProviders(pb.ListProvidersRequest())


async def test_permits_are_for_services(client: Client) -> None:
    request = pb.AcquirePermitsRequest(requests=[wish(client, waiting=1)])
    await refused(client.traffic.AcquirePermits(request), ErrorReason.PERMISSION_DENIED)


@pytest.mark.parametrize(
    ("peer", "per_second", "burst", "field"),
    [
        ("pigeon", 1, 1, "peer"),
        ("webhook:", 1, 1, "peer"),
        ("webhook:Crm.Example.Com", 1, 1, "peer"),
        ("twilio", -1, 0, "per_second"),
        ("twilio", 100_001, 0, "per_second"),
        ("twilio", 1, -1, "burst"),
    ],
)
async def test_a_limit_that_makes_no_sense(
    client: Client, peer: str, per_second: int, burst: int, field: str
) -> None:
    request = pb.SetProviderLimitRequest(peer=peer, per_second=per_second, burst=burst)
    reason = ErrorReason.MALFORMED_REQUEST if field == "peer" else ErrorReason.VALIDATION_FAILED
    error = await refused(client.traffic.SetProviderLimit(request), reason)
    assert fields(error) == [field]


async def test_wishes_that_make_no_sense(api: Api, client: Client) -> None:
    async with executor(api) as stub:
        for wishes in ([], [wish(client), wish(client)], [wish(client)] * 501):
            await refused(ask(stub, *wishes), ErrorReason.VALIDATION_FAILED)
        for bad in (wish(client, "pigeon"), wish(client, waiting=-1), pb.PermitRequest()):
            await refused(ask(stub, bad), ErrorReason.MALFORMED_REQUEST)


async def test_what_the_gauge_shows_and_what_is_forgotten(api: Api, client: Client) -> None:
    async with executor(api) as stub:
        await told(stub, client, failures=4)
        await told(stub, client, "webhook:a.example.com", failures=4)
        await told(stub, client, "webhook:b.example.com", failures=4)
        await told(stub, client, "stripe", successes=4)
    await show_circuits(api.db)

    def shown(provider: str) -> float | None:
        labels = {"provider": provider, "state": "open"}
        return REGISTRY.get_sample_value("treadle_provider_circuits", labels)

    assert [shown(each) for each in ("twilio", "webhook", "stripe")] == [1, 2, 0]
    assert await forget_circuits(api.db) == 0
    await api.execute("UPDATE provider_circuits SET updated_at = now() - interval '2 days'")
    assert await forget_circuits(api.db) == 1
    assert await api.rows("SELECT count(*) FROM provider_circuits") == [(3,)]


async def test_executors_that_ask_for_the_same_in_any_order_do_not_block_each_other(
    api: Api, client: Client
) -> None:
    peers = [f"webhook:h{number}.example.com" for number in range(40)]
    async with executor(api) as one, executor(api) as other:

        async def ask_often(stub: "traffic_grpc.TrafficServiceAsyncStub", order: list[str]) -> None:
            for _ in range(10):
                await ask(stub, *(wish(client, peer, waiting=1) for peer in order))

        try:
            await asyncio.gather(ask_often(one, peers), ask_often(other, peers[::-1]))
        except aio.AioRpcError as error:
            raise AssertionError(error.details()) from error
    assert await api.rows("SELECT count(*) FROM provider_circuits") == [(len(peers),)]
