"""What is kept of a run: its execution and its action executions, as their tables have them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from action_service.domain.plan import Json, PlanStep
from action_service.domain.states import ActionStatus, ExecutionState


@dataclass(slots=True)
class StepRow:
    """An action execution."""

    id: str
    step: PlanStep
    status: ActionStatus
    attempt_id: str
    reached_at: datetime
    attempt_number: int = 1
    retry_count: int = 0
    waits_until: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    output: dict[str, Json] = field(default_factory=dict[str, Json])
    error_class: str | None = None
    error_message: str | None = None
    reason: str | None = None
    # Of the current attempt.
    claimed_at: datetime | None = None
    provider_reference: str | None = None


@dataclass(slots=True)
class RunRow:
    """The execution."""

    id: str
    state: ExecutionState
    current: StepRow | None = None
    event: Mapping[str, Json] | None = None
    reason: str | None = None
    ended_at: datetime | None = None
