"""The frozen form of a workflow that executions run on.

A plan is made once, when a workflow is activated, and stored as JSON in `workflow_versions.plan`.
It answers the two questions an engine has: what comes first, and what comes after a given action.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TypeAlias, cast

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


class OnError(StrEnum):
    """What an execution does when an action fails for good (SPEC-WFL-003 R7.1)."""

    STOP = "stop"
    CONTINUE = "continue"
    FALLBACK = "fallback"


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One action as it was when the workflow was activated."""

    id: str
    action_type: str
    name: str | None
    config: dict[str, Json]
    position: int
    branch_id: str | None = None
    is_enabled: bool = True
    on_error: OnError = OnError.STOP
    fallback_action_id: str | None = None
    # Template roots that the step reads, such as `contact` and `steps`.
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """All steps of one version: the main path first, by position, then each branch."""

    workflow_id: str
    workflow_name: str
    version: int
    steps: tuple[PlanStep, ...] = field(default=())

    @cached_property
    def by_id(self) -> Mapping[str, PlanStep]:
        """The steps by action id."""
        return {step.id: step for step in self.steps}

    @cached_property
    def _next(self) -> Mapping[str, PlanStep | None]:
        following: dict[str, PlanStep | None] = {}
        for path in _paths(self.steps):
            for index, step in enumerate(path):
                following[step.id] = path[index + 1] if index + 1 < len(path) else None
        return following

    def first(self, branch_id: str | None = None) -> PlanStep | None:
        """The first step of the main path or of a branch; None when it has no actions."""
        return next((step for step in self.steps if step.branch_id == branch_id), None)

    def after(self, action_id: str) -> PlanStep | None:
        """The step after `action_id` on its path; None at the path's end.

        Raises KeyError when the plan has no such action.
        """
        return self._next[action_id]

    def to_json(self) -> dict[str, Json]:
        """As stored in `workflow_versions.plan`."""
        return {
            "workflow_id": self.workflow_id,
            "workflow_name": self.workflow_name,
            "version": self.version,
            "steps": [cast("dict[str, Json]", asdict(step)) for step in self.steps],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Json]) -> "Plan":
        """The plan that `to_json` stored."""
        steps = cast("list[dict[str, Json]]", stored["steps"])
        return cls(
            workflow_id=cast("str", stored["workflow_id"]),
            workflow_name=cast("str", stored["workflow_name"]),
            version=cast("int", stored["version"]),
            steps=tuple(_step(step) for step in steps),
        )


def ordered(steps: Iterable[PlanStep]) -> tuple[PlanStep, ...]:
    """The order of `Plan.steps`: the main path, then the branches, each by position."""
    return tuple(sorted(steps, key=lambda step: (step.branch_id or "", step.position)))


def _paths(steps: Iterable[PlanStep]) -> list[list[PlanStep]]:
    paths: dict[str | None, list[PlanStep]] = {}
    for step in sorted(steps, key=lambda step: step.position):
        paths.setdefault(step.branch_id, []).append(step)
    return list(paths.values())


def _step(stored: dict[str, Json]) -> PlanStep:
    return PlanStep(
        id=cast("str", stored["id"]),
        action_type=cast("str", stored["action_type"]),
        name=cast("str | None", stored["name"]),
        config=cast("dict[str, Json]", stored["config"]),
        position=cast("int", stored["position"]),
        branch_id=cast("str | None", stored["branch_id"]),
        is_enabled=cast("bool", stored["is_enabled"]),
        on_error=OnError(cast("str", stored["on_error"])),
        fallback_action_id=cast("str | None", stored["fallback_action_id"]),
        needs=tuple(cast("list[str]", stored["needs"])),
    )
