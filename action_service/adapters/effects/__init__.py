"""Changes of our own records, applied inside the transaction that completes the step.

Each kind of effect is one module with one `apply` that takes all of a batch's effects of its kind
and runs a fixed number of statements, whatever their count.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

from action_service.adapters.driver import Driver
from action_service.adapters.effects import (
    add_note,
    add_tag,
    add_to_campaign,
    assign_to_user,
    create_contact,
    create_opportunity,
    create_task,
    grant_course_access,
    move_pipeline_stage,
    remove_from_campaign,
    remove_tag,
    revoke_course_access,
    send_notification,
    update_contact,
)
from action_service.adapters.effects.contacts import Contacts
from action_service.adapters.effects.locks import lock_contacts
from action_service.engine.effects import Applied, AppliedEffect

_Change: TypeAlias = Callable[[Driver, Sequence[AppliedEffect], Applied, Contacts], Awaitable[None]]
_Apply: TypeAlias = Callable[[Driver, Sequence[AppliedEffect], Applied], Awaitable[None]]

# Those that change contacts share the rows, which are written once.
_ON_CONTACTS: Mapping[str, _Change] = {
    "create_contact": create_contact.apply,
    "update_contact": update_contact.apply,
    "assign_to_user": assign_to_user.apply,
}
_BY_KIND: Mapping[str, _Apply] = {
    "add_tag": add_tag.apply,
    "remove_tag": remove_tag.apply,
    "add_to_campaign": add_to_campaign.apply,
    "remove_from_campaign": remove_from_campaign.apply,
    "create_opportunity": create_opportunity.apply,
    "move_pipeline_stage": move_pipeline_stage.apply,
    "create_task": create_task.apply,
    "add_note": add_note.apply,
    "send_notification": send_notification.apply,
    "grant_course_access": grant_course_access.apply,
    "revoke_course_access": revoke_course_access.apply,
}
# Access to a course has no row to lock before it is granted first: the contact's stands for it.
_LOCKING_CONTACTS = {*_ON_CONTACTS, "grant_course_access", "revoke_course_access"}


async def apply_effects(
    connection: Driver, effects: Sequence[AppliedEffect], applied: Applied
) -> None:
    """Applies the effects kind by kind; `applied` gathers what they came to."""
    by_kind: dict[str, list[AppliedEffect]] = {}
    for effect in effects:
        kind = effect.effect.WhichOneof("effect")
        if kind is not None:
            by_kind.setdefault(kind, []).append(effect)
    # In the tables' order, so that two engines never wait for each other in a circle.
    if not by_kind.keys().isdisjoint(_LOCKING_CONTACTS):
        contacts = await lock_contacts(connection, effects)
        for kind, change in _ON_CONTACTS.items():
            if group := by_kind.get(kind):
                await change(connection, group, applied, contacts)
        await contacts.write(connection)
    for kind, apply in _BY_KIND.items():
        if group := by_kind.get(kind):
            await apply(connection, group, applied)
