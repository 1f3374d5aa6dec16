"""Who may be reached: what contacts have consented to, and which addresses are suppressed.

A message is refused, in this order, when its contact is not to be contacted at all, when its
address is suppressed, when the contact has withdrawn their consent, and when the account asks for
explicit consent and there is none. Only the first two hold for messages of either purpose alike;
a suppression of marketing leaves what is transactional alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from action_service.domain.plan import Json

# In the place of a channel, for a suppression of a contact: the address is the contact's id.
CONTACT: Final = "contact"


class Channel(StrEnum):
    """By what a contact is reached."""

    EMAIL = "email"
    SMS = "sms"
    VOICE = "voice"
    MESSENGER = "messenger"


class Purpose(StrEnum):
    """What a message is sent for."""

    MARKETING = "marketing"
    TRANSACTIONAL = "transactional"


class ConsentStatus(StrEnum):
    """What a contact has said last."""

    GRANTED = "granted"
    WITHDRAWN = "withdrawn"


class Scope(StrEnum):
    """Which messages a suppression keeps back."""

    ALL = "all"
    MARKETING = "marketing"


class Cause(StrEnum):
    """Why an address or a contact is suppressed."""

    UNSUBSCRIBE = "unsubscribe"
    STOP = "stop"
    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    MANUAL = "manual"
    DO_NOT_CONTACT = "do_not_contact"
    ERASURE = "erasure"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a message is for; `address` in the form that suppressions are kept by."""

    channel: Channel
    address: str
    purpose: Purpose
    # None when it goes to no contact.
    contact_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """What a contact has said of messages for one purpose on one channel."""

    channel: Channel
    purpose: Purpose
    status: ConsentStatus
    source: str = ""
    evidence: Mapping[str, Json] = field(default_factory=dict[str, Json])


@dataclass(frozen=True, slots=True)
class StoredConsent:
    """The same, as it was said last."""

    consent: Consent
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, slots=True)
class NewSuppression:
    """A suppression to be; `channel` None is of a contact, whose id `address` then is."""

    channel: Channel | None
    address: str
    cause: Cause
    scope: Scope = Scope.ALL
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Suppression:
    """A suppression as it is kept; one that has been lifted holds no more."""

    id: UUID
    what: NewSuppression
    created_at: datetime
    created_by: str
    lifted_at: datetime | None = None
    lifted_by: str = ""


class Objection(StrEnum):
    """What a claim's statement finds against a message, beside the causes of suppressions."""

    WITHDRAWN = "withdrawn"
    NO_CONSENT = "no_consent"


_SAID: Final[Mapping[str, str]] = {
    Cause.UNSUBSCRIBE: "suppressed: unsubscribed on {day}",
    Cause.STOP: "suppressed: answered STOP on {day}",
    Cause.BOUNCE: "suppressed: messages to this address have bounced since {day}",
    Cause.COMPLAINT: "suppressed: reported a message as spam on {day}",
    Cause.MANUAL: "suppressed: the address has been blocked by the account since {day}",
    Cause.DO_NOT_CONTACT: "suppressed: the contact is not to be contacted since {day}",
    Cause.ERASURE: "suppressed: who was reached there has been erased on {day}",
    Objection.WITHDRAWN: "no consent: the contact has withdrawn it for {purpose} by {channel}"
    " on {day}",
    Objection.NO_CONSENT: "no consent: {purpose} by {channel} needs the contact's explicit consent",
}


def refusal_reason(objection: str, recipient: Recipient, since: datetime | None) -> str:
    """Why a message is not sent, for the step's log; `objection` is a Cause or an Objection."""
    return _SAID[objection].format(
        day="" if since is None else since.date().isoformat(),
        purpose=recipient.purpose.value,
        channel=recipient.channel.value,
    )
