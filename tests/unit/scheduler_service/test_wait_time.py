"""SPEC-WFL-003 R4.1: when a wait ends."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler_service.domain.wait import WaitError
from scheduler_service.domain.wait_time import Unit, plan
from scheduler_service.domain.zones import ZoneCandidate
from tests.support.clocks import ZONES

READY = datetime(2026, 1, 26, 10, 0, tzinfo=UTC)
BERLIN = ZoneCandidate("the contact's time zone", "Europe/Berlin")


@pytest.mark.parametrize(
    ("duration", "unit", "length", "words"),
    [
        (1, Unit.SECONDS, timedelta(seconds=1), "1 second"),
        (90, Unit.MINUTES, timedelta(minutes=90), "90 minutes"),
        (36, Unit.HOURS, timedelta(hours=36), "36 hours"),
        (2, Unit.DAYS, timedelta(hours=48), "2 days"),
        (1, Unit.WEEKS, timedelta(hours=168), "1 week"),
    ],
)
def test_wait_time_action(duration: int, unit: Unit, length: timedelta, words: str) -> None:
    wait = plan(duration, unit, READY)
    assert wait.due_at == READY + length
    assert wait.reason == f"waits {words} from 2026-01-26 10:00:00 UTC"


def test_a_day_is_24_hours_over_a_clock_change() -> None:
    ready = datetime(2026, 3, 28, 11, 0, tzinfo=UTC)  # noon in Berlin, on the eve of the change
    assert plan(1, Unit.DAYS, ready, [BERLIN]).due_at == ready + timedelta(hours=24)
    assert plan(1, Unit.CALENDAR_DAYS, ready, [BERLIN]).due_at == ready + timedelta(hours=23)


def test_calendar_days_keep_the_wall_time_in_the_zone() -> None:
    wait = plan(2, Unit.CALENDAR_DAYS, READY, [BERLIN])
    assert wait.due_at == READY + timedelta(days=2)
    assert wait.reason == (
        "waits 2 calendar days from 2026-01-26 10:00:00 UTC, until 11:00:00 wall time in "
        "Europe/Berlin (the contact's time zone)"
    )


def test_a_wall_time_in_a_gap_is_its_first_valid_instant() -> None:
    ready = datetime(2026, 3, 28, 1, 30, tzinfo=UTC)  # 02:30 in Berlin; the next day has none
    wait = plan(1, Unit.CALENDAR_DAYS, ready, [BERLIN])
    assert wait.due_at == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert "a clock change skips that time" in wait.reason


def test_a_wall_time_in_an_overlap_is_its_first_occurrence() -> None:
    ready = datetime(2026, 10, 24, 0, 30, tzinfo=UTC)  # 02:30 in Berlin; the next day has two
    wait = plan(1, Unit.CALENDAR_DAYS, ready, [BERLIN])
    assert wait.due_at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert "come twice" in wait.reason


def test_an_unknown_zone_is_named_and_the_next_one_counts() -> None:
    candidates = [
        ZoneCandidate("the contact's time zone", "Mars/Olympus"),
        ZoneCandidate("the account's time zone", "America/New_York"),
    ]
    wait = plan(1, Unit.CALENDAR_DAYS, READY, candidates)
    assert "America/New_York (the account's time zone)" in wait.reason
    assert "'Mars/Olympus' is not a known time zone" in wait.reason


@pytest.mark.parametrize("unit", Unit)
def test_a_wait_beyond_the_calendar_is_refused(unit: Unit) -> None:
    ready = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    with pytest.raises(WaitError, match="9999"):
        plan(1_000_000, unit, ready, [BERLIN])


@pytest.mark.parametrize("duration", [0, -1])
def test_a_wait_must_have_a_length(duration: int) -> None:
    with pytest.raises(WaitError, match="at least 1"):
        plan(duration, Unit.MINUTES, READY)


instants = st.datetimes(
    datetime(1975, 1, 1),  # noqa: DTZ001 - made aware by the strategy
    datetime(2090, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@given(ready=instants, duration=st.integers(1, 400), unit=st.sampled_from(Unit))
def test_the_same_question_has_the_same_answer(ready: datetime, duration: int, unit: Unit) -> None:
    assert plan(duration, unit, ready, [BERLIN]) == plan(duration, unit, ready, [BERLIN])


@given(
    ready=instants,
    days=st.integers(1, 400),
    zone=st.sampled_from(ZONES),
)
def test_calendar_days_are_never_early_nor_later_than_a_gap(
    ready: datetime, days: int, zone: str
) -> None:
    wait = plan(days, Unit.CALENDAR_DAYS, ready, [ZoneCandidate("the contact's time zone", zone)])
    there = ZoneInfo(zone)
    wanted = ready.astimezone(there).replace(tzinfo=None, fold=0) + timedelta(days=days)
    got = wait.due_at.astimezone(there).replace(tzinfo=None, fold=0)
    assert wait.due_at > ready
    assert got >= wanted
    if got > wanted:
        just_before = (wait.due_at - timedelta(seconds=1)).astimezone(there)
        assert just_before.replace(tzinfo=None) < wanted
