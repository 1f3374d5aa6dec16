"""The signed event webhook, held to the example that SendGrid's SDKs are tested with."""

import json
from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from common.event_webhook_key import event_webhook_key
from gateway.inbound import sendgrid
from gateway.inbound.signature import SignatureError
from tests.support.mutations import one_byte_off, one_character_off

KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw"
    "+2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="
)
SIGNATURE = (
    "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtE"
    "ZtM="
)
TIMESTAMP = "1600112502"
EVENT = {
    "email": "hello@world.com",
    "event": "dropped",
    "reason": "Bounced Address",
    "sg_event_id": "ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",
    "sg_message_id": "LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0",
    "smtp-id": "<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>",
    "timestamp": 1600112492,
}
BODY = json.dumps([EVENT], sort_keys=True, separators=(",", ":")).encode() + b"\r\n"


def accepts(
    body: bytes = BODY, timestamp: str = TIMESTAMP, signature: str = SIGNATURE, key: str = KEY
) -> bool:
    try:
        sendgrid.check(body, timestamp=timestamp, signature=signature, key=event_webhook_key(key))
    except SignatureError:
        return False
    return True


def test_published_example() -> None:
    assert accepts()


def test_another_key_is_refused() -> None:
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    shown = other.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert not accepts(key=b64encode(shown).decode())


def test_every_change_of_the_body_is_refused() -> None:
    for changed in one_byte_off(BODY):
        assert not accepts(changed), changed


def test_every_change_of_the_signature_is_refused() -> None:
    for changed in one_character_off(SIGNATURE):
        assert not accepts(signature=changed), changed


def test_every_change_of_the_timestamp_is_refused() -> None:
    for changed in one_character_off(TIMESTAMP):
        assert not accepts(timestamp=changed), changed


def test_the_boundary_between_timestamp_and_body_is_all_that_is_not_signed() -> None:
    assert not accepts(signature="")
    assert not accepts(timestamp="")


@pytest.mark.parametrize("text", ["", "no base64!", "AAAA"])
def test_a_key_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        event_webhook_key(text)


def test_a_key_on_another_curve_is_refused() -> None:
    key = ec.generate_private_key(ec.SECP384R1()).public_key()
    shown = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(ValueError, match="P-256"):
        event_webhook_key(b64encode(shown).decode())
