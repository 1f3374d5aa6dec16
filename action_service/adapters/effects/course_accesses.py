"""Contacts' access to courses: locked and read once for a kind of effect, written once.

A contact has one access to a course, which is taken up again. Contacts are locked before any effect
is applied, so whoever comes second finds the access that the first has made.
"""

from collections.abc import Collection, Mapping
from dataclasses import astuple, dataclass
from typing import TypeAlias

from action_service.adapters.driver import Driver
from action_service.domain.course_access import Access
from action_service.domain.plan import Json
from action_service.domain.retry import ErrorClass
from action_service.engine.effects import Applied, AppliedEffect
from common.ids import new_id_text

# Ids of a course and of a contact.
Place: TypeAlias = tuple[str, str]

_COURSES = """
    SELECT c.account_id::text, c.id::text, c.name, c.welcome_subject, c.welcome_template_id::text
    FROM treadle.courses c
    JOIN unnest($1::uuid[], $2::uuid[]) AS v(account_id, id)
      ON v.account_id = c.account_id AND v.id = c.id
    """
_LOCK = """
    SELECT a.id::text, a.course_id::text, a.contact_id::text, a.access_level, a.drip_content,
           a.granted_at, a.expires_at, a.revoked_at, a.revocation_reason
    FROM treadle.course_access a
    JOIN unnest($1::uuid[], $2::uuid[]) AS v(course_id, contact_id)
      ON v.course_id = a.course_id AND v.contact_id = a.contact_id
    ORDER BY a.id
    FOR NO KEY UPDATE OF a
    """
_WRITE = """
    INSERT INTO treadle.course_access (
        id, account_id, course_id, contact_id, action_execution_id, access_level, drip_content,
        granted_at, expires_at, revoked_at, revocation_reason
    )
    SELECT v.id, v.account_id, v.course_id, v.contact_id, v.action_execution_id, v.access_level,
           v.drip_content, v.granted_at, v.expires_at, v.revoked_at, v.revocation_reason
    FROM unnest(
        $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::boolean[],
        $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::text[]
    ) AS v(id, account_id, course_id, contact_id, action_execution_id, access_level, drip_content,
           granted_at, expires_at, revoked_at, revocation_reason)
    ON CONFLICT (course_id, contact_id) DO UPDATE
    SET action_execution_id = EXCLUDED.action_execution_id, access_level = EXCLUDED.access_level,
        drip_content = EXCLUDED.drip_content, granted_at = EXCLUDED.granted_at,
        expires_at = EXCLUDED.expires_at, revoked_at = EXCLUDED.revoked_at,
        revocation_reason = EXCLUDED.revocation_reason
    """


@dataclass(frozen=True, slots=True)
class Course:
    """A course, as far as access to it goes."""

    id: str
    name: str
    welcome_subject: str
    welcome_template_id: str | None


@dataclass(frozen=True, slots=True)
class Held:
    """A contact's access, and the effect that has made it what it is; None as it was stored."""

    id: str
    access: Access
    changed_by: AppliedEffect | None = None


class CourseAccesses:
    """The courses and accesses that the effects of one kind are about, locked."""

    def __init__(self, courses: Mapping[tuple[str, str], Course], held: dict[Place, Held]) -> None:
        self._courses = courses
        self._held = held

    @classmethod
    async def of(
        cls, connection: Driver, wanted: Collection[tuple[AppliedEffect, str]]
    ) -> "CourseAccesses":
        """Those that exist of the effects' contacts to the courses with these ids."""
        courses = sorted({(effect.account_id, course_id) for effect, course_id in wanted})
        places = sorted({(course_id, effect.contact_id) for effect, course_id in wanted})
        known = {
            (account_id, course_id): Course(course_id, *rest)
            for account_id, course_id, *rest in await connection.fetch(
                _COURSES, *zip(*courses, strict=True)
            )
        }
        held = {
            (course_id, contact_id): Held(access_id, Access(*rest))
            for access_id, course_id, contact_id, *rest in await connection.fetch(
                _LOCK, *zip(*places, strict=True)
            )
        }
        return cls(known, held)

    def course(self, effect: AppliedEffect, course_id: str, applied: Applied) -> Course | None:
        """The course in the effect's account; refuses the effect when there is none."""
        course = self._courses.get((effect.account_id, course_id))
        if course is None:
            why = f"course_id: there is no course {course_id}; choose another"
            applied.refuse(effect, ErrorClass.INVALID_CONFIG, why)
        return course

    def get(self, effect: AppliedEffect, course: Course) -> Held | None:
        """The contact's access, active or not."""
        return self._held.get((course.id, effect.contact_id))

    def put(self, effect: AppliedEffect, course: Course, access: Access) -> Held:
        """Makes the contact's access what it is from now on."""
        before = self.get(effect, course)
        held = Held(new_id_text() if before is None else before.id, access, effect)
        self._held[course.id, effect.contact_id] = held
        return held

    async def write(self, connection: Driver) -> None:
        """Stores what has changed."""
        rows = [
            (held.id, by.account_id, *place, by.action_execution_id, *astuple(held.access))
            for place, held in self._held.items()
            if (by := held.changed_by) is not None
        ]
        if rows:
            await connection.execute(_WRITE, *zip(*rows, strict=True))


def event_data(course: Course, held: Held) -> dict[str, Json]:
    """The data of `access_granted` and `access_revoked`."""
    return {"course_id": course.id, "access_id": held.id, "access_level": held.access.level}
