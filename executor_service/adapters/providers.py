"""Chooses the providers' gateways from the settings.

Apart from `bootstrap`, so that the providers' SDKs (a second of imports, tens of megabytes) are
loaded only by processes whose handlers ask for them.
"""

from common.telemetry import get_logger
from executor_service.adapters.threads import DaemonThreads
from executor_service.adapters.unconfigured import NoEmail, NoPayments, NoSms
from executor_service.payment_ports import PaymentGateway
from executor_service.ports import EmailGateway, SmsGateway
from executor_service.settings import ExecutorSettings

_log = get_logger(__name__)


def email_gateway(settings: ExecutorSettings) -> EmailGateway:
    """SendGrid, if there are credentials for it."""
    key = settings.sendgrid_api_key
    if key is None:
        variable = "TREADLE_EXECUTOR_SENDGRID_API_KEY"
        _log.warning("provider_not_configured", provider="sendgrid", variable=variable)
        return NoEmail(variable)

    from executor_service.adapters.sendgrid import SendGridGateway
    from executor_service.adapters.transport import ProviderTransport

    return SendGridGateway(
        api_key=key.get_secret_value(),
        base_url=settings.sendgrid_base_url,
        transport=ProviderTransport(
            connections=settings.concurrency, read_timeout=settings.provider_timeout
        ),
        threads=DaemonThreads(settings.concurrency, name="sendgrid"),
    )


def sms_gateway(settings: ExecutorSettings) -> SmsGateway:
    """Twilio, if there are credentials for it."""
    token = settings.twilio_auth_token
    if token is None or not settings.twilio_account_sid:
        variable = "TREADLE_EXECUTOR_TWILIO_ACCOUNT_SID or _AUTH_TOKEN"
        _log.warning("provider_not_configured", provider="twilio", variable=variable)
        return NoSms(variable)

    from executor_service.adapters.transport import ProviderTransport
    from executor_service.adapters.twilio import TwilioGateway

    return TwilioGateway(
        account_sid=settings.twilio_account_sid,
        auth_token=token.get_secret_value(),
        base_url=settings.twilio_base_url,
        transport=ProviderTransport(
            connections=settings.concurrency, read_timeout=settings.provider_timeout
        ),
        threads=DaemonThreads(settings.concurrency, name="twilio"),
    )


def payment_gateway(settings: ExecutorSettings) -> PaymentGateway:
    """Stripe, if there are credentials for it."""
    key = settings.stripe_api_key
    if key is None:
        variable = "TREADLE_EXECUTOR_STRIPE_API_KEY"
        _log.warning("provider_not_configured", provider="stripe", variable=variable)
        return NoPayments(variable)

    from executor_service.adapters.stripe import StripeGateway
    from executor_service.adapters.transport import ProviderTransport

    return StripeGateway(
        api_key=key.get_secret_value(),
        base_url=settings.stripe_base_url,
        transport=ProviderTransport(
            connections=settings.concurrency, read_timeout=settings.provider_timeout
        ),
        threads=DaemonThreads(settings.concurrency, name="stripe"),
    )
