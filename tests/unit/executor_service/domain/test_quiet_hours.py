"""Quiet hours: the rule by examples, and by a search minute by minute over clock changes."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from executor_service.domain.quiet_hours import (
    Window,
    is_quiet,
    next_allowed,
    parse_time_of_day,
)

NIGHT = Window(time(21), time(9))
BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")

# Zones whose clocks jump by an hour, by half an hour, by a whole day (Apia, December 2011), that
# go backwards in summer (Dublin, Casablanca), or do not jump at all.
ZONES = [
    ZoneInfo(name)
    for name in (
        "America/New_York",
        "Europe/Berlin",
        "Europe/Dublin",
        "Pacific/Apia",
        "Australia/Lord_Howe",
        "Asia/Kolkata",
        "America/Sao_Paulo",
        "Africa/Casablanca",
    )
]
# Around clock changes in those zones, and one quiet day.
DAYS = [
    datetime(2025, 3, 8, 12, tzinfo=UTC),
    datetime(2025, 3, 29, 12, tzinfo=UTC),
    datetime(2025, 4, 5, 0, tzinfo=UTC),
    datetime(2025, 10, 4, 0, tzinfo=UTC),
    datetime(2025, 10, 25, 12, tzinfo=UTC),
    datetime(2025, 11, 1, 12, tzinfo=UTC),
    datetime(2025, 2, 22, 12, tzinfo=UTC),
    datetime(2011, 12, 29, 0, tzinfo=UTC),
    datetime(2018, 11, 3, 12, tzinfo=UTC),
    datetime(2026, 7, 1, 0, tzinfo=UTC),
]

quarters = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
windows = st.builds(Window, quarters, quarters)


def after(day: datetime, minutes: int) -> datetime:
    """An instant some minutes after the start of a day."""
    return day + timedelta(minutes=minutes)


instants = st.builds(after, st.sampled_from(DAYS), st.integers(0, 48 * 60))


def search(window: Window, zones: list[ZoneInfo], now: datetime) -> datetime | None:
    """The same by trying every minute; offsets and windows are whole minutes in these years."""
    for minute in range(3 * 24 * 60):
        instant = now + timedelta(minutes=minute)
        if not any(is_quiet(window, zone, instant) for zone in zones):
            return instant
    return None


@settings(max_examples=300, deadline=None)
@given(windows, st.sampled_from(ZONES), instants)
def test_next_allowed_is_the_first_minute_that_is_not_quiet(
    window: Window, zone: ZoneInfo, now: datetime
) -> None:
    assert next_allowed([window], [zone], now) == search(window, [zone], now)


@settings(max_examples=100, deadline=None)
@given(windows, st.lists(st.sampled_from(ZONES), min_size=1, max_size=3), instants)
def test_next_allowed_is_allowed_in_all_zones(
    window: Window, zones: list[ZoneInfo], now: datetime
) -> None:
    expected = search(window, zones, now)
    if expected is not None:
        assert next_allowed([window], zones, now) == expected


@given(windows, instants)
def test_window_and_its_inverse_are_never_quiet_together(window: Window, now: datetime) -> None:
    inverse = Window(window.end, window.start)
    wall = now.time()
    if window.start == window.end:
        assert not window.covers(wall)
    else:
        assert window.covers(wall) != inverse.covers(wall)


@pytest.mark.parametrize(
    ("wall", "quiet"),
    [
        (time(20, 59, 59), False),
        (time(21), True),
        (time(0), True),
        (time(8, 59, 59, 999_999), True),
        (time(9), False),
    ],
)
def test_start_is_quiet_and_end_is_not(wall: time, *, quiet: bool) -> None:
    assert NIGHT.covers(wall) is quiet


def test_allowed_at_once_is_now_itself() -> None:
    now = datetime(2026, 3, 4, 11, 0, 0, 123_456, tzinfo=UTC)
    assert next_allowed([NIGHT], [BERLIN], now) == now


def test_night_before_the_clock_is_set_forward_ends_at_nine_all_the_same() -> None:
    now = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)
    allowed = next_allowed([NIGHT], [BERLIN], now)
    assert allowed is not None
    assert allowed == datetime(2026, 3, 29, 7, 0, tzinfo=UTC)
    assert allowed.astimezone(BERLIN).time() == time(9)


def test_window_that_ends_in_the_gap_ends_as_the_clock_jumps() -> None:
    window = Window(time(1), time(2, 30))
    now = datetime(2026, 3, 8, 6, 30, tzinfo=UTC)
    assert next_allowed([window], [NEW_YORK], now) == datetime(2026, 3, 8, 7, 0, tzinfo=UTC)


def test_window_that_the_clock_is_set_back_into_is_quiet_twice() -> None:
    window = Window(time(1), time(1, 30))
    first = datetime(2026, 11, 1, 5, 10, tzinfo=UTC)
    second = datetime(2026, 11, 1, 6, 10, tzinfo=UTC)
    assert next_allowed([window], [NEW_YORK], first) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert next_allowed([window], [NEW_YORK], second) == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)


def test_zones_that_leave_no_time_are_told() -> None:
    window = Window(time(0), time(23))
    zones = [ZoneInfo("UTC"), ZoneInfo("Asia/Tokyo")]
    assert next_allowed([window], zones, datetime(2026, 3, 4, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    "text", ["", "9:00", "09.00", "24:00", "09:60", "09:00:00", "-1:00", "\u0660\u0669:00"]
)
def test_what_is_no_time_of_day(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_time_of_day(text)


def test_time_of_day() -> None:
    assert parse_time_of_day("21:30") == time(21, 30)
