"""The key that verifies SendGrid's signed event webhook: no secret, and of one kind only."""

from base64 import b64decode
from binascii import Error

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key


def event_webhook_key(text: str) -> EllipticCurvePublicKey:
    """The key as SendGrid's settings show it: Base64 of DER. Raises ValueError for any other."""
    try:
        key = load_der_public_key(b64decode(text, validate=True))
    except Error:
        raise ValueError("must be Base64") from None
    except UnsupportedAlgorithm:
        key = None
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise ValueError("must be a key on the curve P-256")  # noqa: TRY004 - somebody's value
    return key
