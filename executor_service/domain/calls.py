"""How a telephone call stands, and what its end means for the step that placed it.

The one place that decides it, whether the provider told of the end by itself or was asked.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

# A call that nobody ends is ended by the provider after four hours (Twilio's default `TimeLimit`).
LONGEST = timedelta(hours=4, minutes=15)
# Between two looks at a call of which the provider has told no end.
SOONEST = timedelta(minutes=1)
LATEST = timedelta(minutes=10)


class CallStatus(StrEnum):
    """How a call stands."""

    QUEUED = "queued"
    RINGING = "ringing"
    ANSWERED = "answered"
    COMPLETED = "completed"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def is_final(self) -> bool:
        """Whether the call is over."""
        return self not in _UNDER_WAY


_UNDER_WAY = frozenset({CallStatus.QUEUED, CallStatus.RINGING, CallStatus.ANSWERED})


@dataclass(frozen=True, slots=True)
class CallReport:
    """What is known of a call. `answered_by` is the provider's word; texts may be empty."""

    call_id: str
    status: CallStatus
    to: str = ""
    answered_by: str = ""
    duration: timedelta = timedelta(0)
    recording_url: str = ""


class VoicemailOutcome(StrEnum):
    """What became of a call that was to leave a message."""

    VOICEMAIL_LEFT = "voicemail_left"
    MESSAGE_PLAYED = "message_played"
    HUMAN_ANSWERED = "human_answered"
    FAX_ANSWERED = "fax_answered"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    FAILED = "failed"
    CANCELED = "canceled"
    UNKNOWN = "unknown"


class CallOutcome(StrEnum):
    """What became of a call to connect two people."""

    COMPLETED = "completed"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    FAILED = "failed"
    CANCELED = "canceled"
    UNKNOWN = "unknown"


OutcomeT = TypeVar("OutcomeT", VoicemailOutcome, CallOutcome)


def voicemail_outcome(report: CallReport, *, machine_detection: bool) -> VoicemailOutcome:
    """What became of the message; without detection it was played to whoever answered.

    It agrees with what the gateway has the provider do with each kind of answer.
    """
    if report.status is not CallStatus.COMPLETED:
        return _named(VoicemailOutcome, report.status)
    if report.answered_by.startswith("machine"):
        return VoicemailOutcome.VOICEMAIL_LEFT
    if machine_detection and report.answered_by == "human":
        return VoicemailOutcome.HUMAN_ANSWERED
    if machine_detection and report.answered_by == "fax":
        return VoicemailOutcome.FAX_ANSWERED
    return VoicemailOutcome.MESSAGE_PLAYED


def call_outcome(report: CallReport) -> CallOutcome:
    """What became of the call."""
    return _named(CallOutcome, report.status)


def next_look(placed_at: datetime, now: datetime) -> datetime | None:
    """When to ask again how a call stands; None when it has been long enough.

    The longer it has lasted the less often, so that a talk of an hour costs a handful of requests.
    """
    lasted = now - placed_at
    if lasted >= LONGEST:
        return None
    return now + min(max(lasted, SOONEST), LATEST)


def _named(outcomes: type[OutcomeT], status: CallStatus) -> OutcomeT:
    return outcomes(status.value) if status.is_final else outcomes("unknown")
