"""From a provider's signed request at the gateway to the rows and events behind the service."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from datetime import timedelta

import httpx
import orjson
import pytest
from pydantic import SecretStr

from common.errors import ErrorReason
from common.gateway_token import gateway_token
from common.ids import new_id_text
from gateway.settings import GatewaySettings
from tests.support.action_api import SECRET, Api, Client, refused
from tests.support.gateway import running_gateway
from tests.support.inbound import of_email
from tests.support.sendgrid_key import SendGridKey
from treadle.inbound.v1 import inbound_service_pb2 as pb
from treadle.inbound.v1.inbound_service_pb2_grpc import InboundServiceStub

KEY = SendGridKey()


@pytest.fixture
async def provider(api: Api) -> AsyncGenerator[httpx.AsyncClient]:
    settings = GatewaySettings(
        listen="127.0.0.1:0",
        api_target=api.address,
        scheduler_target=api.address,
        stop_grace_seconds=2,
        service_token=SecretStr(gateway_token(SECRET, timedelta(minutes=5))),
        sendgrid_public_key=KEY.public,
    )
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(running_gateway(settings))
        yield await stack.enter_async_context(httpx.AsyncClient(base_url=url, timeout=60))


async def test_a_request_of_five_thousand_events_is_answered_before_they_are_applied(
    api: Api, client: Client, provider: httpx.AsyncClient
) -> None:
    await client.workflow()
    path = f"/inbound/sendgrid/{client.account_id}"
    body = orjson.dumps([of_email(f"M{number}", "delivered") for number in range(5000)])
    for _ in range(2):
        answer = await provider.post(path, content=body, headers=KEY.headers(body))
        assert answer.status_code == 200, answer.text
        counted = await api.rows(
            "SELECT count(*), count(applied_at) FROM provider_events WHERE account_id = :id",
            id=client.account_id,
        )
        assert counted == [(5000, 0)]


async def test_an_account_that_is_none_is_not_found(
    api: Api, client: Client, provider: httpx.AsyncClient
) -> None:
    del api, client
    body = orjson.dumps([of_email("M0", "delivered")])
    path = f"/inbound/sendgrid/{new_id_text()}"
    assert (await provider.post(path, content=body, headers=KEY.headers(body))).status_code == 404


async def test_a_body_that_is_none_is_malformed(
    api: Api, client: Client, provider: httpx.AsyncClient
) -> None:
    del api
    path = f"/inbound/sendgrid/{client.account_id}"
    assert (await provider.post(path, content=b"{", headers=KEY.headers(b"{"))).status_code == 400


async def test_people_and_other_services_may_not_say_what_providers_do(api: Api) -> None:
    request = pb.RecordProviderEventsRequest(provider=pb.PROVIDER_STRIPE, body=b'{"id": "evt_1"}')
    for role, subject in (("admin", None), ("service", "service:executor")):
        caller = await (api.client(role) if subject is None else api.client(role, subject=subject))
        await refused(
            InboundServiceStub(caller.channel).RecordProviderEvents(request),
            ErrorReason.PERMISSION_DENIED,
        )
