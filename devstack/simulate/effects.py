"""The engine's effects by kind: each is carried out, or refused in words for the user."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from action_service.engine.effects import Applied, AppliedEffect
from devstack.simulate import contact_effects, record_effects
from devstack.simulate.office import Office, RefusedError
from devstack.simulate.timeline import Doing

_Carry: TypeAlias = Callable[[Office, AppliedEffect, Applied], Doing]

_BY_KIND: Final[Mapping[str, _Carry]] = {
    "add_tag": contact_effects.add_tag,
    "remove_tag": contact_effects.remove_tag,
    "update_contact": contact_effects.update_contact,
    "assign_to_user": contact_effects.assign_to_user,
    "create_contact": contact_effects.create_contact,
    "create_task": record_effects.create_task,
    "add_note": record_effects.add_note,
    "create_opportunity": record_effects.create_opportunity,
    "move_pipeline_stage": record_effects.move_pipeline_stage,
    "send_notification": record_effects.send_notification,
    "add_to_campaign": record_effects.add_to_campaign,
    "remove_from_campaign": record_effects.remove_from_campaign,
    "grant_course_access": record_effects.grant_course_access,
    "revoke_course_access": record_effects.revoke_course_access,
}


def apply(office: Office, effect: AppliedEffect, applied: Applied) -> None:
    """Carries an effect out; `applied` gathers what it came to."""
    kind = effect.effect.WhichOneof("effect")
    if kind is None:
        return
    try:
        office.does(effect.action_execution_id, _BY_KIND[kind](office, effect, applied))
    except RefusedError as error:
        applied.refuse(effect, error.error_class, str(error))
