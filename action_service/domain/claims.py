"""Claims of sends that a provider cannot de-duplicate."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from action_service.domain.compliance import Recipient
from action_service.domain.progress import Deferred, Failed, Outcome, Skipped
from action_service.domain.retry import ErrorClass

_CLAIMED_ELSEWHERE = (
    "another run of this attempt was handing the message over; it may have been sent, so it is not"
    " sent again"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """An executor's wish to make the one call of an attempt."""

    attempt_id: UUID
    action_execution_id: UUID
    account_id: UUID
    # Of an attempt at a delivery, which is not one at the step.
    delivery_id: UUID | None = None
    # Whom the message is for; None when the executor does not say: then nobody can object.
    recipient: Recipient | None = None


class ClaimDecision(StrEnum):
    """Whether the call may be made."""

    GRANTED = "granted"
    # The call may have been made already.
    ALREADY_CLAIMED = "already_claimed"
    # Another attempt has taken over or will, as the workflow is paused; or the execution has ended.
    STALE = "stale"
    # Whoever is addressed must not be reached so.
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision about a claim; `reason` is why it is refused, for the step's log."""

    decision: ClaimDecision
    reason: str = ""


def as_known(outcome: Outcome, *, claimed: bool, claimant: bool) -> Outcome:
    """The outcome of an attempt, as far as the run that reports it can know.

    Another run that was granted the attempt's claim may have sent, whatever one says that was not;
    and of a call that is under way only those runs know that look after it.
    """
    if claimed and not claimant and isinstance(outcome, Failed | Deferred | Skipped):
        return Failed(ErrorClass.UNKNOWN_OUTCOME, _CLAIMED_ELSEWHERE)
    return outcome
