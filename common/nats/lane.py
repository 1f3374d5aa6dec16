"""A lane: batch after batch off a stream, each carried out before the next is taken."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple, Protocol

import structlog
from nats.errors import Error as NatsError

from common.nats.connection import NATS_TROUBLE
from common.nats.pull import Delivery
from common.nats.trials import Trials
from common.readiness import NotReadyError

_log = structlog.get_logger(__name__)

# Of a message that fails by itself and not for want of the database.
MAX_DELIVERIES: Final = 6
# One that comes yet again may be what processes die of. A database that was away for half a minute
# is no reason to suspect all that was given back meanwhile: trials take their time.
SUSPECT_AFTER: Final = 20
_AGAIN_S = 1.0
_LATEST_S = 60.0
_PAUSE_S = 0.5


class Bury(Protocol):
    """Keeps a message that is given up, or a part of it, where people find it."""

    async def __call__(
        self, delivery: Delivery, reason: str, *, payload: bytes | None = None
    ) -> None:
        """Returns once it is kept; raises what NATS raises, or NotReadyError."""
        ...


class Source(Protocol):
    """Where batches come from (`common.nats.PullConsumer`)."""

    async def next_batch(self, max_messages: int) -> list[Delivery]:
        """Waits for messages; empty once it was stopped."""
        ...


class Poison(NamedTuple):
    """What is done about messages that cannot be handled."""

    bury: Bury
    trials: Trials


async def run_lane(
    source: Source,
    handle: Callable[[Sequence[Delivery]], Awaitable[None]],
    *,
    max_messages: int,
    poison: Poison | None = None,
) -> None:
    """Has batches handled until the source is stopped; `handle` acks what it is done with.

    Nothing is lost by a failure: what was not acked comes again. A NotReadyError says that nothing
    can be handled just now; any other failure, that it is the messages. A batch of these is handled
    again message by message, so that the others in it go through; one that fails alone comes again
    ever later, and is buried after its last delivery. So is one that processes die of while nothing
    else is in hand here.
    """
    lane = _Lane(handle, poison)
    while batch := await source.next_batch(max_messages):
        await lane.take(batch)


class _Lane:
    def __init__(
        self, handle: Callable[[Sequence[Delivery]], Awaitable[None]], poison: Poison | None
    ) -> None:
        self._handle = handle
        self._poison = poison

    async def take(self, batch: Sequence[Delivery]) -> None:
        if self._poison is None:
            await self._attempt(batch)
            return
        suspects = [each for each in batch if each.num_delivered > SUSPECT_AFTER]
        if not suspects:
            await self._attempt(batch)
            return
        if others := [each for each in batch if each.num_delivered <= SUSPECT_AFTER]:
            await self._attempt(others)
        await self._try_alone(suspects, self._poison)

    async def _try_alone(self, suspects: list[Delivery], poison: Poison) -> None:
        """Tries each by itself, in any order: those that one dies of are not always the same."""
        random.shuffle(suspects)
        for at, delivery in enumerate(suspects):
            try:
                async with poison.trials.alone(delivery.data) as may_be_tried:
                    if not may_be_tried:
                        await self._bury(delivery, poison, "processes die of it")
                    elif not await self._attempt([delivery]):
                        await _give_back(suspects[at + 1 :], _AGAIN_S)
                        return
            except (*NATS_TROUBLE, NotReadyError) as error:
                _log.warning("trial_failed", error=type(error).__name__)
                await _give_back([delivery], _AGAIN_S)

    async def _attempt(self, batch: Sequence[Delivery]) -> bool:
        """Whether what is needed for it was there."""
        try:
            await self._handle(batch)
        except NotReadyError as error:
            _log.warning("batch_failed", messages=len(batch), error=str(error))
            await _give_back(batch, _AGAIN_S)
            await asyncio.sleep(_PAUSE_S)
            return False
        except NatsError as error:
            _log.warning("ack_failed", messages=len(batch), error=type(error).__name__)
        except Exception:  # noqa: BLE001 - one batch must not end the lane
            _log.exception("batch_crashed", messages=len(batch))
            if len(batch) > 1:
                await self._attempt_one_by_one(batch)
            else:
                await self._failed_alone(batch[0])
        return True

    async def _attempt_one_by_one(self, batch: Sequence[Delivery]) -> None:
        for at, delivery in enumerate(batch):
            if not await self._attempt([delivery]):
                await _give_back(batch[at + 1 :], _AGAIN_S)
                return

    async def _failed_alone(self, delivery: Delivery) -> None:
        tries = delivery.num_delivered
        if self._poison is None or tries < MAX_DELIVERIES:
            # What is never buried may come thousands of times.
            doublings = min(tries - 1, 10)
            await _give_back([delivery], min(_AGAIN_S * 2**doublings, _LATEST_S))
            return
        try:
            await self._bury(delivery, self._poison, "could not be processed")
        except (*NATS_TROUBLE, NotReadyError) as error:
            _log.warning("dead_letter_failed", error=type(error).__name__)

    async def _bury(self, delivery: Delivery, poison: Poison, reason: str) -> None:
        await poison.bury(delivery, reason)
        await delivery.term()


async def _give_back(batch: Sequence[Delivery], after: float) -> None:
    try:
        for delivery in batch:
            await delivery.nak(after)
    except NATS_TROUBLE as error:
        _log.warning("nak_failed", error=type(error).__name__)
