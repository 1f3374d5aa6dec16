"""What an explanation is made from; all of it is in the engine's own database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from action_service.domain.execution import ActionExecution, Attempt, Execution
from action_service.domain.holds import Hold
from action_service.domain.plan import Plan, PlanStep
from action_service.domain.retry import RetryTiming
from action_service.domain.unknown_sends import UnknownSend


@dataclass(frozen=True, slots=True)
class StepFacts:
    """The step that an execution stands at, or ended with, and its current attempt."""

    run: ActionExecution
    attempt_id: UUID
    attempt_number: int
    # Until when an answer is awaited before the attempt is handed out again; None while held.
    lease_until: datetime | None
    # How often it has been handed out again.
    rings: int
    # The rule of whoever has put it off.
    hold: Hold | None
    # When the attempt was granted the right to call its provider.
    claimed_at: datetime | None
    # Those of its retries that do not count any more, as an operator has had it begin anew.
    retry_base: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an execution stands, at an instant of the database's clock."""

    now: datetime
    step: StepFacts | None


@dataclass(frozen=True, slots=True)
class Ignored:
    """Events that would have ended a wait, had people made them."""

    number: int = 0
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an execution."""

    now: datetime
    execution: Execution
    workflow_name: str
    workflow_paused: bool
    plan: Plan
    timing: RetryTiming
    step: StepFacts | None = None
    branch_names: Mapping[str, str] = field(default_factory=dict[str, str])
    # How often the step may be retried by its own configuration; None leaves it to the table.
    max_retries: int | None = None
    unknown_send: UnknownSend | None = None
    # A message of the step that was given up, while nobody has said what is to become of it.
    dead_letter_id: UUID | None = None
    ignored: Ignored = Ignored()

    @property
    def planned(self) -> PlanStep | None:
        """The step as its version has it; None for one that the version does not have."""
        return None if self.step is None else self.plan.by_id.get(str(self.step.run.action_id))


def last_failure(step: StepFacts) -> Attempt | None:
    """The last attempt that failed, if any did."""
    failed = [attempt for attempt in step.run.attempts if attempt.error_class is not None]
    return failed[-1] if failed else None
