"""Recovery times are those of faults that nothing else had a part in."""

import pytest

from tests.chaos.model import History
from tests.chaos.report import recoveries, recovery_table
from tests.chaos.run import Outcome, Suffered
from tests.chaos.schedule import Fault, Kind, Schedule


def suffered(number: int, kind: Kind, began: float, ended: float) -> Suffered:
    return Suffered(Fault(number, kind, "nats", began, ended - began, 0), began, ended)


def outcome(*faults: Suffered, probes: list[tuple[float, float]]) -> Outcome:
    schedule = Schedule(7, 120, tuple(each.fault for each in faults))
    return Outcome(schedule, History(()), [], list(faults), probes, rest=0.0)


KILL = suffered(1, Kind.KILL, 1, 2)


@pytest.mark.parametrize(
    ("other", "alone"),
    [
        (suffered(2, Kind.NATS_WIPE, 5, 6), True),
        (suffered(2, Kind.NATS_WIPE, 1.5, 3), False),
        (suffered(2, Kind.NATS_WIPE, 3, 4), False),
        # Over before the kill was, and not recovered from.
        (suffered(2, Kind.NATS_WIPE, 0.5, 1.9), False),
        (suffered(2, Kind.NATS_WIPE, 0, 0.1), True),
    ],
    ids=["later", "at a time", "before it was recovered from", "with an aftermath", "long ago"],
)
def test_company(other: Suffered, alone: bool) -> None:
    probes = [(0.2, 0.4), (2.5, 3.5), (7.0, 7.1)]
    first, _ = recoveries(outcome(KILL, other, probes=probes))
    assert (first.fault, first.seconds, first.alone) == (KILL, 1.5, alone)


def test_a_fault_without_a_run_after_it_has_no_time() -> None:
    (found,) = recoveries(outcome(KILL, probes=[(1.0, 2.5)]))
    assert (found.seconds, found.alone) == (None, True)


def test_the_table_has_the_median_and_the_worst_of_all_seeds() -> None:
    outcomes = {
        seed: outcome(KILL, probes=[(2.0, 2.0 + seconds)])
        for seed, seconds in enumerate((0.5, 4.0, 1.5, 2.5), 1)
    }
    outcomes[5] = outcome(KILL, probes=[])
    _, line = recovery_table(outcomes)
    assert line.split() == ["kill", "4", "2.00", "s", "4.00", "s"]
