"""The addresses that providers post to, and the callbacks that they post there, signed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from devstack.simulator.callbacks import Callback
from devstack.simulator.signing import (
    Signer,
    meta_signer,
    sendgrid_signer,
    stripe_signer,
    twilio_signer,
)


@dataclass(frozen=True, slots=True)
class Addresses:
    """A URL by provider, as one sets it in the provider's console; those without get nothing.

    Twilio's is for messages that come in; where it tells of a message is said with the message.
    """

    twilio: str = ""
    sendgrid: str = ""
    meta: str = ""
    stripe: str = ""


@dataclass(frozen=True, slots=True)
class WebhookSecrets:
    """What signs. Twilio's is the token that the caller showed, so it is not among them."""

    sendgrid_key: EllipticCurvePrivateKey | None = None
    meta_app_secret: str = ""
    stripe_secret: str = ""


class Webhooks:
    """Makes callbacks of what there is to tell; none while nobody wants to know."""

    def __init__(self, addresses: Addresses, secrets: WebhookSecrets) -> None:
        self.addresses = addresses
        self._signers: dict[str, Signer] = {}
        if secrets.sendgrid_key is not None:
            self._signers["sendgrid"] = sendgrid_signer(secrets.sendgrid_key)
        if secrets.meta_app_secret:
            self._signers["meta"] = meta_signer(secrets.meta_app_secret)
        if secrets.stripe_secret:
            self._signers["stripe"] = stripe_signer(secrets.stripe_secret)

    def form(
        self,
        url: str,
        auth_token: str,
        content: Mapping[str, str],
        *,
        kind: str,
        message_id: str,
        pauses: float = 1.0,
    ) -> Callback:
        """A form that Twilio posts to `url`, for the account whose token it is."""
        sign = twilio_signer(auth_token)
        return Callback("twilio", url, kind, message_id, content, sign, pauses, as_form=True)

    def event(
        self,
        provider: str,
        content: Mapping[str, object],
        *,
        kind: str,
        message_id: str,
        pauses: float = 1.0,
        url: str = "",
    ) -> list[Callback]:
        """JSON that SendGrid, Meta or Stripe post to `url`, else to the address set if one is."""
        url = url or getattr(self.addresses, provider)
        sign = self._signers.get(provider)
        if not url or sign is None:
            return []
        callback = Callback(provider, url, kind, message_id, content, sign, pauses)
        if provider == "sendgrid":
            callback = replace(callback, in_batch=True, instant="timestamp")
        return [callback]
