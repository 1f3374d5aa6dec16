"""Pulls results and hands them to the batch processor; acks after the commit."""

from collections.abc import Sequence

import structlog
from google.protobuf.message import DecodeError

from action_service.engine.batch import BatchProcessor
from action_service.engine.codec import (
    MalformedResultError,
    decode_delivery_result,
    decode_result,
)
from action_service.engine.deliveries import DeliveryProcessor
from action_service.engine.lane import run_lane
from action_service.engine.model import DeliveryResult, Result
from common.nats import Delivery, PullConsumer
from treadle.dispatch.v1.result_pb2 import ActionResultBatch

_log = structlog.get_logger(__name__)

# Results in one transaction; and messages taken at once, which hold up to 256 results each.
_MAX_RESULTS = 500
_MAX_MESSAGES = 16
_BUSY_DELAY_S = 0.2


class ResultWorker:
    """One lane of the engine: batch after batch, each committed before it is acked."""

    def __init__(
        self, consumer: PullConsumer, processor: BatchProcessor, deliveries: DeliveryProcessor
    ) -> None:
        self._consumer = consumer
        self._processor = processor
        self._deliveries = deliveries

    async def run(self) -> None:
        """Works until the consumer is stopped; what it has begun it finishes."""
        await run_lane(self._consumer, self._handle, max_messages=_MAX_MESSAGES)

    async def _handle(self, batch: Sequence[Delivery]) -> None:
        about_deliveries: list[DeliveryResult] = []
        decoded = [_decode(delivery, about_deliveries) for delivery in batch]
        results = [result for of_one in decoded for result in of_one]
        busy: set[str] = set()
        for start in range(0, len(results), _MAX_RESULTS):
            busy |= set(await self._processor.process(results[start : start + _MAX_RESULTS]))
        if about_deliveries:
            await self._deliveries.process(about_deliveries)
        for delivery, of_one in zip(batch, decoded, strict=True):
            if busy and any(result.attempt_id in busy for result in of_one):
                # What was committed of it is fenced when it comes again.
                await delivery.nak(_BUSY_DELAY_S)
            else:
                await delivery.ack()


def _decode(delivery: Delivery, about_deliveries: list[DeliveryResult]) -> list[Result]:
    """The results in a message; those that answer deliveries are added to the list of these."""
    try:
        messages = ActionResultBatch.FromString(delivery.data).results
    except DecodeError:
        _log.error("result_unreadable", bytes=len(delivery.data))
        return []
    results: list[Result] = []
    for message in messages:
        try:
            if message.delivery_id:
                about_deliveries.append(decode_delivery_result(message))
            else:
                results.append(decode_result(message))
        except (MalformedResultError, UnicodeDecodeError) as error:
            _log.error("result_malformed", attempt_id=message.attempt_id, error=str(error))
    return results
