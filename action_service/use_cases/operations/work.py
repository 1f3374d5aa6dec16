"""Carries operations out, batch by batch, each in one transaction with the operation's progress.

A crash at any moment undoes the batch that was being done and nothing else; whoever comes next does
it anew. A batch does not wait for runs that the engine has in its hands just now: they stay in it,
and come again. Runs are locked and written in the order of the engine, so that neither waits for
the other in a circle.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import structlog

from action_service.domain.operations import (
    Failure,
    Operation,
    OperationStatus,
    Progress,
    eligible,
    gone,
    outcome,
)
from action_service.use_cases.control import control_runs
from action_service.use_cases.ports import Change, Writer

_log = structlog.get_logger(__name__)

_OUR_FAULT = "something went wrong inside Treadle; its operators can find it by the operation's id"


@dataclass(frozen=True, slots=True)
class ClaimedBatch:
    """The next batch of an operation, which nobody else has until its transaction ends."""

    operation: Operation
    number: int
    execution_ids: Sequence[UUID]
    # Of the account whose operation it is, in the name of who has started it.
    tx: Writer


class BrokenBatchError(Exception):
    """A batch cannot be done, and could not another time."""

    def __init__(self, operation_id: UUID, number: int) -> None:
        super().__init__(f"{operation_id}, batch {number}")
        self.operation_id = operation_id
        self.number = number


class OperationQueue(Protocol):
    """The operations of all accounts that are not done yet."""

    def claimed(self) -> AbstractAsyncContextManager[ClaimedBatch | None]:
        """A transaction with the next batch of some operation; None when there is nothing to do.

        Operations take turns. Commits when the block ends well. Raises StoreUnavailableError when
        the same may succeed later, and BrokenBatchError for everything else.
        """
        ...

    def reclaimed(
        self, operation_id: UUID, number: int
    ) -> AbstractAsyncContextManager[ClaimedBatch | None]:
        """The same for this batch; None when somebody else has it, or it is done."""
        ...


class OperationWork:
    """The work of one worker; any number of them may be at it."""

    def __init__(self, queue: OperationQueue) -> None:
        self._queue = queue

    async def next_batch(self) -> bool:
        """Does one batch; tells whether there may be more to do at once.

        Raises StoreUnavailableError.
        """
        try:
            async with self._queue.claimed() as batch:
                return batch is not None and await do_batch(batch)
        except BrokenBatchError as error:
            await self._isolate(error)
        return True

    async def _isolate(self, error: BrokenBatchError) -> None:
        """Halves what cannot be done, until what is to blame stands alone and has failed."""
        async with self._queue.reclaimed(error.operation_id, error.number) as batch:
            if batch is None:
                return
            if len(batch.execution_ids) > 1:
                await batch.tx.operations.halve(error.operation_id, error.number)
                return
            failure = Failure(batch.execution_ids[0], _OUR_FAULT)
            await _advance(batch, Progress(failed=1, failures=(failure,)))
            _log.error(
                "operation_failed_for_execution",
                operation_id=str(error.operation_id),
                execution_id=str(failure.execution_id),
                exc_info=error,
            )


async def do_batch(batch: ClaimedBatch) -> bool:
    """Does to the runs what is to be done; tells whether any could be dealt with."""
    operation, tx = batch.operation, batch.tx
    runs, busy = await tx.executions.lock_free(batch.execution_ids)
    staying, progress = eligible(runs, operation.filter)
    obstacles = await control_runs(
        tx,
        staying,
        operation.control,
        operation.reason,
        audited={"operation_id": str(operation.id)},
    )
    missing = set(batch.execution_ids).difference(busy, (run.id for run in runs))
    progress = progress + outcome(staying, obstacles) + gone(missing)
    await _advance(batch, progress, busy)
    return progress.processed > 0


async def _advance(batch: ClaimedBatch, progress: Progress, left: Sequence[UUID] = ()) -> None:
    total = batch.operation.progress + progress
    after = await batch.tx.operations.advance(batch.operation.id, batch.number, left, total)
    if after.status is OperationStatus.COMPLETED:
        batch.tx.record(
            Change(
                "operation.completed",
                "operation",
                after.id,
                workflow_id=after.filter.workflow_id,
                after={
                    "matched": after.matched,
                    "done": total.done,
                    "skipped": {reason.value: count for reason, count in total.skipped.items()},
                    "failed": total.failed,
                },
            )
        )
