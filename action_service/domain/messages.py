"""What has become of a message that a provider has accepted.

A message collects facts, each with the first instant it is known of; how it stands is the highest
of them. Both are the same whatever the order the facts come in, and however often: providers post
early, late, twice and out of order. Complaints and unsubscriptions are facts beside the ladder:
they say something of the contact, and nothing of how far the message has come. So are opens and
clicks that programs make by themselves: nobody has seen the message yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from action_service.domain.deliveries import Channel, DeliveryStatus
from action_service.domain.plan import Json


class DeliveryState(StrEnum):
    """How a message stands, from the lowest to the highest."""

    QUEUED = "queued"
    SENT = "sent"
    # Below `delivered`: who says that it has come knows better than who gave it up.
    UNDELIVERED = "undelivered"
    DELIVERED = "delivered"
    # Above `delivered`: a server may take a message and send it back later.
    BOUNCED = "bounced"
    # What somebody does with a message proves that it has come.
    OPENED = "opened"
    READ = "read"
    CLICKED = "clicked"
    REPLIED = "replied"
    # Of calls, which have these and `queued`.
    RINGING = "ringing"
    ANSWERED = "answered"
    CANCELED = "canceled"
    FAILED = "failed"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    # Above the others: who says that it was held knows better than who gave it up.
    COMPLETED = "completed"


class Fact(StrEnum):
    """Something that is known of a message."""

    QUEUED = "queued"
    SENT = "sent"
    UNDELIVERED = "undelivered"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    OPENED = "opened"
    READ = "read"
    CLICKED = "clicked"
    REPLIED = "replied"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    RINGING = "ringing"
    ANSWERED = "answered"
    CANCELED = "canceled"
    FAILED = "failed"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    COMPLETED = "completed"
    # By programs: privacy proxies, security scanners.
    MACHINE_OPENED = "machine_opened"
    MACHINE_CLICKED = "machine_clicked"


_LADDER = tuple(DeliveryState)
_RUNG = {state.value: rung for rung, state in enumerate(_LADDER)}
# Each time counts for these: another link may be clicked, another answer sent.
_REPEATABLE = frozenset({Fact.CLICKED, Fact.MACHINE_CLICKED, Fact.REPLIED})

# The ends of a call.
CALL_OVER = frozenset(
    {
        DeliveryState.COMPLETED,
        DeliveryState.BUSY,
        DeliveryState.NO_ANSWER,
        DeliveryState.FAILED,
        DeliveryState.CANCELED,
    }
)

PROVIDER_OF: Mapping[Channel, str] = {
    Channel.EMAIL: "sendgrid",
    Channel.SMS: "twilio",
    Channel.CALL: "twilio",
    Channel.MESSENGER: "meta",
}
# What the actions send that get one message accepted each.
CHANNEL_OF: Mapping[str, Channel] = {
    "send_email": Channel.EMAIL,
    "send_sms": Channel.SMS,
    "send_messenger": Channel.MESSENGER,
    "send_voicemail": Channel.CALL,
    "make_call": Channel.CALL,
}

# What workflows hear of it.
EVENT_OF: Mapping[tuple[Channel, Fact], str] = {
    (Channel.EMAIL, Fact.DELIVERED): "email_delivered",
    (Channel.EMAIL, Fact.OPENED): "email_opened",
    (Channel.EMAIL, Fact.CLICKED): "email_clicked",
    (Channel.EMAIL, Fact.MACHINE_OPENED): "email_opened",
    (Channel.EMAIL, Fact.MACHINE_CLICKED): "email_clicked",
    (Channel.EMAIL, Fact.BOUNCED): "email_bounced",
    (Channel.EMAIL, Fact.UNDELIVERED): "email_failed",
    (Channel.EMAIL, Fact.COMPLAINED): "email_complained",
    (Channel.EMAIL, Fact.UNSUBSCRIBED): "email_unsubscribed",
    (Channel.SMS, Fact.DELIVERED): "sms_delivered",
    (Channel.SMS, Fact.UNDELIVERED): "sms_failed",
    (Channel.SMS, Fact.REPLIED): "sms_reply",
    (Channel.MESSENGER, Fact.DELIVERED): "messenger_delivered",
    (Channel.MESSENGER, Fact.READ): "messenger_read",
    (Channel.MESSENGER, Fact.REPLIED): "messenger_replied",
    (Channel.CALL, Fact.ANSWERED): "call_answered",
    (Channel.CALL, Fact.COMPLETED): "call_completed",
    (Channel.CALL, Fact.BUSY): "call_failed",
    (Channel.CALL, Fact.NO_ANSWER): "call_failed",
    (Channel.CALL, Fact.FAILED): "call_failed",
    (Channel.CALL, Fact.CANCELED): "call_failed",
}
# What their data say of whether a program made them: `true` or `false`.
AUTOMATIC = "automatic"
_AUTOMATIC: Mapping[Fact, bool] = {
    Fact.OPENED: False,
    Fact.CLICKED: False,
    Fact.MACHINE_OPENED: True,
    Fact.MACHINE_CLICKED: True,
}
# The events that say so.
AUTOMATIC_TYPES = frozenset(EVENT_OF[Channel.EMAIL, fact] for fact in _AUTOMATIC)
_VOICEMAIL = "send_voicemail"
VOICEMAIL_LEFT = "voicemail_left"


def events_of(
    channel: Channel, fact: Fact, action_type: str, detail: Mapping[str, Json]
) -> tuple[str, ...]:
    """What workflows hear of a fact about a message that an action of this type has sent."""
    event_type = EVENT_OF.get((channel, fact))
    if event_type is None:
        return ()
    answered_by = str(detail.get("answered_by") or "")
    if fact is Fact.COMPLETED and action_type == _VOICEMAIL and answered_by.startswith("machine"):
        return event_type, VOICEMAIL_LEFT
    return (event_type,)


def marks_of(fact: Fact) -> dict[str, Json]:
    """What the fact itself adds to the data of its events."""
    automatic = _AUTOMATIC.get(fact)
    return {} if automatic is None else {AUTOMATIC: automatic}


@dataclass(frozen=True, slots=True)
class Progress:
    """What is known of a message: the first instant of each fact."""

    times: Mapping[Fact, datetime] = field(default_factory=dict[Fact, datetime])

    @property
    def state(self) -> DeliveryState:
        """How the message stands; before anything is known of it, it is queued."""
        rungs = (_RUNG[fact] for fact in self.times if fact.value in _RUNG)
        return _LADDER[max(rungs, default=0)]

    def after(self, fact: Fact, at: datetime) -> "Progress":
        """What is known once `fact` is known to have been so at `at`."""
        known = self.times.get(fact)
        if known is not None and known <= at:
            return self
        return Progress({**self.times, fact: at})

    def is_news(self, fact: Fact) -> bool:
        """Whether workflows are to hear of `fact`, if it comes now."""
        return fact in _REPEATABLE or fact not in self.times


@dataclass(frozen=True, slots=True)
class Message:
    """A message that a provider has accepted, as the API shows it.

    `times` are the first instants of what is known of it, by the facts' names.
    """

    id: UUID
    channel: Channel
    contact_id: UUID | None
    workflow_id: UUID
    execution_id: UUID
    action_id: UUID
    action_execution_id: UUID
    delivery_id: UUID | None
    state: DeliveryState
    reason: str | None
    times: Mapping[str, datetime]
    provider: str
    provider_message_id: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class StepDelivery:
    """What a step sends beside its own work, as the API shows it."""

    id: UUID
    channel: Channel
    recipient: str
    status: DeliveryStatus
    reason: str | None
    attempts: int
    finished_at: datetime | None
