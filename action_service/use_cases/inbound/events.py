"""What a provider posts, as events, and where they are recorded."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol
from uuid import UUID

from action_service.domain.provider_events import ProviderEvent
from action_service.use_cases.inbound import meta, sendgrid, stripe, twilio


class Provider(StrEnum):
    """Who posts."""

    TWILIO = "twilio"
    SENDGRID = "sendgrid"
    META = "meta"
    STRIPE = "stripe"


class Recorded(NamedTuple):
    """How many events were new, and how many were known."""

    new: int
    repeated: int


class ProviderEventLog(Protocol):
    """Where the events of providers are kept, each once, and have their effect."""

    async def record(
        self,
        account_id: UUID,
        provider: Provider,
        events: Sequence[ProviderEvent],
        *,
        of_account_alone: bool = False,
    ) -> Recorded:
        """Stores the events and acts on those that are new: of each account all or nothing.

        An event that names an account is that account's, whosever it was posted for.
        Events of the account alone, such as those that its own secret has signed, change nothing
        of any other's.
        Raises TreadleError when there is no such account.
        """
        ...


def read_events(provider: Provider, body: bytes, query: str, now: datetime) -> list[ProviderEvent]:
    """The events of a request, each once. Raises TreadleError for what the provider never posts."""
    match provider:
        case Provider.TWILIO:
            events = twilio.read(body, query, now)
        case Provider.SENDGRID:
            events = sendgrid.read(body, now)
        case Provider.META:
            events = meta.read(body, now)
        case Provider.STRIPE:
            events = stripe.read(body, now)
    return list({event.id: event for event in events}.values())
