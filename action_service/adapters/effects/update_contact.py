"""SPEC-WFL-003 R3.2: contact fields change together with the step, with old and new in the audit.

The rows are those that `locks` has locked: two increments of one contact in a batch both count.
"""

from collections.abc import Mapping, Sequence
from typing import cast

from action_service.adapters.driver import Driver
from action_service.adapters.effects.contacts import (
    Contacts,
    User,
    declared_types,
    known_users,
)
from action_service.domain.contact_changes import (
    CUSTOM_PREFIX,
    ChangeRefusedError,
    Fields,
    ImpossibleChangeError,
    changed,
)
from action_service.domain.plan import Json
from action_service.domain.retry import ErrorClass
from action_service.engine.effect_configs import UPDATE_MODES
from action_service.engine.effects import Applied, AppliedEffect
from common.catalogue.convert import read_value

_OWNER = "owner_id"


async def apply(
    connection: Driver, effects: Sequence[AppliedEffect], applied: Applied, contacts: Contacts
) -> None:
    """Changes the contacts; refuses what makes no sense for a field or for what it holds."""
    named = [
        (effect.account_id, change.field, change.value.string_value)
        for effect in effects
        for change in effect.effect.update_contact.changes
    ]
    types = await declared_types(
        connection,
        (
            (account, field.removeprefix(CUSTOM_PREFIX))
            for account, field, _ in named
            if field.startswith(CUSTOM_PREFIX)
        ),
    )
    owners = await known_users(connection, (value for _, field, value in named if field == _OWNER))
    for effect in effects:
        update = effect.effect.update_contact
        before = contacts.get(effect.account_id, update.contact_id)
        if before is None:
            applied.refuse(effect, ErrorClass.REJECTED, "the contact no longer exists")
            continue
        changes = [
            (change.field, cast("Json", read_value(change.value))) for change in update.changes
        ]
        try:
            after = changed(
                before, UPDATE_MODES[update.mode], changes, types.get(effect.account_id, {})
            )
            _check_owner(effect.account_id, after, before, owners)
        except ChangeRefusedError as error:
            applied.refuse(effect, error_class_of(error), str(error))
            continue
        if _is_free(effect, after, before, applied, contacts):
            differing = contacts.change(effect, update.contact_id, after, applied)
            # The handler has named them all.
            if len(differing) < len(changes):
                applied.output(effect, fields=list(differing))


def error_class_of(error: ChangeRefusedError) -> ErrorClass:
    """Whether the configuration is at fault, or what the contact holds."""
    impossible = isinstance(error, ImpossibleChangeError)
    return ErrorClass.INVALID_CONFIG if impossible else ErrorClass.REJECTED


def _check_owner(
    account_id: str, after: Fields, before: Fields, owners: Mapping[tuple[str, str], User]
) -> None:
    owner = after.get(_OWNER)
    if owner is None or owner == before.get(_OWNER):
        return
    if (account_id, str(owner)) not in owners:
        raise ImpossibleChangeError(f"owner_id: there is no user {owner}")


def _is_free(
    effect: AppliedEffect, after: Fields, before: Fields, applied: Applied, contacts: Contacts
) -> bool:
    """Whether nobody else has the email that the contact gets; refuses when somebody has."""
    email = after.get("email")
    if not isinstance(email, str) or email == before.get("email"):
        return True
    holder = contacts.holder(effect.account_id, email)
    if holder in {None, effect.effect.update_contact.contact_id}:
        return True
    theirs = (contacts.get(effect.account_id, str(holder)) or {}).get("email")
    if isinstance(theirs, str) and theirs.lower() == email.lower():
        applied.refuse(
            effect, ErrorClass.REJECTED, f"email: contact {holder} has the email {email} already"
        )
    else:
        # Given up in this batch: free once that is committed.
        applied.busy(effect)
    return False
