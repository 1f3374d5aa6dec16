"""Whose turn it is, and who has the fewest contacts."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from action_service.domain.assignment import Member, Pool


def pool(names: str, last: str | None = None) -> Pool:
    """Members by letter; those in lower case are not active."""
    return Pool([Member(name.upper(), name.isupper()) for name in names], last)


@pytest.mark.parametrize(
    ("names", "last", "expected"),
    [
        ("ABC", None, "A"),
        ("ABC", "A", "B"),
        ("ABC", "C", "A"),
        ("AbC", "A", "C"),
        # The one who had the last turn is not active any more, but the order goes on behind them.
        ("AbC", "B", "C"),
        ("ABC", "X", "A"),
        ("A", "A", "A"),
        ("abc", "A", None),
        ("", None, None),
    ],
)
def test_the_next_in_turn(names: str, last: str | None, expected: str | None) -> None:
    assert pool(names, last).next_in_turn() == expected


@given(st.integers(1, 8), st.integers(1, 50))
def test_turns_are_shared_evenly(members: int, contacts: int) -> None:
    users = pool("ABCDEFGH"[:members])
    turns = Counter(users.next_in_turn() for _ in range(contacts))
    assert max(turns.values()) - (min(turns.values()) if len(turns) == members else 0) <= 1


@pytest.mark.parametrize(
    ("users", "owned", "owner", "expected"),
    [
        (pool("ABC"), {"A": 2, "B": 1, "C": 3}, None, "B"),
        (pool("AbC"), {"A": 2, "C": 1}, None, "C"),
        (pool("ABC"), {}, None, "A"),
        # Among equals the next in turn.
        (pool("ABC", "A"), {"A": 1, "B": 1, "C": 1}, None, "B"),
        (pool("ABC", "B"), {"A": 1, "B": 1, "C": 1}, None, "C"),
        # The contact itself does not count against its owner.
        (pool("AB"), {"A": 2, "B": 2}, "A", "A"),
        (pool("AB", "A"), {"A": 2, "B": 1}, "A", "B"),
        (pool("AB"), {"A": 3, "B": 1}, "A", "B"),
        (pool("abc"), {}, "A", None),
    ],
)
def test_the_least_busy(
    users: Pool, owned: dict[str, int], owner: str | None, expected: str | None
) -> None:
    before = users.last_user_id
    assert users.least_busy(owned, owner) == expected
    assert users.last_user_id == (expected or before)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=6), st.integers(1, 60))
def test_the_least_busy_are_filled_up_to_one_level(counts: list[int], contacts: int) -> None:
    users = pool("ABCDEF"[: len(counts)])
    owned = Counter(dict(zip("ABCDEF", counts, strict=False)))
    gained: set[str] = set()
    for _ in range(contacts):
        chosen = users.least_busy(owned, None)
        assert chosen is not None
        owned[chosen] += 1
        gained.add(chosen)
    highest = max(owned[name] for name in gained)
    assert min(owned[member.user_id] for member in users.members) >= highest - 1
