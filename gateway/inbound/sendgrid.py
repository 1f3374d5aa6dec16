"""SendGrid's signed event webhook: ECDSA on P-256 over the timestamp and the raw bytes.

Source: SendGrid's "Event Webhook security features", and the verifier of its own SDK.
"""

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from gateway.inbound.signature import SignatureError, base64_bytes

SIGNATURE: Final = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP: Final = "X-Twilio-Email-Event-Webhook-Timestamp"


def check(body: bytes, *, timestamp: str, signature: str, key: EllipticCurvePublicKey) -> None:
    """Raises SignatureError unless SendGrid signed `body` at `timestamp`."""
    try:
        key.verify(base64_bytes(signature), timestamp.encode() + body, ECDSA(SHA256()))
    except InvalidSignature:
        raise SignatureError("the signature is another one") from None
