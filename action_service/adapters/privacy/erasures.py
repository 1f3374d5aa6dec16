"""The records of erasures, and what one does at once."""

from collections.abc import AsyncGenerator, Collection, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text

from action_service.adapters.privacy.exporting import export
from action_service.adapters.sql import Repository
from action_service.domain.erasure import Erasure, ErasureStatus
from common.ids import new_id

_COLUMNS: Final = """
    id, contact_id, status, requested_by, requested_at, completed_at, cancelled_executions, erased
"""
_FIND = text(f"SELECT {_COLUMNS} FROM erasures WHERE account_id = :account AND id = :id")  # noqa: S608 - made of constants, as all below
_FIND_OF = text(
    f"SELECT {_COLUMNS} FROM erasures WHERE account_id = :account AND contact_id = :contact"  # noqa: S608
)
_REQUEST = text(
    f"""
    INSERT INTO erasures (
        account_id, id, contact_id, requested_by, cancelled_executions, address_digests
    )
    VALUES (
        :account, :id, :contact, :actor, :cancelled, CAST(:address_digests AS text[])
    )
    RETURNING {_COLUMNS}
    """  # noqa: S608
)
# What changes of the contact have said of it before, and by what Messenger knows them.
PAST_ADDRESSES = text(
    """
    SELECT DISTINCT lower(v.address)
    FROM audit_log a
    CROSS JOIN LATERAL (VALUES
        (a.before ->> 'email'), (a.before ->> 'phone'),
        (a.after ->> 'email'), (a.after ->> 'phone')
    ) AS v(address)
    WHERE a.account_id = :account AND a.entity_id = :contact AND v.address <> ''
    UNION
    SELECT psid FROM messenger_identities
    WHERE account_id = :account AND contact_id = :contact
    """
)
_MESSENGER_IDS = text(
    """
    SELECT psid FROM messenger_identities
    WHERE account_id = :account AND contact_id = :contact
    """
)
ADDRESSES_OF_OTHERS = text(
    """
    SELECT v.address FROM unnest(CAST(:addresses AS text[])) AS v(address)
    WHERE EXISTS (
        SELECT FROM contacts c
        WHERE c.account_id = :account AND c.id <> :contact
          AND (c.email_key = v.address OR c.phone = v.address)
    )
    """
)
# In the order of the engine's locks; what is locked is looked at again by the next statement.
_LOCK_OPEN = text(
    """
    SELECT count(*) FROM (
        SELECT FROM workflow_executions
        WHERE account_id = :account AND contact_id = :contact
          AND state IN ('running', 'waiting', 'paused')
        ORDER BY id FOR NO KEY UPDATE
    ) AS locked
    """
)
CANCEL = text(
    """
    WITH ended AS (
        UPDATE workflow_executions
        SET state = 'cancelled', reason = :reason, ended_at = now(), current_action_id = NULL,
            current_action_execution_id = NULL, current_attempt_id = NULL, paused_at = NULL,
            paused_by = NULL, pause_reason = NULL
        WHERE account_id = :account AND contact_id = :contact
          AND state IN ('running', 'waiting', 'paused')
        RETURNING id
    ), steps AS (
        UPDATE workflow_action_executions x
        SET status = 'cancelled', reason = :reason, completed_at = now(), lease_until = NULL
        FROM ended
        WHERE x.workflow_execution_id = ended.id
          AND x.status IN ('pending', 'scheduled', 'running', 'waiting')
    )
    SELECT count(*) FROM ended
    """
)
# Of messages beside the steps, those that have not been handed over yet.
_DROP_DELIVERIES = text(
    """
    UPDATE deliveries SET status = 'skipped', reason = :reason, finished_at = now(),
           lease_until = NULL
    WHERE account_id = :account AND contact_id = :contact AND status = 'pending' AND NOT claimed
    """
)


class PrivacyReader(Repository):
    """See PrivacyReads."""

    def export(self, contact_id: UUID, addresses: Collection[str]) -> AsyncGenerator[bytes]:
        """The JSON document in pieces."""
        return export(self._connection, self._account_id, contact_id, addresses)

    async def past_addresses(self, contact_id: UUID) -> frozenset[str]:
        """See PrivacyReads."""
        return frozenset((await self._run(PAST_ADDRESSES, contact=contact_id)).scalars())

    async def messenger_ids(self, contact_id: UUID) -> frozenset[str]:
        """By what pages of Messenger know the contact."""
        return frozenset((await self._run(_MESSENGER_IDS, contact=contact_id)).scalars())

    async def addresses_of_others(
        self, contact_id: UUID, addresses: Collection[str]
    ) -> frozenset[str]:
        """Those of the addresses by which another contact is reached now."""
        found = await self._run(ADDRESSES_OF_OTHERS, contact=contact_id, addresses=list(addresses))
        return frozenset(found.scalars())

    async def erasure(self, erasure_id: UUID) -> Erasure | None:
        """The erasure; None when the account has no such one."""
        row = (await self._run(_FIND, id=erasure_id)).first()
        return None if row is None else _erasure(row)

    async def erasure_of(self, contact_id: UUID) -> Erasure | None:
        """The erasure of a contact; None when there is none."""
        row = (await self._run(_FIND_OF, contact=contact_id)).first()
        return None if row is None else _erasure(row)


class PrivacyWriter(PrivacyReader):
    """See PrivacyWrites."""

    def __init__(self, connection: Any, account_id: UUID, actor: str) -> None:
        super().__init__(connection, account_id)
        self._actor = actor

    async def cancel_executions(self, contact_id: UUID, reason: str) -> int:
        """Ends the contact's open executions; returns how many."""
        await self._run(_LOCK_OPEN, contact=contact_id)
        cancelled = (await self._run(CANCEL, contact=contact_id, reason=reason)).scalar_one()
        await self._run(_DROP_DELIVERIES, contact=contact_id, reason=reason)
        return cancelled

    async def request_erasure(
        self, contact_id: UUID, *, cancelled_executions: int, address_digests: Sequence[str]
    ) -> Erasure:
        """Stores what the background then does."""
        stored = await self._run(
            _REQUEST,
            id=new_id(),
            contact=contact_id,
            actor=self._actor,
            cancelled=cancelled_executions,
            address_digests=list(address_digests),
        )
        return _erasure(stored.one())


def _erasure(row: Row[Any]) -> Erasure:
    return Erasure(
        id=row.id,
        contact_id=row.contact_id,
        status=ErasureStatus(row.status),
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        completed_at=row.completed_at,
        cancelled_executions=row.cancelled_executions,
        erased=row.erased,
    )
