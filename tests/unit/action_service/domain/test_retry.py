"""The retry table of SPEC-WFL-003 R7.2, row by row."""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from action_service.domain.retry import RETRY_TABLE, Backoff, ErrorClass, RetryTiming, retry_delay

TIMING = RetryTiming(base=timedelta(seconds=2), cap=timedelta(minutes=10))
SPECIFIED = {
    ErrorClass.NETWORK_TIMEOUT: (3, Backoff.EXPONENTIAL),
    ErrorClass.RATE_LIMIT: (5, Backoff.LINEAR),
    ErrorClass.SERVICE_UNAVAILABLE: (3, Backoff.EXPONENTIAL),
    ErrorClass.AUTHENTICATION: (0, Backoff.NONE),
    ErrorClass.INVALID_CONFIG: (0, Backoff.NONE),
    ErrorClass.REJECTED: (0, Backoff.NONE),
    ErrorClass.UNKNOWN_OUTCOME: (0, Backoff.NONE),
    ErrorClass.INTERNAL: (0, Backoff.NONE),
    ErrorClass.LINE_BUSY: (0, Backoff.FIXED),
}


@pytest.mark.parametrize("error_class", list(ErrorClass))
def test_the_table_counts_retries_without_the_first_try(error_class: ErrorClass) -> None:
    retries, backoff = SPECIFIED[error_class]
    assert RETRY_TABLE[error_class].backoff is backoff
    made = 0
    while retry_delay(error_class, made, timing=TIMING, rng=Random(1)) is not None:
        made += 1
    assert made == retries


@given(made=st.integers(0, 2), seed=st.integers())
def test_exponential_backoff_is_drawn_from_zero_to_a_doubling_bound(made: int, seed: int) -> None:
    delay = retry_delay(ErrorClass.NETWORK_TIMEOUT, made, timing=TIMING, rng=Random(seed))
    assert delay is not None
    assert timedelta(0) <= delay <= TIMING.base * 2**made


def test_jitter_is_full() -> None:
    """What failed together comes back spread over all of the bound, not at its end."""
    shares: list[float] = []
    for seed in range(200):
        delay = retry_delay(ErrorClass.NETWORK_TIMEOUT, 2, timing=TIMING, rng=Random(seed))
        assert delay is not None
        shares.append(delay / (TIMING.base * 4))
    for tenth in range(10):
        assert any(tenth <= 10 * share < tenth + 1 for share in shares)


def test_linear_backoff_grows_by_the_base() -> None:
    delays = [
        retry_delay(ErrorClass.RATE_LIMIT, made, timing=TIMING, rng=Random(1)) for made in range(5)
    ]
    assert delays == [TIMING.base * n for n in (1, 2, 3, 4, 5)]


@pytest.mark.parametrize("error_class", [ErrorClass.RATE_LIMIT, ErrorClass.SERVICE_UNAVAILABLE])
def test_retry_after_is_a_lower_bound_even_above_the_cap(error_class: ErrorClass) -> None:
    wanted = timedelta(hours=1)
    delay = retry_delay(error_class, 0, timing=TIMING, rng=Random(1), retry_after=wanted)
    assert delay == wanted
    short = timedelta(milliseconds=1)
    delay = retry_delay(ErrorClass.RATE_LIMIT, 0, timing=TIMING, rng=Random(1), retry_after=short)
    assert delay == TIMING.base


def test_delays_are_capped() -> None:
    timing = RetryTiming(base=timedelta(minutes=9), cap=timedelta(minutes=10))
    delay = retry_delay(ErrorClass.RATE_LIMIT, 3, timing=timing, rng=Random(1))
    assert delay == timing.cap


def test_an_actions_own_limit_replaces_the_tables_count() -> None:
    def delay(error_class: ErrorClass, made: int, limit: int) -> timedelta | None:
        return retry_delay(error_class, made, timing=TIMING, rng=Random(1), max_retries=limit)

    assert delay(ErrorClass.NETWORK_TIMEOUT, 0, 0) is None
    assert delay(ErrorClass.NETWORK_TIMEOUT, 6, 7) is not None
    assert delay(ErrorClass.NETWORK_TIMEOUT, 7, 7) is None
    assert delay(ErrorClass.AUTHENTICATION, 0, 7) is None


def test_a_busy_line_is_tried_again_after_a_while_as_often_as_the_action_says() -> None:
    delays = [
        retry_delay(ErrorClass.LINE_BUSY, made, timing=TIMING, rng=Random(1), max_retries=2)
        for made in range(3)
    ]
    assert delays == [timedelta(minutes=5), timedelta(minutes=5), None]
