"""SPEC-WFL-003 R3.1: a contact is made, or the one that has the email is kept or changed.

The unique index decides who makes a contact. Of two engines that make the same one at once the
second waits for the first, finds that its own was not stored, and takes the result up again when
the contact is there to be seen.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from action_service.adapters.driver import Driver
from action_service.adapters.effects.contacts import Contacts, columns_of, declared_types
from action_service.adapters.effects.update_contact import error_class_of
from action_service.domain.contact_changes import (
    BUILT_IN,
    ChangeRefusedError,
    Fields,
    Types,
    UpdateMode,
    changed,
)
from action_service.domain.plan import Json
from action_service.engine.effect_configs import given_fields
from action_service.engine.effects import Applied, AppliedEffect
from common.ids import new_id_text
from treadle.catalog.v1.create_contact_pb2 import CreateContactConfig, DuplicateHandling

# Sorted input: two engines that make the same contacts wait for each other in one order only.
_INSERT = """
    INSERT INTO treadle.contacts
        (account_id, id, email, phone, first_name, last_name, timezone, owner_id, custom_fields)
    SELECT account_id, id, email, phone, first_name, last_name, timezone, owner_id,
           custom_fields::jsonb
    FROM unnest(
        $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
        $8::uuid[], $9::text[]
    ) AS c(account_id, id, email, phone, first_name, last_name, timezone, owner_id, custom_fields)
    ON CONFLICT (account_id, email_key) WHERE email_key IS NOT NULL DO NOTHING
    RETURNING id::text
    """
_NOTHING: Fields = dict.fromkeys(BUILT_IN)


class _New(NamedTuple):
    """A contact to be made by the first effect that gives its email, or by one without."""

    effect: AppliedEffect
    contact_id: str
    fields: Fields

    @property
    def key(self) -> tuple[str, str]:
        return self.effect.account_id, str(self.fields["email"] or "").lower()


async def apply(
    connection: Driver, effects: Sequence[AppliedEffect], applied: Applied, contacts: Contacts
) -> None:
    """Makes the contacts whose email is free; the others follow `duplicate_handling`."""
    types = await declared_types(
        connection,
        (
            (effect.account_id, name)
            for effect in effects
            for name in effect.effect.create_contact.custom_fields.fields
        ),
    )
    new: list[_New] = []
    promised: set[tuple[str, str]] = set()
    existing: list[AppliedEffect] = []
    for effect in effects:
        account, config = effect.account_id, effect.effect.create_contact
        key = (account, config.email.lower())
        if config.email and (key in promised or contacts.holder(account, config.email)):
            existing.append(effect)
            continue
        try:
            fields = _over(_NOTHING, config, types.get(account, {}))
        except ChangeRefusedError as error:
            applied.refuse(effect, error_class_of(error), str(error))
            continue
        promised.add(key)
        new.append(_New(effect, new_id_text(), fields))
    await _make(connection, new, applied, contacts)
    for effect in existing:
        _take(effect, types.get(effect.account_id, {}), applied, contacts)


async def _make(
    connection: Driver, new: Sequence[_New], applied: Applied, contacts: Contacts
) -> None:
    if not new:
        return
    ordered = sorted(new, key=lambda each: each.key)
    stored = await connection.fetch(
        _INSERT,
        [each.effect.account_id for each in ordered],
        [each.contact_id for each in ordered],
        *columns_of([each.fields for each in ordered]),
    )
    made: set[str] = {row[0] for row in stored}
    for effect, contact_id, fields in new:
        if contact_id not in made:
            applied.busy(effect)
            continue
        contacts.put(effect.account_id, contact_id, fields)
        contacts.record_created(effect, contact_id, applied)
        applied.output(effect, contact_id=contact_id, created=True, updated=False)


def _take(effect: AppliedEffect, types: Types, applied: Applied, contacts: Contacts) -> None:
    """Keeps or changes the contact that has the email already."""
    config = effect.effect.create_contact
    contact_id = contacts.holder(effect.account_id, config.email)
    before = None if contact_id is None else contacts.get(effect.account_id, contact_id)
    if contact_id is None or before is None:
        # Another engine is making it.
        applied.busy(effect)
        return
    updated = False
    if config.duplicate_handling == DuplicateHandling.DUPLICATE_HANDLING_UPDATE:
        try:
            after = _over(before, config, types)
        except ChangeRefusedError as error:
            applied.refuse(effect, error_class_of(error), str(error))
            return
        # The same but for its case, which stays as it is.
        after["email"] = before["email"]
        updated = bool(contacts.change(effect, contact_id, after, applied))
    applied.output(effect, contact_id=contact_id, created=False, updated=updated)


def _over(fields: Mapping[str, Json], config: CreateContactConfig, types: Types) -> Fields:
    """The fields with what the configuration gives; raises ChangeRefusedError."""
    return changed(fields, UpdateMode.SET, given_fields(config), types)
