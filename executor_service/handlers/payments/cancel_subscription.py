"""Stripe: cancels a subscription, at the end of its period or at once."""

from common.clock import Clock
from executor_service.domain.outcome import Completed, Deferred, Failed, JsonValue, Outcome
from executor_service.handlers.base import Call, IoHandler, Step
from executor_service.messages import gateway_of
from executor_service.payment_ports import Cancellation, PaymentGateways, Subscription
from executor_service.payments import STRIPE, instant, invalid, settle, stripe_id
from treadle.catalog.v1.cancel_subscription_pb2 import CancelSubscriptionConfig


class CancelSubscriptionHandler(IoHandler[CancelSubscriptionConfig]):
    """A subscription that is canceled already is what was asked for: the step completes."""

    def __init__(self, gateways: PaymentGateways, clock: Clock) -> None:
        self._gateways = gateways
        self._clock = clock

    def peer(self, config: CancelSubscriptionConfig) -> str:
        """See `IoHandler`."""
        return STRIPE

    async def prepare(self, step: Step[CancelSubscriptionConfig]) -> Outcome | Call:
        """See `IoHandler`."""
        config = step.config
        try:
            cancellation = Cancellation(
                step_key=step.key,
                subscription_id=stripe_id("subscription_id", config.subscription_id),
                at_period_end=config.cancel_at_period_end,
                invoice_now=config.invoice_now,
                prorate=config.prorate,
                comment=config.comment.strip(),
            )
        except ValueError as error:
            return invalid(error)
        gateway = await gateway_of(self._gateways, step.task, clock=self._clock)
        if isinstance(gateway, Failed | Deferred):
            return gateway
        return lambda: settle(gateway.cancel(cancellation), _outcome, clock=self._clock)


def _outcome(subscription: Subscription) -> Outcome:
    output: dict[str, JsonValue] = {
        "subscription_id": subscription.subscription_id,
        "status": subscription.status,
        "cancel_at_period_end": subscription.cancel_at_period_end,
        "cancel_at": instant(subscription.cancel_at),
        "canceled_at": instant(subscription.canceled_at),
    }
    return Completed(
        output={name: value for name, value in output.items() if value is not None},
        provider_reference=subscription.subscription_id,
    )
