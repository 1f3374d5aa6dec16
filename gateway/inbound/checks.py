"""The check of each provider that this installation has a secret for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from common.clock import Clock
from gateway.inbound import meta, sendgrid, stripe, twilio
from gateway.settings import GatewaySettings


class Provider(StrEnum):
    """Who may post to us."""

    TWILIO = "twilio"
    SENDGRID = "sendgrid"
    META = "meta"
    STRIPE = "stripe"


@dataclass(frozen=True, slots=True)
class Posted:
    """A request as it came; `url` is the one that the provider called, `headers` know no case."""

    url: str
    headers: Mapping[str, str]
    body: bytes


# Returns for what the provider has signed; raises SignatureError.
Check = Callable[[Posted], None]


def configured_checks(settings: GatewaySettings, clock: Clock) -> Mapping[Provider, Check]:
    """The checks by provider."""
    checks: dict[Provider, Check] = {}
    if (secret := settings.twilio_auth_token) is not None:
        checks[Provider.TWILIO] = _twilio(secret.get_secret_value())
    if settings.sendgrid_public_key:
        checks[Provider.SENDGRID] = _sendgrid(settings.sendgrid_public_key)
    if (secret := settings.meta_app_secret) is not None:
        checks[Provider.META] = _meta(secret.get_secret_value())
    if (secret := settings.stripe_webhook_secret) is not None:
        checks[Provider.STRIPE] = _stripe(secret.get_secret_value(), clock)
    return checks


def _twilio(auth_token: str) -> Check:
    def check(posted: Posted) -> None:
        twilio.check(
            posted.url,
            posted.body,
            content_type=posted.headers.get("content-type", ""),
            signature=posted.headers.get(twilio.SIGNATURE, ""),
            auth_token=auth_token,
        )

    return check


def _sendgrid(text: str) -> Check:
    key = sendgrid.public_key(text)

    def check(posted: Posted) -> None:
        sendgrid.check(
            posted.body,
            timestamp=posted.headers.get(sendgrid.TIMESTAMP, ""),
            signature=posted.headers.get(sendgrid.SIGNATURE, ""),
            key=key,
        )

    return check


def _meta(app_secret: str) -> Check:
    def check(posted: Posted) -> None:
        signature = posted.headers.get(meta.SIGNATURE, "")
        meta.check(posted.body, signature=signature, app_secret=app_secret)

    return check


def _stripe(secret: str, clock: Clock) -> Check:
    def check(posted: Posted) -> None:
        signature = posted.headers.get(stripe.SIGNATURE, "")
        stripe.check(posted.body, signature=signature, secret=secret, now=clock.now())

    return check
