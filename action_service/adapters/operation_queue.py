"""The operations that are not done yet, handed out batch by batch to whoever asks.

As with imports, the claim is the row lock of the operation: it lasts as long as the transaction
that does the batch, and a worker that is killed loses it with everything the batch has done.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from action_service.adapters.database import BEGIN_WRITING, PostgresWriter
from action_service.adapters.database_errors import is_transient
from action_service.adapters.operations import COLUMNS, operation_of
from action_service.adapters.plan_cache import PlanCache
from action_service.engine.model import StoreUnavailableError
from action_service.use_cases.operations.work import BrokenBatchError, ClaimedBatch

_OPEN = f"""
    SELECT {COLUMNS} FROM execution_operations o WHERE o.status IN ('pending', 'running')
"""  # noqa: S608 - made of constants, as all below
_CLAIM = text(
    f"{_OPEN} ORDER BY o.worked_at NULLS FIRST, o.id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED"
)
_CLAIM_AGAIN = text(f"{_OPEN} AND o.id = :id FOR NO KEY UPDATE SKIP LOCKED")
# A statement of its own: one that waited for the lock would not see what is gone meanwhile.
_NEXT = text(
    """
    SELECT b.number, b.execution_ids FROM execution_operation_batches b
    WHERE b.operation_id = :id AND (CAST(:number AS integer) IS NULL OR b.number = :number)
    ORDER BY b.number
    LIMIT 1
    """
)


class PostgresOperationQueue:
    """`OperationQueue` on connections that see all accounts; each batch sees its own only."""

    def __init__(self, db: AsyncEngine) -> None:
        self._db = db

    @asynccontextmanager
    async def claimed(self) -> AsyncGenerator[ClaimedBatch | None]:
        """See OperationQueue."""
        async with self._claimed(_CLAIM) as batch:
            yield batch

    @asynccontextmanager
    async def reclaimed(
        self, operation_id: UUID, number: int
    ) -> AsyncGenerator[ClaimedBatch | None]:
        """See OperationQueue."""
        async with self._claimed(_CLAIM_AGAIN, operation_id, number) as batch:
            yield batch

    @asynccontextmanager
    async def _claimed(
        self, claim: TextClause, operation_id: UUID | None = None, number: int | None = None
    ) -> AsyncGenerator[ClaimedBatch | None]:
        batch: ClaimedBatch | None = None
        try:
            async with self._db.connect() as connection:
                given = {"id": operation_id} if operation_id else {}
                found = (await connection.execute(claim, given)).first()
                part = None if found is None else await _part(connection, found.id, number)
                if found is None or part is None:
                    yield None
                    return
                await connection.execute(BEGIN_WRITING, {"account": str(found.account_id)})
                tx = PostgresWriter(connection, PlanCache(), found.account_id, found.actor, None)
                batch = ClaimedBatch(operation_of(found), part.number, part.execution_ids, tx)
                yield batch
                await tx.finish()
                await connection.commit()
        except Exception as error:
            if batch is None or is_transient(error):
                raise StoreUnavailableError(type(error).__name__) from error
            raise BrokenBatchError(batch.operation.id, batch.number) from error


async def _part(
    connection: AsyncConnection, operation_id: UUID, number: int | None
) -> Row[Any] | None:
    return (await connection.execute(_NEXT, {"id": operation_id, "number": number})).first()
