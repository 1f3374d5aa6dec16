"""Chooses the providers' gateways from the settings and the accounts' credentials.

Apart from `bootstrap`, so that the providers' SDKs (a second of imports, tens of megabytes) are
loaded only by processes whose handlers ask for them.
"""

from typing import TYPE_CHECKING

from common.telemetry import get_logger
from executor_service.adapters.account_gateways import AccountGateways
from executor_service.adapters.account_payments import AccountPayments
from executor_service.adapters.threads import DaemonThreads
from executor_service.adapters.unconfigured import (
    NoCalls,
    NoEmail,
    NoMessenger,
    NoPayments,
    NoSms,
)
from executor_service.payment_ports import PaymentGateways
from executor_service.ports import (
    CallGateways,
    CredentialStore,
    EmailGateways,
    MessengerGateways,
    SmsGateways,
)
from executor_service.settings import ExecutorSettings
from treadle.credential.v1.credential_pb2 import (
    PROVIDER_FACEBOOK_PAGE,
    PROVIDER_SENDGRID,
    PROVIDER_TWILIO,
    Secret,
)

if TYPE_CHECKING:
    from executor_service.adapters.twilio import TwilioAccount

_log = get_logger(__name__)


def email_gateways(settings: ExecutorSettings, credentials: CredentialStore) -> EmailGateways:
    """SendGrid; of the settings' account for those who have none."""
    from executor_service.adapters.sendgrid import SendGridGateway
    from executor_service.adapters.transport import ProviderTransport

    transport = ProviderTransport(
        connections=settings.concurrency, read_timeout=settings.provider_timeout
    )
    threads = DaemonThreads(settings.concurrency, name="sendgrid")

    def gateway(api_key: str) -> SendGridGateway:
        return SendGridGateway(
            api_key=api_key,
            base_url=settings.sendgrid_base_url,
            transport=transport,
            threads=threads,
        )

    def of_account(secret: Secret) -> SendGridGateway:
        return gateway(secret.sendgrid.api_key)

    key = settings.sendgrid_api_key
    if key is None:
        shared = NoEmail(_not_configured("sendgrid", "TREADLE_EXECUTOR_SENDGRID_API_KEY"))
    else:
        shared = gateway(key.get_secret_value())
    return AccountGateways(PROVIDER_SENDGRID, credentials, shared=shared, make=of_account)


def sms_gateways(settings: ExecutorSettings, credentials: CredentialStore) -> SmsGateways:
    """Twilio; of the settings' account for those who have none."""
    from executor_service.adapters.twilio import TwilioGateway

    accounts = _Twilio(settings)
    return AccountGateways(
        PROVIDER_TWILIO,
        credentials,
        shared=TwilioGateway(accounts.shared) if accounts.shared else NoSms(accounts.missing),
        make=lambda secret: TwilioGateway(accounts.of(secret)),
    )


def call_gateways(settings: ExecutorSettings, credentials: CredentialStore) -> CallGateways:
    """Twilio; of the settings' account for those who have none.

    Its connections and threads are others than those of text messages.
    """
    from executor_service.adapters.twilio_calls import TwilioCallGateway

    accounts = _Twilio(settings)
    return AccountGateways(
        PROVIDER_TWILIO,
        credentials,
        shared=TwilioCallGateway(accounts.shared) if accounts.shared else NoCalls(accounts.missing),
        make=lambda secret: TwilioCallGateway(accounts.of(secret)),
    )


class _Twilio:
    """The accounts at Twilio, with connections and threads that they share."""

    def __init__(self, settings: ExecutorSettings) -> None:
        from executor_service.adapters.transport import ProviderTransport
        from executor_service.adapters.twilio import preload

        preload()
        self._settings = settings
        self._transport = ProviderTransport(
            connections=settings.concurrency, read_timeout=settings.provider_timeout
        )
        self._threads = DaemonThreads(settings.concurrency, name="twilio")
        token = settings.twilio_auth_token
        self.missing = ""
        self.shared: TwilioAccount | None = None
        if token is not None and settings.twilio_account_sid:
            self.shared = self._account(settings.twilio_account_sid, token.get_secret_value())
        else:
            variables = "TREADLE_EXECUTOR_TWILIO_ACCOUNT_SID or _AUTH_TOKEN"
            self.missing = _not_configured("twilio", variables)

    def of(self, secret: Secret) -> "TwilioAccount":
        """The one that an account of ours has given us."""
        return self._account(secret.twilio.account_sid, secret.twilio.auth_token)

    def _account(self, account_sid: str, auth_token: str) -> "TwilioAccount":
        from executor_service.adapters.twilio import TwilioAccount

        return TwilioAccount(
            account_sid=account_sid,
            auth_token=auth_token,
            base_url=self._settings.twilio_base_url,
            public_url=self._settings.public_url,
            transport=self._transport,
            threads=self._threads,
        )


def messenger_gateways(
    settings: ExecutorSettings, credentials: CredentialStore
) -> MessengerGateways:
    """Messenger; each page with its account's own credential."""
    from executor_service.adapters.graph import GraphGateway
    from executor_service.adapters.transport import ProviderTransport

    transport = ProviderTransport(
        connections=settings.concurrency, read_timeout=settings.provider_timeout
    )
    threads = DaemonThreads(settings.concurrency, name="graph")

    def of_account(secret: Secret) -> GraphGateway:
        page = secret.facebook_page
        return GraphGateway(
            page_id=page.page_id,
            access_token=page.access_token,
            app_secret=page.app_secret,
            base_url=settings.graph_base_url,
            version=settings.graph_version,
            transport=transport,
            threads=threads,
        )

    return AccountGateways(
        PROVIDER_FACEBOOK_PAGE, credentials, shared=NoMessenger(), make=of_account
    )


def payment_gateways(settings: ExecutorSettings, credentials: CredentialStore) -> PaymentGateways:
    """Stripe; of the settings' account for those who have none."""
    from executor_service.adapters.stripe import StripeGateway
    from executor_service.adapters.transport import ProviderTransport

    transport = ProviderTransport(
        connections=settings.concurrency, read_timeout=settings.provider_timeout
    )
    threads = DaemonThreads(settings.concurrency, name="stripe")

    def gateway(api_key: str) -> StripeGateway:
        return StripeGateway(
            api_key=api_key,
            base_url=settings.stripe_base_url,
            transport=transport,
            threads=threads,
        )

    def of_account(secret: Secret) -> StripeGateway:
        return gateway(secret.stripe.secret_key)

    key = settings.stripe_api_key
    if key is None:
        shared = NoPayments(_not_configured("stripe", "TREADLE_EXECUTOR_STRIPE_API_KEY"))
    else:
        shared = gateway(key.get_secret_value())
    return AccountPayments(credentials, shared=shared, make=of_account)


def _not_configured(provider: str, variable: str) -> str:
    """The variable, once it is logged that it is missing."""
    _log.warning("provider_not_configured", provider=provider, variable=variable)
    return variable
