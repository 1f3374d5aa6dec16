"""What an answer does to a delivery: an email or SMS that is sent beside a step's own work.

    pending -> sent | failed | skipped
    pending -> unknown -> sent | failed | skipped | pending

A delivery is `unknown` while its message may have left. Only the run that was granted the attempt's
claim knows better, and may still say so.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from random import Random

from action_service.domain.claims import as_known
from action_service.domain.progress import Completed, Deferred, Failed, Outcome, SendAgain, Skipped
from action_service.domain.retry import ErrorClass, RetryTiming, retry_delay


class Channel(StrEnum):
    """The way a message goes."""

    EMAIL = "email"
    SMS = "sms"
    MESSENGER = "messenger"
    CALL = "call"


class DeliveryStatus(StrEnum):
    """How a delivery stands."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


_OPEN = frozenset({DeliveryStatus.PENDING, DeliveryStatus.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Position:
    """Where a delivery stands when an answer to its current attempt arrives."""

    status: DeliveryStatus
    # Those that came to something; one that was put off did not.
    attempts: int
    # The ledger has a claim of the current attempt.
    claimed: bool


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a delivery stands after an answer; with `again_at` another attempt is due then."""

    status: DeliveryStatus
    attempts: int
    reason: str | None = None
    provider_reference: str | None = None
    again_at: datetime | None = None


def settle(
    at: Position,
    outcome: Outcome,
    *,
    claimant: bool,
    now: datetime,
    timing: RetryTiming,
    rng: Random,
) -> Settlement | None:
    """What `outcome` does to the delivery; None when it changes nothing.

    `claimant`: the answer is from the run that was granted the attempt's claim. Failures are tried
    again by the table of SPEC-WFL-003 R7.2.
    """
    if at.status not in _OPEN:
        return None
    outcome = as_known(outcome, claimed=at.claimed, claimant=claimant)
    # An attempt whose fate was unknown has been counted.
    before = at.attempts - (at.status is DeliveryStatus.UNKNOWN)
    match outcome:
        case Completed():
            reference = outcome.provider_reference
            return Settlement(DeliveryStatus.SENT, before + 1, provider_reference=reference)
        case Skipped():
            return Settlement(DeliveryStatus.SKIPPED, before + 1, outcome.reason)
        case Deferred():
            return Settlement(
                DeliveryStatus.PENDING, before, outcome.reason, again_at=outcome.not_before
            )
        case SendAgain():
            return Settlement(DeliveryStatus.PENDING, before + 1, outcome.reason, again_at=now)
        case Failed(error_class=ErrorClass.UNKNOWN_OUTCOME):
            if at.status is DeliveryStatus.UNKNOWN:
                return None
            return Settlement(DeliveryStatus.UNKNOWN, before + 1, outcome.message)
        case Failed():
            return _failed(before, outcome, now=now, timing=timing, rng=rng)
        case _:
            return None


def _failed(
    before: int, failed: Failed, *, now: datetime, timing: RetryTiming, rng: Random
) -> Settlement:
    delay = retry_delay(
        failed.error_class, before, timing=timing, rng=rng, retry_after=failed.retry_after
    )
    if delay is None:
        return Settlement(DeliveryStatus.FAILED, before + 1, failed.message)
    return Settlement(DeliveryStatus.PENDING, before + 1, failed.message, again_at=now + delay)
