"""A lane: batch after batch off a stream, each carried out before the next is taken."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog
from nats.errors import Error as NatsError

from action_service.engine.model import StoreUnavailableError
from common.nats import Delivery, PullConsumer

_log = structlog.get_logger(__name__)

_AGAIN_S = 1.0
_PAUSE_S = 0.5


async def run_lane(
    consumer: PullConsumer,
    handle: Callable[[Sequence[Delivery]], Awaitable[None]],
    *,
    max_messages: int,
) -> None:
    """Has batches handled until the consumer is stopped; `handle` acks what it is done with.

    Nothing is lost by a failure: what was not acked comes again.
    """
    while batch := await consumer.next_batch(max_messages):
        try:
            await handle(batch)
        except StoreUnavailableError as error:
            _log.warning("batch_failed", messages=len(batch), error=str(error))
            await _give_back(batch)
            await asyncio.sleep(_PAUSE_S)
        except NatsError as error:
            _log.warning("ack_failed", messages=len(batch), error=type(error).__name__)
        except Exception:  # noqa: BLE001 - one batch must not end the lane
            _log.exception("batch_crashed", messages=len(batch))
            await _give_back(batch)


async def _give_back(batch: Sequence[Delivery]) -> None:
    try:
        for delivery in batch:
            await delivery.nak(_AGAIN_S)
    except NatsError as error:
        _log.warning("nak_failed", error=type(error).__name__)
