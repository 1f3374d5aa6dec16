"""Wall times in every zone there is, around every clock change of the next years."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler_service.domain.zones import (
    Adjustment,
    ZoneCandidate,
    choose_zone,
    find_zone,
    first_instant,
)
from tests.support.clocks import SECOND, ZONES, changes, local, walls_around


def check(wall: datetime, zone: ZoneInfo) -> Adjustment:
    """What must hold of any wall time, stated without PEP 495."""
    instant, adjustment = first_instant(wall, zone)
    assert instant.tzinfo is UTC
    if adjustment is Adjustment.GAP:
        assert local(instant, zone) > wall
        assert local(instant - SECOND, zone) < wall
    else:
        assert local(instant, zone) == wall
    other = instant.astimezone(zone).replace(fold=1).astimezone(UTC)
    assert (adjustment is Adjustment.OVERLAP) == (other > instant)
    return adjustment


def test_every_clock_change_until_2030() -> None:
    seen: dict[Adjustment, int] = dict.fromkeys(Adjustment, 0)
    for name in ZONES:
        zone = ZoneInfo(name)
        for change in changes(zone):
            skips = local(change, zone) > local(change - SECOND, zone) + SECOND
            inside, beside = walls_around(change, zone)
            for wall in (*inside, *beside):
                expected = Adjustment.GAP if skips else Adjustment.OVERLAP
                found = check(wall, zone)
                assert found is (expected if wall in inside else Adjustment.NONE), (name, wall)
                seen[found] += 1
                if found is Adjustment.GAP:
                    assert first_instant(wall, zone)[0] == change
    assert all(count > 1_000 for count in seen.values()), seen


@given(
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    wall=st.datetimes(datetime(1900, 1, 2), datetime(2100, 1, 1)),  # noqa: DTZ001 - wall times
)
def test_any_wall_time(zone: ZoneInfo, wall: datetime) -> None:
    check(wall, zone)


def test_a_skipped_day() -> None:
    # Samoa went from 29 to 31 December 2011 to change the side of the date line.
    instant, adjustment = first_instant(
        datetime(2011, 12, 30, 12),  # noqa: DTZ001 - a wall time
        ZoneInfo("Pacific/Apia"),
    )
    assert adjustment is Adjustment.GAP
    assert instant == datetime(2011, 12, 30, 10, tzinfo=UTC)


def test_the_end_of_the_calendar() -> None:
    with pytest.raises(OverflowError):
        first_instant(datetime.max, ZoneInfo("America/New_York"))  # noqa: DTZ901 - a wall time


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Mars/Olympus",
        "../../etc/passwd",
        "/etc/localtime",
        "America",
        "Europe/",
        "\0",
        "x" * 300,
    ],
)
def test_names_that_are_no_zone(name: str) -> None:
    assert find_zone(name) is None


def test_the_first_usable_zone_counts() -> None:
    chosen = choose_zone(
        [
            ZoneCandidate("the contact's time zone", "Mars/Olympus"),
            ZoneCandidate("the account's time zone", "Asia/Kolkata"),
        ]
    )
    assert (chosen.zone.key, chosen.owner) == ("Asia/Kolkata", "the account's time zone")
    assert chosen.rejected == ("the contact's time zone 'Mars/Olympus' is not a known time zone",)


@pytest.mark.parametrize("name", [None, ""])
def test_a_zone_that_is_not_given_is_passed_over_in_silence(name: object) -> None:
    chosen = choose_zone([ZoneCandidate("the contact's time zone", name)])
    assert (chosen.zone.key, chosen.rejected) == ("UTC", ())


def test_a_zone_that_is_no_text_is_said_to_be_none() -> None:
    chosen = choose_zone([ZoneCandidate("the contact's time zone", 7)])
    assert (chosen.zone.key, len(chosen.rejected)) == ("UTC", 1)
