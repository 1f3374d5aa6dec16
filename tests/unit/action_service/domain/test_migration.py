"""Where executions go on when their workflow has a new version."""

from dataclasses import replace

import pytest

from action_service.domain.migration import MoveOn, Stay, resume_point
from action_service.domain.plan import Plan, PlanStep


def plan(*names: str, branch: tuple[str, ...] = ()) -> Plan:
    """A plan of these actions in this order; `-name` is a disabled one."""
    steps = [_step(name, index + 1, None) for index, name in enumerate(names)]
    steps += [_step(name, index + 1, "side") for index, name in enumerate(branch)]
    return Plan("w", "W", 1, tuple(steps))


def _step(name: str, position: int, branch_id: str | None) -> PlanStep:
    is_enabled = not name.startswith("-")
    return PlanStep(
        name.lstrip("-"), "add_tag", None, {}, position, branch_id, is_enabled=is_enabled
    )


def outcome(old: Plan, new: Plan, at: str, *, in_progress: bool = False) -> str:
    """`stay`, or the passed steps and the next one."""
    found = resume_point(old, new, at, in_progress=in_progress)
    if isinstance(found, Stay):
        return "stay"
    assert found.reason
    passed = [f"({step.id})" for step in found.passed]
    return " ".join([*passed, found.step.id if found.step else "end"])


@pytest.mark.parametrize(
    ("old", "new", "at", "expected"),
    [
        (plan("a", "b"), plan("a", "b"), "a", "stay"),
        (plan("a", "b"), plan("b", "a"), "a", "stay"),
        (plan("a", "b", "c"), plan("a", "c"), "b", "c"),
        (plan("a", "b", "c", "d"), plan("a", "d"), "b", "d"),
        (plan("a", "b"), plan("a"), "b", "end"),
        (plan("a", "b"), plan("x", "y"), "a", "end"),
        # The next survivor of the old order, wherever it stands now.
        (plan("a", "b", "c"), plan("c", "a", "new"), "b", "c"),
        (plan("a", "b"), plan("a", "new"), "b", "end"),
        # Disabled steps are passed over.
        (plan("a", "b", "c"), plan("a", "-b", "c"), "b", "c"),
        (plan("a", "b", "c", "d"), plan("a", "-c", "d"), "b", "(c) d"),
        (plan("a", "b", "c"), plan("a", "-c"), "b", "(c) end"),
        (plan("a", "b"), plan("a", "-b", "-c", "d"), "b", "(c) d"),
        # A branch ends the execution at its end.
        (plan("a", branch=("x", "y")), plan("a", branch=("y",)), "x", "y"),
        (plan("a", branch=("x",)), plan("a", "b"), "x", "end"),
    ],
)
def test_before_the_action_has_begun(old: Plan, new: Plan, at: str, expected: str) -> None:
    assert outcome(old, new, at) == expected


@pytest.mark.parametrize(
    ("old", "new", "at", "expected"),
    [
        (plan("a", "b"), plan("a", "b"), "a", "stay"),
        (plan("a", "b"), plan("-a", "b"), "a", "stay"),
        (plan("a", "b"), plan("b"), "a", "b"),
    ],
)
def test_while_an_executor_is_at_work(old: Plan, new: Plan, at: str, expected: str) -> None:
    assert outcome(old, new, at, in_progress=True) == expected


def test_the_reason_says_what_happened() -> None:
    gone = resume_point(plan("a"), plan("b"), "a", in_progress=False)
    disabled = resume_point(plan("a"), plan("-a"), "a", in_progress=False)
    assert isinstance(gone, MoveOn)
    assert isinstance(disabled, MoveOn)
    assert "deleted" in gone.reason
    assert "disabled" in disabled.reason


def test_an_action_that_its_own_version_does_not_have() -> None:
    with pytest.raises(KeyError):
        resume_point(plan("a"), plan("b"), "z", in_progress=False)


@pytest.mark.parametrize(
    ("name", "reads", "anew"),
    [("W", "workflow", False), ("X", "workflow", True), ("X", "user", False)],
)
def test_a_new_name_of_the_workflow_counts_where_it_is_read(
    name: str, reads: str, *, anew: bool
) -> None:
    step = replace(_step("a", 1, None), needs=(reads,))
    old, new = Plan("w", "W", 1, (step,)), Plan("w", name, 2, (step,))
    assert resume_point(old, new, "a", in_progress=False) == Stay(anew=anew)


def test_what_stays_is_dispatched_anew_when_its_configuration_is_new() -> None:
    old = Plan("w", "W", 1, (_step("a", 1, None),))
    new = Plan("w", "W", 2, (replace(old.steps[0], config={"tag_name": "b"}),))
    assert resume_point(old, new, "a", in_progress=False) == Stay(anew=True)
    assert resume_point(old, old, "a", in_progress=False) == Stay()
