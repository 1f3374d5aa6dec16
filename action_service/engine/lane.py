"""A lane: batch after batch off a stream, each carried out before the next is taken."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog
from nats.errors import Error as NatsError

from action_service.engine.model import StoreUnavailableError
from common.nats import Delivery, PullConsumer

_log = structlog.get_logger(__name__)

# Of a message that fails by itself and not for want of the database.
MAX_DELIVERIES = 6
_AGAIN_S = 1.0
_LATEST_S = 60.0
_PAUSE_S = 0.5


class Bury(Protocol):
    """Keeps a message that is given up, or a part of it, where people find it."""

    async def __call__(
        self, delivery: Delivery, reason: str, *, payload: bytes | None = None
    ) -> None:
        """Returns once it is kept; raises what NATS raises."""
        ...


async def run_lane(
    consumer: PullConsumer,
    handle: Callable[[Sequence[Delivery]], Awaitable[None]],
    *,
    max_messages: int,
    bury: Bury | None = None,
) -> None:
    """Has batches handled until the consumer is stopped; `handle` acks what it is done with.

    Nothing is lost by a failure: what was not acked comes again. A batch that fails by its content
    is handled again message by message, so that the others in it go through; one that fails alone
    comes again ever later, and is buried after its last delivery.
    """
    while batch := await consumer.next_batch(max_messages):
        await _attempt(batch, handle, bury)


async def _attempt(
    batch: Sequence[Delivery],
    handle: Callable[[Sequence[Delivery]], Awaitable[None]],
    bury: Bury | None,
) -> None:
    try:
        await handle(batch)
    except StoreUnavailableError as error:
        _log.warning("batch_failed", messages=len(batch), error=str(error))
        await _give_back(batch, _AGAIN_S)
        await asyncio.sleep(_PAUSE_S)
    except NatsError as error:
        _log.warning("ack_failed", messages=len(batch), error=type(error).__name__)
    except Exception:  # noqa: BLE001 - one batch must not end the lane
        _log.exception("batch_crashed", messages=len(batch))
        if len(batch) > 1:
            for delivery in batch:
                await _attempt([delivery], handle, bury)
        else:
            await _failed_alone(batch[0], bury)


async def _failed_alone(delivery: Delivery, bury: Bury | None) -> None:
    tries = delivery.num_delivered
    if bury is None or tries < MAX_DELIVERIES:
        await _give_back([delivery], min(_AGAIN_S * 2 ** (tries - 1), _LATEST_S))
        return
    try:
        await bury(delivery, "could not be processed")
        await delivery.term()
    except NatsError as error:
        _log.warning("dead_letter_failed", error=type(error).__name__)


async def _give_back(batch: Sequence[Delivery], after: float) -> None:
    try:
        for delivery in batch:
            await delivery.nak(after)
    except NatsError as error:
        _log.warning("nak_failed", error=type(error).__name__)
