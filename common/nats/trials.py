"""Who is to blame when a process dies: what it was doing alone is noted before it is done.

What brings a process down (out of memory, a crash of native code) comes again together with all
that was in hand beside it, and each of these has then been delivered as often as the others. So
what has come back often is done alone, and a mark is made before. Whoever finds such a mark knows
that a process died, or hung, with nothing else to blame for it. Marks are made for the few that are
suspected; should they be lost with the stream, counting begins anew.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import timedelta
from typing import Final, Protocol

from nats.js import JetStreamContext
from nats.js.api import StreamConfig
from nats.js.errors import BadRequestError, NotFoundError

from common.ids import new_id_text
from common.nats.connection import NATS_TROUBLE
from common.nats.publish import Outgoing, publish_one

# After so many deaths there is no doubt left.
MOST_DEATHS: Final = 2

_STREAM: Final = "TREADLE_TRIALS"
_SUBJECT: Final = "treadle.trials"
_KEPT: Final = timedelta(days=1)


class Trials(Protocol):
    """Trials of what is suspected, one at a time in a process."""

    def alone(self, suspect: bytes) -> AbstractAsyncContextManager[bool]:
        """A block in which `suspect`, known by its content or id, is tried; gives whether it may.

        It may not once processes have died of it often enough. The mark goes when the block is
        left, by whatever way but death. Raises NATS_TROUBLE when it cannot be made.
        """
        ...


class JetStreamTrials:
    """`Trials` with marks in a stream of their own, which is made when the first is."""

    def __init__(self, js: JetStreamContext, *, replicas: int = 1) -> None:
        self._js = js
        self._replicas = replicas
        self._room = asyncio.Lock()

    @asynccontextmanager
    async def alone(self, suspect: bytes) -> AsyncGenerator[bool]:
        """See Trials."""
        subject = f"{_SUBJECT}.{hashlib.sha256(suspect).hexdigest()}"
        async with self._room:
            deaths = await self._deaths(subject)
            if deaths >= MOST_DEATHS:
                yield False
                return
            mark = str(deaths + 1).encode()
            await publish_one(self._js, Outgoing(subject, mark, new_id_text()))
            try:
                yield True
            finally:
                # A mark that stays counts one death too many.
                with suppress(*NATS_TROUBLE):
                    await self._js.purge_stream(_STREAM, subject=subject)

    async def _deaths(self, subject: str) -> int:
        config = StreamConfig(
            name=_STREAM,
            subjects=[f"{_SUBJECT}.*"],
            max_age=_KEPT.total_seconds(),
            max_msgs_per_subject=1,
            num_replicas=self._replicas,
        )
        # It is there with other settings: just as good.
        with suppress(BadRequestError):
            await self._js.add_stream(config)
        try:
            message = await self._js.get_last_msg(_STREAM, subject)
        except NotFoundError:
            return 0
        return int(message.data or b"0")
