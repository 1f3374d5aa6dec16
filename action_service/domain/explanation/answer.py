"""What an explanation says, in data."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from action_service.domain.execution import Execution
from action_service.domain.explanation.facts import Ignored
from action_service.domain.holds import Hold
from action_service.domain.states import ActionStatus
from action_service.domain.unknown_sends import UnknownSend


class Reason(StrEnum):
    """What keeps an execution where it is."""

    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    WORKFLOW_PAUSED = "workflow_paused"
    PAUSED = "paused"
    WAITING_FOR_TIME = "waiting_for_time"
    WAITING_FOR_DATE = "waiting_for_date"
    WAITING_FOR_EVENT = "waiting_for_event"
    RETRYING = "retrying"
    QUIET_HOURS = "quiet_hours"
    RATE_LIMITED = "rate_limited"
    CIRCUIT_OPEN = "circuit_open"
    PROVIDER_PAUSED = "provider_paused"
    PROVIDER_SLOW = "provider_slow"
    SERVICE_AWAY = "service_away"
    PUT_OFF = "put_off"
    WAITING_FOR_PROVIDER = "waiting_for_provider"
    UNKNOWN_OUTCOME = "unknown_outcome"
    ATTEMPT_UNDER_WAY = "attempt_under_way"
    NOT_DISPATCHED = "not_dispatched"
    WAITING_FOR_TURN = "waiting_for_turn"


class TimeoutOutcome(StrEnum):
    """What happens when the time of a wait is up."""

    CONTINUE = "continue"
    BRANCH = "branch"
    END = "end"


@dataclass(frozen=True, slots=True)
class StepName:
    """A step as people find it in the workflow."""

    action_id: str
    action_type: str
    name: str | None = None
    # In its path; 0 when the version does not have the step.
    position: int = 0
    branch_id: str | None = None
    branch_name: str | None = None


@dataclass(frozen=True, slots=True)
class ExplainedStep:
    """Where the execution stands, and how its current attempt does."""

    named: StepName
    action_execution_id: UUID
    status: ActionStatus
    attempt_id: UUID
    attempt_number: int
    reached_at: datetime
    lease_until: datetime | None
    rings: int
    claimed_at: datetime | None
    # What whoever put it off says of it.
    said: str | None


@dataclass(frozen=True, slots=True)
class AwaitedEvent:
    """What a wait for an event waits for, and where the run goes on when it does not come.

    `following` is None when nothing follows.
    """

    event_type: str
    related: StepName | None
    ignores_automatic: bool
    ignored: Ignored
    timeout_at: datetime | None
    timeout_outcome: TimeoutOutcome
    timeout_branch_id: str | None
    timeout_branch_name: str | None
    following: StepName | None


@dataclass(frozen=True, slots=True)
class Retries:
    """How often the step may be tried again after errors such as its last one."""

    made: int
    allowed: int
    # The longest pause after one more such error; None when it would not be retried.
    next_backoff: timedelta | None

    @property
    def left(self) -> int:
        """Retries beyond those that were made or are planned."""
        return max(0, self.allowed - self.made)


@dataclass(frozen=True, slots=True)
class LastError:
    """Of the last attempt that failed."""

    attempt_number: int
    error_class: str
    message: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why an execution is where it is; the fields are those of the contract."""

    execution: Execution
    workflow_name: str
    reason: Reason
    at: datetime
    since: datetime
    step: ExplainedStep | None = None
    goes_on_at: datetime | None = None
    is_overdue: bool = False
    rule: str = ""
    hold: Hold | None = None
    event: AwaitedEvent | None = None
    retries: Retries | None = None
    last_error: LastError | None = None
    unknown_send: UnknownSend | None = None
    dead_letter_id: UUID | None = None
    is_workflow_paused: bool = False
    # The run is over because its last wait's time was up, and that is what its configuration wants.
    ended_by_timeout: bool = False
