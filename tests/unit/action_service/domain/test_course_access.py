"""Granting and revoking against every state that access to a course may be in."""

from datetime import UTC, datetime, timedelta

import pytest

from action_service.domain.course_access import Access, Grant, grant, revoke

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
BEFORE = NOW - timedelta(days=10)
DAY = timedelta(days=1)

LIFELONG = Access("full", True, BEFORE)
PASSING = Access("full", True, BEFORE, NOW + DAY)
EXPIRED = Access("full", True, BEFORE, NOW)
REVOKED = Access("full", True, BEFORE, None, NOW - DAY, "unpaid")
FULL = Grant("full", drip_content=True)


@pytest.mark.parametrize(
    ("access", "active"), [(LIFELONG, True), (PASSING, True), (EXPIRED, False), (REVOKED, False)]
)
def test_it_ends_when_it_expires_or_is_revoked(access: Access, active: bool) -> None:
    assert access.is_active(NOW) is active


@pytest.mark.parametrize("present", [None, EXPIRED, REVOKED])
@pytest.mark.parametrize("duration", [None, 30 * DAY])
def test_a_grant_begins_anew_without_active_access(
    present: Access | None, duration: timedelta | None
) -> None:
    granted = grant(present, Grant("limited", drip_content=False, duration=duration), NOW)
    assert granted.begins
    assert granted.changed
    expires_at = None if duration is None else NOW + duration
    assert granted.access == Access("limited", False, NOW, expires_at)


@pytest.mark.parametrize(
    ("present", "wanted", "changed"),
    [
        (LIFELONG, FULL, False),
        (LIFELONG, Grant("preview", drip_content=True), True),
        (LIFELONG, Grant("full", drip_content=False), True),
        (LIFELONG, Grant("full", drip_content=True, duration=DAY), True),
        (PASSING, FULL, True),
        (PASSING, Grant("full", drip_content=True, duration=DAY), False),
        (PASSING, Grant("full", drip_content=True, duration=2 * DAY), True),
    ],
)
def test_a_grant_changes_active_access_and_keeps_its_beginning(
    present: Access,
    wanted: Grant,
    changed: bool,
) -> None:
    granted = grant(present, wanted, NOW)
    assert not granted.begins
    assert granted.changed is changed
    assert granted.access.granted_at == BEFORE
    assert (granted.access.level, granted.access.drip_content) == (
        wanted.level,
        wanted.drip_content,
    )
    assert granted.access.expires_at == (wanted.duration and NOW + wanted.duration)


@pytest.mark.parametrize("present", [LIFELONG, PASSING])
def test_revoking_says_when_and_why(present: Access) -> None:
    revoked = revoke(present, "refunded", NOW)
    assert revoked is not None
    assert (revoked.revoked_at, revoked.revocation_reason) == (NOW, "refunded")
    assert revoked.expires_at == present.expires_at
    assert not revoked.is_active(NOW)


@pytest.mark.parametrize("present", [None, EXPIRED, REVOKED])
def test_there_may_be_nothing_to_revoke(present: Access | None) -> None:
    assert revoke(present, "refunded", NOW) is None
