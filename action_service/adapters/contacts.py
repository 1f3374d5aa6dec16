"""Contacts."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from action_service.adapters.sql import Listing, Repository, as_list, to_json
from action_service.domain.contact import Contact, ContactValues

_COLUMNS = """
    c.id, c.email, c.phone, c.first_name, c.last_name, c.timezone, c.owner_id, c.custom_fields,
    c.revision, c.created_at, c.updated_at,
    ARRAY(SELECT t.name FROM contact_tags ct JOIN tags t ON t.id = ct.tag_id
          WHERE ct.contact_id = c.id ORDER BY t.name) AS tags
"""
_GET = f"SELECT {_COLUMNS} FROM contacts c WHERE c.account_id = :account AND c.id = :id"  # noqa: S608 - made of constants, as all below
_FIND = text(_GET)
_LOCK = text(f"{_GET} FOR NO KEY UPDATE OF c")
PAGE = Listing(
    f"SELECT {_COLUMNS} FROM contacts c WHERE c.account_id = :account",  # noqa: S608
    {
        "before": "c.id < CAST(:before AS uuid)",
        "email": "c.email_key = lower(CAST(:email AS text))",
        "tag": """EXISTS (
            SELECT FROM contact_tags ct JOIN tags t ON t.id = ct.tag_id
            WHERE ct.contact_id = c.id AND t.name = CAST(:tag AS text)
        )""",
    },
    "c.id DESC",
)
_KNOWN_USERS = text(
    "SELECT id FROM users WHERE account_id = :account AND id = ANY(CAST(:ids AS uuid[]))"
)
_ADD = text(
    """
    INSERT INTO contacts
        (account_id, id, email, phone, first_name, last_name, timezone, owner_id, custom_fields)
    SELECT :account, c.id, c.email, c.phone, c.first_name, c.last_name, c.timezone, c.owner_id,
           CAST(c.custom_fields AS jsonb)
    FROM unnest(
        CAST(:id AS uuid[]), CAST(:email AS text[]), CAST(:phone AS text[]),
        CAST(:first_name AS text[]), CAST(:last_name AS text[]), CAST(:timezone AS text[]),
        CAST(:owner_id AS uuid[]), CAST(:custom_fields AS text[])
    ) AS c(id, email, phone, first_name, last_name, timezone, owner_id, custom_fields)
    ON CONFLICT (account_id, email_key) WHERE email_key IS NOT NULL DO NOTHING
    RETURNING id
    """
)
_UPDATE = text(
    f"""
    UPDATE contacts c
    SET email = CAST(:email AS text), phone = CAST(:phone AS text),
        first_name = CAST(:first_name AS text), last_name = CAST(:last_name AS text),
        timezone = CAST(:timezone AS text), owner_id = CAST(:owner_id AS uuid),
        custom_fields = CAST(:custom_fields AS jsonb), revision = revision + 1, updated_at = now()
    WHERE c.account_id = :account AND c.id = :id
    RETURNING {_COLUMNS}
    """  # noqa: S608
)


class ContactReader(Repository):
    """Reads contacts."""

    async def get(self, contact_id: UUID) -> Contact | None:
        """The contact; None when the account has no such one."""
        row = (await self._run(_FIND, id=contact_id)).first()
        return None if row is None else _contact(row)

    async def list_page(
        self, *, limit: int, before: UUID | None, email: str | None, tag: str | None
    ) -> Sequence[Contact]:
        """Newest first, those older than `before`."""
        rows = await self._list(PAGE, limit, before=before, email=email, tag=tag)
        return [_contact(row) for row in rows]

    async def known_users(self, user_ids: Collection[UUID]) -> frozenset[UUID]:
        """Those of the ids that are users of the account."""
        rows = await self._run(_KNOWN_USERS, ids=as_list(user_ids))
        return frozenset(rows.scalars())


class ContactWriter(ContactReader):
    """Reads and changes contacts."""

    async def lock(self, contact_id: UUID) -> Contact | None:
        """The contact, kept from every other change until the transaction ends."""
        row = (await self._run(_LOCK, id=contact_id)).first()
        return None if row is None else _contact(row)

    async def add(self, contacts: Sequence[tuple[UUID, ContactValues]]) -> frozenset[UUID]:
        """Stores the contacts whose email is free; returns the ids of those stored."""
        rows = [_parameters(contact_id, values) for contact_id, values in contacts]
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        return frozenset((await self._run(_ADD, **columns)).scalars())

    async def update(self, contact_id: UUID, values: ContactValues) -> Contact:
        """Sets all values."""
        changed = await self._run(_UPDATE, **_parameters(contact_id, values))
        return _contact(changed.one())


def _parameters(contact_id: UUID, values: ContactValues) -> dict[str, object]:
    return {
        "id": contact_id,
        "email": values.email,
        "phone": values.phone,
        "first_name": values.first_name,
        "last_name": values.last_name,
        "timezone": values.timezone,
        "owner_id": values.owner_id,
        "custom_fields": to_json(values.custom_fields),
    }


def _contact(row: Row[Any]) -> Contact:
    return Contact(
        id=row.id,
        values=ContactValues(
            email=row.email,
            phone=row.phone,
            first_name=row.first_name,
            last_name=row.last_name,
            timezone=row.timezone,
            owner_id=row.owner_id,
            custom_fields=row.custom_fields,
        ),
        tags=tuple(row.tags),
        revision=row.revision,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
