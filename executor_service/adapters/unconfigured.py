"""Providers for which this deployment has no credentials: steps that need them fail and say so."""

from executor_service.domain.classify import CredentialsMissingError
from executor_service.ports import Email, Sms, SmsReceipt


class NoEmail:
    """Stands where the email provider would."""

    def __init__(self, variable: str) -> None:
        self._variable = variable

    async def send(self, email: Email) -> str:
        """Always refuses."""
        raise CredentialsMissingError(f"{self._variable} is not set")


class NoSms:
    """Stands where the provider of text messages would."""

    def __init__(self, variable: str) -> None:
        self._variable = variable

    async def send(self, sms: Sms) -> SmsReceipt:
        """Always refuses."""
        raise CredentialsMissingError(f"{self._variable} is not set")
