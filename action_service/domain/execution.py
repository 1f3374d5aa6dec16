"""Executions and their logs, as the API shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from action_service.domain.messages import DeliveryState
from action_service.domain.plan import Json
from action_service.domain.states import ActionStatus, ExecutionState

ENDED = frozenset({ExecutionState.COMPLETED, ExecutionState.FAILED, ExecutionState.CANCELLED})


@dataclass(frozen=True, slots=True)
class Pause:
    """Somebody has paused a run; `by` is as the audit log names them."""

    at: datetime
    by: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Execution:
    """One run of a workflow for a contact."""

    id: UUID
    workflow_id: UUID
    workflow_version: int
    # None when the contact was erased.
    contact_id: UUID | None
    state: ExecutionState
    current_action_id: UUID | None
    started_at: datetime
    ended_at: datetime | None
    reason: str | None
    event: Mapping[str, Json] | None
    # None also while it is the workflow that is paused.
    pause: Pause | None = None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more happens to it."""
        return self.state in ENDED


@dataclass(frozen=True, slots=True)
class Attempt:
    """One finished try at an action."""

    id: UUID
    number: int
    started_at: datetime
    finished_at: datetime
    error_class: str | None
    error_message: str | None
    provider_reference: str | None


@dataclass(frozen=True, slots=True)
class ActionExecution:
    """The log of one action of one execution (SPEC-WFL-003 R7.3).

    `version_id` is the version whose configuration it ran with.
    """

    id: UUID
    execution_id: UUID
    version_id: UUID
    action_id: UUID
    contact_id: UUID | None
    action_type: str
    status: ActionStatus
    outcome: str | None
    created_at: datetime
    scheduled_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    result: Mapping[str, Json]
    error_class: str | None
    error_message: str | None
    reason: str | None
    retry_count: int
    attempts: tuple[Attempt, ...]

    @property
    def duration(self) -> timedelta | None:
        """From start to end; None until both are known."""
        if self.started_at is None or self.completed_at is None:
            return None
        return self.completed_at - self.started_at


@dataclass(frozen=True, slots=True)
class StepCounts:
    """How the executions of one action stand; durations are of the completed ones."""

    action_id: UUID
    action_name: str | None
    action_type: str
    position: int
    branch_id: UUID | None
    by_status: Mapping[ActionStatus, int]
    retries: int
    p50: timedelta | None
    p99: timedelta | None
    # Of its own messages, without deliveries.
    by_state: Mapping[DeliveryState, int]


@dataclass(frozen=True, slots=True)
class Summary:
    """How the executions of one workflow stand, by state and by step."""

    by_state: Mapping[ExecutionState, int]
    steps: tuple[StepCounts, ...]
