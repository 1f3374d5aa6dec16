"""Publishing to JetStream in batches.

Waiting for the server's answer to every message costs more than the message. A batch is sent back
to back and only its last message asks for an answer: one connection's messages are handled in
order, so the answer says that the server has taken the ones before it too. A message that it
refused in between is rung again by the sweeper, as any lost message is.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from nats.aio.client import Client
from nats.js import JetStreamContext

# The header by which a stream knows a message that it has.
MESSAGE_ID = "Nats-Msg-Id"


class Outgoing(NamedTuple):
    """A message; `message_id` de-duplicates it within the stream's window."""

    subject: str
    payload: bytes
    message_id: str
    # More headers, such as the W3C trace context.
    headers: Mapping[str, str] = MappingProxyType({})


async def publish_all(
    nc: Client, js: JetStreamContext, messages: Sequence[Outgoing], *, answer_within: float = 5.0
) -> None:
    """Publishes the messages and returns when the server has answered the last one.

    `answer_within` is in seconds. Raises `nats.errors.Error` when the answer does not come or is a
    refusal.
    """
    if not messages:
        return
    publish = nc.publish
    for subject, payload, message_id, headers in messages[:-1]:
        await publish(subject, payload, headers={MESSAGE_ID: message_id, **headers})
    await publish_one(js, messages[-1], answer_within=answer_within)


async def publish_one(
    js: JetStreamContext, message: Outgoing, *, answer_within: float = 5.0
) -> None:
    """Publishes one message and waits for the server's answer."""
    await js.publish(
        message.subject,
        message.payload,
        timeout=answer_within,
        headers={MESSAGE_ID: message.message_id, **message.headers},
    )
