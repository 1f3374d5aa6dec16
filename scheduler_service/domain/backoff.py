"""How long to hold back after a failure: exponential, with full jitter, up to a ceiling.

Full jitter (a delay drawn evenly from zero to the bound) keeps replicas that failed together from
coming back together.
"""

import random
from dataclasses import dataclass, field
from datetime import timedelta


def bound(first: timedelta, ceiling: timedelta, failures: int) -> timedelta:
    """The longest delay after `failures` failures in a row (from 1): doubles up to `ceiling`."""
    doublings = min(max(failures - 1, 0), 32)
    return min(first * 2**doublings, ceiling)


@dataclass(slots=True)
class Backoff:
    """Counts failures in a row and gives the delay after each."""

    first: timedelta
    ceiling: timedelta
    failures: int = 0
    rng: random.Random = field(default_factory=random.Random)

    def next(self) -> timedelta:
        """Records one more failure; the delay before the next try."""
        self.failures += 1
        return bound(self.first, self.ceiling, self.failures) * self.rng.random()

    def reset(self) -> None:
        """Records a success."""
        self.failures = 0
