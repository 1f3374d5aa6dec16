"""Notices that what was queued has been lost, and has it rung for again before its leases run out.

A stream that was made anew knows nothing of what the one before held. Its instant of birth says so,
to every engine, also to one that starts only afterwards. The sweeper would ring as well, but by
leases: half a minute late, and hours late what had been queued for long and was rung for often.
"""

from datetime import datetime
from typing import Protocol

import structlog

_log = structlog.get_logger(__name__)


class LossStore(Protocol):
    """Where stands what has been rung for."""

    async def make_due(self, before: datetime) -> int:
        """Ends the leases of what was reached `before` and nobody has begun; returns how many.

        Raises StoreUnavailableError.
        """
        ...


class Losses:
    """Each engine deals once with each birth: what one has rung for the stream has, by its id."""

    def __init__(self, store: LossStore) -> None:
        self._store = store
        self._seen: datetime | None = None
        self._dealt_with: datetime | None = None

    async def sweep(self, made_at: datetime) -> None:
        """Has rung for what was queued before the stream was made, one sweep after that is seen.

        Until then those answer who had it in hand: it would only be begun a second time.
        """
        if made_at == self._dealt_with:
            return
        if made_at != self._seen:
            self._seen = made_at
            return
        if count := await self._store.make_due(made_at):
            _log.warning("queue_was_lost", made_at=made_at.isoformat(), due_again=count)
        self._dealt_with = made_at
