"""A thousand SMS that are due in quiet hours, in all zones and over both weekends of clock changes.

Each goes through the handler and its domain with a clock that is set to whenever it was put off to.
What was quiet is judged here minute by minute, by rules written down a second time.
"""

import itertools
import random
from collections.abc import AsyncGenerator, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

import pytest
from phonenumbers import parse
from phonenumbers.timezone import time_zones_for_number

from executor_service.ports import Refused
from tests.unit.executor_service.handlers.harness import CONTEXT, Bench, world
from treadle.dispatch.v1.result_pb2 import ActionResult

MINUTE = timedelta(minutes=1)
# Around the clock changes of North America and Europe, forth and back.
WEEKENDS = (
    datetime(2026, 3, 6, tzinfo=UTC),
    datetime(2026, 3, 27, tzinfo=UTC),
    datetime(2026, 10, 23, tzinfo=UTC),
    datetime(2026, 10, 30, tzinfo=UTC),
)
ZONES = sorted(name for name in available_timezones() if "/" in name and name[0].isupper())
# From Monday to Sunday, first and last hour; None is a day of rest.
ALL = ((9, 21),) * 7
LAW: dict[str, tuple[tuple[int, int] | None, ...]] = {
    "+13055550100": ((9, 20),) * 7,
    "+12125550100": ALL,
    "+14155550100": ALL,
    "+12145550100": (*((9, 21),) * 6, (12, 21)),
    "+12055550100": (*((9, 20),) * 6, None),
    "+14015550100": (*((9, 18),) * 5, (10, 17), None),
    "+15025550100": ((10, 21),) * 7,
    "+16055550100": (*((9, 21),) * 6, None),
    "+12065550100": ((9, 20),) * 7,
    "+18085550100": ALL,
    "+18005550100": ALL,
}
ABROAD = "+4915112345678"


@cache
def offset(zone: ZoneInfo, quarter: datetime) -> timedelta:
    """The zone's distance from UTC; clocks are changed at full quarters of an hour."""
    distance = quarter.astimezone(zone).utcoffset()
    assert distance is not None
    return distance


@cache
def zones_of(number: str, zone: str) -> list[ZoneInfo]:
    """All the zones that whoever has the number may be in."""
    return [ZoneInfo(name) for name in ([zone] if zone else time_zones_for_number(parse(number)))]


class Due(NamedTuple):
    """An SMS, where its reader may be, and when it is due."""

    number: str
    zone: str
    due: datetime

    def is_quiet(self, instant: datetime) -> bool:
        """Whether any of their clocks forbids the minute."""
        week = LAW.get(self.number, ALL)
        for zone in zones_of(self.number, self.zone):
            local = instant + offset(zone, instant.replace(minute=instant.minute // 15 * 15))
            hours = week[local.weekday()]
            if hours is None or not hours[0] * 60 <= local.hour * 60 + local.minute < hours[1] * 60:
                return True
        return False


def due_in_quiet_hours(count: int) -> Iterator[Due]:
    chance = random.Random(20261101)
    numbers = [*LAW, *[ABROAD] * 10]
    zones = itertools.cycle(ZONES)
    zone, made = next(zones), 0
    while made < count:
        number = numbers[made % len(numbers)]
        is_known = made % 3 > 0 or number == ABROAD
        start = WEEKENDS[made % len(WEEKENDS)]
        each = Due(number, zone if is_known else "", start + MINUTE * chance.randrange(4 * 24 * 60))
        if each.is_quiet(each.due):
            made += 1
            zone = next(zones) if is_known else zone
            yield each


@pytest.fixture
async def bench() -> AsyncGenerator[Bench]:
    """An executor whose ledger takes each claim down, and has nothing sent."""
    async with world() as made:
        noting = made.bench()
        noting.ledger.decision = Refused("noted")
        yield noting


async def sent_at(bench: Bench, sms: Due) -> datetime:
    """When the message is claimed to be sent at once; it is put off as often as it takes."""
    contact: dict[str, Any] = {**CONTEXT["contact"], "phone": sms.number, "timezone": sms.zone}
    config = {"message": "Hi", "from_number": "+14155550100"}
    bench.clock.instant = sms.due
    for _ in range(3):
        task = bench.task("send_sms", config, CONTEXT | {"contact": contact})
        result = await bench.run(task)
        assert isinstance(result, ActionResult)
        if result.WhichOneof("outcome") == "skipped":
            return bench.clock.instant
        bench.clock.instant = result.deferred.not_before.ToDatetime(tzinfo=UTC)
    raise AssertionError(f"{sms} is put off again and again")


async def test_none_leaves_in_a_quiet_minute_and_all_leave_in_the_first_that_is_not(
    bench: Bench,
) -> None:
    messages = list(due_in_quiet_hours(1_000))
    assert {sms.zone for sms in messages} >= set(ZONES)
    for sms in messages:
        left = await sent_at(bench, sms)
        assert left > sms.due
        assert not sms.is_quiet(left), (sms, left)
        minute = sms.due
        while minute < left:
            assert sms.is_quiet(minute), (sms, minute, left)
            minute += MINUTE
    assert len(set(bench.ledger.claims)) == 1_000
