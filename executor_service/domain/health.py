"""What the outcome of a call says of how its provider is."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from executor_service.domain.outcome import Accepted, Completed, ErrorClass, Failed, Outcome


class Health(StrEnum):
    """How the provider took a call."""

    # It answered; a refusal is an answer too.
    WELL = "well"
    # It did not, or said that it cannot serve anybody.
    UNWELL = "unwell"
    # It wants fewer calls.
    CROWDED = "crowded"
    # No call was made, so nothing is known.
    NOT_CALLED = "not_called"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The same with what the provider, or the lack of its answer, says beside it."""

    health: Health
    error_class: str = ""
    retry_after: timedelta | None = None


NOT_CALLED: Final = Verdict(Health.NOT_CALLED)
WELL: Final = Verdict(Health.WELL)

_UNWELL: Final = frozenset(
    {
        ErrorClass.NETWORK_TIMEOUT,
        ErrorClass.SERVICE_UNAVAILABLE,
        ErrorClass.UNKNOWN_OUTCOME,
    }
)
_ANSWERS: Final = frozenset({ErrorClass.REJECTED, ErrorClass.AUTHENTICATION})


def verdict_on(outcome: Outcome) -> Verdict:
    """What the outcome of a call that was made says."""
    if isinstance(outcome, Completed | Accepted):
        return WELL
    if not isinstance(outcome, Failed):
        return NOT_CALLED
    if outcome.error_class in _UNWELL:
        return Verdict(Health.UNWELL, outcome.error_class.value, outcome.retry_after)
    if outcome.error_class is ErrorClass.RATE_LIMIT:
        return Verdict(Health.CROWDED, outcome.error_class.value, outcome.retry_after)
    # What is wrong with the configuration may have shown before the call, or by its answer.
    return WELL if outcome.error_class in _ANSWERS else NOT_CALLED
