"""How far ahead of the engines others may get.

What has been published stands in a queue that knows no accounts: without measure, one account's
hundred thousand timers or answers would be before everybody else's there. As long as they are rows,
or wait to become some, accounts take turns.
"""

import asyncio
from typing import Final

from nats.js import JetStreamContext

from common.nats.streams import RESULTS

_LOOK_AGAIN_S: Final = 0.05
# Executors' results and timers stand in the same queue: each must go on also where it is never
# short.
_PATIENCE_S: Final = 1.0


class ResultsBacklog:
    """Messages of results, whosever, that no engine has acknowledged yet."""

    def __init__(self, js: JetStreamContext, *, most: int) -> None:
        self._js = js
        self._most = most

    async def room(self) -> None:
        """Waits until fewer than `most` messages are left, a second most; raises NATS_TROUBLE."""
        loop = asyncio.get_running_loop()
        until = loop.time() + _PATIENCE_S
        while await self._waiting() >= self._most and loop.time() < until:  # noqa: ASYNC110 - a stream sets no event
            await asyncio.sleep(_LOOK_AGAIN_S)

    async def _waiting(self) -> int:
        return (await self._js.stream_info(RESULTS.name)).state.messages
