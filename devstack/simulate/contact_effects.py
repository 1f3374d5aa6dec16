"""Effects on the contact: fields, tags, the owner; and contacts that a run makes."""

from collections.abc import Mapping, Sequence
from typing import cast

from action_service.domain.contact_changes import (
    ChangeRefusedError,
    Fields,
    ImpossibleChangeError,
    UpdateMode,
    changed,
)
from action_service.domain.contact_events import (
    CONTACT_CREATED,
    CONTACT_UPDATED,
    TAG_ADDED,
    EventSource,
    updated_data,
)
from action_service.domain.plan import Json
from action_service.domain.retry import ErrorClass
from action_service.engine.effect_configs import UPDATE_MODES, given_fields, nobody_to_assign
from action_service.engine.effects import Applied, AppliedEffect
from common.catalogue.convert import read_value
from devstack.simulate.account import made_id
from devstack.simulate.office import Office, RefusedError, spoken
from devstack.simulate.timeline import Doing
from treadle.catalog.v1.assign_to_user_pb2 import AssignmentType
from treadle.catalog.v1.create_contact_pb2 import DuplicateHandling


def add_tag(office: Office, effect: AppliedEffect, applied: Applied) -> Doing:
    """The tag is put on, once."""
    name = effect.effect.add_tag.tag_name
    tag_id, added = str(made_id("tags", name)), name not in office.contact.tags
    applied.output(effect, tag_id=tag_id, added=added)
    if not added:
        return Doing(f"has the tag {name} already")
    office.contact.tags.append(name)
    applied.event(effect, TAG_ADDED, effect.contact_id, {"tag_id": tag_id, "tag_name": name})
    return Doing(f"tag {name} added", {"tag_added": name})


def remove_tag(office: Office, effect: AppliedEffect, applied: Applied) -> Doing:
    """The tag is taken off; a contact without it is no failure."""
    name = effect.effect.remove_tag.tag_name
    removed = name in office.contact.tags
    applied.output(effect, tag_name=name, removed=removed)
    if not removed:
        return Doing(f"has no tag {name} that could be removed")
    office.contact.tags.remove(name)
    data: dict[str, Json] = {"tag_id": str(made_id("tags", name)), "tag_name": name}
    applied.event(effect, "tag_removed", effect.contact_id, data)
    return Doing(f"tag {name} removed", {"tag_removed": name})


def update_contact(office: Office, effect: AppliedEffect, applied: Applied) -> Doing:
    """Fields change as the mode has it."""
    update = effect.effect.update_contact
    changes = [(each.field, cast("Json", read_value(each.value))) for each in update.changes]
    after = _changed(office, office.contact.fields, UPDATE_MODES[update.mode], changes)
    owner = after.get("owner_id")
    is_new = owner is not None and owner != office.contact.fields.get("owner_id")
    if is_new and office.account.user(str(owner)) is None:
        raise RefusedError(ErrorClass.INVALID_CONFIG, f"owner_id: there is no user {owner}")
    doing, differing = _become(office, effect, after, applied)
    if len(differing) < len(changes):
        applied.output(effect, fields=list(differing))
    return doing


def assign_to_user(office: Office, effect: AppliedEffect, applied: Applied) -> Doing:
    """The contact gets an owner."""
    config, fields = effect.effect.assign_to_user, office.contact.fields
    before = office.contact.text("owner_id")
    team_id = config.team_id.lower()
    match config.assignment_type:
        case AssignmentType.ASSIGNMENT_TYPE_SPECIFIC:
            chosen = config.user_id
        case AssignmentType.ASSIGNMENT_TYPE_LEAST_BUSY:
            owned = {before: 1} if before else {}
            chosen = office.pool(team_id).least_busy(owned, before or None)
        case _:
            chosen = office.pool(team_id).next_in_turn()
    if chosen is None:
        raise RefusedError(ErrorClass.REJECTED, nobody_to_assign(config))
    user = office.account.user(chosen)
    if user is None:
        why = f"user_id: there is no user {chosen}; choose another"
        raise RefusedError(ErrorClass.INVALID_CONFIG, why)
    if not user.is_active:
        why = f"no eligible user: user {chosen} is not active; choose another or activate them"
        raise RefusedError(ErrorClass.REJECTED, why)
    _, differing = _become(office, effect, {**fields, "owner_id": user.id}, applied)
    applied.output(
        effect,
        user_id=user.id,
        user_name=user.name,
        previous_user_id=before,
        changed=bool(differing),
    )
    if not differing:
        return Doing(f"{user.name} is the owner already")
    return Doing(f"given to {user.name}", {"owner": user.name})


def create_contact(office: Office, effect: AppliedEffect, applied: Applied) -> Doing:
    """A contact is made, or the one of this run is taken."""
    config = effect.effect.create_contact
    changes = given_fields(config)
    email = config.email.lower()
    if email and email == office.contact.text("email").lower():
        return _existing(office, effect, applied, changes)
    if email in office.made.contacts:
        contact_id = str(office.made.contacts[email])
        applied.output(effect, contact_id=contact_id, created=False, updated=False)
        return Doing(f"there is a contact {config.email} already")
    fields = _changed(office, {}, UpdateMode.SET, changes)
    made = made_id("contact", email or effect.action_execution_id)
    office.made.contacts[email or str(made)] = made
    data: dict[str, Json] = {"source": EventSource.WORKFLOW.value, **fields}
    applied.event(effect, CONTACT_CREATED, str(made), data)
    applied.output(effect, contact_id=str(made), created=True, updated=False)
    return Doing(f"contact {config.email or made} created", {"contact": dict(fields)})


def _existing(
    office: Office, effect: AppliedEffect, applied: Applied, changes: Sequence[tuple[str, Json]]
) -> Doing:
    config, fields = effect.effect.create_contact, office.contact.fields
    differing: Mapping[str, Json] = {}
    if config.duplicate_handling == DuplicateHandling.DUPLICATE_HANDLING_UPDATE:
        after = _changed(office, fields, UpdateMode.SET, changes)
        after["email"] = fields["email"]
        _, differing = _become(office, effect, after, applied)
    applied.output(
        effect, contact_id=str(office.contact.id), created=False, updated=bool(differing)
    )
    return Doing(f"{config.email} is the contact of this run")


def _changed(
    office: Office,
    fields: Mapping[str, Json],
    mode: UpdateMode,
    changes: Sequence[tuple[str, Json]],
) -> Fields:
    try:
        return changed(fields, mode, changes, office.account.field_types())
    except ChangeRefusedError as error:
        impossible = isinstance(error, ImpossibleChangeError)
        error_class = ErrorClass.INVALID_CONFIG if impossible else ErrorClass.REJECTED
        raise RefusedError(error_class, str(error)) from None


def _become(
    office: Office, effect: AppliedEffect, after: Fields, applied: Applied
) -> tuple[Doing, Mapping[str, Json]]:
    """Changes the contact and tells of it; what differs."""
    found = office.contact.become(after)
    if not found:
        return Doing("the contact is like that already"), {}
    data = updated_data(EventSource.WORKFLOW, found)
    applied.event(effect, CONTACT_UPDATED, effect.contact_id, data)
    words = ", ".join(
        f"{name}: {spoken(value)} -> {spoken(found.after.get(name))}"
        for name, value in found.before.items()
    )
    return Doing(words, {"changes": data["changes"]}), found.after
