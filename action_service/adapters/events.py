"""Events of other systems in Postgres: which have come, and the types that accounts have made."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import text

from action_service.adapters.sql import Repository
from action_service.use_cases.event_ports import By, ContactKey, OwnEventType

_TYPES = text(
    "SELECT name, description, created_at FROM event_types WHERE account_id = :account"
    " ORDER BY name"
)
_ADD_TYPE = text(
    "INSERT INTO event_types (account_id, name, description)"
    " VALUES (:account, :name, :description) ON CONFLICT DO NOTHING"
    " RETURNING name, description, created_at"
)
_DELETE_TYPE = text("DELETE FROM event_types WHERE account_id = :account AND name = :name")
# Of several contacts with one number the one that came last is meant.
_CONTACTS = text(
    """
    SELECT 'contact_id' AS by, CAST(id AS text) AS key, id FROM contacts
    WHERE account_id = :account AND id = ANY(CAST(:ids AS uuid[]))
    UNION ALL
    SELECT 'email', email_key, id FROM contacts
    WHERE account_id = :account AND email_key = ANY(CAST(:emails AS text[]))
    UNION ALL
    (SELECT DISTINCT ON (phone) 'phone', phone, id FROM contacts
     WHERE account_id = :account AND phone = ANY(CAST(:phones AS text[]))
     ORDER BY phone, id DESC)
    """
)
# Sorted, so that two requests with the same events wait for each other.
_REMEMBER = text(
    """
    INSERT INTO published_events (account_id, source_id)
    SELECT :account, v.source_id FROM unnest(CAST(:ids AS text[])) AS v(source_id)
    ORDER BY v.source_id
    ON CONFLICT DO NOTHING
    RETURNING source_id
    """
)


class EventReader(Repository):
    """See `EventReads`."""

    async def types(self) -> Sequence[OwnEventType]:
        """See EventReads."""
        rows = await self._run(_TYPES)
        return [OwnEventType(row.name, row.description, row.created_at) for row in rows]


class EventWriter(EventReader):
    """See `EventWrites`."""

    async def add_type(self, name: str, description: str) -> OwnEventType | None:
        """See EventWrites."""
        row = (await self._run(_ADD_TYPE, name=name, description=description)).one_or_none()
        return None if row is None else OwnEventType(row.name, row.description, row.created_at)

    async def delete_type(self, name: str) -> bool:
        """See EventWrites."""
        return (await self._run(_DELETE_TYPE, name=name)).rowcount > 0

    async def contacts(self, keys: Sequence[ContactKey]) -> Mapping[ContactKey, UUID]:
        """See EventWrites."""
        wanted = {by: sorted({key for kind, key in keys if kind is by}) for by in By}
        rows = await self._run(
            _CONTACTS, ids=wanted[By.ID], emails=wanted[By.EMAIL], phones=wanted[By.PHONE]
        )
        return {(By(row.by), row.key): row.id for row in rows}

    async def remember(self, source_ids: Sequence[str]) -> set[str]:
        """See EventWrites."""
        rows = await self._run(_REMEMBER, ids=list(source_ids))
        return set(rows.scalars())
