"""Pulls results and hands them to the batch processor; acks after the commit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import structlog
from google.protobuf.message import DecodeError

from action_service.engine.batch import BatchProcessor
from action_service.engine.codec import (
    MalformedResultError,
    decode_delivery_result,
    decode_lookup_result,
    decode_result,
    opt_out_of,
)
from action_service.engine.deliveries import DeliveryProcessor
from action_service.engine.model import DeliveryResult, LookupResult, OptOut, Result
from action_service.engine.ports import OptOuts
from action_service.engine.reconciling import Reconciler
from common.nats import Delivery, Poison, PullConsumer, run_lane
from treadle.dispatch.v1.result_pb2 import ActionResult, ActionResultBatch

_log = structlog.get_logger(__name__)

# Results in one transaction; and messages taken at once, which hold up to 256 results each.
_MAX_RESULTS = 500
_MAX_MESSAGES = 16
_BUSY_DELAY_S = 0.2


class ResultWorker:
    """One lane of the engine: batch after batch, each committed before it is acked."""

    def __init__(
        self,
        consumer: PullConsumer,
        processor: BatchProcessor,
        deliveries: DeliveryProcessor,
        reconciler: Reconciler,
        opt_outs: OptOuts,
        poison: Poison,
    ) -> None:
        self._consumer = consumer
        self._processor = processor
        self._deliveries = deliveries
        self._reconciler = reconciler
        self._opt_outs = opt_outs
        self._poison = poison
        self._bury = poison.bury

    async def run(self) -> None:
        """Works until the consumer is stopped; what it has begun it finishes."""
        await run_lane(
            self._consumer, self._handle, max_messages=_MAX_MESSAGES, poison=self._poison
        )

    async def _handle(self, batch: Sequence[Delivery]) -> None:
        aside = _Aside()
        decoded = [_decode(delivery, aside) for delivery in batch]
        results = [result for of_one in decoded for result in of_one]
        # First: the next steps of these runs are to find them stored.
        for opt_out in aside.opt_outs:
            await self._opt_outs.record(opt_out)
        busy: set[str] = set()
        unusable: dict[str, Result] = {}
        for start in range(0, len(results), _MAX_RESULTS):
            done = await self._processor.process(results[start : start + _MAX_RESULTS])
            busy |= done.busy
            unusable |= done.unusable
        if aside.deliveries:
            await self._deliveries.process(aside.deliveries)
        for looked in aside.lookups:
            await self._reconciler.looked(looked)
        if unusable:
            await self._give_up(batch, unusable)
        for dead in aside.dead:
            await self._bury(dead.delivery, dead.reason, payload=dead.payload)
        for delivery, of_one in zip(batch, decoded, strict=True):
            if busy and any(result.attempt_id in busy for result in of_one):
                # What was committed of it is fenced when it comes again.
                await delivery.nak(_BUSY_DELAY_S)
            else:
                await delivery.ack()

    async def _give_up(self, batch: Sequence[Delivery], unusable: Mapping[str, Result]) -> None:
        """Keeps answers that can by no means be carried out, and ends the runs that wait for them.

        In this order: a run that is open still asks for the answer again.
        """
        for delivery in batch:
            for message in _messages(delivery):
                result = unusable.get(message.attempt_id)
                if result is not None:
                    await self._bury(delivery, "could not be stored", payload=_alone(message))
                    await self._processor.end_unusable(result)


class _Dead(NamedTuple):
    """A part of a message that cannot be read."""

    delivery: Delivery
    reason: str
    payload: bytes


@dataclass(slots=True)
class _Aside:
    """What answers say to others than their steps."""

    deliveries: list[DeliveryResult] = field(default_factory=list[DeliveryResult])
    lookups: list[LookupResult] = field(default_factory=list[LookupResult])
    opt_outs: list[OptOut] = field(default_factory=list[OptOut])
    dead: list[_Dead] = field(default_factory=list[_Dead])


def _decode(delivery: Delivery, aside: _Aside) -> list[Result]:
    """The results in a message that answer steps; the others are put `aside`."""
    try:
        messages = ActionResultBatch.FromString(delivery.data).results
    except DecodeError:
        _log.error("result_unreadable", bytes=len(delivery.data))
        aside.dead.append(_Dead(delivery, "not a batch of results", delivery.data))
        return []
    results: list[Result] = []
    for message in messages:
        try:
            if opt_out := opt_out_of(message):
                aside.opt_outs.append(opt_out)
            if message.HasField("looked"):
                aside.lookups.append(decode_lookup_result(message))
            elif message.delivery_id:
                aside.deliveries.append(decode_delivery_result(message))
            else:
                results.append(decode_result(message))
        except (MalformedResultError, ValueError) as error:
            _log.error("result_malformed", attempt_id=message.attempt_id, error=str(error))
            aside.dead.append(_Dead(delivery, f"malformed: {error}", _alone(message)))
    return results


def _messages(delivery: Delivery) -> Sequence[ActionResult]:
    """The answers in a message; none when it cannot be read."""
    try:
        return ActionResultBatch.FromString(delivery.data).results
    except DecodeError:
        return ()


def _alone(message: ActionResult) -> bytes:
    """An answer as a message of its own."""
    return ActionResultBatch(results=[message]).SerializeToString()
