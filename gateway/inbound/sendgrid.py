"""SendGrid's signed event webhook: ECDSA on P-256 over the timestamp and the raw bytes.

Source: SendGrid's "Event Webhook security features", and the verifier of its own SDK.
"""

from base64 import b64decode
from binascii import Error
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from gateway.inbound.signature import SignatureError, base64_bytes

SIGNATURE: Final = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP: Final = "X-Twilio-Email-Event-Webhook-Timestamp"


def public_key(text: str) -> EllipticCurvePublicKey:
    """The key as SendGrid's settings show it: Base64 of DER. Raises ValueError for any other."""
    try:
        key = load_der_public_key(b64decode(text, validate=True))
    except Error:
        raise ValueError("must be Base64") from None
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise ValueError("must be a key on the curve P-256")  # noqa: TRY004 - a setting's value
    return key


def check(body: bytes, *, timestamp: str, signature: str, key: EllipticCurvePublicKey) -> None:
    """Raises SignatureError unless SendGrid signed `body` at `timestamp`."""
    try:
        key.verify(base64_bytes(signature), timestamp.encode() + body, ECDSA(SHA256()))
    except InvalidSignature:
        raise SignatureError("the signature is another one") from None
