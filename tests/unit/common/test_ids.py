"""Identifiers: of their version, in order of time, and the same for the same thing."""

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

from common.ids import derived_id, new_id, new_id_text

NOON = datetime(2026, 1, 26, 12, tzinfo=UTC)


def test_all_are_of_version_seven() -> None:
    for made in (new_id(), UUID(new_id_text()), derived_id(NOON, "a")):
        assert (made.version, made.variant) == (7, RFC_4122)


def test_a_derived_one_depends_on_instant_and_names_alone() -> None:
    assert derived_id(NOON, "a", "b") == derived_id(NOON, "a", "b")
    others = {
        derived_id(NOON, "a", "b"),
        derived_id(NOON, "b", "a"),
        derived_id(NOON, "ab"),
        derived_id(NOON + timedelta(milliseconds=1), "a", "b"),
    }
    assert len(others) == 4


def test_a_derived_one_has_its_place_among_the_others() -> None:
    now = datetime.now(UTC)
    before = derived_id(now - timedelta(seconds=1), "a")
    after = derived_id(now + timedelta(seconds=1), "a")
    assert before < new_id() < after
    assert UUID(int=derived_id(NOON, "a").int).int >> 80 == int(NOON.timestamp() * 1000)
