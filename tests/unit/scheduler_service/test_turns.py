"""Whose turn it is: everybody's share, nobody's wait without end."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler_service.domain.turns import MOST_ACCOUNTS, Look, next_turn


def accounts(count: int, *, first: int = 1) -> list[UUID]:
    return [UUID(int=first + number) for number in range(count)]


@pytest.mark.parametrize(
    ("count", "limit", "share"),
    [(1, 2_000, 2_000), (2, 2_000, 1_000), (3, 2_000, 667), (MOST_ACCOUNTS, 100, 1), (7, 1, 1)],
)
def test_each_account_has_an_equal_share(count: int, limit: int, share: int) -> None:
    turn = next_turn(Look(accounts(count), None), limit)
    assert turn.share == share
    assert turn.accounts == accounts(count)[:limit][:MOST_ACCOUNTS]


def test_without_due_accounts_the_round_goes_on_behind_those_that_were_seen() -> None:
    last = UUID(int=1_000)
    assert next_turn(Look((), last), 100).after == last
    assert next_turn(Look((), last), 100).accounts == ()


def test_those_who_found_no_room_come_first_next_time() -> None:
    due = accounts(MOST_ACCOUNTS + 5)
    turn = next_turn(Look(due, None), 2_000)
    assert turn.accounts == due[:MOST_ACCOUNTS]
    assert turn.after == due[MOST_ACCOUNTS - 1]


@given(
    due=st.sets(st.integers(1, 600)),
    limit=st.integers(1, 20_000),
    seen=st.integers(1, 700),
)
def test_everybody_has_a_turn_before_anybody_has_a_second(
    due: set[int], limit: int, seen: int
) -> None:
    """Looks as the store takes them: so many accounts from the last one on, due or not."""
    everybody = [UUID(int=number) for number in range(1, 601)]
    had: list[UUID] = []
    at = 0
    while True:
        looked = everybody[at : at + seen]
        last = looked[-1] if len(looked) == seen else None
        turn = next_turn(Look([each for each in looked if each.int in due], last), limit)
        had += turn.accounts
        assert turn.share * len(turn.accounts) >= min(limit, len(turn.accounts))
        if turn.after is None:
            break
        at = turn.after.int
    assert had == [UUID(int=number) for number in sorted(due)]
