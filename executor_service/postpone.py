"""What becomes of a step while a part of Treadle itself is away: it waits, and spends no attempt.

Retries are there for what the outside world does to a step. A restart of ours is none of its
business, and takes as long as it takes.
"""

import random
from datetime import datetime, timedelta
from typing import Final

from common.errors import ErrorReason, TreadleError
from executor_service.domain.outcome import Deferred, ErrorClass, Failed, Hold, HoldCause

SOONEST: Final = timedelta(seconds=2)
LATEST: Final = timedelta(seconds=8)

_AWAY: Final = frozenset(
    {
        ErrorReason.DEPENDENCY_UNAVAILABLE,
        ErrorReason.DEADLINE_EXCEEDED,
        ErrorReason.OVERLOADED,
        # While the services' secret is being changed, not all of them have the same one.
        ErrorReason.UNAUTHENTICATED,
    }
)


def is_away(error: TreadleError | TimeoutError) -> bool:
    """Whether the other part did not answer, or cannot serve us now; a refusal is an answer."""
    return isinstance(error, TimeoutError) or error.reason in _AWAY


def name_of(error: TreadleError | TimeoutError) -> str:
    """What a log says of the error."""
    return type(error).__name__ if isinstance(error, TimeoutError) else error.reason.value


def not_had(what: str, error: TreadleError | TimeoutError, now: datetime) -> Failed | Deferred:
    """The outcome of a step that lacks `what` another part of Treadle should have given."""
    if is_away(error):
        return put_off(now, f"{what} could not be reached")
    return Failed(ErrorClass.SERVICE_UNAVAILABLE, f"{what} could not be read")


def put_off(now: datetime, reason: str) -> Deferred:
    """The outcome: again some seconds from `now`, spread so that not all come back together."""
    pause = SOONEST + (LATEST - SOONEST) * random.random()
    return Deferred(now + pause, reason, Hold(HoldCause.SERVICE_AWAY))
