"""When a failed attempt is tried again: the table of SPEC-WFL-003 R7.2.

Counts exclude the first try. Exponential backoff has full jitter (a uniform draw from zero to the
bound), so that a thousand contacts that failed together do not come back together. A provider's
Retry-After is a lower bound. A busy line is tried again after a fixed while: docs/adr/0012.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from random import Random
from types import MappingProxyType


class ErrorClass(StrEnum):
    """Why an attempt failed."""

    NETWORK_TIMEOUT = "network_timeout"
    RATE_LIMIT = "rate_limit"
    SERVICE_UNAVAILABLE = "service_unavailable"
    AUTHENTICATION = "authentication"
    INVALID_CONFIG = "invalid_config"
    REJECTED = "rejected"
    UNKNOWN_OUTCOME = "unknown_outcome"
    INTERNAL = "internal"
    LINE_BUSY = "line_busy"


class Backoff(StrEnum):
    """How the delay grows with the retries made."""

    NONE = "none"
    EXPONENTIAL = "exponential"
    LINEAR = "linear"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True)
class RetryRule:
    """How often one kind of error is retried."""

    max_retries: int
    backoff: Backoff


NEVER = RetryRule(0, Backoff.NONE)
RETRY_TABLE: Mapping[ErrorClass, RetryRule] = MappingProxyType(
    {
        ErrorClass.NETWORK_TIMEOUT: RetryRule(3, Backoff.EXPONENTIAL),
        ErrorClass.RATE_LIMIT: RetryRule(5, Backoff.LINEAR),
        ErrorClass.SERVICE_UNAVAILABLE: RetryRule(3, Backoff.EXPONENTIAL),
        ErrorClass.AUTHENTICATION: NEVER,
        ErrorClass.INVALID_CONFIG: NEVER,
        ErrorClass.REJECTED: NEVER,
        ErrorClass.UNKNOWN_OUTCOME: NEVER,
        ErrorClass.INTERNAL: NEVER,
        # How often is the action's own business; its configuration says it.
        ErrorClass.LINE_BUSY: RetryRule(0, Backoff.FIXED),
    }
)


@dataclass(frozen=True, slots=True)
class RetryTiming:
    """The length of delays: the first bound, and what none exceeds (a Retry-After may)."""

    base: timedelta = timedelta(seconds=2)
    cap: timedelta = timedelta(minutes=10)
    line_busy: timedelta = timedelta(minutes=5)


def retry_delay(
    error_class: ErrorClass,
    retries_made: int,
    *,
    timing: RetryTiming,
    rng: Random,
    retry_after: timedelta | None = None,
    max_retries: int | None = None,
) -> timedelta | None:
    """The delay before the next try, or None when there is none.

    `max_retries` replaces the table's count for errors that are retryable at all; an action whose
    configuration says how often to retry passes it.
    """
    delay = longest_delay(error_class, retries_made, timing=timing, max_retries=max_retries)
    if delay is None:
        return None
    if RETRY_TABLE[error_class].backoff is Backoff.EXPONENTIAL:
        delay *= rng.random()
    return max(delay, retry_after) if retry_after is not None else delay


def longest_delay(
    error_class: ErrorClass,
    retries_made: int,
    *,
    timing: RetryTiming,
    max_retries: int | None = None,
) -> timedelta | None:
    """The bound of the delay before the next try, without a provider's Retry-After."""
    if retries_made >= allowed_retries(error_class, max_retries):
        return None
    match RETRY_TABLE[error_class].backoff:
        case Backoff.EXPONENTIAL:
            return min(timing.base * 2**retries_made, timing.cap)
        case Backoff.LINEAR:
            return min(timing.base * (retries_made + 1), timing.cap)
        case Backoff.FIXED:
            return timing.line_busy
        case Backoff.NONE:
            return None


def allowed_retries(error_class: ErrorClass, max_retries: int | None = None) -> int:
    """How often such an error is retried; see `retry_delay` for `max_retries`."""
    rule = RETRY_TABLE[error_class]
    if rule.backoff is Backoff.NONE:
        return 0
    return rule.max_retries if max_retries is None else max_retries
