"""A contact's access to a course: what granting and revoking do to it (SPEC-WFL-003 R6)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Access:
    """Access as it stands; `expires_at` is None for life, `revoked_at` once it was taken away."""

    level: str
    drip_content: bool
    granted_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    revocation_reason: str = ""

    def is_active(self, now: datetime) -> bool:
        """Whether the course is open to the contact."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


@dataclass(frozen=True, slots=True)
class Grant:
    """Access as it is to be; `duration` is None for life."""

    level: str
    drip_content: bool
    duration: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Granted:
    """What a grant makes: the access, and whether it begins or differs from what was there."""

    access: Access
    begins: bool
    changed: bool


def grant(present: Access | None, wanted: Grant, now: datetime) -> Granted:
    """The contact's access after a grant.

    One that is active keeps its beginning and takes over level, drip and duration, which counts
    from now. Any other begins anew.
    """
    expires_at = None if wanted.duration is None else now + wanted.duration
    if present is None or not present.is_active(now):
        access = Access(wanted.level, wanted.drip_content, now, expires_at)
        return Granted(access, begins=True, changed=True)
    access = replace(
        present, level=wanted.level, drip_content=wanted.drip_content, expires_at=expires_at
    )
    return Granted(access, begins=False, changed=access != present)


def revoke(present: Access | None, reason: str, now: datetime) -> Access | None:
    """The contact's access after it was taken away; None when there was none to take."""
    if present is None or not present.is_active(now):
        return None
    return replace(present, revoked_at=now, revocation_reason=reason)
