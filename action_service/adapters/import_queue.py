"""The imports that are not done yet, handed out batch by batch to whoever asks.

The claim is the row lock of the import: it lasts as long as the transaction that does the batch,
and an importer that is killed loses it with everything the batch has done.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from action_service.adapters.compliance import hold_claims
from action_service.adapters.database import BEGIN_WRITING, PostgresWriter
from action_service.adapters.database_errors import is_transient
from action_service.adapters.driver import driver_of
from action_service.adapters.plan_cache import PlanCache
from action_service.domain.contact_import import Column, Duplicates
from action_service.engine.model import StoreUnavailableError
from action_service.engine.ports import EventPublisher
from action_service.use_cases.imports.work import (
    BrokenImportError,
    ClaimedBatch,
    CollidedError,
    says_consents,
)

_CLAIM = text(
    """
    SELECT id, account_id, duplicates, columns, actor FROM contact_imports
    WHERE status IN ('pending', 'running')
    ORDER BY worked_at NULLS FIRST, id
    LIMIT 1
    FOR NO KEY UPDATE SKIP LOCKED
    """
)
# A statement of its own: one that waited for the lock would not see what is gone meanwhile.
_TAKE = text(
    """
    DELETE FROM contact_import_batches
    WHERE import_id = :id
      AND number = (SELECT min(number) FROM contact_import_batches WHERE import_id = :id)
    RETURNING rows
    """
)
_GIVE_UP = text(
    """
    UPDATE contact_imports SET status = 'failed', failure = :why, finished_at = now()
    WHERE id = :id AND status IN ('pending', 'running')
    """
)
_FORGET_ROWS = text("DELETE FROM contact_import_batches WHERE import_id = :id")


class PostgresImportQueue:
    """`ImportQueue` on connections that see all accounts; each batch sees its own only."""

    def __init__(self, db: AsyncEngine, publisher: EventPublisher) -> None:
        self._db = db
        self._publisher = publisher

    @asynccontextmanager
    async def claimed(self) -> AsyncGenerator[ClaimedBatch | None]:
        """See ImportQueue."""
        import_id: UUID | None = None
        try:
            async with self._db.connect() as connection:
                found = (await connection.execute(_CLAIM)).first()
                if found is None:
                    yield None
                    return
                import_id = found.id
                columns = [Column(*column) for column in found.columns]
                if says_consents(columns):
                    # Before the batch's own lock: an erasure takes the two in this order.
                    await hold_claims(await driver_of(connection), [str(found.account_id)])
                rows = (await connection.execute(_TAKE, {"id": found.id})).scalar_one()
                await connection.execute(BEGIN_WRITING, {"account": str(found.account_id)})
                tx = PostgresWriter(connection, PlanCache(), found.account_id, found.actor, None)
                yield ClaimedBatch(found.id, Duplicates(found.duplicates), columns, rows, tx)
                events = await tx.finish()
                await connection.commit()
        except CollidedError:
            raise
        except Exception as error:
            if import_id is None or is_transient(error):
                raise StoreUnavailableError(type(error).__name__) from error
            raise BrokenImportError(import_id) from error
        self._publisher.offer(events)

    async def give_up(self, import_id: UUID, why: str) -> None:
        """See ImportQueue."""
        async with self._db.begin() as connection:
            await connection.execute(_GIVE_UP, {"id": import_id, "why": why})
            await connection.execute(_FORGET_ROWS, {"id": import_id})
