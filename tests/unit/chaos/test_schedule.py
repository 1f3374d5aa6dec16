"""A seed says all of a schedule; a schedule breaks no thing twice at a time."""

from itertools import combinations

import pytest

from tests.chaos.faults import FAULTS
from tests.chaos.schedule import SHORT, Kind, Parts, draw

PARTS = Parts(
    services=("api", "engine", "engine-2", "gateway", "scheduler"),
    lines=("engine>nats", "engine>postgres", "scheduler>nats"),
)


def test_the_same_seed_gives_the_same_schedule() -> None:
    assert draw(7, 120, PARTS) == draw(7, 120, PARTS)
    assert str(draw(7, 120, PARTS)) == str(draw(7, 120, PARTS))
    assert draw(7, 120, PARTS).faults != draw(8, 120, PARTS).faults


@pytest.mark.parametrize("seed", range(1, 21))
def test_faults_do_not_meddle_with_each_other(seed: int) -> None:
    schedule = draw(seed, 120, PARTS)
    assert len(schedule.faults) >= 15
    for fault in schedule.faults:
        assert 0 < fault.at < fault.until <= 120.01
    for one, other in combinations(schedule.faults, 2):
        if one.kind is other.kind and one.target == other.target:
            assert one.until <= other.at or other.until <= one.at


def test_every_kind_is_dealt_before_any_comes_again() -> None:
    kinds = [fault.kind for fault in draw(3, 600, PARTS).faults]
    assert set(kinds) == set(Kind) == set(FAULTS)


def test_a_short_one_has_short_faults() -> None:
    schedule = draw(1, 8, PARTS, kinds=SHORT, gap=1.0, longest=1.5)
    assert {fault.kind for fault in schedule.faults} <= set(SHORT)
    assert all(fault.lasts <= 1.5 for fault in schedule.faults)
    assert len(schedule.faults) >= 4


def test_a_kind_comes_as_often_as_the_deck_has_it() -> None:
    deck = (Kind.KILL, Kind.KILL, Kind.KILL, Kind.RESET)
    kinds = [fault.kind for fault in draw(3, 120, PARTS, kinds=deck).faults]
    assert kinds[:4].count(Kind.KILL) == kinds[4:8].count(Kind.KILL) == 3


def test_moments_are_in_the_order_of_time() -> None:
    schedule = draw(5, 60, PARTS)
    moments = schedule.moments()
    assert [at for at, _, _ in moments] == sorted(at for at, _, _ in moments)
    assert len(moments) == 2 * len(schedule.faults)
