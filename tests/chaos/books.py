"""A history looked up from every side, and what rules say of it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from tests.chaos.model import (
    Attempt,
    Call,
    Claim,
    History,
    PlanStep,
    Run,
    Step,
    Unknown,
)

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was not kept, and the run that shows it, where it is one run's matter."""

    rule: str
    text: str
    run: str | None = None

    def __str__(self) -> str:
        return f"{self.rule}: {self.text}" + (f" (execution {self.run})" if self.run else "")


class Books:
    """A history, looked up from every side."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.plans = {plan.name: plan for plan in history.plans}
        self.runs = {run.id: run for run in history.runs}
        self.steps = {step.id: step for step in history.steps}
        self.deliveries = {delivery.id: delivery for delivery in history.deliveries}

    @cached_property
    def log(self) -> Mapping[str, Sequence[Step]]:
        """The steps of each run in the order in which they came to be."""
        return grouped(
            sorted(self.history.steps, key=lambda step: (step.created, step.id)),
            lambda step: step.run,
        )

    @cached_property
    def attempts(self) -> Mapping[str, Sequence[Attempt]]:
        """Of each step, by number."""
        return grouped(
            sorted(self.history.attempts, key=lambda attempt: attempt.number),
            lambda attempt: attempt.step,
        )

    @cached_property
    def calls(self) -> Mapping[str, Sequence[Call]]:
        """By key, oldest first."""
        return grouped(sorted(self.history.calls, key=lambda call: call.at), lambda call: call.key)

    @cached_property
    def claims(self) -> Mapping[str, Sequence[Claim]]:
        """Of each step."""
        return grouped(self.history.claims, lambda claim: claim.step)

    @cached_property
    def unknown(self) -> Mapping[str, Sequence[Unknown]]:
        """By key."""
        return grouped(self.history.unknown, lambda each: each.key)

    def plan_step(self, step: Step) -> PlanStep | None:
        """The step's part in its workflow."""
        run = self.runs.get(step.run)
        plan = self.plans.get(run.plan) if run is not None else None
        return _all_steps(plan.steps).get(step.name) if plan is not None else None

    def run_of(self, key: str) -> Run | None:
        """The run that a call belongs to."""
        delivery = self.deliveries.get(key)
        step = self.steps.get(delivery.step if delivery is not None else key)
        return self.runs.get(step.run) if step is not None else None

    def listed_open(self, key: str) -> bool:
        """Whether a send is listed as of an outcome that nobody knows yet."""
        return any(each.state == "open" for each in self.unknown.get(key, ()))


def _all_steps(steps: Iterable[PlanStep]) -> dict[str, PlanStep]:
    found: dict[str, PlanStep] = {}
    for step in steps:
        found |= {step.name: step} | _all_steps(step.branch)
    return found


def grouped(items: Iterable[V], key: Callable[[V], K]) -> dict[K, list[V]]:
    """The items by key, in their order."""
    groups: dict[K, list[V]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return groups
