"""Where an execution under way goes on when it moves to a newer version of its workflow.

An action that survives keeps its attempt under way; a wait is planned anew when it is to wait
otherwise. One that is gone, or that has been disabled before it began to run, is left; the
execution goes on at the next action of the old order that survives, or ends.
"""

from dataclasses import dataclass
from uuid import UUID

from action_service.domain.plan import Plan, PlanStep


@dataclass(frozen=True, slots=True)
class Stay:
    """The current action goes on under the new version.

    With `anew`, what has not begun or waits is dispatched once more: a task on its way and a timer
    have the old configuration.
    """

    anew: bool = False


@dataclass(frozen=True, slots=True)
class MoveOn:
    """The current action is left for `step`, over the disabled steps in `passed`.

    Without a step the execution is complete.
    """

    reason: str
    passed: tuple[PlanStep, ...]
    step: PlanStep | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where `count` executions under way stand, all of which fare alike in a migration.

    `in_progress` says that an executor may be at work on the action right now.
    """

    version_id: UUID
    action_id: UUID
    in_progress: bool
    count: int


def resume_point(old: Plan, new: Plan, action_id: str, *, in_progress: bool) -> Stay | MoveOn:
    """What becomes of an execution of `old` that stands at `action_id`.

    `in_progress` says that an executor may be at work on the action right now.
    """
    survivor = new.by_id.get(action_id)
    if survivor is not None and (survivor.is_enabled or in_progress):
        renamed = old.workflow_name != new.workflow_name and "workflow" in survivor.needs
        return Stay(anew=renamed or old.by_id[action_id].config != survivor.config)
    if survivor is not None:
        reason = "the action was disabled and the execution moved to the new version"
        return _move_on(new, new.after(action_id), reason)
    return _move_on(
        new,
        _next_survivor(old, new, action_id),
        "the action was deleted and the execution moved to the new version",
    )


def _next_survivor(old: Plan, new: Plan, action_id: str) -> PlanStep | None:
    step = old.after(action_id)
    while step is not None and step.id not in new.by_id:
        step = old.after(step.id)
    return None if step is None else new.by_id[step.id]


def _move_on(new: Plan, step: PlanStep | None, reason: str) -> MoveOn:
    passed: list[PlanStep] = []
    while step is not None and not step.is_enabled:
        passed.append(step)
        step = new.after(step.id)
    return MoveOn(reason, tuple(passed), step)
