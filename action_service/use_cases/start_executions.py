"""Starts runs of a workflow: the executions and their first attempts are stored together.

What is returned is to be rung after the caller's transaction has committed; if that never happens
the engine's sweeper rings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from action_service.domain.plan import Json, Plan
from action_service.domain.progress import first_steps
from action_service.domain.states import ActionStatus, ExecutionState
from action_service.engine.codec import TaskEncoder
from action_service.engine.model import Dispatch, NewAction, RunContext, Task
from action_service.engine.writing import lease_of, skipped_action
from common.errors import ErrorReason, FieldViolation, TreadleError
from common.ids import new_id_text

MAX_CONTACTS = 1_000


@dataclass(frozen=True, slots=True)
class Startable:
    """A workflow as the start needs it; its row is locked against pausing until the commit."""

    status: str
    version_id: str | None
    now: datetime


@dataclass(frozen=True, slots=True)
class NewExecution:
    """An execution to be stored; the three ids are None when it has nothing to run."""

    id: str
    contact_id: str
    state: ExecutionState
    action_id: str | None
    action_execution_id: str | None
    attempt_id: str | None


@dataclass(frozen=True, slots=True)
class StartedBatch:
    """The new executions, in the order of the contacts, and the tasks to ring for."""

    execution_ids: tuple[str, ...]
    tasks: tuple[Task, ...]


class StartStore(Protocol):
    """What a start reads and writes, in the caller's transaction."""

    async def startable(self, account_id: str, workflow_id: str) -> Startable | None:
        """The workflow, locked; None when the account has none of this id."""
        ...

    async def plan(self, version_id: str) -> Plan:
        """The frozen plan of a version."""
        ...

    async def known_contacts(self, account_id: str, contact_ids: Sequence[str]) -> set[str]:
        """Those of the contacts that the account has."""
        ...

    async def insert(
        self,
        account_id: str,
        workflow_id: str,
        version_id: str,
        event: Mapping[str, Json] | None,
        executions: Sequence[NewExecution],
        actions: Sequence[NewAction],
    ) -> None:
        """Stores executions and action executions."""
        ...

    async def contexts(self, dispatches: Sequence[Dispatch]) -> Mapping[str, RunContext]:
        """What the first steps read, by action execution id."""
        ...


async def start_executions(
    store: StartStore,
    encoder: TaskEncoder,
    *,
    account_id: str,
    workflow_id: str,
    contact_ids: Sequence[str],
    event: Mapping[str, Json] | None,
    contact_field: str = "contact_ids",
) -> StartedBatch:
    """Stores one execution per contact; all or none.

    Raises TreadleError: NOT_FOUND, ILLEGAL_TRANSITION (the workflow is not active), or
    VALIDATION_FAILED with every unknown or repeated contact.
    """
    workflow = await store.startable(account_id, workflow_id)
    if workflow is None:
        raise TreadleError(ErrorReason.NOT_FOUND, f"there is no workflow {workflow_id}")
    if workflow.status != "active" or workflow.version_id is None:
        raise TreadleError(
            ErrorReason.ILLEGAL_TRANSITION,
            f"executions start on active workflows only; this one is {workflow.status}",
            metadata={"status": workflow.status},
        )
    await _check_contacts(store, account_id, contact_ids, contact_field)
    plan = await store.plan(workflow.version_id)
    executions: list[NewExecution] = []
    actions: list[NewAction] = []
    dispatches: list[Dispatch] = []
    skipped, first = first_steps(plan)
    for contact_id in contact_ids:
        execution_id = new_id_text()
        actions.extend(skipped_action(account_id, execution_id, contact_id, s) for s in skipped)
        if first is None:
            executions.append(
                NewExecution(execution_id, contact_id, ExecutionState.COMPLETED, None, None, None)
            )
            continue
        action_execution_id, attempt_id = new_id_text(), new_id_text()
        executions.append(
            NewExecution(
                execution_id,
                contact_id,
                ExecutionState.RUNNING,
                first.id,
                action_execution_id,
                attempt_id,
            )
        )
        actions.append(
            NewAction(
                action_execution_id,
                account_id,
                execution_id,
                first.id,
                contact_id,
                first.action_type,
                ActionStatus.PENDING,
                attempt_id,
                workflow.now + lease_of(first),
            )
        )
        dispatches.append(
            Dispatch(
                first,
                workflow.version_id,
                account_id,
                workflow_id,
                execution_id,
                action_execution_id,
                attempt_id,
                1,
                contact_id,
                workflow.now,
                event is not None,
            )
        )
    await store.insert(account_id, workflow_id, workflow.version_id, event, executions, actions)
    contexts: Mapping[str, RunContext] = {}
    if first is not None and first.needs:
        contexts = await store.contexts(dispatches)
    return StartedBatch(
        execution_ids=tuple(execution.id for execution in executions),
        tasks=tuple(
            encoder.encode(dispatch, plan, contexts.get(dispatch.action_execution_id))
            for dispatch in dispatches
        ),
    )


async def _check_contacts(
    store: StartStore, account_id: str, contact_ids: Sequence[str], field: str
) -> None:
    known = await store.known_contacts(account_id, contact_ids)
    seen: set[str] = set()
    violations: list[FieldViolation] = []
    for index, contact_id in enumerate(contact_ids):
        path = f"{field}[{index}]" if field.endswith("s") else field
        if contact_id not in known:
            violations.append(FieldViolation(path, f"there is no contact {contact_id}"))
        elif contact_id in seen:
            violations.append(FieldViolation(path, f"contact {contact_id} is listed twice"))
        seen.add(contact_id)
    if violations:
        raise TreadleError(
            ErrorReason.VALIDATION_FAILED,
            "some contacts cannot be started",
            violations=violations,
        )
