"""Erases: everything of a contact in one transaction, then what has been sent between services.

A crash at any moment leaves the erasure open, and whoever comes next goes on. What is erased from
the database first can no more be published anew when the streams are looked through.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from action_service.adapters.database_errors import is_transient
from action_service.adapters.privacy.erasures import (
    ADDRESSES_OF_OTHERS,
    CANCEL,
    PAST_ADDRESSES,
)
from action_service.adapters.privacy.forgetting import STORED
from action_service.adapters.privacy.holdings import HOLDINGS, Holding
from action_service.adapters.privacy.purging import Purge
from action_service.domain.erasure import blanked_rows
from action_service.engine.model import StoreUnavailableError
from common.ids import new_id
from common.telemetry import get_logger
from treadle.dispatch.v1.event_pb2 import EventBatch

_log = get_logger(__name__)

_REASON: Final = "the contact was erased"
_CLAIM: Final = text(
    """
    SELECT id, account_id, contact_id, status, requested_by, erased, execution_ids
    FROM erasures WHERE status <> 'completed'
    ORDER BY id LIMIT 1
    FOR NO KEY UPDATE SKIP LOCKED
    """
)
# Against every change of the contact, and every row that refers to them.
_LOCK: Final = text(
    "SELECT email_key, phone FROM contacts WHERE account_id = :account AND id = :contact FOR UPDATE"
)
_EXECUTIONS: Final = text(
    "SELECT id FROM workflow_executions WHERE account_id = :account AND contact_id = :contact"
)
_ERASED: Final = text(
    """
    UPDATE erasures SET status = 'purging', erased = CAST(:erased AS jsonb),
           execution_ids = CAST(:executions AS uuid[])
    WHERE id = :id
    """
)
_COMPLETED: Final = text(
    """
    UPDATE erasures SET status = 'completed', erased = CAST(:erased AS jsonb),
           execution_ids = NULL, completed_at = now()
    WHERE id = :id
    """
)
_AUDIT: Final = text(
    """
    INSERT INTO audit_log (id, account_id, actor, operation, entity_type, entity_id, after)
    VALUES (:id, :account, :actor, 'contact.erased', 'contact', :contact, CAST(:after AS jsonb))
    """
)
_EVENTS: Final = text(
    "SELECT id, payload FROM event_outbox WHERE account_id = :account"
    " AND position(convert_to(:contact_text, 'UTF8') in payload) > 0 ORDER BY id FOR UPDATE"
)
_KEEP_EVENTS: Final = text("UPDATE event_outbox SET payload = :payload WHERE id = :id")
_DROP_EVENTS: Final = text("DELETE FROM event_outbox WHERE id = :id")
_IMPORT_ROWS: Final = text(
    "SELECT import_id, number, rows FROM contact_import_batches WHERE account_id = :account"
    " ORDER BY import_id, number FOR UPDATE"
)
_KEEP_IMPORT_ROWS: Final = text(
    "UPDATE contact_import_batches SET rows = :rows WHERE import_id = :import AND number = :number"
)


@dataclass(frozen=True, slots=True)
class _Person:
    """The parameters of every statement about them."""

    account_id: UUID
    contact_id: UUID
    addresses: Sequence[str]

    @property
    def values(self) -> dict[str, object]:
        return {
            "account": self.account_id,
            "contact": self.contact_id,
            "contact_text": str(self.contact_id),
            "addresses": list(self.addresses),
        }


class ErasureWork:
    """Does erasures, on connections that see all accounts."""

    def __init__(self, db: AsyncEngine, purge: Purge) -> None:
        self._db = db
        self._purge = purge

    async def next_piece(self) -> bool:
        """Takes one erasure a step further; False when there is none.

        Raises StoreUnavailableError when it has to be tried again later.
        """
        try:
            async with self._db.begin() as connection:
                row = (await connection.execute(_CLAIM)).first()
                if row is None:
                    return False
                if row.status == "pending":
                    await self._erase(connection, row)
                else:
                    await self._clean(connection, row)
                _log.info("contact_erasure", erasure_id=str(row.id), was=row.status)
        except Exception as error:
            if is_transient(error):
                raise StoreUnavailableError(type(error).__name__) from error
            raise
        return True

    async def _erase(self, connection: AsyncConnection, row: Any) -> None:
        await _let_events_be_stored(connection)
        person = await _person(connection, row.account_id, row.contact_id)
        # An event may have started one since the erasure was asked for.
        await connection.execute(CANCEL, _only(person, "account", "contact") | {"reason": _REASON})
        executions = (
            await connection.execute(_EXECUTIONS, _only(person, "account", "contact"))
        ).scalars()
        execution_ids = list(executions)
        erased = {
            "event_outbox": await _erase_events(connection, person),
            "contact_import_batches": await _erase_import_rows(connection, person),
        }
        for holding in HOLDINGS:
            done = await connection.execute(_statement(holding), person.values)
            erased[holding.table] = done.rowcount
        found = {table: count for table, count in sorted(erased.items()) if count}
        await connection.execute(
            _AUDIT,
            {
                "id": new_id(),
                "account": row.account_id,
                "actor": row.requested_by,
                "contact": row.contact_id,
                "after": _json({"erasure_id": str(row.id), "erased": found}),
            },
        )
        await connection.execute(
            _ERASED, {"id": row.id, "erased": _json(found), "executions": execution_ids}
        )

    async def _clean(self, connection: AsyncConnection, row: Any) -> None:
        ids = frozenset(str(each) for each in (row.contact_id, *(row.execution_ids or ())))
        purged = await self._purge.erase(str(row.account_id), ids)
        erased = {**row.erased, **{stream: count for stream, count in purged.items() if count}}
        await connection.execute(_COMPLETED, {"id": row.id, "erased": _json(erased)})


async def _let_events_be_stored(connection: AsyncConnection) -> None:
    """Waits for events of providers that were told before anybody knew of the erasure."""
    # To roll back to the savepoint gives the lock back at once.
    savepoint = await connection.begin_nested()
    await connection.execute(text(STORED))
    await savepoint.rollback()


async def _person(connection: AsyncConnection, account_id: UUID, contact_id: UUID) -> _Person:
    key: dict[str, object] = {"account": account_id, "contact": contact_id}
    contact = (await connection.execute(_LOCK, key)).first()
    addresses = set((await connection.execute(PAST_ADDRESSES, key)).scalars())
    if contact is not None:
        addresses |= {each for each in (contact.email_key, contact.phone) if each}
    others = await connection.execute(ADDRESSES_OF_OTHERS, {**key, "addresses": list(addresses)})
    return _Person(account_id, contact_id, sorted(addresses - set(others.scalars())))


def _statement(holding: Holding) -> Any:
    """Deletes or redacts a holding."""
    where = holding.where
    if holding.redaction:
        return text(f"UPDATE {holding.table} t SET {holding.redaction} WHERE {where}")  # noqa: S608 - constants
    return text(f"DELETE FROM {holding.table} t WHERE {where}")  # noqa: S608


async def _erase_events(connection: AsyncConnection, person: _Person) -> int:
    """Takes the contact's events out of the batches that wait to be handled."""
    erased = 0
    rows = await connection.execute(_EVENTS, _only(person, "account", "contact_text"))
    for row in rows.all():
        batch = EventBatch.FromString(row.payload)
        kept = [each for each in batch.events if each.contact_id != str(person.contact_id)]
        erased += len(batch.events) - len(kept)
        if not kept:
            await connection.execute(_DROP_EVENTS, {"id": row.id})
            continue
        del batch.events[:]
        batch.events.extend(kept)
        await connection.execute(_KEEP_EVENTS, {"id": row.id, "payload": batch.SerializeToString()})
    return erased


async def _erase_import_rows(connection: AsyncConnection, person: _Person) -> int:
    """Empties the rows with the contact's addresses of files that are still being imported."""
    erased = 0
    rows = await connection.execute(_IMPORT_ROWS, _only(person, "account"))
    for row in rows.all():
        kept, blanked = blanked_rows(orjson.loads(row.rows), person.addresses)
        if blanked:
            values = {"rows": orjson.dumps(kept), "import": row.import_id, "number": row.number}
            await connection.execute(_KEEP_IMPORT_ROWS, values)
            erased += blanked
    return erased


def _only(person: _Person, *names: str) -> dict[str, object]:
    return {name: person.values[name] for name in names}


def _json(value: Mapping[str, object]) -> str:
    return orjson.dumps(value).decode()
