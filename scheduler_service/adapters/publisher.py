"""Publishing to JetStream with an answer for every message.

A timer is removed once the stream has stored what it turned into, so here, unlike on the engine's
hot path, the answer to the last message of a batch does not do for the others.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from nats.aio.client import Client
from nats.errors import ConnectionReconnectingError
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js import JetStreamContext
from nats.js.api import PubAck

from common.nats import NATS_TROUBLE, REASON_HEADER
from scheduler_service.use_cases.ports import Message

# Bounds what is in flight; senders share the connection, and its limit must never be reached.
_CHUNK: Final = 1_000
_MOST_IN_FLIGHT: Final = 50_000
_ANSWER_WITHIN_S: Final = 5.0
_MSG_ID: Final = "Nats-Msg-Id"

_Answer = asyncio.Future[PubAck] | Exception


class JetStreamPublisher:
    """A `Publisher`; refuses at once while there is no connection, so that nothing piles up."""

    def __init__(self, nc: Client) -> None:
        self._nc = nc
        self._js = JetStreamContext(nc, publish_async_max_pending=_MOST_IN_FLIGHT)

    async def send(self, messages: Sequence[Message]) -> Sequence[Exception | None]:
        """Publishes all, back to back, and collects the streams' answers."""
        outcomes: list[Exception | None] = []
        for at in range(0, len(messages), _CHUNK):
            outcomes += await self._send_chunk(messages[at : at + _CHUNK])
        return outcomes

    async def _send_chunk(self, messages: Sequence[Message]) -> list[Exception | None]:
        answers: list[_Answer] = [await self._publish(message) for message in messages]
        futures = [answer for answer in answers if isinstance(answer, asyncio.Future)]
        if futures:
            _, unanswered = await asyncio.wait(futures, timeout=_ANSWER_WITHIN_S)
            for future in unanswered:
                future.cancel()
        return [_outcome(answer) for answer in answers]

    async def _publish(self, message: Message) -> _Answer:
        if not self._nc.is_connected:
            return ConnectionReconnectingError()
        headers: dict[str, str] = {}
        if message.message_id is not None:
            headers[_MSG_ID] = message.message_id
        if message.reason is not None:
            headers[REASON_HEADER] = message.reason
        try:
            return await self._js.publish_async(  # pyright: ignore[reportUnknownMemberType] - bare Dict
                message.subject, message.payload, headers=headers or None
            )
        except NATS_TROUBLE as error:
            return error


def _outcome(answer: _Answer) -> Exception | None:
    if isinstance(answer, Exception):
        return answer
    if answer.cancelled():
        return NatsTimeoutError()
    error = answer.exception()
    return error if error is None or isinstance(error, Exception) else NatsError()
