"""The check of each provider, by what it signs with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from common.clock import Clock
from common.event_webhook_key import event_webhook_key
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


def check_with(provider: Provider, secret: str, clock: Clock) -> Check:
    """The check by what the provider signs with; for SendGrid, the key that verifies it."""
    match provider:
        case Provider.TWILIO:
            return _twilio(secret)
        case Provider.SENDGRID:
            return _sendgrid(secret)
        case Provider.META:
            return _meta(secret)
        case Provider.STRIPE:
            return _stripe(secret, clock)


def configured_checks(settings: GatewaySettings, clock: Clock) -> Mapping[Provider, Check]:
    """The checks by the deployment's own secrets."""
    secrets = {
        Provider.TWILIO: settings.twilio_auth_token,
        Provider.META: settings.meta_app_secret,
        Provider.STRIPE: settings.stripe_webhook_secret,
    }
    checks = {
        provider: check_with(provider, secret.get_secret_value(), clock)
        for provider, secret in secrets.items()
        if secret is not None
    }
    if settings.sendgrid_public_key:
        key = settings.sendgrid_public_key
        checks[Provider.SENDGRID] = check_with(Provider.SENDGRID, key, clock)
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
    key = event_webhook_key(text)

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
