"""Whose credentials a provider is called with, seen from the provider: it takes one key only."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import orjson
import pytest
from pydantic import SecretStr

from common.catalogue import SECRET_MASK
from common.egress import EgressPolicy, GuardedClient
from common.errors import ErrorReason, TreadleError, dependency_unavailable
from devstack.simulator.app import Credentials, Simulator
from devstack.simulator.server import serving
from tests.support.egress import serve
from tests.unit.executor_service.handlers.harness import (
    ACCOUNT_SID,
    API_KEY,
    AUTH_TOKEN,
    TEMPLATE_ID,
    Bench,
    Case,
)
from treadle.credential.v1.credential_pb2 import (
    PROVIDER_SENDGRID,
    PROVIDER_STRIPE,
    PROVIDER_TWILIO,
    Provider,
    Secret,
    SendgridSecret,
    StripeSecret,
    TwilioSecret,
)

OWN_KEY = "SG.the-account-s-own"
OWN_SID = "AC" + "5" * 32
OWN_TOKEN = "the-account-s-own"
OWN_STRIPE_KEY = "sk_test_the_account_s_own"
OWN: dict[Provider, Secret] = {
    PROVIDER_STRIPE: Secret(stripe=StripeSecret(secret_key=OWN_STRIPE_KEY)),
    PROVIDER_SENDGRID: Secret(sendgrid=SendgridSecret(api_key=OWN_KEY)),
    PROVIDER_TWILIO: Secret(twilio=TwilioSecret(account_sid=OWN_SID, auth_token=OWN_TOKEN)),
}
EMAIL: dict[str, Any] = {
    "template_id": TEMPLATE_ID,
    "subject": "Hello",
    "from_name": "Bakery",
    "from_email": "bakery@example.com",
}
SMS = {"message": "Hi", "from_number": "+14155550100", "respect_quiet_hours": False}
CHARGE = {"customer_id": "cus_ada", "amount": 12.5, "currency": "EUR"}
ACTIONS = [
    pytest.param("charge_customer", "stripe", CHARGE, id="charge_customer"),
    pytest.param("send_email", "sendgrid", EMAIL, id="send_email"),
    pytest.param("send_sms", "twilio", SMS, id="send_sms"),
]
# Stripe knows a repeated request by its key.
CLAIMS = {"sendgrid": 1, "twilio": 1, "stripe": 0}
EACH = pytest.mark.parametrize(("action_type", "provider", "config"), ACTIONS)


@pytest.fixture(scope="module")
async def strict() -> AsyncGenerator[tuple[Simulator, str]]:
    """Providers that know the account's own credentials and no others."""
    stripe_key = SecretStr(OWN_STRIPE_KEY)
    own = Credentials(SecretStr(OWN_KEY), OWN_SID, SecretStr(OWN_TOKEN), stripe_key)
    simulator = Simulator(credentials=own)
    async with serving(simulator, "127.0.0.1", 0) as url:
        yield simulator, url


@pytest.fixture
async def own_bench(strict: tuple[Simulator, str]) -> AsyncGenerator[Bench]:
    """All handlers, before these providers."""
    simulator, url = strict
    simulator.inbox.clear()
    async with GuardedClient(EgressPolicy(allow_loopback=True)) as egress:
        yield Bench(simulator, url, egress)


@EACH
async def test_the_account_s_own_are_used_when_there_are_any(
    own_bench: Bench, action_type: str, provider: str, config: dict[str, Any]
) -> None:
    own_bench.credentials.secrets = dict(OWN)
    await own_bench.check(
        action_type, provider, Case("own", config, sent=1, claims=CLAIMS[provider])
    )
    assert not own_bench.credentials.not_taken
    if provider == "twilio":
        (message,) = own_bench.inbox(provider)
        assert message["details"]["account_sid"] == OWN_SID


@EACH
async def test_they_are_used_where_the_deployment_has_none(
    own_bench: Bench, action_type: str, provider: str, config: dict[str, Any]
) -> None:
    own_bench.use(provider_url=own_bench.url, credentials=False)
    own_bench.credentials.secrets = dict(OWN)
    await own_bench.check(action_type, provider, Case("own", config, sent=1))


@EACH
async def test_the_deployment_s_are_used_when_the_account_has_none(
    bench: Bench, action_type: str, provider: str, config: dict[str, Any]
) -> None:
    await bench.check(action_type, provider, Case("shared", config, sent=1))
    if provider == "twilio":
        assert bench.inbox(provider)[0]["details"]["account_sid"] == ACCOUNT_SID


@EACH
async def test_refused_ones_fail_the_step_and_are_asked_for_anew(
    own_bench: Bench, action_type: str, provider: str, config: dict[str, Any]
) -> None:
    # Those of the deployment: known to nobody here.
    own_bench.credentials.secrets = {
        PROVIDER_SENDGRID: Secret(sendgrid=SendgridSecret(api_key=API_KEY)),
        PROVIDER_TWILIO: Secret(
            twilio=TwilioSecret(account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN)
        ),
        PROVIDER_STRIPE: Secret(stripe=StripeSecret(secret_key=API_KEY)),
    }
    refused = Case("refused", config, outcome="failed", error="authentication", sent=0)
    result = await own_bench.check(action_type, provider, refused)
    assert AUTH_TOKEN not in str(result)
    assert API_KEY not in str(result)
    assert len(own_bench.credentials.not_taken) == 1
    # The account replaces it: a new key, a new client.
    own_bench.credentials.secrets = dict(OWN)
    await own_bench.check(action_type, provider, Case("replaced", config, sent=1))


@EACH
@pytest.mark.parametrize(
    ("error", "outcome", "error_class"),
    [
        (dependency_unavailable("api", timedelta(seconds=1)), "deferred", ""),
        (TimeoutError(), "deferred", ""),
        (TreadleError(ErrorReason.INTERNAL, "cannot open"), "failed", "service_unavailable"),
    ],
)
async def test_when_they_cannot_be_had_nothing_is_sent_with_others(
    bench: Bench,
    action_type: str,
    provider: str,
    config: dict[str, Any],
    error: Exception,
    outcome: str,
    error_class: str,
) -> None:
    bench.credentials.error = error
    case = Case(
        "out of reach",
        config,
        outcome=outcome,
        error=error_class,
        message="the account's credentials could not be",
        sent=0,
        claims=0,
    )
    await bench.check(action_type, provider, case)


@EACH
async def test_a_refusal_that_repeats_them_is_masked(
    bench: Bench, action_type: str, provider: str, config: dict[str, Any]
) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Says what it was called with, and what its basic credentials are."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        said = f"{OWN_KEY} {OWN_TOKEN} {OWN_STRIPE_KEY} are wrong: {head}"
        told = {"message": said, "code": 1}
        body = orjson.dumps({"errors": [told], "error": {"message": said}, **told})
        length = b"Content-Length: %d\r\n\r\n" % len(body)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n" + length + body)
        await writer.drain()

    bench.credentials.secrets = dict(OWN)
    async with serve(refuse) as port:
        bench.use(provider_url=f"http://127.0.0.1:{port}")
        result = await bench.result(action_type, config)
    own = {"sendgrid": OWN_KEY, "twilio": OWN_TOKEN, "stripe": OWN_STRIPE_KEY}[provider]
    assert SECRET_MASK in result.failed.message
    assert own not in result.failed.message
    assert b64encode(f"{OWN_SID}:{own}".encode()).decode()[:-4] not in result.failed.message
