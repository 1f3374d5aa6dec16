"""Waits of people's days over every clock change of 2025 to 2030, in every zone there is.

What must come out is worked out from the offsets before and after a change alone: the first instant
at which the zone's clock shows the wall time, or is past it.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from scheduler_service.domain import wait_time, wait_until_date
from scheduler_service.domain.wait_time import Unit
from scheduler_service.domain.wait_until_date import Moment, Offset, OffsetUnit
from scheduler_service.domain.zones import ZoneCandidate
from tests.support.clocks import SECOND, ZONES, changes, local, walls_around

DAYS = 3
EARLIER = timedelta(days=DAYS)
READY = datetime(2024, 12, 1, tzinfo=UTC)


def cases() -> Iterator[tuple[str, datetime, datetime, datetime]]:
    """Zone, wall time, the instant that it means, and the one DAYS before at that wall time."""
    for name in ZONES:
        zone = ZoneInfo(name)
        for change in changes(zone):
            inside, beside = walls_around(change, zone)
            offset = local(change - SECOND, zone) - (change - SECOND).replace(tzinfo=None)
            later = local(change, zone) - change.replace(tzinfo=None)
            for wall in (*inside, *beside):
                instant = (wall - offset).replace(tzinfo=UTC)
                if instant >= change:
                    instant = max(change, (wall - later).replace(tzinfo=UTC))
                yield name, wall, instant, (wall - EARLIER - offset).replace(tzinfo=UTC)


CASES = tuple(cases())


def zone_of(name: str) -> list[ZoneCandidate]:
    return [ZoneCandidate("the contact's time zone", name)]


def test_a_date_is_never_early_and_never_later_than_its_rule_says() -> None:
    seen = 0
    for name, wall, instant, _ in CASES:
        due = wait_until_date.plan(Moment(wall, "x"), READY, zone_of(name)).due_at
        assert due == instant, (name, wall)
        seen += 1
    assert seen > 10_000


def test_days_from_a_date_and_a_time_of_day_come_to_the_same() -> None:
    for name, wall, instant, _ in CASES:
        base = Moment(datetime.combine((wall - EARLIER).date(), datetime.min.time()), "x")
        due = wait_until_date.plan(
            base,
            READY,
            zone_of(name),
            offset=Offset(DAYS, OffsetUnit.DAYS),
            time_of_day=wall.time(),
        ).due_at
        assert due == instant, (name, wall)


def test_calendar_days_are_never_early_and_never_later_than_their_rule_says() -> None:
    for name, wall, instant, ready_at in CASES:
        assert local(ready_at, ZoneInfo(name)) == wall - EARLIER
        due = wait_time.plan(DAYS, Unit.CALENDAR_DAYS, ready_at, zone_of(name)).due_at
        assert due == instant, (name, wall)


def test_what_was_worked_out_comes_to_itself_when_it_is_worked_out_again() -> None:
    for name, _, instant, _ in CASES:
        shown = local(instant, ZoneInfo(name))
        for moment in (instant, shown):
            again = wait_until_date.plan(Moment(moment, "x"), READY, zone_of(name)).due_at
            # A time that comes twice means its first occurrence, from which this is worked out.
            assert again == instant, (name, moment)


def test_days_of_24_hours_know_nothing_of_clocks() -> None:
    for name, _, _, ready_at in CASES:
        due = wait_time.plan(DAYS, Unit.DAYS, ready_at, zone_of(name)).due_at
        assert due - ready_at == EARLIER
