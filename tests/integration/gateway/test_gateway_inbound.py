"""What providers post: believed when signed, handed on as it came, refused otherwise."""

import hashlib
import hmac
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import stripe
from pydantic import SecretStr, ValidationError
from twilio.request_validator import RequestValidator

from common.errors import ErrorReason, TreadleError
from common.gateway_token import gateway_token
from gateway.settings import GatewaySettings
from tests.support.gateway import ACCOUNT, SECRET, Script, client, running_gateway
from tests.support.sendgrid_key import SendGridKey
from treadle.inbound.v1 import inbound_service_pb2 as pb

PUBLIC = "https://treadle.example.com/base"
KEY = SendGridKey()
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
METHOD = "RecordProviderEvents"


@pytest.fixture(scope="module")
async def inbound_url(services: str) -> AsyncGenerator[str]:
    settings = GatewaySettings(
        listen="127.0.0.1:0",
        api_target=services,
        scheduler_target=services,
        call_timeout_seconds=60,
        stop_grace_seconds=2,
        max_inbound_bytes=2 * 1024 * 1024,
        public_url=PUBLIC,
        service_token=SecretStr(gateway_token(SECRET, timedelta(minutes=5))),
        twilio_auth_token=SecretStr("12345"),
        sendgrid_public_key=KEY.public,
        meta_app_secret=SecretStr("app"),
        meta_verify_token=SecretStr("handshake"),
        stripe_webhook_secret=SecretStr("whsec_test"),
    )
    async with running_gateway(settings) as url:
        yield url


@pytest.fixture
async def provider(inbound_url: str, script: Script) -> AsyncGenerator[httpx.AsyncClient]:
    script.on(METHOD, pb.RecordProviderEventsResponse(recorded=1))
    script.on("ResolveInboundSecrets", pb.ResolveInboundSecretsResponse())
    async with client(inbound_url) as http:
        yield http


def signed_by_twilio(path: str, form: dict[str, str]) -> dict[str, str]:
    made = RequestValidator("12345").compute_signature(PUBLIC + path, form)
    return {**FORM, "X-Twilio-Signature": made}


async def test_twilio_signs_the_public_url(provider: httpx.AsyncClient, script: Script) -> None:
    path = f"/inbound/twilio/{ACCOUNT}?step=a%2Fb&attempt=c"
    form = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+14155550100"}
    answer = await provider.post(
        path, content=urlencode(form), headers=signed_by_twilio(path, form)
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/xml")
    assert answer.text.endswith("<Response/>")
    assert script.last == pb.RecordProviderEventsRequest(
        provider=pb.PROVIDER_TWILIO,
        account_id=str(ACCOUNT),
        body=urlencode(form).encode(),
        query="step=a%2Fb&attempt=c",
        own_secret=False,
    )
    other = {"MessageSid": "SM1", "MessageStatus": "failed"}
    forged = await provider.post(
        path, content=urlencode(other), headers=signed_by_twilio(path, form)
    )
    assert forged.status_code == 403


async def test_sendgrid_posts_its_raw_bytes(provider: httpx.AsyncClient, script: Script) -> None:
    body = b'[{"event":"delivered",  "odd spacing": 1}]\r\n'
    path = f"/inbound/sendgrid/{ACCOUNT}"
    answer = await provider.post(path, content=body, headers=KEY.headers(body))
    assert answer.status_code == 200
    assert script.last.body == body
    assert script.last.provider == pb.PROVIDER_SENDGRID
    refused = await provider.post(path, content=body.strip(), headers=KEY.headers(body))
    assert refused.status_code == 403
    assert [name for name, _ in script.requests].count(METHOD) == 1


async def test_stripe_and_meta(provider: httpx.AsyncClient, script: Script) -> None:
    body = '{"id": "evt_1", "object": "event"}'
    header = stripe.WebhookSignature.generate_signature_header(body, "whsec_test")
    path = f"/inbound/stripe/{ACCOUNT}"
    answer = await provider.post(path, content=body, headers={"Stripe-Signature": header})
    assert answer.status_code == 200
    assert script.last.provider == pb.PROVIDER_STRIPE
    made = hmac.new(b"app", body.encode(), hashlib.sha256).hexdigest()
    path = f"/inbound/meta/{ACCOUNT}"
    headers = {"X-Hub-Signature-256": f"sha256={made}"}
    assert (await provider.post(path, content=body, headers=headers)).status_code == 200
    assert script.last.provider == pb.PROVIDER_META


async def test_the_handshake_of_meta(provider: httpx.AsyncClient) -> None:
    query = {
        "hub.mode": "subscribe",
        "hub.challenge": "1158201444",
        "hub.verify_token": "handshake",
    }
    path = f"/inbound/meta/{ACCOUNT}"
    answer = await provider.get(path, params=query)
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["content-type"].startswith("text/plain")
    refused = await provider.get(path, params=query | {"hub.verify_token": "guess"})
    assert refused.status_code == 403
    assert "1158201444" not in refused.text


async def test_it_is_handed_on_in_the_gateways_own_name(
    provider: httpx.AsyncClient, script: Script
) -> None:
    body = b"[]"
    headers = KEY.headers(body) | {"Authorization": "Bearer of.somebody.else"}
    await provider.post(f"/inbound/sendgrid/{ACCOUNT}", content=body, headers=headers)
    assert script.metadata[-1]["authorization"].count(".") == 2
    assert "somebody" not in script.metadata[-1]["authorization"]


@pytest.mark.parametrize("name", ["twilio", "sendgrid", "meta", "stripe"])
async def test_what_is_not_signed_is_refused_in_a_few_words(
    provider: httpx.AsyncClient, script: Script, name: str
) -> None:
    answer = await provider.post(f"/inbound/{name}/{ACCOUNT}", content=b"{}")
    assert answer.status_code == 403
    assert answer.json()["detail"] == "the signature is not valid"
    assert METHOD not in [name for name, _ in script.requests]


async def test_a_body_has_its_own_limit(provider: httpx.AsyncClient) -> None:
    path = f"/inbound/sendgrid/{ACCOUNT}"
    body = b"[" + b" " * (1024 * 1024 + 100) + b"]"
    assert (await provider.post(path, content=body)).status_code == 403
    assert (await provider.post(path, content=body * 2)).status_code == 413


async def test_a_service_out_of_reach_has_the_provider_come_again(
    provider: httpx.AsyncClient, script: Script
) -> None:
    script.on(METHOD, TreadleError(ErrorReason.DEPENDENCY_UNAVAILABLE, "away"))
    body = b"[]"
    path = f"/inbound/sendgrid/{ACCOUNT}"
    answer = await provider.post(path, content=body, headers=KEY.headers(body))
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers


@pytest.mark.parametrize(
    "path", ["/inbound/twilio", "/inbound/nobody/x", f"/inbound/nobody/{ACCOUNT}"]
)
async def test_other_addresses_take_nothing(provider: httpx.AsyncClient, path: str) -> None:
    assert (await provider.post(path, content=b"")).status_code in {400, 404, 422}


async def test_a_provider_without_a_secret_is_unknown(gateway_url: str, script: Script) -> None:
    del script
    async with client(gateway_url) as http:
        for name in ("twilio", "sendgrid", "meta", "stripe"):
            answer = await http.post(f"/inbound/{name}/{ACCOUNT}", content=b"{}")
            assert answer.status_code == 404, name
        assert (await http.get(f"/inbound/meta/{ACCOUNT}")).status_code == 404


@pytest.mark.parametrize(
    "given",
    [
        {"sendgrid_public_key": "no key"},
        {"public_url": "treadle.example.com"},
        {"twilio_auth_token": SecretStr("")},
    ],
)
def test_settings_that_cannot_work_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        GatewaySettings(**given)


async def test_twilio_is_told_what_to_do_with_whoever_answers(
    provider: httpx.AsyncClient, script: Script
) -> None:
    path = f"/inbound/twilio/{ACCOUNT}/voice?play=https%3A%2F%2Fx.example%2Fa.mp3&detect=1&step=a"
    for answered_by, verb in (("machine_end_beep", "<Play>"), ("human", "<Hangup/>")):
        form = {"CallSid": "CA1", "CallStatus": "in-progress", "AnsweredBy": answered_by}
        answer = await provider.post(
            path, content=urlencode(form), headers=signed_by_twilio(path, form)
        )
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/xml")
        assert verb in answer.text
    assert not script.requests
    # What is to be done is part of what is signed.
    other = path.replace("x.example", "y.example")
    forged = await provider.post(
        other, content=urlencode(form), headers=signed_by_twilio(path, form)
    )
    assert (forged.status_code, "y.example" in forged.text) == (403, False)


async def test_an_address_without_a_script_is_refused(provider: httpx.AsyncClient) -> None:
    path = f"/inbound/twilio/{ACCOUNT}/voice?play=http%3A%2F%2Fx.example%2Fa.mp3"
    form = {"CallSid": "CA1"}
    answer = await provider.post(
        path, content=urlencode(form), headers=signed_by_twilio(path, form)
    )
    assert answer.status_code == 400
