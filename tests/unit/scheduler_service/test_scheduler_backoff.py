"""How long to hold back after failures."""

import random
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from scheduler_service.domain.backoff import Backoff, bound

FIRST, CEILING = timedelta(milliseconds=200), timedelta(seconds=5)


def test_the_bound_doubles_up_to_the_ceiling() -> None:
    bounds = [bound(FIRST, CEILING, failures).total_seconds() for failures in range(1, 8)]
    assert bounds == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


@given(failures=st.integers(1, 10_000), seed=st.integers())
def test_the_delay_stays_within_the_bound(failures: int, seed: int) -> None:
    backoff = Backoff(FIRST, CEILING, failures - 1, random.Random(seed))
    assert timedelta() <= backoff.next() <= CEILING


def test_a_success_starts_it_anew() -> None:
    backoff = Backoff(FIRST, CEILING, failures=9)
    backoff.reset()
    assert backoff.next() <= FIRST
