"""Stripe as each account uses it: with its own credentials, else with the deployment's."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from executor_service.adapters.account_gateways import OwnGateways, watched
from executor_service.payment_ports import (
    Cancellation,
    Charge,
    NewSubscription,
    Payment,
    PaymentGateway,
    Refund,
    RefundMade,
    Subscription,
)
from executor_service.ports import DEFAULT_CREDENTIAL, CredentialStore
from treadle.credential.v1.credential_pb2 import PROVIDER_STRIPE, Secret

T = TypeVar("T")


class AccountPayments:
    """See `PaymentGateways`."""

    def __init__(
        self,
        credentials: CredentialStore,
        *,
        shared: PaymentGateway,
        make: Callable[[Secret], PaymentGateway],
    ) -> None:
        """`shared` serves accounts without credentials; `make` what those with some need."""
        self._shared = shared
        self._own = OwnGateways(PROVIDER_STRIPE, credentials, make)

    async def of(self, account_id: str, name: str = DEFAULT_CREDENTIAL) -> PaymentGateway:
        """Raises TreadleError when it cannot be found out whether the account has credentials."""
        own = await self._own.of(account_id, name)
        return self._shared if own is None else _Watched(*own)


class _Watched:
    """A gateway that tells when its credential is not taken."""

    def __init__(self, gateway: PaymentGateway, refused: Callable[[], None]) -> None:
        self._gateway = gateway
        self._refused = refused

    async def charge(self, charge: Charge) -> Payment:
        """As the gateway does."""
        return await self._watch(self._gateway.charge(charge))

    async def subscribe(self, subscription: NewSubscription) -> Subscription:
        """As the gateway does."""
        return await self._watch(self._gateway.subscribe(subscription))

    async def cancel(self, cancellation: Cancellation) -> Subscription:
        """As the gateway does."""
        return await self._watch(self._gateway.cancel(cancellation))

    async def currency_of(self, payment_intent_id: str) -> str:
        """As the gateway does."""
        return await self._watch(self._gateway.currency_of(payment_intent_id))

    async def refund(self, refund: Refund) -> RefundMade:
        """As the gateway does."""
        return await self._watch(self._gateway.refund(refund))

    async def _watch(self, call: Awaitable[T]) -> T:
        return await watched(call, self._refused)
