"""Rings for work over JetStream."""

from collections.abc import Sequence

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext

from action_service.engine.model import StoreUnavailableError, Task
from common.nats import Outgoing, publish_all, publish_one

_log = structlog.get_logger(__name__)


class NatsRinger:
    """`Ringer` on NATS. A failed ring is logged and left to the sweeper: the row is the truth."""

    def __init__(self, nc: Client, js: JetStreamContext) -> None:
        self._nc = nc
        self._js = js

    async def ring(self, tasks: Sequence[Task]) -> None:
        """See Ringer."""
        try:
            await publish_all(self._nc, self._js, [Outgoing(*task) for task in tasks])
        except (TimeoutError, NatsError) as error:
            _log.warning("ring_failed", count=len(tasks), error=type(error).__name__)

    async def hand_over(self, task: Task) -> None:
        """See Ringer."""
        try:
            await publish_one(self._js, Outgoing(*task))
        except (TimeoutError, NatsError) as error:
            raise StoreUnavailableError(type(error).__name__) from error
