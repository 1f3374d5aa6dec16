"""Standard Webhooks: the example that its own libraries are tested with, and its limits."""

import hashlib
import hmac
from base64 import b64decode, b64encode
from datetime import UTC, datetime

import pytest

from common.standard_webhooks import key_of, new_secret, signed_headers

# From the tests of github.com/standard-webhooks/standard-webhooks.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = datetime.fromtimestamp(1614265330, UTC)
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_published_example() -> None:
    assert signed_headers([SECRET], MESSAGE_ID, AT, BODY) == {
        "webhook-id": MESSAGE_ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": SIGNATURE,
    }


def test_every_part_is_signed() -> None:
    others = [
        signed_headers([new_secret()], MESSAGE_ID, AT, BODY),
        signed_headers([SECRET], MESSAGE_ID + "x", AT, BODY),
        signed_headers([SECRET], MESSAGE_ID, AT.replace(second=0), BODY),
        signed_headers([SECRET], MESSAGE_ID, AT, BODY + b" "),
    ]
    signatures = {each["webhook-signature"] for each in others}
    assert len(signatures) == 4
    assert SIGNATURE not in signatures


def test_two_secrets_give_two_signatures() -> None:
    other = new_secret()
    both = signed_headers([other, SECRET], MESSAGE_ID, AT, BODY)["webhook-signature"].split(" ")
    key = b64decode(other.removeprefix("whsec_"))
    signed = f"{MESSAGE_ID}.1614265330.".encode() + BODY
    expected = b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert both == [f"v1,{expected}", SIGNATURE]


def test_new_secrets_are_new_and_usable() -> None:
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert {len(key_of(secret)) for secret in made} == {32}


@pytest.mark.parametrize("length", [24, 32, 64])
def test_usable_lengths(length: int) -> None:
    key = bytes(range(length))
    assert key_of("whsec_" + b64encode(key).decode()) == key


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_not base64 at all, but long enough",
        "whsec_" + b64encode(bytes(23)).decode(),
        "whsec_" + b64encode(bytes(65)).decode(),
        "whsec_" + b64encode(bytes(32)).decode().rstrip("="),
    ],
    ids=["empty", "prefix", "no prefix", "no base64", "too short", "too long", "no padding"],
)
def test_unusable_secrets(secret: str) -> None:
    with pytest.raises(ValueError, match="24 to 64 bytes in base64"):
        key_of(secret)
