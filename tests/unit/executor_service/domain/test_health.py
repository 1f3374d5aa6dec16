"""Only what speaks of the provider's health is held against it."""

from datetime import UTC, datetime, timedelta

import pytest

from executor_service.domain.health import NOT_CALLED, WELL, Health, Verdict, verdict_on
from executor_service.domain.outcome import (
    Accepted,
    Completed,
    Deferred,
    ErrorClass,
    Failed,
    Outcome,
    Skipped,
)

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("outcome", "health"),
    [
        (Completed(), Health.WELL),
        (Accepted("CA1", datetime(2026, 3, 4, tzinfo=UTC), "rings"), Health.WELL),
        (Skipped("nobody there"), Health.NOT_CALLED),
        (Deferred(datetime(2026, 3, 4, tzinfo=UTC), "at night"), Health.NOT_CALLED),
        *(
            (Failed(error_class, "x"), health)
            for error_class, health in {
                ErrorClass.NETWORK_TIMEOUT: Health.UNWELL,
                ErrorClass.SERVICE_UNAVAILABLE: Health.UNWELL,
                ErrorClass.UNKNOWN_OUTCOME: Health.UNWELL,
                ErrorClass.RATE_LIMIT: Health.CROWDED,
                ErrorClass.AUTHENTICATION: Health.WELL,
                ErrorClass.REJECTED: Health.WELL,
                ErrorClass.INVALID_CONFIG: Health.NOT_CALLED,
                ErrorClass.INTERNAL: Health.NOT_CALLED,
            }.items()
        ),
    ],
    ids=lambda value: getattr(value, "value", type(value).__name__),
)
def test_what_an_outcome_says_of_the_provider(outcome: Outcome, health: Health) -> None:
    assert verdict_on(outcome).health is health


def test_each_error_class_says_something() -> None:
    assert {verdict_on(Failed(each, "x")).health for each in ErrorClass} == set(Health)


def test_the_time_that_it_asks_for_is_kept() -> None:
    limited = Failed(ErrorClass.RATE_LIMIT, "x", MINUTE)
    assert verdict_on(limited) == Verdict(Health.CROWDED, "rate_limit", MINUTE)
    down = Failed(ErrorClass.SERVICE_UNAVAILABLE, "x", MINUTE)
    assert verdict_on(down) == Verdict(Health.UNWELL, "service_unavailable", MINUTE)


def test_the_verdicts_that_need_no_words() -> None:
    assert verdict_on(Completed()) == WELL
    assert verdict_on(Skipped("x")) == NOT_CALLED
