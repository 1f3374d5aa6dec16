"""Limits and circuits: every state with everything that can happen in it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from action_service.domain.traffic import (
    LONGEST_PAUSE,
    SHORT_PAUSE,
    Answer,
    CircuitRules,
    CircuitState,
    HoldReason,
    Limit,
    Outcomes,
    Traffic,
    Wish,
    acquire,
    report,
    reset,
)

NOW = datetime(2026, 3, 4, 11, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
RULES = CircuitRules(min_calls=4)
FREE = Limit(0, 0)
TEN = Limit(10, 10)
CLOSED, OPEN, HALF_OPEN = CircuitState


def closed(**facts: Any) -> Traffic:
    return replace(Traffic(epoch=7), **facts)


def opened(*, until: datetime = NOW + 10 * SECOND, trips: int = 1) -> Traffic:
    return Traffic(OPEN, epoch=8, changed_at=NOW, open_until=until, trips=trips)


def half_open(*, out: int = 0, passed: int = 0, trips: int = 1) -> Traffic:
    return Traffic(
        HALF_OPEN,
        epoch=9,
        changed_at=NOW,
        trips=trips,
        probes_out=out,
        probes_passed=passed,
        probes_until=NOW + timedelta(minutes=1) if out else None,
    )


def ask(
    traffic: Traffic, wish: Wish, limit: Limit = FREE, now: datetime = NOW
) -> tuple[Traffic, Answer]:
    return acquire(traffic, wish, limit, RULES, now)


def tell(traffic: Traffic, now: datetime = NOW, /, **what: Any) -> Traffic:
    given: dict[str, Any] = {"epoch": traffic.epoch, **what}
    return report(traffic, Outcomes(**given), RULES, now)


STATES: dict[str, Callable[[], Traffic]] = {
    "closed": closed,
    "closed with failures": lambda: closed(window_at=NOW, failures=3, last_error="network_timeout"),
    "open": opened,
    "half open": half_open,
    "half open with a probe out": lambda: half_open(out=1),
    "half open but for one": lambda: half_open(out=1, passed=2),
}
EVENTS: dict[str, dict[str, Any]] = {
    "a success": {"successes": 1},
    "a failure": {"failures": 1, "last_error": "service_unavailable"},
    "throttled": {"throttled": 1},
    "unused": {"unused": 1},
    "a late failure": {"epoch": 1, "failures": 100},
    "late successes": {"epoch": 1, "successes": 100},
}
AFTER = {
    ("closed with failures", "a failure"): OPEN,
    ("half open", "a failure"): OPEN,
    ("half open with a probe out", "a failure"): OPEN,
    ("half open but for one", "a failure"): OPEN,
    ("half open but for one", "a success"): CLOSED,
    # Three of four have failed before: half of them is enough, but not without a failure.
    ("closed with failures", "a success"): CLOSED,
}


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("state", STATES)
def test_each_event_in_each_state(state: str, event: str) -> None:
    before = STATES[state]()
    after = tell(before, **EVENTS[event])
    assert after.state is AFTER.get((state, event), before.state)
    assert (after.epoch - before.epoch) == (after.state is not before.state)
    assert (after.open_until is not None) == (after.state is OPEN)
    assert (after.paused_until is not None) == (event == "throttled")


@pytest.mark.parametrize("state", STATES)
def test_reset_closes_from_anywhere_and_forgets_everything(state: str) -> None:
    before = replace(STATES[state](), paused_until=NOW + SECOND, spent_until=NOW)
    after = reset(before, NOW)
    assert after == Traffic(epoch=before.epoch + 1, changed_at=NOW, spent_until=NOW)
    assert ask(after, Wish(5))[1] == Answer(5, after.epoch)


def test_too_few_calls_open_nothing_and_the_ratio_decides() -> None:
    assert tell(closed(), failures=3).state is CLOSED
    assert tell(closed(), failures=4).state is OPEN
    assert tell(closed(), failures=4, successes=4).state is OPEN
    assert tell(closed(), failures=4, successes=5).state is CLOSED


def test_failures_count_for_the_window_only() -> None:
    after = tell(closed(), failures=3)
    half = RULES.window / 2
    assert tell(after, NOW + half, failures=1).state is OPEN
    assert tell(after, NOW + 2 * half, failures=1).state is CLOSED
    assert after.counts(RULES, NOW + half) == (0, 3)
    assert after.counts(RULES, NOW + 2 * half) == (0, 0)
    later = tell(tell(after, NOW + half, successes=1), NOW + 2 * half, successes=1)
    assert later.counts(RULES, NOW + 2 * half) == (2, 0)


def test_each_opening_in_a_row_lasts_twice_as_long_up_to_a_bound() -> None:
    traffic, now, stays = closed(), NOW, list[float]()
    for _ in range(7):
        traffic = tell(traffic, now, failures=4)
        assert traffic.open_until is not None
        stays.append((traffic.open_until - now).total_seconds())
        now = traffic.open_until
        traffic, _ = ask(traffic, Wish(1), now=now)
        assert traffic.state is HALF_OPEN
    assert stays == [10, 20, 40, 80, 160, 300, 300]
    # One that has been well for long begins anew.
    traffic = tell(tell(traffic, now, successes=3), now + timedelta(minutes=6), failures=4)
    assert traffic.trips == 1


def test_an_unsteady_provider_is_left_alone_for_longer() -> None:
    traffic = tell(half_open(out=1, passed=2, trips=3), successes=1)
    assert traffic.state is CLOSED
    again = tell(traffic, NOW + SECOND, failures=4)
    assert (again.trips, again.open_until) == (4, NOW + 81 * SECOND)


def test_a_failing_provider_that_names_a_time_is_left_alone_until_then() -> None:
    traffic = tell(closed(), failures=4, retry_after=timedelta(minutes=2))
    assert traffic.open_until == NOW + timedelta(minutes=2)


def test_open_lets_nothing_through_and_says_until_when() -> None:
    traffic, answer = ask(opened(), Wish(2, ahead=10))
    assert answer.granted == 0
    assert answer.hold is not None
    assert answer.hold.reason is HoldReason.FAILING
    assert answer.hold.not_before == NOW + 10 * SECOND
    # The next ones come after those.
    _, answer = ask(traffic, Wish(1))
    assert answer.hold is not None
    assert answer.hold.not_before > NOW + 10 * SECOND


def test_after_its_time_a_few_probes_go_out() -> None:
    traffic, answer = ask(opened(until=NOW), Wish(10, ahead=10))
    assert (traffic.state, traffic.epoch, answer.granted) == (HALF_OPEN, 9, RULES.probes)
    assert answer.hold is not None
    assert answer.hold.reason is HoldReason.PROBING
    assert ask(traffic, Wish(1))[1].granted == 0
    # One that came to nothing may be replaced, as may one that passed while more are wanted.
    assert ask(tell(traffic, unused=1), Wish(5))[1].granted == 1
    assert ask(tell(traffic, successes=1), Wish(5))[1].granted == 0
    assert tell(traffic, successes=3).state is CLOSED


def test_probes_that_were_lost_are_replaced() -> None:
    traffic, _ = ask(half_open(), Wish(3))
    assert ask(traffic, Wish(3), now=NOW + RULES.probe_timeout / 2)[1].granted == 0
    assert ask(traffic, Wish(3), now=NOW + RULES.probe_timeout)[1].granted == 3


@pytest.mark.parametrize(
    ("asked", "pause"),
    [
        (None, SHORT_PAUSE),
        (timedelta(seconds=30), timedelta(seconds=30)),
        (timedelta(days=1), LONGEST_PAUSE),
    ],
)
def test_a_provider_that_wants_fewer_calls_gets_a_pause(
    asked: timedelta | None, pause: timedelta
) -> None:
    traffic = tell(closed(), throttled=1, retry_after=asked)
    _, answer = ask(traffic, Wish(1))
    assert answer.hold is not None
    assert answer.hold.reason is HoldReason.PAUSED
    assert answer.hold.not_before == NOW + pause
    assert ask(traffic, Wish(1), now=NOW + pause)[1].granted == 1
    # A shorter one does not end it.
    assert tell(traffic, throttled=1, retry_after=timedelta(0)).paused_until == NOW + pause


def test_without_a_limit_everything_is_granted() -> None:
    traffic, answer = ask(closed(), Wish(1_000, ahead=500))
    assert answer == Answer(1_500, 7)
    assert traffic == closed()


def test_a_burst_then_the_limits_pace() -> None:
    traffic, answer = ask(closed(), Wish(12), TEN)
    assert answer.granted == 10
    assert answer.hold is not None
    assert answer.hold.reason is HoldReason.LIMITED
    assert answer.hold.not_before == NOW + SECOND / 10
    assert answer.hold.spacing == SECOND / 10
    for step in range(1, 4):
        traffic, answer = ask(traffic, Wish(2), TEN, NOW + step * SECOND / 10)
        assert answer.granted == 1


def test_nobody_gets_all_that_is_left_for_calls_that_have_yet_to_come() -> None:
    assert ask(closed(), Wish(2, ahead=100), TEN)[1].granted == 2 + 4
    assert ask(half_open(), Wish(1, ahead=100))[1].granted == 1


def test_those_held_back_come_back_one_by_one_at_the_limits_pace() -> None:
    traffic, answer = ask(closed(), Wish(30), TEN)
    assert answer.hold is not None
    _, later = ask(traffic, Wish(5), TEN)
    assert later.hold is not None
    assert later.hold.not_before == answer.hold.not_before + 20 * answer.hold.spacing


def test_a_row_does_not_grow_for_ever() -> None:
    traffic, answer = ask(closed(), Wish(100_000), TEN)
    assert answer.hold is not None
    _, later = ask(traffic, Wish(1), TEN)
    assert later.hold is not None
    assert later.hold.not_before == answer.hold.not_before


@given(
    st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 40), st.integers(0, 40)), max_size=40)
)
def test_no_second_has_more_calls_than_burst_and_pace(asked: list[tuple[int, int, int]]) -> None:
    traffic, now = Traffic(), NOW
    granted: list[tuple[datetime, int]] = []
    for pause_ms, waiting, ahead in asked:
        now += timedelta(milliseconds=pause_ms)
        traffic, answer = acquire(traffic, Wish(waiting, ahead), TEN, RULES, now)
        granted.append((now, answer.granted))
        assert (answer.hold is not None) == (answer.granted < waiting)
    for start, _ in granted:
        for end, _ in granted:
            inside = sum(number for at, number in granted if start <= at <= end)
            seconds = (end - start) / SECOND
            assert inside <= TEN.burst + max(0, seconds) * TEN.per_second
