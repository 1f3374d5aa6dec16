"""The law's hours, by place, day and holiday."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from phonenumbers import geocoder, parse

from executor_service.domain.quiet_hour_ceilings import (
    FEDERAL,
    STATES,
    ceilings_of,
    us_holidays,
)
from executor_service.domain.quiet_hours import Window, next_allowed

NEW_YORK, CHICAGO = ZoneInfo("America/New_York"), ZoneInfo("America/Chicago")
NONE = Window(time(0), time(0))


@pytest.mark.parametrize("state", sorted(STATES))
def test_each_row_is_stricter_than_federal_law_and_names_its_source(state: str) -> None:
    row = STATES[state]
    (federal,) = set(FEDERAL.week)
    assert federal is not None
    assert len(row.week) == 7
    assert row.source
    assert row.week != FEDERAL.week or not row.works_on_holidays
    for hours in row.week:
        assert hours is None or federal.opens <= hours.opens < hours.closes <= federal.closes


@pytest.mark.parametrize(
    ("number", "state", "regions"),
    [
        ("+13055550100", "", ["US", "US-FL"]),
        ("+12125550100", "", ["US"]),
        ("+12125550100", "fl", ["US", "US-FL"]),
        ("+13055550100", " Texas ", ["US", "US-FL", "US-TX"]),
        ("+13055550100", "Florida", ["US", "US-FL"]),
        ("+12125550100", "Bavaria", ["US"]),
        ("+18005550100", "", ["US"]),
    ],
)
def test_the_area_code_s_state_and_the_contact_s(
    number: str, state: str, regions: list[str]
) -> None:
    assert [row.region for row in ceilings_of("US", number, state)] == regions


@pytest.mark.parametrize("region", ["CA", "DE", "GB", ""])
def test_elsewhere_there_is_none(region: str) -> None:
    assert ceilings_of(region, "+14165550100", "FL") == ()


def test_area_codes_are_where_the_directory_of_numbers_says() -> None:
    """Those of newer ones than it knows are taken from the numbering plan's announcements."""
    disagree: list[str] = []
    for npa in range(201, 1000):
        number = f"+1{npa}5550100"
        where = geocoder.description_for_number(parse(number), "en").rsplit(", ", 1)[-1]
        if not where:
            continue
        where = where.removesuffix(" State")
        expected = ceilings_of("US", "+10000000000", where)
        if len(expected) > 1 and ceilings_of("US", number) != expected:
            disagree.append(number)
        if len(expected) == 1 and len(ceilings_of("US", number)) > 1:
            disagree.append(number)
    assert disagree == []


@pytest.mark.parametrize(
    ("day", "is_holiday"),
    [
        (date(2026, 1, 1), True),
        (date(2026, 1, 19), True),
        (date(2026, 2, 16), True),
        (date(2026, 5, 25), True),
        (date(2026, 6, 19), True),
        (date(2026, 7, 3), True),
        (date(2026, 7, 4), True),
        (date(2026, 9, 7), True),
        (date(2026, 10, 12), True),
        (date(2026, 11, 11), True),
        (date(2026, 11, 26), True),
        (date(2026, 12, 25), True),
        (date(2027, 12, 31), True),
        (date(2023, 1, 2), True),
        (date(2026, 11, 27), False),
        (date(2026, 12, 31), False),
        (date(2026, 3, 4), False),
    ],
)
def test_federal_holidays(day: date, is_holiday: bool) -> None:
    assert (day in us_holidays(day.year)) is is_holiday


@pytest.mark.parametrize(
    ("state", "zone", "now", "allowed"),
    [
        ("FL", NEW_YORK, "2026-03-04T20:00", "2026-03-05T08:00"),
        ("FL", NEW_YORK, "2026-03-04T19:59", "2026-03-04T19:59"),
        ("TX", CHICAGO, "2026-03-08T10:00", "2026-03-08T12:00"),
        ("TX", CHICAGO, "2026-03-07T21:00", "2026-03-08T12:00"),
        ("AL", CHICAGO, "2026-03-07T20:00", "2026-03-09T08:00"),
        ("AL", CHICAGO, "2026-09-05T20:00", "2026-09-08T08:00"),
        ("RI", NEW_YORK, "2026-03-07T17:00", "2026-03-09T09:00"),
        ("UT", CHICAGO, "2027-12-23T22:00", "2027-12-27T08:00"),
    ],
    ids=["evening", "minute-before", "sunday", "saturday", "closed", "labor-day", "ri", "xmas"],
)
def test_the_first_instant_that_is_allowed(
    state: str, zone: ZoneInfo, now: str, allowed: str
) -> None:
    instant = datetime.fromisoformat(now).replace(tzinfo=zone).astimezone(UTC)
    rules = [NONE, FEDERAL, STATES[state]]
    assert next_allowed(rules, [zone], instant) == datetime.fromisoformat(allowed).replace(
        tzinfo=zone
    )


def test_a_rule_holds_from_its_day_on() -> None:
    before = datetime(2023, 12, 31, 20, 30, tzinfo=NEW_YORK)
    assert not STATES["MD"].forbids(before)
    assert STATES["MD"].forbids(before.replace(year=2024))
