"""Stripe-Signature, held to what Stripe's own SDK makes and takes."""

from datetime import UTC, datetime, timedelta

import pytest
import stripe as sdk

from gateway.inbound import stripe
from gateway.inbound.signature import SignatureError
from tests.support.mutations import one_byte_off, one_character_off

# The payload and the secret of the SDK's own tests.
BODY = b'{\n  "id": "evt_test_webhook",\n  "object": "event"\n}'
SECRET = "whsec_test_secret"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECONDS = int(NOW.timestamp())


def signed(body: bytes = BODY, secret: str = SECRET, at: int = SECONDS) -> str:
    return sdk.WebhookSignature.generate_signature_header(body.decode(), secret, at)


def accepts(
    body: bytes = BODY, signature: str | None = None, secret: str = SECRET, now: datetime = NOW
) -> bool:
    try:
        stripe.check(
            body,
            signature=signed() if signature is None else signature,
            secret=secret,
            now=now,
        )
    except SignatureError:
        return False
    return True


def test_what_the_sdk_signs_is_accepted() -> None:
    assert accepts()
    assert accepts(body='{"name": "Zoë"}'.encode(), signature=signed('{"name": "Zoë"}'.encode()))
    now = datetime.now(UTC)
    header = sdk.WebhookSignature.generate_signature_header(BODY.decode(), SECRET)
    assert sdk.WebhookSignature.verify_header(BODY, header, SECRET, 300)
    assert accepts(signature=header, now=now)


def test_one_good_signature_of_several_is_enough() -> None:
    good = signed().partition("v1=")[2]
    assert accepts(signature=f"t={SECONDS},v1={'0' * 64},v1={good},v0={'0' * 64}")
    assert not accepts(signature=f"t={SECONDS},v1={'0' * 64},v0={good}")


@pytest.mark.parametrize("off", [timedelta(0), timedelta(minutes=5)])
@pytest.mark.parametrize("direction", [1, -1])
def test_within_the_tolerance_is_accepted(off: timedelta, direction: int) -> None:
    assert accepts(now=NOW + direction * off)


@pytest.mark.parametrize("direction", [1, -1])
def test_beyond_the_tolerance_is_refused(direction: int) -> None:
    assert not accepts(now=NOW + direction * timedelta(minutes=5, seconds=1))


def test_every_change_of_the_body_is_refused() -> None:
    for changed in one_byte_off(BODY):
        assert not accepts(changed), changed


def test_every_change_of_the_header_is_refused() -> None:
    for changed in one_character_off(signed()):
        assert not accepts(signature=changed), changed


@pytest.mark.parametrize(
    "header",
    ["", "t=,v1=", f"t={SECONDS}", f"t={SECONDS},t={SECONDS},{signed().partition(',')[2]}", "v1=1"],
)
def test_an_odd_header_is_refused(header: str) -> None:
    assert not accepts(signature=header)


def test_another_secret_is_refused() -> None:
    assert not accepts(secret="whsec_other")
