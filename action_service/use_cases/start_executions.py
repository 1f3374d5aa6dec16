"""Starts runs of a workflow at a caller's word: all of the contacts, or none.

What is returned is to be rung after the caller's transaction has committed; if that never happens
the engine's sweeper rings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from action_service.domain.plan import Json, Plan
from action_service.engine.codec import TaskEncoder
from action_service.engine.effects import Start
from action_service.engine.model import Dispatch, RunContext, Task
from action_service.engine.starting import Beginnings, begin
from action_service.engine.turns import Turns, begin_in_turn
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

    async def begin(self, beginnings: Beginnings) -> None:
        """Stores new executions."""
        ...

    async def contexts(self, dispatches: Sequence[Dispatch]) -> Mapping[str, RunContext]:
        """What the first steps read, by action execution id."""
        ...


async def start_executions(
    store: StartStore,
    encoder: TaskEncoder,
    turns: Turns,
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
    starts = [
        Start(account_id, workflow_id, workflow.version_id, contact_id, new_id_text(), event=event)
        for contact_id in contact_ids
    ]
    beginnings = begin(starts, {workflow.version_id: plan}, workflow.now)
    begin_in_turn(turns, beginnings)
    await store.begin(beginnings)
    contexts: Mapping[str, RunContext] = {}
    if beginnings.dispatches and beginnings.dispatches[0].step.needs:
        contexts = await store.contexts(beginnings.dispatches)
    return StartedBatch(
        execution_ids=tuple(start.execution_id for start in starts),
        tasks=tuple(
            encoder.encode(dispatch, plan, contexts.get(dispatch.action_execution_id))
            for dispatch in beginnings.dispatches
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
