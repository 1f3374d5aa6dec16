"""Whose turn it is while more is due than one batch takes: accounts go round.

By their instants alone one account's hundred thousand timers would come before another's three that
are due a second later. A batch in turn gives every account with due timers an equal share instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

# More accounts in one batch would make it many small reads instead of a few large ones.
MOST_ACCOUNTS: Final = 250


@dataclass(frozen=True, slots=True)
class Look:
    """What was found on the way round: accounts with due timers, and the last account seen.

    `last` is None when the end was reached: the next look begins at the start.
    """

    due: Sequence[UUID]
    last: UUID | None


@dataclass(frozen=True, slots=True)
class Turn:
    """The accounts of one batch, the most timers that each may have in it, where to go on after."""

    accounts: Sequence[UUID]
    share: int
    after: UUID | None


def next_turn(look: Look, limit: int) -> Turn:
    """The turn of those that were found due, for a batch of up to `limit` timers."""
    accounts = look.due[: min(limit, MOST_ACCOUNTS)]
    if not accounts:
        return Turn((), 0, look.last)
    # Rounded up: the batch is to be full, and its limit holds all the same.
    share = -(-limit // len(accounts))
    return Turn(accounts, share, accounts[-1] if len(accounts) < len(look.due) else look.last)
