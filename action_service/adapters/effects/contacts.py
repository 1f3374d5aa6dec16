"""The contacts that a batch changes: locked and read once, changed in memory, written once.

Several effects may be for one contact, of one kind or of several; each sees what those before it
have made of the contact, and counts.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

import orjson

from action_service.adapters.driver import Driver
from action_service.adapters.effects.audit import AuditEntry, write_audit
from action_service.domain.changes import difference
from action_service.domain.contact_changes import (
    BUILT_IN,
    CUSTOM_PREFIX,
    Fields,
    Types,
    custom_fields_of,
)
from action_service.domain.contact_events import (
    CONTACT_CREATED,
    CONTACT_UPDATED,
    EventSource,
    updated_data,
)
from action_service.domain.custom_fields import CustomFieldType
from action_service.domain.plan import Json
from action_service.engine.effects import Applied, AppliedEffect
from common.catalogue.kinds import check_kind

COLUMNS = ("email", "phone", "first_name", "last_name", "timezone", "owner_id", "custom_fields")

_WRITE = """
    UPDATE treadle.contacts c
    SET email = v.email, phone = v.phone, first_name = v.first_name, last_name = v.last_name,
        timezone = v.timezone, owner_id = v.owner_id, custom_fields = v.custom_fields::jsonb,
        revision = c.revision + 1, updated_at = now()
    FROM unnest(
        $1::uuid[], $2::text[], $3::text[],
        $4::text[], $5::text[], $6::text[],
        $7::uuid[], $8::text[]
    ) AS v(id, email, phone, first_name, last_name, timezone, owner_id, custom_fields)
    WHERE c.id = v.id
    """
_TYPES = """
    SELECT f.account_id::text, f.name, f.field_type
    FROM treadle.custom_fields f
    JOIN unnest($1::uuid[], $2::text[]) AS v(account_id, name)
      ON v.account_id = f.account_id AND v.name = f.name
    """
_USERS = """
    SELECT u.account_id::text, u.id::text, u.name, u.is_active
    FROM treadle.users u WHERE u.id = ANY($1::uuid[])
    """


class Contacts:
    """The contacts of one batch. Its rows stay locked until the transaction ends."""

    def __init__(self) -> None:
        self._accounts: dict[str, str] = {}
        self._stored: dict[str, Fields] = {}
        self._now: dict[str, Fields] = {}
        # Who has an email, or had it when the batch began, by account and email in lower case.
        self._holders: dict[tuple[str, str], str] = {}
        self._audit: list[AuditEntry] = []

    def put(self, account_id: str, contact_id: str, fields: Fields) -> None:
        """Takes up a contact as it is stored."""
        self._accounts[contact_id] = account_id
        self._stored[contact_id] = self._now[contact_id] = fields
        self._hold(account_id, contact_id, fields)

    def get(self, account_id: str, contact_id: str) -> Fields | None:
        """What the account's contact holds by now; None when there is no such contact."""
        return self._now.get(contact_id) if self._accounts.get(contact_id) == account_id else None

    def holder(self, account_id: str, email: str) -> str | None:
        """The contact that has the email, or had it when the batch began."""
        return self._holders.get((account_id, email.lower()))

    def record_created(self, effect: AppliedEffect, contact_id: str, applied: Applied) -> None:
        """Tells of a contact that the effect has stored."""
        fields = self._stored[contact_id]
        known: Fields = {name: value for name, value in fields.items() if value is not None}
        self._audit.append(_audit(effect, "contact.created", contact_id, None, known))
        data: dict[str, Json] = {
            "source": EventSource.WORKFLOW.value,
            **{name: fields.get(name) for name in ("email", "phone", "first_name", "last_name")},
            "custom_fields": custom_fields_of(fields),
        }
        applied.event(effect, CONTACT_CREATED, contact_id, data)

    def change(
        self, effect: AppliedEffect, contact_id: str, after: Fields, applied: Applied
    ) -> Collection[str]:
        """Changes a contact and tells of it; returns the names of the fields that differ."""
        changed = difference(self._now[contact_id], after)
        if not changed:
            return ()
        self._now[contact_id] = after
        if "email" in changed.after:
            self._hold(effect.account_id, contact_id, after)
        self._audit.append(
            _audit(effect, "contact.updated", contact_id, changed.before, changed.after)
        )
        data = updated_data(EventSource.WORKFLOW, changed)
        applied.event(effect, CONTACT_UPDATED, contact_id, data)
        return changed.after.keys()

    def owner_changes(self) -> Iterator[tuple[str, Json, Json]]:
        """Account, stored owner and present one of the contacts whose owner is to change."""
        for contact_id, fields in self._now.items():
            before, after = self._stored[contact_id].get("owner_id"), fields.get("owner_id")
            if before != after:
                yield self._accounts[contact_id], before, after

    async def write(self, connection: Driver) -> None:
        """Stores what differs, and who changed it."""
        ids = sorted(key for key, fields in self._now.items() if fields is not self._stored[key])
        if ids:
            columns = columns_of([self._now[contact_id] for contact_id in ids])
            await connection.execute(_WRITE, ids, *columns)
        if self._audit:
            await write_audit(connection, self._audit)

    def _hold(self, account_id: str, contact_id: str, fields: Fields) -> None:
        if isinstance(email := fields.get("email"), str):
            self._holders[account_id, email.lower()] = contact_id


class User(NamedTuple):
    """A user, as far as effects look at one."""

    id: str
    name: str
    is_active: bool


def fields_of(*values: Json) -> Fields:
    """The fields of a contact from its COLUMNS."""
    *built_in, custom = values
    return dict(zip(BUILT_IN, built_in, strict=True)) | {
        CUSTOM_PREFIX + name: value for name, value in orjson.loads(str(custom)).items()
    }


def columns_of(contacts: Collection[Fields]) -> list[list[Json]]:
    """The contacts' fields as arrays, one for each of COLUMNS."""
    built_in = [[fields.get(name) for fields in contacts] for name in BUILT_IN]
    custom: list[Json] = [orjson.dumps(custom_fields_of(fields)).decode() for fields in contacts]
    return [*built_in, custom]


async def declared_types(
    connection: Driver, names: Iterable[tuple[str, str]]
) -> Mapping[str, Types]:
    """The declared types of custom fields, given by account and name, by account."""
    wanted = sorted(set(names))
    types: dict[str, dict[str, CustomFieldType]] = {account: {} for account, _ in wanted}
    if wanted:
        for account, name, kind in await connection.fetch(_TYPES, *zip(*wanted, strict=True)):
            types[account][name] = CustomFieldType(kind)
    return types


async def known_users(
    connection: Driver, user_ids: Iterable[str]
) -> Mapping[tuple[str, str], User]:
    """The users that exist among the ids, by account and id; what is no id is nobody's."""
    wanted = sorted({user_id for user_id in user_ids if check_kind("uuid", user_id) is None})
    if not wanted:
        return {}
    rows = await connection.fetch(_USERS, wanted)
    return {(account, user_id): User(user_id, *rest) for account, user_id, *rest in rows}


def _audit(
    effect: AppliedEffect,
    operation: str,
    contact_id: str,
    before: Fields | None,
    after: Fields,
) -> AuditEntry:
    return AuditEntry(
        effect.account_id, effect.execution_id, operation, "contact", contact_id, before, after
    )
