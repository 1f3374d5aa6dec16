"""What the simulated providers of a stack sign with, and what the gateway checks it with."""

import secrets
from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from common.gateway_token import gateway_token
from devstack.datadir import DataDir
from devstack.simulator.signing import signing_key

# It is made anew with every start.
_TOKEN_TTL: Final = timedelta(days=365)


class InboundSecrets:
    """Secrets of one data folder, made on first use, as variables of those who need them."""

    def __init__(self, data: DataDir) -> None:
        self._data = data

    @property
    def twilio_token(self) -> str:
        """The auth token, with which Twilio signs and is called."""
        return self._secret("twilio-auth-token", lambda: secrets.token_hex(16))

    @property
    def meta_verify_token(self) -> str:
        """What Meta shows when it is subscribed."""
        return self._secret("meta-verify-token", lambda: secrets.token_urlsafe(24))

    def for_gateway(self) -> dict[str, str]:
        """What checks signatures, and the gateway's own token."""
        key = signing_key(self._sendgrid_key).public_key()
        shown = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        token = gateway_token(self._data.jwt_secret(), _TOKEN_TTL)
        return {
            "TREADLE_GATEWAY_SERVICE_TOKEN": token,
            "TREADLE_GATEWAY_TWILIO_AUTH_TOKEN": self.twilio_token,
            "TREADLE_GATEWAY_SENDGRID_PUBLIC_KEY": b64encode(shown).decode(),
            "TREADLE_GATEWAY_META_APP_SECRET": self._meta_app_secret,
            "TREADLE_GATEWAY_META_VERIFY_TOKEN": self.meta_verify_token,
            "TREADLE_GATEWAY_STRIPE_WEBHOOK_SECRET": self._stripe_secret,
        }

    def for_simulator(self, gateway_url: str, account: UUID) -> dict[str, str]:
        """What signs, and where to."""
        addresses = {
            f"TREADLE_SIMULATOR_{provider.upper()}_WEBHOOK_URL": (
                f"{gateway_url}/inbound/{provider}/{account}"
            )
            for provider in ("twilio", "sendgrid", "meta", "stripe")
        }
        return {
            **addresses,
            "TREADLE_SIMULATOR_SENDGRID_WEBHOOK_KEY": self._sendgrid_key,
            "TREADLE_SIMULATOR_META_APP_SECRET": self._meta_app_secret,
            "TREADLE_SIMULATOR_STRIPE_WEBHOOK_SECRET": self._stripe_secret,
        }

    @property
    def _sendgrid_key(self) -> str:
        return self._secret("sendgrid-webhook-key", _new_key)

    @property
    def _meta_app_secret(self) -> str:
        return self._secret("meta-app-secret", lambda: secrets.token_hex(16))

    @property
    def _stripe_secret(self) -> str:
        return self._secret("stripe-webhook-secret", lambda: f"whsec_{secrets.token_hex(24)}")

    def _secret(self, name: str, make: Callable[[], str]) -> str:
        return self._data.secret(name, make).get_secret_value()


def _new_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    data = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return b64encode(data).decode()
