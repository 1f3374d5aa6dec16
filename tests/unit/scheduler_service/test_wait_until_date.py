"""SPEC-WFL-003 R4.2: the instant that a date means."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler_service.domain.wait import WaitError
from scheduler_service.domain.wait_until_date import Moment, Offset, OffsetUnit, parse_moment, plan
from scheduler_service.domain.zones import Adjustment, ZoneCandidate
from scheduler_service.use_cases.wait_facts import WaitFacts
from scheduler_service.use_cases.waits import planners
from tests.support.clocks import ZONES
from treadle.catalog.v1.wait_until_date_pb2 import WaitUntilDateConfig
from treadle.workflow.v1.action_pb2 import ActionConfig

READY = datetime(2026, 1, 26, 10, 0, tzinfo=UTC)
BERLIN = [ZoneCandidate("the contact's time zone", "Europe/Berlin")]


def wait(given: str, *zones: str, **more: object) -> datetime:
    candidates = [ZoneCandidate("the zone", zone) for zone in zones]
    return plan(parse_moment(given, "the date"), READY, candidates, **more).due_at  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "due_at"),
    [
        ("2026-12-24", "2026-12-23T23:00:00+00:00"),
        ("2026-07-01", "2026-06-30T22:00:00+00:00"),
        ("2026-12-24T09:00", "2026-12-24T08:00:00+00:00"),
        ("2026-12-24T09:00:00Z", "2026-12-24T09:00:00+00:00"),
        ("2026-12-24T09:00:00-05:00", "2026-12-24T14:00:00+00:00"),
        (" 2026-12-24T09:00:00.500 ", "2026-12-24T08:00:00.500000+00:00"),
    ],
)
def test_what_carries_an_offset_is_an_instant_and_all_else_wall_time(
    given: str, due_at: str
) -> None:
    assert wait(given, "Europe/Berlin").isoformat() == due_at


@pytest.mark.parametrize(
    ("given", "due_at"),
    [
        ("2026-12-24", "2026-12-24T08:30:00+00:00"),
        ("2026-12-24T23:59", "2026-12-24T08:30:00+00:00"),
        # Already the 25th in Berlin.
        ("2026-12-24T23:30:00Z", "2026-12-25T08:30:00+00:00"),
    ],
)
def test_a_time_of_day_is_that_of_the_date_in_the_zone(given: str, due_at: str) -> None:
    assert wait(given, "Europe/Berlin", time_of_day=time(9, 30)).isoformat() == due_at


@pytest.mark.parametrize(
    ("given", "offset", "due_at"),
    [
        ("2026-03-01T09:00", Offset(-3, OffsetUnit.DAYS), "2026-02-26T08:00:00+00:00"),
        # Over the change to summer time: the wall time is kept, the hours are counted.
        ("2026-03-28T09:00", Offset(1, OffsetUnit.DAYS), "2026-03-29T07:00:00+00:00"),
        ("2026-03-28T09:00", Offset(24, OffsetUnit.HOURS), "2026-03-29T08:00:00+00:00"),
        ("2026-03-28T09:00", Offset(-90, OffsetUnit.MINUTES), "2026-03-28T06:30:00+00:00"),
        ("2026-03-28T09:00", Offset(1, OffsetUnit.WEEKS), "2026-04-04T07:00:00+00:00"),
        ("2026-01-31", Offset(1, OffsetUnit.MONTHS), "2026-02-27T23:00:00+00:00"),
        ("2024-02-29", Offset(12, OffsetUnit.MONTHS), "2025-02-27T23:00:00+00:00"),
        ("2026-01-31", Offset(-2, OffsetUnit.MONTHS), "2025-11-29T23:00:00+00:00"),
        ("2026-12-24T09:00:00Z", Offset(0, OffsetUnit.DAYS), "2026-12-24T09:00:00+00:00"),
    ],
)
def test_offsets(given: str, offset: Offset, due_at: str) -> None:
    assert wait(given, "Europe/Berlin", offset=offset).isoformat() == due_at


def test_the_rule_is_told() -> None:
    base = parse_moment("2026-03-01", "the contact's custom_fields.renewal")
    offset = Offset(-3, OffsetUnit.DAYS)
    assert plan(base, READY, BERLIN, offset=offset, time_of_day=time(9)).reason == (
        "waits until 2026-02-26 09:00:00 wall time in Europe/Berlin (the contact's time zone), "
        "which is 3 days before the contact's custom_fields.renewal"
    )
    assert plan(Moment(READY, "now"), READY, [], offset=Offset(1, OffsetUnit.HOURS)).reason == (
        "waits until 2026-01-26 11:00:00 UTC, which is 1 hour after now"
    )


@pytest.mark.parametrize(
    ("given", "adjustment"),
    [("2026-03-28T09:00", Adjustment.NONE), ("2026-03-29T02:30", Adjustment.GAP)],
    ids=["plain", "in a gap"],
)
def test_the_zone_from_which_hours_are_counted_is_told(given: str, adjustment: Adjustment) -> None:
    base = parse_moment(given, "date_value")
    waiting = plan(base, READY, BERLIN, offset=Offset(24, OffsetUnit.HOURS))
    assert waiting.clock is not None
    assert (waiting.clock.chosen.zone.key, waiting.clock.adjustment) == (
        "Europe/Berlin",
        adjustment,
    )
    assert (
        f"24 hours after date_value; that date is {given.replace('T', ' ')}:00 wall time in"
        " Europe/Berlin (the contact's time zone)"
    ) in waiting.reason
    # By an instant no zone is asked.
    exact = parse_moment(f"{given}+00:00", "date_value")
    assert plan(exact, READY, BERLIN, offset=Offset(24, OffsetUnit.HOURS)).clock is None


def test_the_end_of_the_calendar_is_an_instant_that_the_database_knows() -> None:
    waiting = plan(parse_moment("9999-12-31T23:59:59.999999Z", "date_value"), READY, BERLIN)
    assert waiting.due_at == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_what_has_passed_ends_the_wait_at_once() -> None:
    waiting = plan(parse_moment("2020-02-02", "date_value"), READY, BERLIN)
    assert waiting.due_at < READY
    assert waiting.reason.endswith("that has passed, so the run goes on at once")


def test_gap_and_overlap() -> None:
    gap = plan(parse_moment("2026-03-29T02:30", "x"), READY, BERLIN)
    assert gap.due_at == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert "a clock change skips that time" in gap.reason
    overlap = plan(parse_moment("2026-10-25T02:30", "x"), READY, BERLIN)
    assert overlap.due_at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert "come twice" in overlap.reason


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "the contact's custom_fields.x is empty"),
        ("", "the contact's custom_fields.x is empty"),
        ("soon", "the contact's custom_fields.x is 'soon', which is no date"),
        (20261224, "the contact's custom_fields.x is '20261224', which is no date"),
        (True, "which is no date"),
        ({"a": 1}, "which is no date"),
        ("x" * 500, "is '" + "x" * 60 + "',"),
    ],
)
def test_what_is_no_date_is_named(value: object, words: str) -> None:
    with pytest.raises(WaitError) as caught:
        parse_moment(value, "the contact's custom_fields.x")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("given", "offset"),
    [
        ("9999-12-31", Offset(1, OffsetUnit.DAYS)),
        ("9999-12-31", Offset(1, OffsetUnit.MONTHS)),
        ("0001-01-01", Offset(-1, OffsetUnit.MONTHS)),
        ("0001-01-01", Offset(-1, OffsetUnit.HOURS)),
        ("2026-01-01", Offset(100_000, OffsetUnit.MONTHS)),
    ],
)
def test_beyond_the_calendar(given: str, offset: Offset) -> None:
    with pytest.raises(WaitError, match="outside the years 1 to 9999"):
        plan(parse_moment(given, "x"), READY, BERLIN, offset=offset)


@given(
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    day=st.dates(datetime(2025, 1, 1).date(), datetime(2030, 12, 31).date()),  # noqa: DTZ001 - a date
    at=st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    days=st.integers(-400, 400),
)
def test_never_early_and_never_later_than_a_clock_change(
    zone: ZoneInfo, day: object, at: time, days: int
) -> None:
    """By an oracle that knows nothing of PEP 495: the zone's clock at the instant and before it."""
    base = parse_moment(str(day), "x")
    candidates = [ZoneCandidate("x", zone.key)]
    wall = datetime.combine(base.at.date() + timedelta(days=days), at)
    due = plan(base, READY, candidates, offset=Offset(days, OffsetUnit.DAYS), time_of_day=at).due_at
    shown = due.astimezone(zone).replace(tzinfo=None, fold=0)
    assert shown >= wall
    before = (due - timedelta(seconds=1)).astimezone(zone).replace(tzinfo=None, fold=0)
    # On time, or the first moment after clocks were put on over it.
    assert shown == wall or before < wall
    assert plan(Moment(due, "x"), READY, candidates).due_at == due


def _plan(config: WaitUntilDateConfig, **contact: object) -> str:
    context = {"contact": contact, "account": {"timezone": "America/New_York"}}
    facts = WaitFacts(READY, orjson.dumps(context))
    waiting = planners()["wait_until_date"](ActionConfig(wait_until_date=config), facts)
    return waiting.due_at.isoformat()


@pytest.mark.parametrize(
    ("mode", "contact_zone", "due_at"),
    [
        (0, "Europe/Berlin", "2026-05-01T07:00:00+00:00"),
        (2, "Europe/Berlin", "2026-05-01T07:00:00+00:00"),
        (2, None, "2026-05-01T13:00:00+00:00"),
        (2, "Mars/Olympus", "2026-05-01T13:00:00+00:00"),
        (1, "Europe/Berlin", "2026-05-01T13:00:00+00:00"),
        (3, "Europe/Berlin", "2026-05-01T09:00:00+00:00"),
    ],
)
def test_wait_until_date_action(mode: int, contact_zone: str | None, due_at: str) -> None:
    config = WaitUntilDateConfig(date_type=2, field_name="custom_fields.renewal")  # pyright: ignore[reportArgumentType] - numbers of enums
    config.time_of_day = "09:00"
    if mode:
        config.timezone_mode = mode  # pyright: ignore[reportAttributeAccessIssue]
    fields = {"renewal": "2026-05-01"}
    assert _plan(config, timezone=contact_zone, custom_fields=fields) == due_at


def test_calculated_from_now_and_from_a_field() -> None:
    config = WaitUntilDateConfig(date_type=3, offset_value=2, offset_unit=3, time_of_day="08:15")  # pyright: ignore[reportArgumentType]
    assert _plan(config, timezone="Europe/Berlin") == "2026-01-28T07:15:00+00:00"
    config.field_name = "custom_fields.born"
    given = {"born": "2026-06-01"}
    assert _plan(config, timezone="UTC", custom_fields=given) == "2026-06-03T08:15:00+00:00"


@pytest.mark.parametrize("contact", [{}, {"custom_fields": {}}, {"custom_fields": "x"}])
def test_a_contact_without_the_field(contact: dict[str, object]) -> None:
    config = WaitUntilDateConfig(date_type=2, field_name="custom_fields.renewal")  # pyright: ignore[reportArgumentType]
    with pytest.raises(WaitError, match=r"the contact's custom_fields\.renewal is empty"):
        _plan(config, **contact)
