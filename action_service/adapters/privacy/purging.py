"""Takes messages that name an erased contact out of the streams that keep messages.

`TREADLE_EVENTS` and `TREADLE_DEAD` keep theirs for days and weeks, and `TREADLE_ACTIONS` those that
no executor has taken yet. A message is overwritten, not only marked as deleted. Other contacts in a
batch of events lose nothing: what has not been handled is published again from the outbox. Results
and delayed tasks are left alone: the first are gone within moments, the second hold ids only.
"""

import re
from collections.abc import Collection, Mapping
from typing import Final

from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from common.nats.streams import ACTIONS, DEAD, EVENTS

_UUID: Final = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Purge:
    """Looks through the streams."""

    def __init__(self, js: JetStreamContext) -> None:
        self._js = js

    async def erase(self, account_id: str, ids: Collection[str]) -> Mapping[str, int]:
        """Erases the messages that have one of the ids in them; returns how many, by stream."""
        wanted = frozenset(each.encode() for each in ids)
        return {
            stream: await self._erase_of(stream, subject, wanted)
            for stream, subject in (
                (EVENTS.name, f"treadle.events.{account_id}.>"),
                (ACTIONS.name, ACTIONS.subjects[0]),
                (DEAD.name, DEAD.subjects[0]),
            )
        }

    async def _erase_of(self, stream: str, subject: str, wanted: frozenset[bytes]) -> int:
        erased = 0
        sequence = 1
        try:
            while True:
                found = await self._js.get_msg(stream, sequence, subject, next=True)
                if wanted.intersection(_UUID.findall(found.data or b"")):
                    erased += await self._js.delete_msg(stream, found.seq or sequence)
                sequence = (found.seq or sequence) + 1
        except NotFoundError:
            # The end, or a stream that has been lost: it is as empty as it gets.
            return erased
