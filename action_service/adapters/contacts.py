"""Contacts."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from action_service.adapters.driver import driver_of
from action_service.adapters.effects.add_tag import put_tags
from action_service.adapters.sql import Listing, Repository, as_list, to_json
from action_service.domain.contact import Contact, ContactValues
from action_service.domain.custom_fields import CustomFieldType
from action_service.domain.import_batch import Existing

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
# In the order that the engine keeps: who stores the same emails at once waits in one order only.
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
    ORDER BY lower(c.email) COLLATE "C"
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
_BY_EMAILS = f"""
    SELECT {_COLUMNS}, c.email_key FROM contacts c
    WHERE c.account_id = :account AND c.email_key = ANY(CAST(:emails AS text[]))
    """  # noqa: S608
_LOCK_EMAILS = text(f"{_BY_EMAILS} ORDER BY c.id FOR NO KEY UPDATE OF c")
_FIND_EMAILS = text(_BY_EMAILS)
_UPDATE_ALL = text(
    """
    UPDATE contacts c
    SET phone = v.phone, first_name = v.first_name, last_name = v.last_name,
        timezone = v.timezone, owner_id = v.owner_id,
        custom_fields = CAST(v.custom_fields AS jsonb), revision = revision + 1, updated_at = now()
    FROM unnest(
        CAST(:id AS uuid[]), CAST(:phone AS text[]), CAST(:first_name AS text[]),
        CAST(:last_name AS text[]), CAST(:timezone AS text[]), CAST(:owner_id AS uuid[]),
        CAST(:custom_fields AS text[])
    ) AS v(id, phone, first_name, last_name, timezone, owner_id, custom_fields)
    WHERE c.account_id = :account AND c.id = v.id
    """
)


_FIELD_TYPES = text(
    """
    SELECT name, field_type FROM custom_fields
    WHERE account_id = :account AND name = ANY(CAST(:names AS text[]))
    """
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

    async def field_types(self, names: Collection[str]) -> Mapping[str, CustomFieldType]:
        """The types of those of the custom fields that are declared."""
        rows = await self._run(_FIELD_TYPES, names=list(names))
        return {row.name: CustomFieldType(row.field_type) for row in rows}


class ContactWriter(ContactReader):
    """Reads and changes contacts."""

    async def lock(self, contact_id: UUID) -> Contact | None:
        """The contact, kept from every other change until the transaction ends."""
        row = (await self._run(_LOCK, id=contact_id)).first()
        return None if row is None else _contact(row)

    async def add(self, contacts: Sequence[tuple[UUID, ContactValues]]) -> frozenset[UUID]:
        """Stores the contacts whose email is free; returns the ids of those stored."""
        return frozenset((await self._run(_ADD, **_columns(contacts))).scalars())

    async def update(self, contact_id: UUID, values: ContactValues) -> Contact:
        """Sets all values."""
        changed = await self._run(_UPDATE, **_parameters(contact_id, values))
        return _contact(changed.one())

    async def by_emails(self, emails: Collection[str], *, lock: bool) -> Mapping[str, Existing]:
        """The contacts that have one of the emails, by email; both in lower case."""
        rows = await self._run(_LOCK_EMAILS if lock else _FIND_EMAILS, emails=list(emails))
        return {
            row.email_key: Existing(row.id, _contact(row).values, frozenset(row.tags))
            for row in rows
        }

    async def update_all(self, values: Mapping[UUID, ContactValues]) -> None:
        """Sets all values but the emails."""
        columns = _columns(list(values.items()))
        del columns["email"]
        await self._run(_UPDATE_ALL, **columns)

    async def tag(self, tags: Sequence[tuple[UUID, str]]) -> Sequence[tuple[UUID, UUID, str]]:
        """Puts tags on contacts, by name, and creates those that do not exist."""
        account = str(self._account_id)
        puts = [(str(contact_id), account, name) for contact_id, name in tags]
        found = await put_tags(await driver_of(self._connection), puts, {})
        return [
            (UUID(contact_id), UUID(tag_id), name)
            for (contact_id, _, name), (tag_id, added) in found.items()
            if added
        ]


def _columns(contacts: Sequence[tuple[UUID, ContactValues]]) -> dict[str, list[object]]:
    """One array for each column of the contacts, of which there are some."""
    rows = [_parameters(contact_id, values) for contact_id, values in contacts]
    return {name: [row[name] for row in rows] for name in rows[0]}


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
