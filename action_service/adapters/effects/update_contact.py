"""SPEC-WFL-003 R3.2: contact fields change together with the step, with old and new in the audit.

The contacts of a batch are locked and read once, changed in memory in the order in which the
results came, and written back once: two increments of one contact in a batch both count.
"""

from collections.abc import Mapping, Sequence

import orjson
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Value

from action_service.adapters.driver import Driver
from action_service.domain.contact_changes import (
    BUILT_IN,
    CUSTOM_PREFIX,
    ChangeRefusedError,
    Fields,
    UpdateMode,
    changed,
)
from action_service.domain.plan import Json
from action_service.domain.retry import ErrorClass
from action_service.engine.effects import Applied, AppliedEffect
from treadle.catalog.v1 import update_contact_pb2

_MODES = {
    update_contact_pb2.UPDATE_MODE_UNSPECIFIED: UpdateMode.SET,
    update_contact_pb2.UPDATE_MODE_SET: UpdateMode.SET,
    update_contact_pb2.UPDATE_MODE_APPEND: UpdateMode.APPEND,
    update_contact_pb2.UPDATE_MODE_INCREMENT: UpdateMode.INCREMENT,
}

_READ = """
    SELECT id::text, account_id::text, email, phone, first_name, last_name, timezone,
           owner_id::text, custom_fields::text
    FROM treadle.contacts
    WHERE id = ANY($1::uuid[])
    ORDER BY id
    FOR NO KEY UPDATE
    """
_USERS = """
    SELECT u.account_id::text, u.id::text FROM treadle.users u
    WHERE u.id::text = ANY($1::text[])
    """
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
_AUDIT = """
    INSERT INTO treadle.audit_log (
        id, account_id, actor, operation, entity_type, entity_id, before, after
    )
    SELECT gen_random_uuid(), v.account_id, v.actor, 'contact.updated', 'contact', v.contact_id,
           v.before::jsonb, v.after::jsonb
    FROM unnest(
        $1::uuid[], $2::text[], $3::uuid[],
        $4::text[], $5::text[]
    ) AS v(account_id, actor, contact_id, before, after)
    """


async def apply(connection: Driver, effects: Sequence[AppliedEffect], applied_to: Applied) -> None:
    """Changes the contacts; refuses what makes no sense for a field's present value."""
    ids = sorted({applied.effect.update_contact.contact_id for applied in effects})
    accounts: dict[str, str] = {}
    contacts: dict[str, Fields] = {}
    for contact_id, account_id, *built_in, custom in await connection.fetch(_READ, ids):
        accounts[contact_id] = account_id
        contacts[contact_id] = dict(zip(BUILT_IN, built_in, strict=True)) | {
            CUSTOM_PREFIX + name: value for name, value in orjson.loads(custom).items()
        }
    owners = await _known_owners(connection, effects)
    audit: list[tuple[str, str, str, str, str]] = []
    for applied in effects:
        update = applied.effect.update_contact
        before = contacts.get(update.contact_id)
        if before is None or accounts[update.contact_id] != applied.account_id:
            applied_to.refuse(applied, ErrorClass.REJECTED, "the contact no longer exists")
            continue
        changes = [(change.field, _plain(change.value)) for change in update.changes]
        try:
            after = changed(before, _MODES[update.mode], changes)
            _check_owner(applied.account_id, after, before, owners)
        except ChangeRefusedError as error:
            applied_to.refuse(applied, ErrorClass.REJECTED, str(error))
            continue
        contacts[update.contact_id] = after
        differing = [name for name, _ in changes if before.get(name) != after.get(name)]
        if differing:
            audit.append(
                (
                    applied.account_id,
                    f"execution:{applied.execution_id}",
                    update.contact_id,
                    orjson.dumps({name: before.get(name) for name in differing}).decode(),
                    orjson.dumps({name: after.get(name) for name in differing}).decode(),
                )
            )
    if audit:
        await _write(connection, contacts, sorted({row[2] for row in audit}))
        await connection.execute(_AUDIT, *zip(*audit, strict=True))


async def _write(connection: Driver, contacts: Mapping[str, Fields], ids: Sequence[str]) -> None:
    built_in = [[contacts[contact_id].get(name) for contact_id in ids] for name in BUILT_IN]
    custom = [
        orjson.dumps(
            {
                name.removeprefix(CUSTOM_PREFIX): value
                for name, value in contacts[contact_id].items()
                if name.startswith(CUSTOM_PREFIX)
            }
        ).decode()
        for contact_id in ids
    ]
    await connection.execute(_WRITE, ids, *built_in, custom)


async def _known_owners(
    connection: Driver, effects: Sequence[AppliedEffect]
) -> set[tuple[str, str]]:
    """(account, user) of every user that some effect names as owner and that exists."""
    named = {
        change.value.string_value
        for applied in effects
        for change in applied.effect.update_contact.changes
        if change.field == "owner_id"
    }
    if not named:
        return set()
    rows = await connection.fetch(_USERS, list(named))
    return {(account_id, user_id) for account_id, user_id in rows}


def _check_owner(
    account_id: str, after: Fields, before: Fields, owners: set[tuple[str, str]]
) -> None:
    owner = after.get("owner_id")
    if owner is None or owner == before.get("owner_id"):
        return
    if (account_id, owner) not in owners:
        raise ChangeRefusedError(f"owner_id: there is no user {owner}")


def _plain(value: Value) -> Json:
    plain: Json = MessageToDict(value)  # pyright: ignore[reportAssignmentType] - a Value is JSON
    if isinstance(plain, float) and plain.is_integer():
        return int(plain)
    return plain
