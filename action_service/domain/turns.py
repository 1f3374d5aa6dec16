"""How many attempts may be rung for before others have been taken up.

What is rung for waits in the stream in the order in which it came, whoever it belongs to. So that
a hundred thousand attempts of one account do not stand in front of one of another, no more of a
category are in the stream than its executors need to stay busy; the others wait in the database,
where accounts take turns.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

UNRUNG = datetime.max.replace(tzinfo=UTC)
"""The end of the lease of an attempt that waits for its turn; to Postgres it is `infinity`."""

# What has waited for its turn may exceed the limit by a quarter. Without that, runs that are on
# their way would take up every place as it falls free, and nobody's turn would come.
_FOR_TURNS = 4


@dataclass(slots=True)
class Window:
    """What one process knows of a category's part of the stream."""

    limit: int
    # As the server has last said, and what this process has added since it was asked.
    queued: int = 0
    added: int = 0
    # How much had been added when the server was last asked.
    _known: int = 0

    def take(self, wanted: int) -> int:
        """How many of the attempts may be rung for at once; they count as rung for."""
        return self._take(wanted, self.limit)

    def take_turns(self, wanted: int) -> int:
        """The same for attempts that have waited for their turn."""
        return self._take(wanted, self.limit + self.limit // _FOR_TURNS)

    def ask(self) -> None:
        """The server is being asked: it may not know yet of what is added from here on."""
        self._known = self.added

    def learn(self, queued: int) -> None:
        """The server's answer."""
        self.queued = queued
        self.added -= self._known
        self._known = 0

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to be asked about."""
        return not (self.queued or self.added)

    def _take(self, wanted: int, limit: int) -> int:
        taken = min(wanted, max(limit - self.queued - self.added, 0))
        self.added += taken
        return taken
