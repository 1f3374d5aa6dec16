"""Stripe: subscribes a customer to a price."""

from common.clock import Clock
from executor_service.domain.outcome import (
    Completed,
    Deferred,
    ErrorClass,
    Failed,
    JsonValue,
    Outcome,
)
from executor_service.handlers.base import Call, IoHandler, Step
from executor_service.messages import gateway_of
from executor_service.payment_ports import NewSubscription, PaymentGateways, Subscription
from executor_service.payments import (
    PEER,
    STRIPE,
    instant,
    invalid,
    metadata,
    optional_stripe_id,
    settle,
    stripe_id,
)
from treadle.catalog.v1.create_subscription_pb2 import CreateSubscriptionConfig

_BEGUN = frozenset({"active", "trialing"})


class CreateSubscriptionHandler(IoHandler[CreateSubscriptionConfig]):
    """Every attempt carries the step's key, so there is one subscription."""

    def __init__(self, gateways: PaymentGateways, clock: Clock) -> None:
        self._gateways = gateways
        self._clock = clock

    def peer(self, config: CreateSubscriptionConfig) -> str:
        """See `IoHandler`."""
        return STRIPE

    async def prepare(self, step: Step[CreateSubscriptionConfig]) -> Outcome | Call:
        """See `IoHandler`."""
        try:
            new = _subscription(step)
        except ValueError as error:
            return invalid(error)
        gateway = await gateway_of(self._gateways, step.task, clock=self._clock)
        if isinstance(gateway, Failed | Deferred):
            return gateway
        return lambda: settle(gateway.subscribe(new), _outcome, clock=self._clock)


def _subscription(step: Step[CreateSubscriptionConfig]) -> NewSubscription:
    config = step.config
    return NewSubscription(
        step_key=step.key,
        customer_id=stripe_id("customer_id", config.customer_id),
        price_id=stripe_id("price_id", config.price_id),
        quantity=config.quantity,
        trial_days=config.trial_days if config.HasField("trial_days") else None,
        payment_method_id=optional_stripe_id("payment_method_id", config.payment_method_id),
        off_session=config.off_session,
        description=config.description.strip(),
        metadata=metadata(step, config.metadata),
    )


def _outcome(made: Subscription) -> Outcome:
    if made.status not in _BEGUN:
        return Failed(
            ErrorClass.REJECTED,
            f"{PEER} has not begun the subscription {made.subscription_id}: "
            f"its status is {made.status}",
        )
    output: dict[str, JsonValue] = {
        "subscription_id": made.subscription_id,
        "status": made.status,
        "customer_id": made.customer_id,
        "price_id": made.price_id,
        "quantity": made.quantity,
        "current_period_end": instant(made.current_period_end),
        "trial_end": instant(made.trial_end),
        "latest_invoice_id": made.latest_invoice_id,
    }
    return Completed(
        output={name: value for name, value in output.items() if value is not None},
        provider_reference=made.subscription_id,
    )
