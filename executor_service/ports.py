"""What handlers and the pipeline need from the world, as they see it.

Adapters implement these; `bootstrap` chooses them. A call that does not end well raises one of the
`CallError`s of `executor_service.domain.classify`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file to attach, whole."""

    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class EmailBody:
    """The same in both forms; one of them may be empty."""

    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Email:
    """An email as it is to be sent; `reference` are the ids of what it is sent for."""

    to: str
    subject: str
    from_name: str
    from_email: str
    body: EmailBody
    reference: dict[str, str]
    to_name: str = ""
    reply_to: str = ""
    track_opens: bool = False
    track_clicks: bool = False
    attachments: Sequence[Attachment] = ()


@dataclass(frozen=True, slots=True)
class Sms:
    """A text message as it is to be sent; with `media_urls` it is an MMS."""

    to: str
    from_number: str
    body: str
    media_urls: Sequence[str]
    reference: dict[str, str]


@dataclass(frozen=True, slots=True)
class SmsReceipt:
    """The provider took the message."""

    message_id: str
    segments: int


@dataclass(frozen=True, slots=True)
class EmailTemplate:
    """The Liquid sources of an email's body; `text` may be empty."""

    html: str
    text: str


class ClaimDecision(StrEnum):
    """The ledger's word on an attempt (treadle.ledger.v1.ClaimDecision)."""

    GRANTED = "granted"
    ALREADY_CLAIMED = "already_claimed"
    STALE = "stale"


class TemplateNotFoundError(Exception):
    """The account has no such email template."""


class EmailGateway(Protocol):
    """An email provider."""

    async def send(self, email: Email) -> str:
        """Hands the email over and returns the provider's message id."""
        ...


class SmsGateway(Protocol):
    """A provider of text messages."""

    async def send(self, sms: Sms) -> SmsReceipt:
        """Hands the message over."""
        ...


class TemplateSource(Protocol):
    """Where email templates come from."""

    async def get(self, account_id: str, template_id: str) -> EmailTemplate:
        """The template as it is now, give or take a few seconds.

        Raises TemplateNotFoundError.
        """
        ...


class Ledger(Protocol):
    """The record of sends that a provider cannot de-duplicate."""

    async def claim(
        self, *, attempt_id: str, action_execution_id: str, account_id: str, delivery_id: str = ""
    ) -> ClaimDecision:
        """Claims the attempt; only after GRANTED may it call its provider.

        `delivery_id` is given for an attempt at a delivery.
        """
        ...
