"""Operations as people start, follow and stop them."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from datetime import timedelta
from uuid import UUID

from action_service.domain.control import Control
from action_service.domain.operations import OPEN, Operation, OperationStatus, RunFilter
from action_service.use_cases.checks import text_violations
from action_service.use_cases.control import check_reason
from action_service.use_cases.ports import Change, Database, Transaction, Writer
from action_service.use_cases.start_executions import MAX_CONTACTS
from action_service.use_cases.workflows import get_workflow
from common.errors import ErrorReason, FieldViolation, failed_precondition, invalid, not_found
from common.ids import new_id

_MAX_TAGS = 50
_MAX_TAG_NAME = 100
_WATCH_EVERY = timedelta(milliseconds=250)


async def count_runs(tx: Transaction, control: Control, which: RunFilter) -> int:
    """How many runs an operation would be about now."""
    await _check(tx, which)
    return await tx.operations.count(control, which)


async def start_operation(tx: Writer, control: Control, which: RunFilter, reason: str) -> Operation:
    """Stores an operation on the runs that match now; the engine carries it out from here on."""
    check_reason(reason)
    await _check(tx, which)
    started = await tx.operations.add(new_id(), control, which, reason=reason, actor=tx.actor)
    tx.record(
        Change(
            "operation.started",
            "operation",
            started.id,
            workflow_id=which.workflow_id,
            after={
                "kind": control.value,
                "filter": which.to_json(),
                "reason": reason,
                "matched": started.matched,
            },
        )
    )
    return started


async def get_operation(tx: Transaction, operation_id: UUID) -> Operation:
    """The operation; refuses one that is not there."""
    found = await tx.operations.get(operation_id)
    if found is None:
        raise not_found("operation", operation_id)
    return found


async def cancel_operation(tx: Writer, operation_id: UUID) -> Operation:
    """Ends an operation where it has come to; one that is cancelled already stays as it is."""
    cancelled = await tx.operations.cancel(operation_id)
    if cancelled is not None:
        tx.record(
            Change(
                "operation.cancelled",
                "operation",
                operation_id,
                workflow_id=cancelled.filter.workflow_id,
                after={"matched": cancelled.matched, "processed": cancelled.progress.processed},
            )
        )
        return cancelled
    found = await get_operation(tx, operation_id)
    if found.status is OperationStatus.COMPLETED:
        raise failed_precondition(
            ErrorReason.ILLEGAL_TRANSITION,
            "the operation has completed and cannot be cancelled",
            state=found.status.value,
        )
    return found


async def watch_operation(
    database: Database, account_id: UUID, operation_id: UUID, *, every: timedelta = _WATCH_EVERY
) -> AsyncGenerator[Operation]:
    """The operation as it stands, then at every change, until it has ended."""
    seen: Operation | None = None
    while seen is None or not seen.has_ended:
        async with database.reading(account_id) as tx:
            latest = await get_operation(tx, operation_id)
        if latest != seen:
            yield latest
        seen = latest
        if not latest.has_ended:
            await asyncio.sleep(every.total_seconds())


async def _check(tx: Transaction, which: RunFilter) -> None:
    found = list(_violations(which))
    if found:
        raise invalid(found)
    if which.workflow_id is not None:
        await get_workflow(tx, which.workflow_id)


def _violations(which: RunFilter) -> Iterator[FieldViolation]:
    if which.is_empty:
        problem = "must say which runs; to mean all of the account, give states"
        yield FieldViolation("filter", problem)
    if which.version is not None and which.version < 1:
        yield FieldViolation("filter.version", "must be 1 or more")
    if which.version is not None and which.workflow_id is None:
        yield FieldViolation("filter.workflow_id", "is required with version")
    for index, state in enumerate(which.states):
        if state not in OPEN:
            problem = f"must be running, waiting or paused: a run that has {state} is over"
            yield FieldViolation(f"filter.states[{index}]", problem)
    after, before = which.started_after, which.started_before
    if after is not None and before is not None and after >= before:
        yield FieldViolation("filter.started_before", "must be later than started_after")
    for index, tag in enumerate(which.tags[:_MAX_TAGS]):
        yield from text_violations(
            f"filter.tags[{index}]", tag, max_length=_MAX_TAG_NAME, required=True
        )
    for name, given, most in (
        ("tags", which.tags, _MAX_TAGS),
        ("contact_ids", which.contact_ids, MAX_CONTACTS),
    ):
        if len(given) > most:
            problem = f"must have at most {most:,} items, not {len(given):,}"
            yield FieldViolation(f"filter.{name}", problem)
