"""What follows from what providers tell: who is not to be reached any more, or is again.

Sources: SendGrid's "Event Webhook reference", Twilio's "Advanced Opt-Out" and error 21610.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from action_service.domain.compliance import Cause, Channel, NewSuppression, Scope
from action_service.domain.messages import Fact
from action_service.domain.opt_out import Keyword, keyword_of
from action_service.domain.plan import Json
from action_service.domain.provider_events import ProviderEvent

MAX_DETAIL: Final = 500
# Twilio: whoever has the number has answered STOP to the sender before.
_UNSUBSCRIBED_RECIPIENT: Final = "21610"
# Unlike what the contact says, these are of the address; nothing at all gets through to it.
_EMAIL_FACTS: Final[Mapping[Fact, tuple[Cause, Scope]]] = {
    Fact.BOUNCED: (Cause.BOUNCE, Scope.ALL),
    Fact.COMPLAINED: (Cause.COMPLAINT, Scope.ALL),
    Fact.UNSUBSCRIBED: (Cause.UNSUBSCRIBE, Scope.MARKETING),
}
# Why SendGrid drops a message without trying, in its words.
_DROPPED: Final = {
    "bounced address": Fact.BOUNCED,
    "invalid": Fact.BOUNCED,
    "spam reporting address": Fact.COMPLAINED,
    "unsubscribed address": Fact.UNSUBSCRIBED,
}


@dataclass(frozen=True, slots=True)
class Lift:
    """Whoever has the address wants messages again."""

    channel: Channel
    address: str
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True)
class AnswerHelp:
    """Whoever has the number asks who writes to them; answered from the number they wrote to."""

    number: str
    from_number: str


Consequence: TypeAlias = NewSuppression | Lift | AnswerHelp


def consequences(provider: str, event: ProviderEvent) -> Iterable[Consequence]:
    """What follows from an event; addresses are as the provider writes them."""
    match provider:
        case "sendgrid":
            return _of_email(event)
        case "twilio":
            return _of_sms(event)
        case _:
            return ()


def opted_out(number: str) -> NewSuppression:
    """Of whoever Twilio refuses to send to."""
    detail = f"Twilio error {_UNSUBSCRIBED_RECIPIENT}"
    return NewSuppression(Channel.SMS, number, Cause.STOP, detail=detail)


def _of_email(event: ProviderEvent) -> Iterable[Consequence]:
    address = _text(event.payload, "email")
    if not address:
        return
    if event.kind == "group_resubscribe":
        yield Lift(Channel.EMAIL, address, (Cause.UNSUBSCRIBE,))
        return
    fact = event.fact
    reason = _text(event.payload, "reason")
    if event.kind == "dropped":
        fact = _DROPPED.get(reason.strip().lower())
    if fact is not None and fact in _EMAIL_FACTS:
        cause, scope = _EMAIL_FACTS[fact]
        yield NewSuppression(Channel.EMAIL, address, cause, scope, reason[:MAX_DETAIL])


def _of_sms(event: ProviderEvent) -> Iterable[Consequence]:
    if _text(event.payload, "ErrorCode") == _UNSUBSCRIBED_RECIPIENT:
        yield opted_out(_text(event.payload, "To"))
        return
    if event.sender is None:
        return
    body = _text(event.payload, "Body")
    read_by_twilio = _text(event.payload, "OptOutType")
    match keyword_of(body, read_by_twilio):
        case Keyword.STOP:
            detail = f"answered {body.strip()}"[:MAX_DETAIL]
            yield NewSuppression(Channel.SMS, event.sender, Cause.STOP, detail=detail)
        case Keyword.START:
            yield Lift(Channel.SMS, event.sender, (Cause.STOP,))
        # Who reads keywords answers them too: two answers would be one too many.
        case Keyword.HELP if not read_by_twilio:
            yield AnswerHelp(event.sender, _text(event.payload, "To"))
        case _:
            return


def _text(payload: Mapping[str, Json], name: str) -> str:
    value = payload.get(name)
    return value if isinstance(value, str) else ""
