"""webhook_call is signed by the scheme of Standard Webhooks when the account has a secret."""

import hashlib
import hmac
from base64 import b64decode
from datetime import timedelta
from typing import Any

import orjson
import pytest

from common.errors import dependency_unavailable
from common.standard_webhooks import new_secret
from tests.unit.executor_service.handlers.harness import NOON, Bench
from treadle.credential.v1.credential_pb2 import Provider, Secret, WebhookSigningSecret


def config(bench: Bench, **changes: Any) -> dict[str, Any]:
    """A configuration for the simulator's sink."""
    return {"url": f"{bench.url}/sink/crm", "method": "POST"} | changes


def sign_with(bench: Bench, secret: WebhookSigningSecret) -> None:
    """Gives every account the secret."""
    bench.credentials.secrets[Provider.PROVIDER_WEBHOOK_SIGNING] = Secret(webhook_signing=secret)


def verify(headers: dict[str, str], body: bytes, secret: str) -> bool:
    """As a receiver does, by the published description of the scheme."""
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(b64decode(secret.split("_", 1)[1]), content, hashlib.sha256).digest()
    given = [each.split(",", 1) for each in headers["webhook-signature"].split(" ")]
    return any(
        version == "v1" and hmac.compare_digest(b64decode(signature), digest)
        for version, signature in given
    )


async def test_each_attempt_is_signed_anew_under_the_same_id(bench: Bench) -> None:
    secret = new_secret()
    sign_with(bench, WebhookSigningSecret(secret=secret))
    payload = {"name": "{{ contact.last_name }}", "n": [1, None]}
    task = bench.task("webhook_call", config(bench, payload=payload))
    await bench.run(task)
    bench.clock.instant = NOON + timedelta(minutes=7)
    await bench.run(task)
    earlier, later = bench.inbox("sink")
    for request, at in ((earlier, NOON), (later, NOON + timedelta(minutes=7))):
        headers = request["details"]["headers"]
        assert headers["webhook-id"] == task.action_execution_id == headers["idempotency-key"]
        assert headers["webhook-timestamp"] == str(int(at.timestamp()))
        body = orjson.dumps({"n": [1, None], "name": "Öz <b>"})
        assert request["details"]["body"] == orjson.loads(body)
        assert verify(headers, body, secret)
        assert not verify(headers, body, new_secret())
        assert not verify(headers, body + b" ", secret)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_a_request_without_a_body_is_signed_too(bench: Bench, method: str) -> None:
    secret = new_secret()
    sign_with(bench, WebhookSigningSecret(secret=secret))
    await bench.result("webhook_call", config(bench, method=method))
    assert verify(bench.inbox("sink")[0]["details"]["headers"], b"", secret)


@pytest.mark.parametrize(("left", "both"), [(timedelta(seconds=1), True), (timedelta(0), False)])
async def test_the_secret_before_signs_beside_the_new_one_for_a_while(
    bench: Bench, left: timedelta, *, both: bool
) -> None:
    old, new = new_secret(), new_secret()
    signing = WebhookSigningSecret(secret=new, previous_secret=old)
    signing.previous_valid_until.FromDatetime(NOON + left)
    sign_with(bench, signing)
    await bench.result("webhook_call", config(bench))
    headers = bench.inbox("sink")[0]["details"]["headers"]
    assert verify(headers, b"", new)
    assert verify(headers, b"", old) is both


async def test_nobody_else_signs_in_the_account_s_name(bench: Bench) -> None:
    secret = new_secret()
    sign_with(bench, WebhookSigningSecret(secret=secret))
    forged = {"Webhook-Id": "mine", "WEBHOOK-SIGNATURE": "v1,forged", "webhook-timestamp": "1"}
    await bench.result("webhook_call", config(bench, headers=forged))
    headers = bench.inbox("sink")[0]["details"]["headers"]
    assert headers["webhook-id"] != "mine"
    assert verify(headers, b"", secret)


async def test_without_a_secret_nothing_is_signed(bench: Bench) -> None:
    await bench.result("webhook_call", config(bench))
    headers = bench.inbox("sink")[0]["details"]["headers"]
    assert not [name for name in headers if name.startswith("webhook-")]


async def test_unsigned_because_of_us_it_is_not_sent(bench: Bench) -> None:
    bench.credentials.error = dependency_unavailable("database", timedelta(seconds=1))
    result = await bench.result("webhook_call", config(bench))
    assert "the account's signing secret could not be reached" in result.deferred.reason
    assert not bench.inbox("sink")
