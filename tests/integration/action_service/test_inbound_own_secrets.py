"""Accounts with credentials of their own: what their secrets sign is theirs, and nobody else's."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import orjson
import pytest
import stripe
from pydantic import SecretStr
from twilio.request_validator import RequestValidator

from common.errors import ErrorReason
from common.gateway_token import gateway_token
from gateway.inbound import account_secrets
from gateway.settings import GatewaySettings
from tests.support.action_api import SECRET, Api, Client, fields, refused
from tests.support.gateway import running_gateway
from tests.support.inbound import of_email
from tests.support.sendgrid_key import SendGridKey
from treadle.credential.v1 import credential_pb2
from treadle.credential.v1 import credential_service_pb2 as credentials
from treadle.inbound.v1 import inbound_service_pb2 as pb
from treadle.inbound.v1.inbound_service_pb2_grpc import InboundServiceStub

SHARED, OWN = SendGridKey(), SendGridKey()
PUBLIC = "https://treadle.example.com"
FORM = {"MessageSid": "SM1", "MessageStatus": "sent"}


class Post:
    """Posts as a provider does."""

    def __init__(self, http: httpx.AsyncClient, api: Api) -> None:
        self.http, self.api = http, api

    async def twilio(self, client: Client, token: str, **form: str) -> int:
        path, posted = f"/inbound/twilio/{client.account_id}", form or FORM
        made = RequestValidator(token).compute_signature(PUBLIC + path, posted)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": made,
        }
        return (await self.http.post(path, content=urlencode(posted), headers=headers)).status_code

    async def sendgrid(self, client: Client, key: SendGridKey, *events: dict[str, Any]) -> int:
        body = orjson.dumps(events or [of_email("M1", "delivered")])
        path = f"/inbound/sendgrid/{client.account_id}"
        return (await self.http.post(path, content=body, headers=key.headers(body))).status_code

    async def stripe(self, client: Client, secret: str) -> int:
        body = '{"id": "evt_1", "object": "event", "type": "charge.succeeded"}'
        header = stripe.WebhookSignature.generate_signature_header(body, secret)
        headers = {"Stripe-Signature": header}
        path = f"/inbound/stripe/{client.account_id}"
        return (await self.http.post(path, content=body, headers=headers)).status_code

    async def meta(self, client: Client, secret: str) -> int:
        body = b'{"object": "page", "entry": []}'
        made = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Hub-Signature-256": f"sha256={made}"}
        path = f"/inbound/meta/{client.account_id}"
        return (await self.http.post(path, content=body, headers=headers)).status_code


@pytest.fixture
async def post(api: Api) -> AsyncGenerator[Post]:
    """The deployment has secrets for Twilio and SendGrid, and none for the others."""
    settings = GatewaySettings(
        listen="127.0.0.1:0",
        api_target=api.address,
        scheduler_target=api.address,
        stop_grace_seconds=2,
        public_url=PUBLIC,
        service_token=SecretStr(gateway_token(SECRET, timedelta(minutes=5))),
        twilio_auth_token=SecretStr("shared"),
        sendgrid_public_key=SHARED.public,
    )
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(running_gateway(settings))
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=url, timeout=60))
        yield Post(http, api)


async def give(client: Client, name: str = "", /, **secret: Any) -> None:
    request = credentials.SetCredentialRequest(name=name, secret=credential_pb2.Secret(**secret))
    await client.credentials.SetCredential(request)


def twilio(token: str) -> dict[str, credential_pb2.TwilioSecret]:
    return {"twilio": credential_pb2.TwilioSecret(account_sid="AC1", auth_token=token)}


async def two(api: Api) -> tuple[Client, Client]:
    """Two accounts with Twilio credentials of their own."""
    one, other = await api.client(), await api.client()
    for client, token in ((one, "of-one"), (other, "of-other")):
        await give(client, **twilio(token))
    return one, other


async def test_an_account_s_token_is_good_for_its_own_address_alone(api: Api, post: Post) -> None:
    one, other = await two(api)
    assert await post.twilio(one, "of-one") == 200
    assert await post.twilio(other, "of-other") == 200
    assert await post.twilio(one, "of-other") == 403
    assert await post.twilio(other, "of-one") == 403
    without = await api.client()
    await without.workflow()
    assert await post.twilio(without, "of-one") == 403
    # What the deployment has sent for it before is signed with the deployment's.
    assert await post.twilio(one, "shared", MessageSid="SM2", MessageStatus="sent") == 200
    alone = "SELECT of_account FROM provider_events ORDER BY provider_event_id"
    owned = [row[0] for row in await api.rows(alone)]
    assert sorted(map(str, owned)) == sorted(map(str, [one.account_id, other.account_id, None]))


async def test_every_credential_of_the_account_counts(api: Api, post: Post) -> None:
    client = await api.client()
    await give(client, "first", **twilio("of-first"))
    await give(client, "second", **twilio("of-second"))
    assert await post.twilio(client, "of-first") == 200
    assert await post.twilio(client, "of-second") == 200
    assert await post.twilio(client, "of-third") == 403


async def test_a_new_secret_is_good_at_once_and_only_once_looked_for(
    api: Api, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await api.client()
    await give(client, **twilio("old"))
    assert await post.twilio(client, "old") == 200
    await give(client, **twilio("new"))
    assert await post.twilio(client, "new", MessageSid="SM3", MessageStatus="sent") == 200
    assert await post.twilio(client, "old") == 403
    asked = 0
    ask = account_secrets.AccountSecrets._ask  # pyright: ignore[reportPrivateUsage]

    async def counting(self: account_secrets.AccountSecrets, key: Any) -> Any:
        nonlocal asked
        asked += 1
        return await ask(self, key)

    monkeypatch.setattr(account_secrets.AccountSecrets, "_ask", counting)
    for _ in range(5):
        assert await post.twilio(client, "guessed") == 403
    assert asked == 0


async def test_sendgrid_verifies_with_the_account_s_own_key(api: Api, post: Post) -> None:
    client, other = await api.client(), await api.client()
    secret = credential_pb2.SendgridSecret(api_key="SG.own", webhook_public_key=OWN.public)
    await give(client, sendgrid=secret)
    await other.workflow()
    assert await post.sendgrid(client, OWN) == 200
    assert await post.sendgrid(other, OWN) == 403
    assert await post.sendgrid(other, SHARED) == 200


async def test_providers_that_the_deployment_knows_nothing_of(api: Api, post: Post) -> None:
    client, other = await api.client(), await api.client()
    await other.workflow()
    await give(
        client,
        stripe=credential_pb2.StripeSecret(secret_key="sk_test_own", webhook_secret="whsec_own"),
    )
    page = {"page_id": "10203", "access_token": "token", "app_secret": "app"}
    await give(client, facebook_page=credential_pb2.FacebookPageSecret(**page))
    assert await post.stripe(client, "whsec_own") == 200
    assert await post.stripe(client, "whsec_other") == 403
    assert await post.meta(client, "app") == 200
    assert await post.meta(client, "other") == 403
    assert await post.stripe(other, "whsec_own") == 404
    assert await post.meta(other, "app") == 404


# Of an algorithm that nobody knows, 1.2.3.
UNKNOWN_KEY = b64encode(bytes.fromhex("300a300406022a0303020001")).decode()


@pytest.mark.parametrize("key", ["none", "bm9uZQ==", UNKNOWN_KEY], ids=["text", "bytes", "unknown"])
async def test_a_key_that_is_none_is_refused(client: Client, key: str) -> None:
    secret = credential_pb2.SendgridSecret(api_key="SG.own", webhook_public_key=key)
    request = credentials.SetCredentialRequest(secret=credential_pb2.Secret(sendgrid=secret))
    error = await refused(client.credentials.SetCredential(request), ErrorReason.VALIDATION_FAILED)
    assert fields(error) == ["secret.sendgrid.webhook_public_key"]


async def test_what_one_account_signs_moves_no_other_s_message(api: Api, post: Post) -> None:
    one, other = await two(api)
    await other.workflow()
    forged = {"MessageSid": "SM9", "MessageStatus": "delivered"}
    assert await post.twilio(one, "of-one", **forged) == 200
    # The same event of whoever it is about is news still.
    assert await post.twilio(other, "of-other", **forged) == 200
    events = "SELECT of_account, kind FROM provider_events WHERE provider_message_id = 'SM9'"
    assert len(await api.rows(events)) == 2


async def test_only_the_gateway_is_told_secrets(api: Api) -> None:
    client = await api.client()
    request = pb.ResolveInboundSecretsRequest(
        account_id=str(client.account_id), provider=pb.PROVIDER_TWILIO
    )
    for role, subject in (("admin", None), ("service", "service:executor")):
        caller = await (api.client(role) if subject is None else api.client(role, subject=subject))
        await refused(
            InboundServiceStub(caller.channel).ResolveInboundSecrets(request),
            ErrorReason.PERMISSION_DENIED,
        )
