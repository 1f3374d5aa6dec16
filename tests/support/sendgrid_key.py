"""Signs as SendGrid's event webhook does."""

from base64 import b64encode

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


class SendGridKey:
    """A key that signs as SendGrid does."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def public(self) -> str:
        """As SendGrid's settings show it."""
        shown = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return b64encode(shown).decode()

    def headers(self, body: bytes) -> dict[str, str]:
        """What goes with the body."""
        signature = self._key.sign(b"1600112502" + body, ec.ECDSA(SHA256()))
        return {
            "X-Twilio-Email-Event-Webhook-Timestamp": "1600112502",
            "X-Twilio-Email-Event-Webhook-Signature": b64encode(signature).decode(),
        }
