"""Dead letters on their way: what is given up goes to `treadle.dead.>`, with the reason.

Whoever gives a message up stores it there before it takes it off its own stream. The action service
moves what it finds there to where the operators of its account can see it; what names no account
stays in the stream, for those who run the whole.
"""

import hashlib
from datetime import UTC, datetime
from typing import Final

from nats.js import JetStreamContext

from common.nats.publish import Outgoing, publish_one
from common.nats.pull import Delivery

# Of the engine; executors and the scheduler have subjects below it too.
DEAD_RESULTS: Final = "treadle.dead.results"
DEAD_EVENTS: Final = "treadle.dead.events"

# The subject it came by, which it is sent to when it is replayed.
ORIGIN_HEADER: Final = "Treadle-Subject"
REASON_HEADER: Final = "Treadle-Reason"
DELIVERIES_HEADER: Final = "Treadle-Deliveries"
# On every message of an account.
ACCOUNT_HEADER: Final = "treadle-account"


async def store_dead_letter(
    js: JetStreamContext,
    subject: str,
    delivery: Delivery,
    reason: str,
    *,
    payload: bytes | None = None,
) -> None:
    """Returns once `delivery` is kept on `subject`; raises what NATS raises.

    `payload` is kept in place of the message's own: a part of it, or the same without secrets. Of
    several deliveries of one message one is kept; one that was replayed is another.
    """
    kept = delivery.data if payload is None else payload
    sequence, _ = stored_at(delivery)
    message_id = f"{subject}:{sequence}:{hashlib.sha256(kept).hexdigest()}"
    headers = {
        ORIGIN_HEADER: delivery.subject,
        REASON_HEADER: reason,
        DELIVERIES_HEADER: str(delivery.num_delivered),
    }
    if account := (delivery.headers or {}).get(ACCOUNT_HEADER):
        headers[ACCOUNT_HEADER] = account
    await publish_one(js, Outgoing(subject, kept, message_id, headers))


def stored_at(delivery: Delivery) -> tuple[int, datetime]:
    """The message's number in its stream, and when the server stored it."""
    # $JS.ACK.<stream>.<consumer>.<delivered>.<stream sequence>.<consumer's>.<nanoseconds>.<pending>
    # or with domain and account hash before the stream's name, and a token at the end.
    tokens = delivery.reply.split(".")
    first = 5 if len(tokens) == 9 else 7
    return int(tokens[first]), datetime.fromtimestamp(int(tokens[first + 2]) / 1e9, UTC)
