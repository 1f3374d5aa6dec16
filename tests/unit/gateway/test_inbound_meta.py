"""X-Hub-Signature-256 and the handshake of a subscription."""

import pytest

from gateway.inbound import meta
from gateway.inbound.signature import SignatureError
from tests.support.mutations import one_byte_off, one_character_off

# The header's published example (GitHub, "Validating webhook deliveries"); Meta shows none.
SECRET = "It's a Secret to Everybody"
BODY = b"Hello, World!"
SIGNATURE = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

# Meta's own example of a verification request.
QUERY = {
    "hub.mode": "subscribe",
    "hub.challenge": "1158201444",
    "hub.verify_token": "meatyhamhock",
}


def accepts(body: bytes = BODY, signature: str = SIGNATURE, secret: str = SECRET) -> bool:
    try:
        meta.check(body, signature=signature, app_secret=secret)
    except SignatureError:
        return False
    return True


def test_published_example() -> None:
    assert accepts()
    assert not accepts(secret="another")


def test_every_change_of_the_body_is_refused() -> None:
    for changed in one_byte_off(BODY):
        assert not accepts(changed), changed


def test_every_change_of_the_signature_is_refused() -> None:
    for changed in [*one_character_off(SIGNATURE), "", SIGNATURE.upper()]:
        assert not accepts(signature=changed), changed


def test_the_handshake_sends_the_challenge_back() -> None:
    assert meta.answer(QUERY, verify_token="meatyhamhock") == "1158201444"


@pytest.mark.parametrize(
    "changed",
    [
        {"hub.mode": "unsubscribe"},
        {"hub.mode": ""},
        {"hub.verify_token": "meatyhamhoc"},
        {"hub.verify_token": ""},
        {"hub.challenge": ""},
        {"hub.challenge": "<script>"},
        {"hub.challenge": "1" * 257},
    ],
)
def test_the_handshake_of_a_stranger_is_refused(changed: dict[str, str]) -> None:
    with pytest.raises(SignatureError):
        meta.answer(QUERY | changed, verify_token="meatyhamhock")


def test_the_handshake_needs_all_of_its_parts() -> None:
    for name in QUERY:
        with pytest.raises(SignatureError):
            meta.answer({n: v for n, v in QUERY.items() if n != name}, verify_token="meatyhamhock")
