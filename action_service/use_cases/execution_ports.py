"""What use cases need of the store of executions."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol
from uuid import UUID

from action_service.domain.control import Run
from action_service.domain.execution import ActionExecution, Execution, Summary
from action_service.domain.explanation.facts import Ignored, Standing
from action_service.domain.migration import MoveOn, Place, Stay
from action_service.domain.plan import Json
from action_service.domain.reopening import Failure
from action_service.domain.states import ExecutionState


class Reopening(NamedTuple):
    """What becomes of a failed execution that is opened again, and of the step it failed at."""

    step_id: UUID
    action_id: UUID
    attempt_id: UUID
    state: ExecutionState
    # The base of the step's idempotency keys from now on; None to keep the present one.
    step_key: UUID | None
    reason: str


class Locked(NamedTuple):
    """What could be locked of some executions; those that are not there are in neither."""

    runs: Sequence[Run]
    # Those that somebody else has locked just now.
    busy: Sequence[UUID]


class ExecutionReads(Protocol):
    """Executions and their logs."""

    async def get(self, execution_id: UUID) -> Execution | None:
        """The execution; None when the account has no such one."""
        ...

    async def list_page(
        self,
        *,
        limit: int,
        before: UUID | None,
        workflow_id: UUID | None,
        contact_id: UUID | None,
        state: ExecutionState | None,
    ) -> Sequence[Execution]:
        """Newest first, those older than `before`."""
        ...

    async def log_page(
        self, execution_id: UUID, *, limit: int, after: tuple[datetime, UUID] | None
    ) -> Sequence[ActionExecution]:
        """Action executions in the order in which they came to be, those after `after`."""
        ...

    async def standing(self, execution_id: UUID) -> Standing | None:
        """Where the execution stands, or ended; None when the account has no such one."""
        ...

    async def ignored(
        self, action_execution_id: UUID, event_type: str, related_action_id: str | None
    ) -> Ignored:
        """The events of programs that would have ended a wait, had people made them."""
        ...

    async def fingerprint(self, execution_id: UUID) -> str | None:
        """A text that changes with every change of the execution or its log; None without one."""
        ...

    async def sent_by(self, action_execution_id: UUID) -> Mapping[str, Json] | None:
        """The ids of the message that a step has sent, as events name them; None without a step."""
        ...

    async def summary(self, workflow_id: UUID) -> Summary:
        """How the executions of a workflow stand."""
        ...


class ExecutionWrites(ExecutionReads, Protocol):
    """Changes of executions from outside the engine."""

    async def lock(self, execution_ids: Collection[UUID]) -> Sequence[Run]:
        """Those that there are, by id, kept from the engine until the transaction ends."""
        ...

    async def keep_contact(self, execution_id: UUID) -> None:
        """Keeps its contact from being erased until the transaction ends."""
        ...

    async def failure(self, execution_id: UUID) -> Failure | None:
        """What the execution, which `lock` has locked, has failed with; None when no step has.

        Its place in campaign and workflow is kept from others until the transaction ends.
        """
        ...

    async def reopen(self, execution_id: UUID, reopening: Reopening, lease: timedelta) -> None:
        """Opens a failed execution again, which `lock` has locked, and its enrolment."""
        ...

    async def lock_free(self, execution_ids: Collection[UUID]) -> Locked:
        """The same, without waiting for those that somebody else has locked."""
        ...

    async def cancel(self, execution_ids: Collection[UUID], reason: str) -> None:
        """Ends locked executions and their open steps; their results come to nothing."""
        ...

    async def pause(self, execution_ids: Collection[UUID], actor: str, reason: str) -> None:
        """Pauses locked executions."""
        ...

    async def resume(self, states: Mapping[UUID, ExecutionState]) -> None:
        """Ends the pauses of locked executions, by the states that they come to."""
        ...

    async def places(self, workflow_id: UUID, *, other_than: UUID) -> Sequence[Place]:
        """Where open executions of other versions than this one stand, kept from the engine."""
        ...

    async def migrate(
        self, workflow_id: UUID, version_id: UUID, fates: Sequence[tuple[Place, Stay | MoveOn]]
    ) -> None:
        """Moves the executions at these places, which `places` has locked, to a version."""
        ...
