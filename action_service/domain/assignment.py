"""Whom a contact is given to: each in turn, or whoever has the fewest (SPEC-WFL-003 R3.8)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Member(NamedTuple):
    """A user who may take turns; those who are not active are passed over, but keep their place."""

    user_id: str
    is_active: bool


@dataclass(slots=True)
class Pool:
    """Users who take turns, in their order, and who had the last one."""

    members: Sequence[Member]
    last_user_id: str | None

    def next_in_turn(self) -> str | None:
        """Gives the turn to the next active member; None when there is none."""
        return self._give(next(self._in_turn(), None))

    def least_busy(self, owned: Mapping[str, int], owner_id: str | None) -> str | None:
        """Gives the turn to the active member with the fewest contacts; None when there is none.

        `owned` has the number of contacts by user. The contact itself, which `owner_id` owns so
        far, is not counted. Among equals the next in turn is taken.
        """

        def others(user_id: str) -> int:
            return owned.get(user_id, 0) - (user_id == owner_id)

        # `min` keeps the first of equals.
        return self._give(min(self._in_turn(), key=others, default=None))

    def _in_turn(self) -> Iterator[str]:
        """The active members, beginning behind the one who had the last turn."""
        ids = [member.user_id for member in self.members]
        start = ids.index(self.last_user_id) + 1 if self.last_user_id in ids else 0
        for member in (*self.members[start:], *self.members[:start]):
            if member.is_active:
                yield member.user_id

    def _give(self, user_id: str | None) -> str | None:
        if user_id is not None:
            self.last_user_id = user_id
        return user_id
