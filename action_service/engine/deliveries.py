"""Deliveries: emails and SMS that go out beside the step that brought them about.

A delivery is a small machine of its own. Its row, inserted with the step, is what must be done; a
task rings for it; an answer that names the current attempt settles it. What has no answer when its
lease runs out, and what is to be tried again, the sweep rings for.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from random import Random
from typing import NamedTuple, Protocol

import structlog

from action_service.domain.deliveries import Channel, Position, Settlement, settle
from action_service.domain.retry import RetryTiming
from action_service.domain.unknown_sends import Sent
from action_service.engine.codec import headers_of
from action_service.engine.model import DeliveryResult, StoreUnavailableError, Task
from action_service.engine.ports import Ringer
from common.ids import new_id_text
from treadle.dispatch.v1 import task_pb2

_log = structlog.get_logger(__name__)

SUBJECT = "treadle.actions.communication.deliver"
_CHANNELS = {
    Channel.EMAIL: task_pb2.DELIVERY_CHANNEL_EMAIL,
    Channel.SMS: task_pb2.DELIVERY_CHANNEL_SMS,
}


class Delivery(NamedTuple):
    """A message to be sent, at its present attempt."""

    id: str
    account_id: str
    contact_id: str | None
    action_execution_id: str
    channel: Channel
    recipient: str
    recipient_name: str
    subject: str
    body: str
    template_id: str | None
    # What subject, body and template are rendered with; None when subject and body are literal.
    context_json: str | None
    attempt_id: str
    # Attempts before this one.
    attempts: int = 0
    # The number of an SMS; empty for the deployment's.
    sender: str = ""


class Standing(NamedTuple):
    """A delivery as it stands, locked by the transaction that read it."""

    attempt_id: str
    position: Position
    now: datetime


class Settled(NamedTuple):
    """New values of one delivery."""

    delivery_id: str
    attempt_id: str
    settlement: Settlement
    # What the attempt may have sent, where it is known.
    sent: Sent | None = None


Decide = Callable[[Mapping[str, Standing]], Sequence[Settled]]


class DeliveryStore(Protocol):
    """Where deliveries are kept."""

    async def settle(self, delivery_ids: Sequence[str], decide: Decide) -> None:
        """Locks the deliveries that exist, has them decided about by id, writes what comes of it.

        Raises StoreUnavailableError, BadItemError, and what `decide` raises.
        """
        ...

    async def claim_expired(self, limit: int) -> Sequence[Delivery]:
        """Pending deliveries whose lease has run out, with a new and longer one each.

        Raises StoreUnavailableError.
        """
        ...


class DeliveryProcessor:
    """Carries answers out and rings again. Several may run side by side."""

    def __init__(
        self, store: DeliveryStore, ringer: Ringer, *, timing: RetryTiming, rng: Random
    ) -> None:
        self._store = store
        self._ringer = ringer
        self._timing = timing
        self._rng = rng

    async def process(self, results: Sequence[DeliveryResult]) -> None:
        """Commits what the answers mean; those to another attempt than the current mean nothing.

        Raises StoreUnavailableError.
        """
        ids = sorted({result.delivery_id for result in results})
        try:
            await self._store.settle(ids, lambda standings: self._decide(results, standings))
        except StoreUnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it must stop one answer only
            if len(results) == 1:
                # The delivery is rung for again, and is unknown by then if it was claimed.
                result = results[0]
                _log.error(
                    "delivery_result_unusable",
                    delivery_id=result.delivery_id,
                    attempt_id=result.attempt_id,
                    exc_info=error,
                )
                return
            for result in results:
                await self.process([result])

    async def sweep(self, limit: int) -> int:
        """Rings for up to so many deliveries; returns how many it found."""
        expired = await self._store.claim_expired(limit)
        if expired:
            _log.info("deliveries_rung_again", count=len(expired))
            await self._ringer.ring([delivery_task(delivery) for delivery in expired])
        return len(expired)

    def _decide(
        self, results: Sequence[DeliveryResult], standings: Mapping[str, Standing]
    ) -> list[Settled]:
        """One after another in memory, so that several answers to a delivery add up."""
        now_at = dict(standings)
        settled: dict[str, Settled] = {}
        for result in results:
            at = now_at.get(result.delivery_id)
            if at is None or at.attempt_id != result.attempt_id:
                continue
            settlement = settle(
                at.position,
                result.outcome,
                claimant=result.claimant,
                now=at.now,
                timing=self._timing,
                rng=self._rng,
            )
            if settlement is None:
                continue
            # Another attempt is another id: what is still said of this one is fenced off.
            again = settlement.again_at is not None
            attempt_id = new_id_text() if again else at.attempt_id
            position = Position(
                settlement.status, settlement.attempts, claimed=at.position.claimed and not again
            )
            now_at[result.delivery_id] = Standing(attempt_id, position, at.now)
            settled[result.delivery_id] = Settled(
                result.delivery_id, attempt_id, settlement, result.sent
            )
        return list(settled.values())


def delivery_task(delivery: Delivery) -> Task:
    """The message that has the delivery's present attempt made."""
    task = task_pb2.ActionTask(
        attempt_id=delivery.attempt_id,
        action_execution_id=delivery.action_execution_id,
        account_id=delivery.account_id,
        contact_id=delivery.contact_id or "",
        attempt_number=delivery.attempts + 1,
        context_json=(delivery.context_json or "").encode(),
        delivery=task_pb2.Delivery(
            id=delivery.id,
            channel=_CHANNELS[delivery.channel],
            recipient=delivery.recipient,
            recipient_name=delivery.recipient_name,
            subject=delivery.subject,
            body=delivery.body,
            template_id=delivery.template_id or "",
            from_number=delivery.sender,
        ),
    )
    headers = headers_of(delivery.account_id, delivery.id, delivery.attempt_id)
    return Task(SUBJECT, task.SerializeToString(), delivery.attempt_id, headers)
