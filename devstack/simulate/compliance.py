"""Who may be reached: consents and suppressions of the simulated contact, and the ledger's word.

The order of objections is that of `action_service.domain.compliance`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from action_service.domain.compliance import (
    Cause,
    Channel,
    ConsentStatus,
    NewSuppression,
    Objection,
    Purpose,
    Recipient,
    Scope,
    refusal_reason,
)
from action_service.domain.messages import Fact
from action_service.domain.plan import Json
from action_service.domain.provider_compliance import Lift, consequences
from action_service.domain.provider_events import ProviderEvent
from common.clock import Clock
from devstack.simulate.contact import SimulatedContact
from devstack.simulate.scenario import AccountEntry
from devstack.simulate.store import MemoryStore
from executor_service.ports import ClaimDecision, Refused
from executor_service.recipients import Recipient as Addressed
from treadle.catalog.v1.send_purpose_pb2 import SEND_PURPOSE_TRANSACTIONAL
from treadle.compliance.v1 import compliance_pb2

_CHANNELS: Final[Mapping[int, Channel]] = {
    value: Channel(name.removeprefix("CHANNEL_").lower())
    for name, value in compliance_pb2.Channel.items()
    if value
}
_EMAIL_FACTS: Final[Mapping[str, Fact]] = {
    "email_bounced": Fact.BOUNCED,
    "email_complained": Fact.COMPLAINED,
    "email_unsubscribed": Fact.UNSUBSCRIBED,
}


@dataclass(frozen=True, slots=True)
class _Suppressed:
    what: NewSuppression
    since: datetime


class Compliance:
    """What stands against messages to the contact."""

    def __init__(self, contact: SimulatedContact, settings: AccountEntry, clock: Clock) -> None:
        self._contact = contact
        self._explicit = {Channel(each) for each in settings.explicit_consent_channels}
        self._clock = clock
        self._suppressed: list[_Suppressed] = []

    def suppress(self, what: NewSuppression) -> None:
        """Keeps messages to an address back."""
        self._suppressed.append(_Suppressed(what, self._clock.now()))

    def hear(self, event_type: str, data: Mapping[str, Json]) -> Iterator[str]:
        """What follows from an event of the contact, in words."""
        now = self._clock.now()
        if event_type in _EMAIL_FACTS:
            payload: dict[str, Json] = {"email": self._contact.text("email")}
            event = ProviderEvent("", event_type, now, payload, fact=_EMAIL_FACTS[event_type])
            found = consequences("sendgrid", event)
        elif event_type == "sms_reply":
            number = self._contact.text("phone")
            payload = {"Body": str(data.get("body", ""))}
            found = consequences("twilio", ProviderEvent("", "", now, payload, sender=number))
        else:
            return
        for each in found:
            if isinstance(each, NewSuppression):
                self.suppress(each)
                what = "marketing" if each.scope is Scope.MARKETING else "messages"
                yield f"{each.address} gets no more {what} by {each.channel}: {each.cause}"
            elif isinstance(each, Lift):
                self._lift(each)
                yield f"{each.address} is reached again by {each.channel}"

    def objection(self, recipient: Recipient) -> tuple[str, datetime | None] | None:
        """What keeps a message back, and since when."""
        marketing = recipient.purpose is Purpose.MARKETING
        for each in self._suppressed:
            what = each.what
            is_meant = what.channel is recipient.channel and _same(what.address, recipient.address)
            if is_meant and (marketing or what.scope is Scope.ALL):
                return what.cause, each.since
        if not marketing:
            return None
        said = self._contact.consents.get(recipient.channel)
        if said is ConsentStatus.WITHDRAWN:
            return Objection.WITHDRAWN, self._contact.consents_since
        if recipient.channel in self._explicit and said is None:
            return Objection.NO_CONSENT, None
        return None

    def _lift(self, lift: Lift) -> None:
        self._suppressed = [
            each
            for each in self._suppressed
            if not (
                each.what.channel is lift.channel
                and _same(each.what.address, lift.address)
                and Cause(each.what.cause) in lift.causes
            )
        ]


class MemoryLedger:
    """The record of sends; the executor's `Ledger`."""

    def __init__(self, store: MemoryStore, compliance: Compliance) -> None:
        self._store = store
        self._compliance = compliance

    async def claim(
        self,
        *,
        attempt_id: str,
        action_execution_id: str,
        account_id: str,
        delivery_id: str = "",
        recipient: Addressed | None = None,
    ) -> ClaimDecision | Refused:
        """Claims the attempt, unless whoever is addressed must not be reached."""
        if recipient is not None:
            to = _recipient(recipient)
            objected = self._compliance.objection(to)
            if objected is not None:
                return Refused(refusal_reason(objected[0], to, objected[1]))
        if self._store.claim(attempt_id):
            return ClaimDecision.GRANTED
        return ClaimDecision.ALREADY_CLAIMED


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()


def _recipient(addressed: Addressed) -> Recipient:
    transactional = addressed.purpose == SEND_PURPOSE_TRANSACTIONAL
    purpose = Purpose.TRANSACTIONAL if transactional else Purpose.MARKETING
    return Recipient(_CHANNELS[addressed.channel], addressed.address, purpose)
