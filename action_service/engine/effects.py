"""What the effects of a batch are applied to, and what they came to.

An effect changes records in the transaction that completes its step. Beside that it may refuse,
say what the step's output is, bring about events, start or cancel executions, and have messages
sent; all of it is collected here and carried out by the batch, in the same transaction.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from action_service.domain.plan import Json, Plan
from action_service.domain.retry import ErrorClass
from action_service.engine.model import Standing, Task
from treadle.dispatch.v1.result_pb2 import Effect

# One transaction has one instant, at which the step that follows is reached: what a step brings
# about comes before that, so that it does not end a wait for the like of it.
_BEFORE_WHAT_FOLLOWS = timedelta(microseconds=1)


class AppliedEffect(NamedTuple):
    """An effect of one result, with the execution that it is applied for."""

    at: Standing
    effect: Effect

    @property
    def account_id(self) -> str:
        """The account whose records it may touch."""
        return self.at.account_id

    @property
    def execution_id(self) -> str:
        """The execution that brings it about."""
        return self.at.execution_id

    @property
    def action_execution_id(self) -> str:
        """The step that brings it about."""
        return self.at.action_execution_id

    @property
    def contact_id(self) -> str:
        """The contact that the execution is for."""
        return self.at.contact_id

    @property
    def workflow_id(self) -> str:
        """The workflow of the execution."""
        return self.at.workflow_id

    @property
    def action_id(self) -> str:
        """The action that the step runs."""
        return self.at.action_id

    @property
    def origin(self) -> tuple[str, ...]:
        """The chain of executions behind it, oldest first and its own last."""
        return (*(self.at.origin or ()), self.at.execution_id)

    @property
    def now(self) -> datetime:
        """The database's clock in this transaction."""
        return self.at.now


class Refusal(NamedTuple):
    """Why an effect cannot be applied, for the user."""

    error_class: ErrorClass
    message: str


class ContactEvent(NamedTuple):
    """Something that has happened to a contact, for other workflows to hear."""

    account_id: str
    type: str
    contact_id: str
    occurred_at: datetime
    data: Mapping[str, Json]
    # The executions that led to it, oldest first; empty when a person made the change.
    origin: tuple[str, ...] = ()


class Start(NamedTuple):
    """An execution to be started in the transaction; its workflow is active and locked so."""

    account_id: str
    workflow_id: str
    version_id: str
    contact_id: str
    # Made by the caller, who may store it elsewhere.
    execution_id: str
    # Where it begins; at the first action when None. The plan has it.
    first_action_id: str | None = None
    event: Mapping[str, Json] | None = None
    origin: tuple[str, ...] = ()
    trigger_event_id: str | None = None
    enrollment_id: str | None = None


class Applied:
    """What a batch's effects came to."""

    def __init__(self, plan: Callable[[str], Awaitable[Plan]]) -> None:
        self._plan = plan
        # By execution id.
        self.refusals: dict[str, Refusal] = {}
        self.held: set[str] = set()
        # By action execution id.
        self.outputs: dict[str, dict[str, Json]] = {}
        self.events: list[ContactEvent] = []
        self.starts: list[Start] = []
        # The reason, by execution id.
        self.cancels: dict[str, str] = {}
        self.tasks: list[Task] = []

    async def plan(self, version_id: str) -> Plan:
        """The plan of a workflow's version."""
        return await self._plan(version_id)

    def refuse(self, effect: AppliedEffect, error_class: ErrorClass, why: str) -> None:
        """Fails the effect's step; nothing of it may have been applied."""
        self.refusals[effect.at.execution_id] = Refusal(error_class, why)

    def busy(self, effect: AppliedEffect) -> None:
        """Has the result come again, for somebody else holds what it needs.

        Nothing of it may have been applied.
        """
        self.held.add(effect.at.execution_id)

    def output(self, effect: AppliedEffect, **values: Json) -> None:
        """Adds to the step's output."""
        key = effect.at.action_execution_id
        known = self.outputs.get(key)
        self.outputs[key] = values if known is None else known | values

    def event(
        self, effect: AppliedEffect, event_type: str, contact_id: str, data: Mapping[str, Json]
    ) -> None:
        """Tells other workflows, once the transaction has committed."""
        at, occurred_at = effect.at, effect.at.now - _BEFORE_WHAT_FOLLOWS
        self.events.append(
            ContactEvent(at.account_id, event_type, contact_id, occurred_at, data, effect.origin)
        )

    def start(self, start: Start) -> None:
        """Starts an execution in this transaction."""
        self.starts.append(start)

    def cancel(self, execution_id: str, reason: str) -> None:
        """Ends an execution, which the caller has locked, after the batch's own writes.

        A result for it that is in the same batch counts; what would come next does not begin.
        """
        self.cancels[execution_id] = reason

    def ring(self, task: Task) -> None:
        """Publishes a task once the transaction has committed."""
        self.tasks.append(task)
