"""Lookups: asking a provider whether it has the message of an attempt whose outcome is unknown.

Done here because this fleet has the providers' credentials. Nothing is sent and nothing decided:
the answer says what the provider has, and the engine knows which of it is the work of others.
"""

from datetime import UTC

from common.clock import Clock
from executor_service.domain import classify
from executor_service.domain.outcome import Deferred, Failed, Finding, Looked, Outcome
from executor_service.handlers.base import Call, IoHandler, Step
from executor_service.messages import SENDGRID, TWILIO, TWILIO_VOICE, gateway_of
from executor_service.ports import CallGateways, EmailGateways, Finder, SmsGateways, Sought
from treadle.dispatch.v1.task_pb2 import (
    DELIVERY_CHANNEL_CALL,
    DELIVERY_CHANNEL_EMAIL,
    DELIVERY_CHANNEL_SMS,
    Lookup,
)

_PEERS = {
    DELIVERY_CHANNEL_EMAIL: SENDGRID,
    DELIVERY_CHANNEL_SMS: TWILIO,
    DELIVERY_CHANNEL_CALL: TWILIO_VOICE,
}
# What is looked for, in words.
_MESSAGE, _CALL = "message", "call"


class LookupHandler(IoHandler[Lookup]):
    """Asks the provider of the message's channel."""

    def __init__(
        self, email: EmailGateways, sms: SmsGateways, calls: CallGateways, clock: Clock
    ) -> None:
        self._by_channel = {
            DELIVERY_CHANNEL_EMAIL: ("SendGrid", _MESSAGE, email),
            DELIVERY_CHANNEL_SMS: ("Twilio", _MESSAGE, sms),
            DELIVERY_CHANNEL_CALL: ("Twilio", _CALL, calls),
        }
        self._clock = clock

    def peer(self, config: Lookup) -> str:
        """See `IoHandler`. Who is too slow to be sent to is too slow to be asked."""
        return _PEERS.get(config.sent.channel, "")

    async def prepare(self, step: Step[Lookup]) -> Outcome | Call:
        """See `IoHandler`."""
        lookup = step.config
        asked = self._by_channel.get(lookup.sent.channel)
        if asked is None:
            note = "its provider keeps no list that could be searched for it"
            return Looked(lookup.attempt_id, Finding.CANNOT_TELL, note)
        peer, what, gateways = asked
        gateway = await gateway_of(gateways, step.task, clock=self._clock)
        match gateway:
            case Failed():
                return Looked(lookup.attempt_id, Finding.CANNOT_TELL, gateway.message)
            case Deferred():
                return Looked(lookup.attempt_id, Finding.CANNOT_TELL, gateway.reason)
            case _:
                return lambda: self._look(peer, what, gateway, sought_by(lookup))

    async def _look(self, peer: str, what: str, gateway: Finder, sought: Sought) -> Outcome:
        try:
            found = tuple(await gateway.find(sought))
        except classify.CallError as error:
            failed = classify.classify(error, peer=peer, claimed=False, now=self._clock.now())
            return Looked(sought.attempt_id, Finding.CANNOT_TELL, failed.message)
        if not found:
            return Looked(sought.attempt_id, Finding.NOT_FOUND, f"{peer} listed no such {what}")
        number = f"a {what}" if len(found) == 1 else f"{len(found)} {what}s"
        return Looked(
            sought.attempt_id, Finding.FOUND, f"{peer} listed {number} that may be the one", found
        )


def sought_by(lookup: Lookup) -> Sought:
    """The message that is looked for."""
    sent = lookup.sent
    return Sought(
        attempt_id=lookup.attempt_id,
        to=sent.recipient,
        sender=sent.sender,
        text=sent.text,
        after=lookup.after.ToDatetime(UTC),
        before=lookup.before.ToDatetime(UTC),
    )
