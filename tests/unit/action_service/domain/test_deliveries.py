"""What each answer does to a delivery in each of its states."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from action_service.domain.deliveries import DeliveryStatus, Position, Settlement, settle
from action_service.domain.progress import (
    Completed,
    Deferred,
    Due,
    Failed,
    Outcome,
    Skipped,
    Waiting,
)
from action_service.domain.retry import ErrorClass, RetryTiming

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
TIMING = RetryTiming(base=timedelta(seconds=2))
PENDING, SENT, FAILED, SKIPPED, UNKNOWN = DeliveryStatus

SUCCESS = Completed("{}", "SM1")
BUSY = Failed(ErrorClass.RATE_LIMIT, "too many")
REFUSED = Failed(ErrorClass.REJECTED, "no such address")
LOST = Failed(ErrorClass.UNKNOWN_OUTCOME, "no answer")
NOT_NOW = Deferred(LATER, "away")
NOT_AT_ALL = Skipped("unsubscribed")


def settled(
    status: DeliveryStatus,
    outcome: Outcome,
    *,
    attempts: int = 0,
    claimed: bool = True,
    claimant: bool = True,
) -> Settlement | None:
    return settle(
        Position(status, attempts, claimed),
        outcome,
        claimant=claimant,
        now=NOW,
        timing=TIMING,
        rng=Random(1),
    )


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (SUCCESS, Settlement(SENT, 1, provider_reference="SM1")),
        (REFUSED, Settlement(FAILED, 1, "no such address")),
        (NOT_AT_ALL, Settlement(SKIPPED, 1, "unsubscribed")),
        (LOST, Settlement(UNKNOWN, 1, "no answer")),
        # Linear backoff: the first retry after one base.
        (BUSY, Settlement(PENDING, 1, "too many", again_at=NOW + timedelta(seconds=2))),
        # What is put off has not been tried.
        (NOT_NOW, Settlement(PENDING, 0, "away", again_at=LATER)),
        (Waiting(LATER, "?"), None),
        (Due(), None),
    ],
)
def test_a_pending_delivery(outcome: Outcome, expected: Settlement | None) -> None:
    assert settled(PENDING, outcome) == expected


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (SUCCESS, Settlement(SENT, 1, provider_reference="SM1")),
        (REFUSED, Settlement(FAILED, 1, "no such address")),
        (NOT_AT_ALL, Settlement(SKIPPED, 1, "unsubscribed")),
        (BUSY, Settlement(PENDING, 1, "too many", again_at=NOW + timedelta(seconds=2))),
        (NOT_NOW, Settlement(PENDING, 0, "away", again_at=LATER)),
        (LOST, None),
    ],
)
def test_the_claimant_knows_what_became_of_an_unknown_one(
    outcome: Outcome, expected: Settlement | None
) -> None:
    assert settled(UNKNOWN, outcome, attempts=1) == expected


@pytest.mark.parametrize("status", [SENT, FAILED, SKIPPED])
@pytest.mark.parametrize("outcome", [SUCCESS, REFUSED, BUSY, LOST, NOT_NOW, NOT_AT_ALL])
def test_what_is_done_stays_as_it_is(status: DeliveryStatus, outcome: Outcome) -> None:
    assert settled(status, outcome) is None


@pytest.mark.parametrize("outcome", [REFUSED, BUSY, NOT_NOW, NOT_AT_ALL])
def test_a_run_without_the_claim_cannot_know(outcome: Outcome) -> None:
    settlement = settled(PENDING, outcome, claimant=False)
    assert settlement is not None
    assert settlement.status is UNKNOWN
    assert settlement.again_at is None
    assert settled(UNKNOWN, outcome, attempts=1, claimant=False) is None
    # Nobody has claimed: nobody has sent.
    free = settled(PENDING, outcome, claimed=False, claimant=False)
    assert free is not None
    assert free.status is not UNKNOWN


def test_success_counts_whoever_reports_it() -> None:
    settlement = settled(UNKNOWN, SUCCESS, attempts=1, claimant=False)
    assert settlement == Settlement(SENT, 1, provider_reference="SM1")


def test_retries_end_as_the_table_says() -> None:
    for attempts in range(3):
        again = settled(PENDING, Failed(ErrorClass.SERVICE_UNAVAILABLE, "x"), attempts=attempts)
        assert again is not None
        assert (again.status, again.attempts) == (PENDING, attempts + 1)
        assert again.again_at is not None
    end = settled(PENDING, Failed(ErrorClass.SERVICE_UNAVAILABLE, "down"), attempts=3)
    assert end == Settlement(FAILED, 4, "down")


def test_a_provider_may_ask_for_more_time() -> None:
    failed = Failed(ErrorClass.RATE_LIMIT, "x", timedelta(minutes=5))
    settlement = settled(PENDING, failed)
    assert settlement is not None
    assert settlement.again_at == NOW + timedelta(minutes=5)
