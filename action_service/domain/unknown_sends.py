"""Sends whose outcome nobody knows: what may be decided about them, and what follows from it.

    open -> decided -> settled
    open -> settled

Who can say what became of a send (an operator, its provider when asked, an event of its provider)
decides while it is open, and once. The engine carries the decision out, fenced by the attempt's id
as every answer is: where the executor's own word has come in the meantime, that settles it instead.
A provider that lists no such message decides nothing: it may list it later, and a second message
costs more than patience does.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from action_service.domain.deliveries import Channel
from action_service.domain.plan import Json
from action_service.domain.progress import Accepted, Completed, Failed, Outcome, SendAgain
from action_service.domain.retry import ErrorClass
from action_service.domain.workflow import etag

LOOK_GROWTH = 3
LOOK_CAP = timedelta(hours=1)


class SendState(StrEnum):
    """How far an unknown send has come."""

    OPEN = "open"
    DECIDED = "decided"
    SETTLED = "settled"


class SendEvent(StrEnum):
    """What can happen to an unknown send."""

    DECIDE = "decide"
    # The step or the delivery has moved on, for whatever reason.
    SETTLE = "settle"


class Resolution(StrEnum):
    """What is held to be true, and what follows."""

    SENT = "sent"
    RETRY = "retry"
    FAIL = "fail"
    # The run has left the step behind.
    ENDED = "ended"


class Finding(StrEnum):
    """What a look at the provider came to."""

    FOUND = "found"
    NOT_FOUND = "not_found"
    CANNOT_TELL = "cannot_tell"


class Resolver(StrEnum):
    """Who decides, beside users."""

    LOOKUP = "lookup"
    CALLBACK = "callback"
    RESULT = "result"


TRANSITIONS: Mapping[tuple[SendState, SendEvent], SendState] = MappingProxyType(
    {
        (SendState.OPEN, SendEvent.DECIDE): SendState.DECIDED,
        (SendState.OPEN, SendEvent.SETTLE): SendState.SETTLED,
        (SendState.DECIDED, SendEvent.SETTLE): SendState.SETTLED,
    }
)


@dataclass(frozen=True, slots=True)
class LookPolicy:
    """When a provider is asked: first after `base`, then ever more rarely, `limit` times."""

    base: timedelta = timedelta(seconds=30)
    limit: int = 6

    def next_look(self, looks: int) -> timedelta | None:
        """The pause before another look after so many; None when there is none."""
        if looks >= self.limit:
            return None
        return min(self.base * LOOK_GROWTH**looks, LOOK_CAP)

    def plan(self, looks: int, *, unknown_at: datetime, now: datetime) -> "LookPlan":
        """What to do about a send that has come up, after so many looks."""
        if looks == 0 and self.limit > 0 and now < unknown_at + self.base:
            return LookPlan(looks, unknown_at + self.base, look=False)
        if looks >= self.limit:
            return LookPlan(looks, None, look=False)
        pause = self.next_look(looks + 1)
        return LookPlan(looks + 1, None if pause is None else now + pause, look=True)


@dataclass(frozen=True, slots=True)
class LookPlan:
    """Whether a provider is asked now, how often it has been by then, and when it is next."""

    looks: int
    due_at: datetime | None
    look: bool


@dataclass(frozen=True, slots=True)
class Sent:
    """What an attempt handed over, as far as it is known."""

    channel: str | None = None
    recipient: str = ""
    sender: str = ""
    subject: str = ""
    body: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """A look at the provider."""

    at: datetime
    finding: Finding
    note: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message of the provider's that may be the one, and what the action would have put out."""

    reference: str
    output: Mapping[str, Json] = field(default_factory=dict[str, Json])


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is decided about a send."""

    resolution: Resolution
    resolved_by: str
    reason: str
    reference: str | None = None
    output: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class UnknownSend:
    """An attempt whose outcome is, or was, unknown; `id` is the attempt's."""

    id: UUID
    workflow_id: UUID
    execution_id: UUID
    action_execution_id: UUID
    action_id: UUID
    action_type: str
    contact_id: UUID | None
    delivery_id: UUID | None
    provider: str | None
    sent: Sent
    claimed_at: datetime | None
    unknown_at: datetime
    reason: str
    state: SendState
    lookups: tuple[Look, ...]
    next_look_at: datetime | None
    verdict: Verdict | None
    resolved_at: datetime | None
    revision: int

    @property
    def etag(self) -> str:
        """Another one for every change."""
        return etag(self.revision)


@dataclass(frozen=True, slots=True)
class Looked:
    """What a provider has answered."""

    finding: Finding
    note: str
    found: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an answer of the provider's is worth: what to keep of it, and what it decides."""

    finding: Finding
    note: str
    verdict: Verdict | None = None


def judge(looked: Looked, state: SendState, taken: Collection[str], rivals: int = 0) -> Judgement:
    """The worth of an answer.

    `taken` are messages found that are the work of other attempts; `rivals` are attempts at the
    same message of which it is not known (yet) either whether they have sent what was found.
    """
    if looked.finding is not Finding.FOUND:
        return Judgement(looked.finding, looked.note)
    free = [each for each in looked.found if each.reference not in taken]
    if not free:
        note = f"{looked.note}, but other attempts have sent what it listed"
        return Judgement(Finding.NOT_FOUND, note)
    # Each has sent one at most, so that what is left when all rivals have theirs is this one's.
    if len(free) <= rivals:
        note = f"{looked.note}, but another attempt may have sent it"
        return Judgement(Finding.CANNOT_TELL, note)
    message = free[0]
    if not can_decide(state):
        return Judgement(Finding.FOUND, looked.note)
    verdict = Verdict(
        Resolution.SENT, Resolver.LOOKUP, looked.note, message.reference, message.output or None
    )
    return Judgement(Finding.FOUND, looked.note, verdict)


def can_decide(state: SendState) -> bool:
    """Whether a send may still be decided about."""
    return (state, SendEvent.DECIDE) in TRANSITIONS


def outcome_of(verdict: Verdict, sent: Sent, now: datetime) -> Outcome:
    """What the engine makes of a decision: the answer that the provider might have given."""
    match verdict.resolution:
        case Resolution.SENT if sent.channel == Channel.CALL and verdict.reference:
            # A call is not over when it has been placed: what becomes of it is followed.
            return Accepted(verdict.reference, now, "the call was placed")
        case Resolution.SENT:
            output = verdict.output or output_of(sent, verdict.reference)
            return Completed(json.dumps(output), verdict.reference)
        case Resolution.RETRY:
            return SendAgain(verdict.reason)
        case Resolution.FAIL | Resolution.ENDED:
            return Failed(ErrorClass.REJECTED, f"the message was not sent: {verdict.reason}")


def output_of(sent: Sent, reference: str | None) -> dict[str, Json]:
    """The step's output where nobody but us can say what it is."""
    said: dict[str, Json] = {"message_id": reference or "", "to": sent.recipient}
    if sent.body:
        said["body"] = sent.body
    if sent.subject:
        said["subject"] = sent.subject
    return said


_PROVIDERS: Mapping[str, str] = MappingProxyType(
    {"twilio": "Twilio", "sendgrid": "SendGrid", "meta": "Meta"}
)


def provider_name(provider: str | None) -> str:
    """A provider as people call it."""
    return _PROVIDERS.get(provider or "", "the provider")


def explain(send: UnknownSend) -> str:
    """What is known of the send, in plain words, and what can be done."""
    if send.verdict is not None:
        return _settled(send, send.verdict)
    peer = provider_name(send.provider)
    words = [
        f"It is not known whether {peer} has taken the message: {send.reason or 'no answer came'}.",
        _looked(send, peer),
        "Somebody who may resolve it can say that it was sent, have it sent once more, or have it"
        " fail (unknown send " + str(send.id) + ").",
    ]
    return " ".join(words)


def _looked(send: UnknownSend, peer: str) -> str:
    if send.lookups:
        last = send.lookups[-1]
        said = f"{_minute(last.at)}: {last.note}."
    else:
        said = f"{peer} has not been asked yet."
    if send.next_look_at is None:
        return f"{said} {peer} is not asked again."
    return f"{said} {peer} is asked again at {_minute(send.next_look_at)}."


def _settled(send: UnknownSend, verdict: Verdict) -> str:
    when = "" if send.resolved_at is None else f" at {_minute(send.resolved_at)}"
    because = f": {verdict.reason}" if verdict.reason else ""
    what = {
        Resolution.SENT: "it was sent",
        Resolution.RETRY: "it was not sent, and is sent once more",
        Resolution.FAIL: "it was not sent",
        Resolution.ENDED: "the run has ended or gone on without it",
    }[verdict.resolution]
    peer = provider_name(send.provider)
    deciders: Mapping[str, str] = {
        Resolver.LOOKUP: f"{peer} was asked",
        Resolver.CALLBACK: f"{peer} told of the message",
        Resolver.RESULT: "the last word on the attempt came",
    }
    who = deciders.get(verdict.resolved_by, f"{verdict.resolved_by} decided")
    return f"It was not known whether the message was sent, until {who}{when}: {what}{because}."


def _minute(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")
