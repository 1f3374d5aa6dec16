"""What the engine handles: results, loaded executions, writes, tasks.

What exists once per action is a named tuple: as unchangeable as a frozen dataclass, and made
several times faster, which counts at thousands a second.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from action_service.domain.deliveries import Channel
from action_service.domain.messages import DeliveryState
from action_service.domain.plan import Json, PlanStep
from action_service.domain.progress import Outcome
from action_service.domain.states import ActionStatus, ExecutionState
from action_service.domain.unknown_sends import Looked, Sent
from common.readiness import NotReadyError
from treadle.dispatch.v1.result_pb2 import Effect


class Result(NamedTuple):
    """An answer to one attempt, off the wire."""

    attempt_id: str
    execution_id: str
    started_at: datetime
    finished_at: datetime
    outcome: Outcome
    effects: Sequence[Effect] = ()
    # The run that was granted the attempt's claim: only it knows whether it has sent.
    claimant: bool = False
    # What the attempt hands over, of one that may have done so.
    sent: Sent | None = None


class DeliveryResult(NamedTuple):
    """An answer to one attempt at a delivery, off the wire."""

    delivery_id: str
    attempt_id: str
    outcome: Outcome
    # See Result.
    claimant: bool
    sent: Sent | None = None


class LookupResult(NamedTuple):
    """What a provider says of an attempt whose outcome is unknown, off the wire."""

    # The look's own.
    id: str
    attempt_id: str
    looked_at: datetime
    looked: Looked


class OptOut(NamedTuple):
    """A provider sends an account's messages to a number no more, as it has answered STOP."""

    account_id: str
    number: str


class Standing(NamedTuple):
    """An execution and its current action execution, locked by the transaction that read them."""

    execution_id: str
    account_id: str
    workflow_id: str
    version_id: str
    contact_id: str
    state: ExecutionState
    workflow_status: str
    action_id: str
    action_execution_id: str
    attempt_id: str
    attempt_number: int
    retry_count: int
    status: ActionStatus
    has_event: bool
    # The ledger has a claim of the current attempt.
    claimed: bool
    # Of what the current attempt has begun at its provider, and when it was claimed.
    provider_reference: str | None
    claimed_at: datetime | None
    # Until when the step waits.
    waits_until: datetime | None
    # When the step was reached; waits count from here, however often they are rung for.
    reached_at: datetime
    now: datetime
    # The executions that led to this one, oldest first; None when a caller started it.
    origin: Sequence[str] | None
    # What operators have said of the step: when its wait ends, how many of its retries do not
    # count, and the base of its idempotency keys where it is not its id.
    resume_at: datetime | None = None
    retry_base: int = 0
    step_key: str | None = None

    @property
    def is_paused(self) -> bool:
        """Whether nothing more begins, because its workflow or the run itself is paused."""
        return self.workflow_status == "paused" or self.state is ExecutionState.PAUSED


class ActionWrite(NamedTuple):
    """New values of one action execution."""

    action_execution_id: str
    status: ActionStatus
    attempt_id: str
    attempt_number: int
    retry_count: int
    started_at: datetime | None = None
    completed_at: datetime | None = None
    result_json: str = "{}"
    error_class: str | None = None
    error_message: str | None = None
    scheduled_at: datetime | None = None
    lease_until: datetime | None = None
    outcome: str | None = None
    reason: str | None = None
    hold_json: str | None = None


class AttemptWrite(NamedTuple):
    """The log of one finished attempt."""

    attempt_id: str
    account_id: str
    action_execution_id: str
    number: int
    started_at: datetime
    finished_at: datetime
    error_class: str | None
    error_message: str | None
    provider_reference: str | None


class NewAction(NamedTuple):
    """An action execution that comes to be: to be run, or passed over."""

    id: str
    account_id: str
    execution_id: str
    action_id: str
    contact_id: str
    action_type: str
    status: ActionStatus
    attempt_id: str
    lease_until: datetime | None
    reason: str | None = None


class NewExecution(NamedTuple):
    """An execution that comes to be; the ids from `action_id` on are None when nothing runs."""

    id: str
    account_id: str
    workflow_id: str
    version_id: str
    contact_id: str
    event_json: str | None
    state: ExecutionState
    action_id: str | None
    action_execution_id: str | None
    attempt_id: str | None
    # A Postgres array literal of execution ids.
    origin: str | None
    trigger_event_id: str | None
    enrollment_id: str | None


class Move(NamedTuple):
    """New values of one execution; the three ids are None once it has ended."""

    execution_id: str
    state: ExecutionState
    action_id: str | None
    action_execution_id: str | None
    attempt_id: str | None
    reason: str | None = None
    ended: bool = False


class Advance(NamedTuple):
    """The common case in one: an action execution completed, its attempt logged, the next begun.

    The last five are None when the execution has completed with this step.
    """

    action_execution_id: str
    started_at: datetime
    completed_at: datetime
    result_json: str
    provider_reference: str | None
    next_id: str | None = None
    next_attempt_id: str | None = None
    next_action_id: str | None = None
    next_action_type: str | None = None
    next_lease_until: datetime | None = None


class Send(NamedTuple):
    """A message that its provider has accepted, and given an id."""

    account_id: str
    # None when it goes to a user.
    contact_id: str | None
    action_execution_id: str
    # None when the step itself sends.
    delivery_id: str | None
    channel: Channel
    provider_reference: str


class Begun(NamedTuple):
    """The claim of an attempt is settled: the provider's id of what it has begun."""

    attempt_id: str
    provider_reference: str


class Ended(NamedTuple):
    """What the current attempt of an execution has begun is over: its step can go on."""

    account_id: str
    execution_id: str
    action_execution_id: str
    attempt_id: str


class Ambiguity(NamedTuple):
    """An attempt whose outcome has become unknown, and what it may have sent."""

    attempt_id: str
    action_execution_id: str
    # None when the step itself sends.
    delivery_id: str | None
    reason: str
    sent: Sent


@dataclass(slots=True)
class Writes:
    """All rows that a batch changes; written together.

    Most of a batch is `advances`; the next four carry every other decision.
    """

    advances: list[Advance] = field(default_factory=list[Advance])
    actions: list[ActionWrite] = field(default_factory=list[ActionWrite])
    attempts: list[AttemptWrite] = field(default_factory=list[AttemptWrite])
    new: list[NewAction] = field(default_factory=list[NewAction])
    moves: list[Move] = field(default_factory=list[Move])
    sends: list[Send] = field(default_factory=list[Send])
    begun: list[Begun] = field(default_factory=list[Begun])
    unknown: list[Ambiguity] = field(default_factory=list[Ambiguity])


class UnderWay(NamedTuple):
    """What an attempt has begun at its provider: its id there, and until when it is waited for."""

    provider_reference: str
    waits_until: datetime


class Dispatch(NamedTuple):
    """An attempt to be run, or looked after: what its task is made from."""

    step: PlanStep
    version_id: str
    account_id: str
    workflow_id: str
    execution_id: str
    action_execution_id: str
    attempt_id: str
    attempt_number: int
    contact_id: str
    ready_at: datetime
    has_event: bool = False
    not_before: datetime | None = None
    under_way: UnderWay | None = None
    # When what the task reads is read; when it is ready unless given.
    read_at: datetime | None = None
    # See Standing.
    resume_at: datetime | None = None
    step_key: str | None = None


class CallFacts(NamedTuple):
    """What is known of a telephone call."""

    state: DeliveryState
    placed_at: datetime
    # What its provider has told beside: `answered_by`, `duration_seconds`, `recording_url`, `to`.
    details: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class RunContext:
    """What an attempt may read: of its execution, beside what the plan itself knows."""

    contact: Mapping[str, Json] | None
    user: Mapping[str, Json] | None
    account: Mapping[str, Json] | None
    # Outputs by action id, in the order in which the steps completed.
    steps: Mapping[str, Json] | None
    event: Mapping[str, Json] | None
    # Of the call that the attempt has placed.
    call: CallFacts | None = None
    # What the actions are called now; the plan knows better of those that it has.
    step_names: Mapping[str, str] | None = None


class BadItemError(Exception):
    """The database refused something in the batch; nothing of the batch has been written.

    The text is for the user of the workflow, and so never SQL.
    """


class StoreUnavailableError(NotReadyError):
    """The database cannot serve now, or has chosen this transaction to break a deadlock.

    Nothing has been written; the same again may succeed. The text names the cause's type.
    """


class Task(NamedTuple):
    """A message to publish: its subject, body, de-duplication id and headers."""

    subject: str
    payload: bytes
    message_id: str
    headers: Mapping[str, str]
