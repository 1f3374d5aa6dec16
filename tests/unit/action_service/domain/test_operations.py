"""Filters of runs, and what becomes of those that have matched."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from action_service.domain.control import Obstacle, Run
from action_service.domain.operations import (
    SHOWN_FAILURES,
    Failure,
    Progress,
    RunFilter,
    SkipReason,
    eligible,
    gone,
    outcome,
)
from action_service.domain.states import ActionStatus, ExecutionState

STEP, OTHER_STEP = UUID(int=10), UUID(int=11)


def run(number: int, **values: object) -> Run:
    given: dict[str, object] = {
        "version": 1,
        "action_id": STEP,
        "state": ExecutionState.WAITING,
        "is_paused": False,
        "step_status": ActionStatus.WAITING,
        "is_held": False,
        "is_workflow_paused": False,
        **values,
    }
    return Run(UUID(int=number), UUID(int=1), **given)  # type: ignore[arg-type]


def test_a_filter_is_stored_and_read_again() -> None:
    full = RunFilter(
        workflow_id=UUID(int=1),
        version=3,
        action_id=STEP,
        states=(ExecutionState.WAITING, ExecutionState.PAUSED),
        started_after=datetime(2026, 1, 1, tzinfo=UTC),
        started_before=datetime(2026, 2, 1, tzinfo=UTC),
        tags=("vip",),
        contact_ids=(UUID(int=7),),
    )
    assert RunFilter.from_json(full.to_json()) == full
    assert not full.is_empty
    assert RunFilter.from_json({}) == RunFilter()
    assert RunFilter().is_empty


@pytest.mark.parametrize(
    "which",
    [
        RunFilter(version=2),
        RunFilter(action_id=OTHER_STEP),
        RunFilter(states=(ExecutionState.RUNNING,)),
    ],
)
def test_who_has_moved_on_is_left_alone(which: RunFilter) -> None:
    assert eligible([run(1)], which) == ([], Progress(skipped={SkipReason.MOVED_ON: 1}))


def test_who_has_ended_is_no_longer_asked_where_it_stands() -> None:
    ended = run(1, state=ExecutionState.COMPLETED, action_id=None, step_status=None)
    staying, progress = eligible([ended, run(2)], RunFilter(action_id=STEP))
    assert [each.id.int for each in staying] == [1, 2]
    assert progress.processed == 0


def test_obstacles_are_counted_by_what_they_mean() -> None:
    runs = [run(number) for number in range(4)]
    obstacles = {
        runs[0].id: Obstacle.ENDED,
        runs[1].id: Obstacle.UNCHANGED,
        runs[2].id: Obstacle.HELD_BY_WORKFLOW,
    }
    progress = outcome(runs, obstacles) + gone([UUID(int=9)])
    assert progress == Progress(1, {SkipReason.ENDED: 2, SkipReason.UNCHANGED: 2})
    assert progress.processed == 5


def test_only_the_first_failures_are_kept() -> None:
    some = Progress(failed=60, failures=[Failure(UUID(int=n), "x") for n in range(60)])
    total = some + some
    assert (total.failed, len(total.failures)) == (120, SHOWN_FAILURES)
