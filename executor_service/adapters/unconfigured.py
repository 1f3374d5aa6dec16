"""Providers for which this deployment has no credentials: accounts without any are told so."""

from collections.abc import Sequence

from executor_service.domain.calls import CallReport
from executor_service.domain.classify import CredentialsMissingError
from executor_service.domain.outcome import Found
from executor_service.payment_ports import (
    Cancellation,
    Charge,
    NewSubscription,
    Payment,
    Refund,
    RefundMade,
    Subscription,
)
from executor_service.ports import (
    CallQuestion,
    Email,
    MessengerMessage,
    MessengerReceipt,
    NewCall,
    Sms,
    SmsReceipt,
    Sought,
)


class _NoMessages:
    def __init__(self, missing: str) -> None:
        self._missing = missing

    async def find(self, sought: Sought) -> Sequence[Found]:
        """Always refuses."""
        raise CredentialsMissingError(self._missing)


class _NotSet(_NoMessages):
    def __init__(self, variable: str) -> None:
        super().__init__(f"the account has no credentials for it, and {variable} is not set")


class NoEmail(_NotSet):
    """Stands where the email provider would."""

    async def send(self, email: Email) -> str:
        """Always refuses."""
        raise CredentialsMissingError(self._missing)


class NoSms(_NotSet):
    """Stands where the provider of text messages would."""

    async def send(self, sms: Sms) -> SmsReceipt:
        """Always refuses."""
        raise CredentialsMissingError(self._missing)


class NoMessenger(_NoMessages):
    """Stands where a page would: there is none that is not an account's own."""

    def __init__(self) -> None:
        super().__init__(
            "the account has no facebook_page credential of the name that the messenger page gives"
        )

    async def send(self, message: MessengerMessage) -> MessengerReceipt:
        """Always refuses."""
        raise CredentialsMissingError(self._missing)


class NoCalls(_NotSet):
    """Stands where the provider of telephone calls would."""

    async def send(self, request: NewCall | CallQuestion) -> CallReport:
        """Always refuses."""
        raise CredentialsMissingError(self._missing)


class NoPayments:
    """Stands where the payment provider would."""

    def __init__(self, variable: str) -> None:
        self._missing = f"the account has no credentials for it, and {variable} is not set"

    async def charge(self, charge: Charge) -> Payment:
        """Always refuses."""
        raise CredentialsMissingError(self._missing)

    async def subscribe(self, subscription: NewSubscription) -> Subscription:
        """Always refuses."""
        raise CredentialsMissingError(self._missing)

    async def cancel(self, cancellation: Cancellation) -> Subscription:
        """Always refuses."""
        raise CredentialsMissingError(self._missing)

    async def currency_of(self, payment_intent_id: str) -> str:
        """Always refuses."""
        raise CredentialsMissingError(self._missing)

    async def refund(self, refund: Refund) -> RefundMade:
        """Always refuses."""
        raise CredentialsMissingError(self._missing)
