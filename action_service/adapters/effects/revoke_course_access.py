"""SPEC-WFL-003 R6.2: the contact's access to a course is taken away."""

from collections.abc import Sequence

from action_service.adapters.driver import Driver
from action_service.adapters.effects.course_accesses import CourseAccesses, event_data
from action_service.domain.course_access import revoke
from action_service.engine.effects import Applied, AppliedEffect

_FORGET_PROGRESS = """
    UPDATE treadle.course_access SET progress = '{}' WHERE id = ANY($1::uuid[])
    """


async def apply(connection: Driver, effects: Sequence[AppliedEffect], applied: Applied) -> None:
    """Revokes what is active; the other steps are done with nothing to do."""
    wanted = [(effect, effect.effect.revoke_course_access.course_id.lower()) for effect in effects]
    accesses = await CourseAccesses.of(connection, wanted)
    forgotten: list[str] = []
    for effect, course_id in wanted:
        config = effect.effect.revoke_course_access
        course = accesses.course(effect, course_id, applied)
        if course is None:
            continue
        held = accesses.get(effect, course)
        revoked = revoke(held and held.access, config.revocation_reason, effect.now)
        if held is None or revoked is None:
            applied.output(effect, access_id=held.id if held else "", revoked=False)
            continue
        held = accesses.put(effect, course, revoked)
        if not config.retain_progress:
            forgotten.append(held.id)
        applied.output(effect, access_id=held.id, revoked=True)
        applied.event(effect, "access_revoked", effect.contact_id, event_data(course, held))
    await accesses.write(connection)
    if forgotten:
        await connection.execute(_FORGET_PROGRESS, forgotten)
