"""A payment provider as the handlers see it; `executor_service.adapters.stripe` implements it.

Every call that makes something carries the key of its step, which stays the same over attempts: the
provider answers a repeated one with what it answered the first time. Ids are Stripe's. A call that
does not end well raises one of the `CallError`s of `executor_service.domain.classify`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from executor_service.ports import Gateways


@dataclass(frozen=True, slots=True)
class Charge:
    """A payment to be taken; `amount` counts the currency's smallest unit.

    Without a payment method the customer's default one is charged.
    """

    step_key: str
    customer_id: str
    amount: int
    currency: str
    payment_method_id: str
    off_session: bool
    description: str
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Payment:
    """What became of a charge: its PaymentIntent."""

    payment_intent_id: str
    charge_id: str
    status: str
    amount: int
    currency: str
    customer_id: str
    payment_method_id: str


@dataclass(frozen=True, slots=True)
class NewSubscription:
    """A subscription to be made; `trial_days` is None where the price decides."""

    step_key: str
    customer_id: str
    price_id: str
    quantity: int
    trial_days: int | None
    payment_method_id: str
    off_session: bool
    description: str
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Cancellation:
    """A subscription to be canceled.

    At the end of its period, or now: then `invoice_now` bills what is due, and `prorate` credits
    what is not used.
    """

    step_key: str
    subscription_id: str
    at_period_end: bool
    invoice_now: bool
    prorate: bool
    comment: str


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription as it is; instants are aware, and None where there is none."""

    subscription_id: str
    status: str
    customer_id: str
    price_id: str
    quantity: int
    latest_invoice_id: str
    cancel_at_period_end: bool
    current_period_end: datetime | None
    trial_end: datetime | None
    cancel_at: datetime | None
    canceled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Refund:
    """Money to be given back: `amount` counts the smallest unit, None is all that is left."""

    step_key: str
    payment_intent_id: str
    amount: int | None
    reason: str
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RefundMade:
    """What became of a refund; `amount` counts the currency's smallest unit."""

    refund_id: str
    payment_intent_id: str
    status: str
    failure_reason: str
    amount: int
    currency: str


class PaymentGateway(Protocol):
    """A payment provider."""

    async def charge(self, charge: Charge) -> Payment:
        """Takes a payment; one that the bank declines raises."""
        ...

    async def subscribe(self, subscription: NewSubscription) -> Subscription:
        """Makes a subscription, unless its first payment fails."""
        ...

    async def cancel(self, cancellation: Cancellation) -> Subscription:
        """Cancels; a subscription that is canceled already is returned as it is."""
        ...

    async def currency_of(self, payment_intent_id: str) -> str:
        """A payment's currency, in upper case."""
        ...

    async def refund(self, refund: Refund) -> RefundMade:
        """Gives money back."""
        ...


class PaymentGateways(Gateways[PaymentGateway], Protocol):
    """A payment provider as each account uses it."""
