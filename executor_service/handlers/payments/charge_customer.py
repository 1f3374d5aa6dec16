"""Stripe: takes a payment from a customer with a payment method that is on file."""

from common.clock import Clock
from executor_service.domain.money import whole_units
from executor_service.domain.outcome import Completed, Deferred, ErrorClass, Failed, Outcome
from executor_service.handlers.base import Call, IoHandler, Step
from executor_service.messages import gateway_of
from executor_service.payment_ports import Charge, Payment, PaymentGateways
from executor_service.payments import (
    PEER,
    STRIPE,
    amount_in,
    invalid,
    metadata,
    minor_units_of,
    optional_stripe_id,
    settle,
    stripe_id,
)
from treadle.catalog.v1.charge_customer_pb2 import ChargeCustomerConfig

# Banks may take days over a debit; what becomes of it is not this step's to wait for.
_TAKEN = frozenset({"succeeded", "processing"})


class ChargeCustomerHandler(IoHandler[ChargeCustomerConfig]):
    """Every attempt carries the step's key, so the customer is charged once."""

    def __init__(self, gateways: PaymentGateways, clock: Clock) -> None:
        self._gateways = gateways
        self._clock = clock

    def peer(self, config: ChargeCustomerConfig) -> str:
        """See `IoHandler`."""
        return STRIPE

    async def prepare(self, step: Step[ChargeCustomerConfig]) -> Outcome | Call:
        """See `IoHandler`."""
        try:
            charge = _charge(step)
        except ValueError as error:
            return invalid(error)
        gateway = await gateway_of(self._gateways, step.task, clock=self._clock)
        if isinstance(gateway, Failed | Deferred):
            return gateway
        return lambda: settle(gateway.charge(charge), _outcome, clock=self._clock)


def _charge(step: Step[ChargeCustomerConfig]) -> Charge:
    config = step.config
    amount = amount_in("amount", config.amount)
    return Charge(
        step_key=step.key,
        customer_id=stripe_id("customer_id", config.customer_id),
        amount=minor_units_of("amount", amount, config.currency),
        currency=config.currency,
        payment_method_id=optional_stripe_id("payment_method_id", config.payment_method_id),
        off_session=config.off_session,
        description=config.description.strip(),
        metadata=metadata(step, config.metadata),
    )


def _outcome(payment: Payment) -> Outcome:
    if payment.status not in _TAKEN:
        return Failed(
            ErrorClass.REJECTED,
            f"{PEER} has not taken the payment {payment.payment_intent_id}: "
            f"its status is {payment.status}",
        )
    return Completed(
        output={
            "payment_intent_id": payment.payment_intent_id,
            "charge_id": payment.charge_id,
            "status": payment.status,
            "amount": whole_units(payment.amount, payment.currency),
            "currency": payment.currency,
            "customer_id": payment.customer_id,
            "payment_method_id": payment.payment_method_id,
        },
        provider_reference=payment.payment_intent_id,
    )
