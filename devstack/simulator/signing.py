"""How providers sign what they post, written from their documentation alone.

Sources: Twilio's "Webhooks security", SendGrid's "Event Webhook security features", Meta's
"Validating payloads", Stripe's "Verify webhook signatures manually".
"""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha1, sha256
from urllib.parse import parse_qsl

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_private_key

# The headers for a body that is posted to a URL at an instant: some signatures are of that too.
Signer = Callable[[str, bytes, datetime], Mapping[str, str]]


def signing_key(text: str) -> EllipticCurvePrivateKey:
    """SendGrid's key: Base64 of PKCS #8 in DER. Raises ValueError for any other."""
    key = load_der_private_key(b64decode(text, validate=True), password=None)
    if not isinstance(key, EllipticCurvePrivateKey):
        raise ValueError("must be a key on an elliptic curve")  # noqa: TRY004 - a setting's value
    return key


def twilio_signer(auth_token: str) -> Signer:
    """Of the URL and the form's parameters in the order of their names."""

    def sign(url: str, body: bytes, now: datetime) -> Mapping[str, str]:
        form = sorted(set(parse_qsl(body.decode(), keep_blank_values=True)))
        text = url + "".join(name + value for name, value in form)
        mac = hmac.new(auth_token.encode(), text.encode(), sha1)
        return {"X-Twilio-Signature": b64encode(mac.digest()).decode()}

    return sign


def sendgrid_signer(key: EllipticCurvePrivateKey) -> Signer:
    """Of the seconds and the body."""

    def sign(url: str, body: bytes, now: datetime) -> Mapping[str, str]:
        seconds = str(int(now.timestamp()))
        signature = key.sign(seconds.encode() + body, ECDSA(SHA256()))
        return {
            "X-Twilio-Email-Event-Webhook-Signature": b64encode(signature).decode(),
            "X-Twilio-Email-Event-Webhook-Timestamp": seconds,
        }

    return sign


def meta_signer(app_secret: str) -> Signer:
    """Of the body."""

    def sign(url: str, body: bytes, now: datetime) -> Mapping[str, str]:
        mac = hmac.new(app_secret.encode(), body, sha256)
        return {"X-Hub-Signature-256": f"sha256={mac.hexdigest()}"}

    return sign


def stripe_signer(secret: str) -> Signer:
    """Of the seconds and the body."""

    def sign(url: str, body: bytes, now: datetime) -> Mapping[str, str]:
        seconds = str(int(now.timestamp()))
        mac = hmac.new(secret.encode(), seconds.encode() + b"." + body, sha256)
        return {"Stripe-Signature": f"t={seconds},v1={mac.hexdigest()}"}

    return sign
