"""An event as a provider tells of it, read into what matters here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from action_service.domain.deliveries import Channel
from action_service.domain.messages import Fact
from action_service.domain.payments import PaymentNews
from action_service.domain.plan import Json


@dataclass(frozen=True, slots=True)
class Conversation:
    """Between whom something has happened, by Meta's ids of the page and of the person.

    `by_person` is what opens the time in which the page may answer; `ref` is what the link said by
    which they came.
    """

    page: str
    psid: str
    by_person: bool
    ref: str = ""


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """One event; `id` is the provider's own, or made of what it says, so that repeats are known.

    `message_id` is the provider's, of the message that it is about, or of the payment or the like.
    Without a fact or news of a payment the event is kept, and changes nothing.
    """

    id: str
    kind: str
    occurred_at: datetime
    payload: Mapping[str, Json]
    message_id: str | None = None
    fact: Fact | None = None
    # What workflows may know of it, such as the link that was clicked.
    detail: Mapping[str, Json] = field(default_factory=dict[str, Json])
    # To whom the message went, in the form that addresses are kept in.
    recipient: str | None = None
    # Who has written to us, for an answer that names no message.
    sender: str | None = None
    # For what is told of a conversation and not of one message.
    conversation: Conversation | None = None
    # Which of the provider's channels it is about; None for the one of its messages.
    channel: Channel | None = None
    payment: PaymentNews | None = None

    @property
    def attempt_id(self) -> str | None:
        """Our attempt that sent the message, where the event names it.

        Twilio calls a URL that has it in its query; to SendGrid it is an argument of the message.
        """
        query = self.payload.get("query")
        given = self.payload.get("attempt_id") or (
            query.get("attempt_id") if isinstance(query, dict) else None
        )
        found = _uuid(given)
        return None if found is None else str(found)

    @property
    def account_id(self) -> UUID | None:
        """The account whose step sent the message, where the event names it, as SendGrid's do."""
        return _uuid(self.payload.get("account_id"))


def _uuid(given: Json) -> UUID | None:
    try:
        return UUID(given) if isinstance(given, str) else None
    except ValueError:
        return None
