"""Stripe: gives a payment back, wholly or in part."""

from dataclasses import replace
from decimal import Decimal
from typing import Final

from common.clock import Clock
from executor_service.domain.money import whole_units
from executor_service.domain.outcome import Completed, Deferred, ErrorClass, Failed, Outcome
from executor_service.handlers.base import Call, IoHandler, Step
from executor_service.messages import gateway_of
from executor_service.payment_ports import PaymentGateway, PaymentGateways, Refund, RefundMade
from executor_service.payments import (
    PEER,
    STRIPE,
    amount_in,
    invalid,
    metadata,
    minor_units_of,
    settle,
    stripe_id,
)
from treadle.catalog.v1.refund_payment_pb2 import RefundPaymentConfig, RefundReason

_REASONS: Final = {
    RefundReason.REFUND_REASON_UNSPECIFIED: "",
    RefundReason.REFUND_REASON_DUPLICATE: "duplicate",
    RefundReason.REFUND_REASON_FRAUDULENT: "fraudulent",
    RefundReason.REFUND_REASON_REQUESTED_BY_CUSTOMER: "requested_by_customer",
}
_UNDONE = frozenset({"failed", "canceled"})


class RefundPaymentHandler(IoHandler[RefundPaymentConfig]):
    """Every attempt carries the step's key, so the money goes back once."""

    def __init__(self, gateways: PaymentGateways, clock: Clock) -> None:
        self._gateways = gateways
        self._clock = clock

    def peer(self, config: RefundPaymentConfig) -> str:
        """See `IoHandler`."""
        return STRIPE

    async def prepare(self, step: Step[RefundPaymentConfig]) -> Outcome | Call:
        """See `IoHandler`."""
        try:
            refund = _refund(step)
            amount = _amount(step)
        except ValueError as error:
            return invalid(error)
        gateway = await gateway_of(self._gateways, step.task, clock=self._clock)
        if isinstance(gateway, Failed | Deferred):
            return gateway
        return lambda: self._give_back(gateway, refund, amount)

    async def _give_back(
        self, gateway: PaymentGateway, refund: Refund, amount: Decimal | None
    ) -> Outcome:
        try:
            return await settle(_refunded(gateway, refund, amount), _outcome, clock=self._clock)
        except ValueError as error:
            return invalid(error)


async def _refunded(gateway: PaymentGateway, refund: Refund, amount: Decimal | None) -> RefundMade:
    if amount is not None:
        currency = await gateway.currency_of(refund.payment_intent_id)
        refund = replace(refund, amount=minor_units_of("amount", amount, currency))
    return await gateway.refund(refund)


def _refund(step: Step[RefundPaymentConfig]) -> Refund:
    config = step.config
    return Refund(
        step_key=step.key,
        payment_intent_id=stripe_id("payment_intent_id", config.payment_intent_id),
        amount=None,
        reason=_REASONS[config.reason],
        metadata=metadata(step, config.metadata),
    )


def _amount(step: Step[RefundPaymentConfig]) -> Decimal | None:
    # Merge fields that come to nothing must not give everything back.
    given = step.task.config.refund_payment.HasField("amount")
    return amount_in("amount", step.config.amount) if given else None


def _outcome(made: RefundMade) -> Outcome:
    if made.status in _UNDONE:
        reason = f" ({made.failure_reason})" if made.failure_reason else ""
        return Failed(
            ErrorClass.REJECTED,
            f"{PEER} could not give the money back: refund {made.refund_id} is "
            f"{made.status}{reason}",
        )
    return Completed(
        output={
            "refund_id": made.refund_id,
            "payment_intent_id": made.payment_intent_id,
            "status": made.status,
            "amount": whole_units(made.amount, made.currency),
            "currency": made.currency,
        },
        provider_reference=made.refund_id,
    )
