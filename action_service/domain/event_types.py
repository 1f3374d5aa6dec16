"""The events that workflows can listen to, and what their data holds.

A field is a path in the data. `<name>` in it stands for whatever custom field a contact has.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from action_service.domain.contact_changes import BUILT_IN
from action_service.domain.contact_events import CONTACT_CREATED, CONTACT_UPDATED
from action_service.domain.messages import AUTOMATIC

FORM_SUBMIT = "form_submit"
_PLACEHOLDER = "<name>"


@dataclass(frozen=True)
class EventType:
    """A kind of event; `fields` are what conditions may name."""

    name: str
    description: str
    fields: tuple[str, ...]
    # Fields that hold others: one can ask whether they are there, and nothing else.
    holders: tuple[str, ...] = field(default=(), kw_only=True)
    # Comes from other systems, with whatever data they like.
    is_foreign: bool = field(default=False, kw_only=True)

    @property
    def all_fields(self) -> tuple[str, ...]:
        """All that conditions may name."""
        return (*self.fields, *self.holders)

    def has_value(self, path: str) -> bool:
        """Whether the data can have a single value or a list at `path`."""
        return self.is_foreign or self._values.fullmatch(path) is not None

    def has_holder(self, path: str) -> bool:
        """Whether the data can have an object of others at `path`."""
        return not self.has_value(path) and self._holders.fullmatch(path) is not None

    @cached_property
    def _values(self) -> re.Pattern[str]:
        return _pattern(self.fields)

    @cached_property
    def _holders(self) -> re.Pattern[str]:
        return _pattern(self.holders)


def _pattern(paths: tuple[str, ...]) -> re.Pattern[str]:
    escaped = (re.escape(path).replace(re.escape(_PLACEHOLDER), ".+") for path in paths)
    return re.compile("|".join(f"(?:{each})" for each in escaped) or r"(?!)", re.DOTALL)


_CHANGEABLE = (*BUILT_IN, f"custom_fields.{_PLACEHOLDER}")
_TAG = ("tag_id", "tag_name")
_MESSAGE = (
    "message_id",
    "workflow_id",
    "action_id",
    "action_execution_id",
    "delivery_id",
    "occurred_at",
)
_READING = (*_MESSAGE, AUTOMATIC)
_CONVERSATION = (*_MESSAGE, "messenger_page_id")
_FAILURE = (*_MESSAGE, "reason", "status")
_CALL = (*_MESSAGE, "status", "to", "answered_by", "duration_seconds", "recording_url")
_STEP = ("workflow_id", "action_id", "action_execution_id", "occurred_at")
_MONEY = ("customer_id", "amount", "currency", "status", "reason", *_STEP)
_PAYMENT = ("payment_intent_id", "charge_id", *_MONEY)
_SUBSCRIPTION = (
    "subscription_id",
    "price_id",
    "quantity",
    "cancel_at_period_end",
    "previous_status",
    *_MONEY,
)
_INVOICE = ("invoice_id", "subscription_id", "attempt_count", *_MONEY)
_ACCESS = ("course_id", "access_id", "access_level")

_ALL = (
    EventType(
        CONTACT_CREATED,
        "A contact came to be: over the API, by an import or by a workflow.",
        (
            "source",
            "email",
            "phone",
            "first_name",
            "last_name",
            f"custom_fields.{_PLACEHOLDER}",
        ),
    ),
    EventType(
        CONTACT_UPDATED,
        "Fields of a contact changed.",
        (
            "source",
            *(f"changes.{name}.{when}" for name in _CHANGEABLE for when in ("before", "after")),
        ),
        holders=tuple(f"changes.{name}" for name in _CHANGEABLE),
    ),
    EventType("tag_added", "A tag was put on a contact that did not have it.", _TAG),
    EventType("tag_removed", "A tag was taken off a contact.", _TAG),
    EventType("note_added", "A note was written about a contact.", ("note_id", "note_type")),
    EventType(
        "stage_changed",
        "An opportunity of a contact moved to another stage.",
        ("opportunity_id", "pipeline_id", "previous_stage_id", "stage_id", "status"),
    ),
    EventType(
        "opportunity_created",
        "An opportunity was created for a contact.",
        ("opportunity_id", "pipeline_id", "stage_id", "value", "currency"),
    ),
    EventType("access_granted", "A contact's access to a course began or changed.", _ACCESS),
    EventType("access_revoked", "A contact's access to a course was taken away.", _ACCESS),
    EventType("email_delivered", "The contact's mail server took an email.", _MESSAGE),
    EventType(
        "email_opened",
        "An email was opened for the first time, by the contact or (`automatic`) by a program.",
        _READING,
    ),
    EventType(
        "email_clicked",
        "A link in an email was followed, by the contact or (`automatic`) by a program.",
        (*_READING, "url"),
    ),
    EventType("email_bounced", "An email was sent back.", _FAILURE),
    EventType("email_failed", "An email was given up before it arrived.", _FAILURE),
    EventType("email_complained", "A contact called an email spam.", _MESSAGE),
    EventType("email_unsubscribed", "A contact wants no more such emails.", (*_MESSAGE, "url")),
    EventType("sms_delivered", "An SMS reached the contact's phone.", _MESSAGE),
    EventType("sms_failed", "An SMS did not arrive.", (*_MESSAGE, "error_code")),
    EventType("call_answered", "A call was answered, by a person or a machine.", _CALL),
    EventType("call_completed", "A call that was answered has ended.", _CALL),
    EventType("call_failed", "A call was not answered, or could not be put through.", _CALL),
    EventType("voicemail_left", "A recording was played to an answering machine.", _CALL),
    EventType(
        FORM_SUBMIT,
        "A contact submitted a form of another system.",
        ("form_id",),
        is_foreign=True,
    ),
    EventType("sms_reply", "A contact wrote an SMS to us.", (*_MESSAGE, "body", "from", "to")),
    EventType("messenger_delivered", "A Messenger message reached the contact.", _CONVERSATION),
    EventType("messenger_read", "A contact read a Messenger message.", _CONVERSATION),
    EventType(
        "messenger_replied",
        "A contact wrote to one of our Facebook pages, or tapped a button there.",
        (*_CONVERSATION, "body", "payload"),
    ),
    EventType("payment_succeeded", "A contact has paid.", _PAYMENT),
    EventType("payment_failed", "A payment of a contact failed.", _PAYMENT),
    EventType(
        "payment_refunded",
        "A payment was given back to a contact, or a part of it.",
        ("amount_refunded", *_PAYMENT),
    ),
    EventType("payment_disputed", "A contact disputed a payment.", ("dispute_id", *_PAYMENT)),
    EventType("subscription_started", "A subscription of a contact began.", _SUBSCRIPTION),
    EventType("subscription_updated", "A subscription of a contact changed.", _SUBSCRIPTION),
    EventType("subscription_canceled", "A subscription of a contact ended.", _SUBSCRIPTION),
    EventType("invoice_paid", "A contact has paid an invoice.", _INVOICE),
    EventType("invoice_failed", "The payment of an invoice failed.", _INVOICE),
)
EVENT_TYPES: Mapping[str, EventType] = MappingProxyType({each.name: each for each in _ALL})


def own_type(name: str, description: str) -> EventType:
    """A type that an account has made for itself."""
    return EventType(name, description, (), is_foreign=True)
