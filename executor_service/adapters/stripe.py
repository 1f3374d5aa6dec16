"""Payments through Stripe's own SDK, whose HTTP client is replaced by ours.

That gives pooled connections, and failures told apart as for the other providers. The SDK's own
retries are off: a retry is the engine's to decide, and each carries the same idempotency key.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

import orjson
import stripe

from executor_service.adapters.threads import DaemonThreads
from executor_service.adapters.transport import Answer, ProviderTransport
from executor_service.domain.classify import DeclinedError, NoAnswerError, RefusedError
from executor_service.domain.outcome import ErrorClass
from executor_service.payment_ports import (
    Cancellation,
    Charge,
    NewSubscription,
    Payment,
    Refund,
    RefundMade,
    Subscription,
)

if TYPE_CHECKING:
    from stripe.params import (
        PaymentIntentCreateParams,
        RefundCreateParams,
        SubscriptionCancelParams,
        SubscriptionCreateParams,
        SubscriptionUpdateParams,
    )

# What the code below and its tests were written for, whatever the account's default.
API_VERSION: Final = "2026-10-28.endive"

# Stripe masks keys in its messages; not even the rest of one belongs into a log.
_KEY: Final = re.compile(r"\b[a-z]{2}_(?:live|test)_\S+")
_CHANGED: Final = (
    "an earlier attempt of this step sent other values; what came of it stands in Stripe's log"
)

T = TypeVar("T")


class StripeGateway:
    """PaymentIntents, subscriptions and refunds of the account that the key belongs to."""

    def __init__(
        self, *, api_key: str, base_url: str, transport: ProviderTransport, threads: DaemonThreads
    ) -> None:
        # It would write an id to the home directory and send it along.
        stripe.enable_telemetry = False
        self._threads = threads
        self._api = stripe.StripeClient(
            api_key,
            stripe_version=API_VERSION,
            base_addresses={"api": base_url.rstrip("/")},
            max_network_retries=0,
            http_client=_TransportClient(transport),
        ).v1
        # The SDK imports the API's modules at first use, which no payment should wait for.
        _ = (self._api.customers, self._api.payment_intents)
        _ = (self._api.subscriptions, self._api.refunds)

    async def charge(self, charge: Charge) -> Payment:
        """See `PaymentGateway`: creates a PaymentIntent and confirms it in the same call."""
        return await self._run(lambda: self._charge(charge))

    async def subscribe(self, subscription: NewSubscription) -> Subscription:
        """See `PaymentGateway`."""
        return await self._run(lambda: self._subscribe(subscription))

    async def cancel(self, cancellation: Cancellation) -> Subscription:
        """See `PaymentGateway`."""
        return await self._run(lambda: self._cancel(cancellation))

    async def currency_of(self, payment_intent_id: str) -> str:
        """See `PaymentGateway`."""
        return await self._run(
            lambda: self._api.payment_intents.retrieve(payment_intent_id).currency.upper()
        )

    async def refund(self, refund: Refund) -> RefundMade:
        """See `PaymentGateway`."""
        return await self._run(lambda: self._refund(refund))

    async def _run(self, call: Callable[[], T]) -> T:
        try:
            return await self._threads.run(call)
        except (stripe.StripeError, AttributeError, KeyError, TypeError, ValueError) as error:
            # A good status with a body that is not what was asked for.
            raise NoAnswerError("its answer could not be read") from error

    def _charge(self, charge: Charge) -> Payment:
        method = charge.payment_method_id or self._default_payment_method(charge.customer_id)
        params: PaymentIntentCreateParams = {
            "amount": charge.amount,
            "currency": charge.currency.lower(),
            "customer": charge.customer_id,
            "payment_method": method,
            "confirm": True,
            "metadata": dict(charge.metadata),
            # Nobody is there whom a bank's page could be shown to.
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        }
        if charge.off_session:
            params["off_session"] = True
        else:
            params["error_on_requires_action"] = True
        if charge.description:
            params["description"] = charge.description
        intent = self._api.payment_intents.create(params, {"idempotency_key": charge.step_key})
        return Payment(
            payment_intent_id=intent.id,
            charge_id=_id_of(intent.latest_charge),
            status=intent.status,
            amount=intent.amount,
            currency=intent.currency.upper(),
            customer_id=_id_of(intent.customer),
            payment_method_id=_id_of(intent.payment_method),
        )

    def _default_payment_method(self, customer_id: str) -> str:
        """What a customer's invoices are paid with: PaymentIntents do not look it up."""
        customer = self._api.customers.retrieve(customer_id)
        if getattr(customer, "deleted", False):
            raise DeclinedError("the customer has been deleted")
        settings = customer.invoice_settings
        chosen = settings.default_payment_method if settings is not None else None
        method = _id_of(chosen) or _id_of(customer.default_source)
        if not method:
            raise DeclinedError("the customer has no default payment method")
        return method

    def _subscribe(self, new: NewSubscription) -> Subscription:
        params: SubscriptionCreateParams = {
            "customer": new.customer_id,
            "items": [{"price": new.price_id, "quantity": new.quantity}],
            "off_session": new.off_session,
            "metadata": dict(new.metadata),
            # Nobody is there to complete a first payment that needs more than the card.
            "payment_behavior": "error_if_incomplete",
        }
        if new.trial_days is not None:
            params["trial_period_days"] = new.trial_days
        if new.payment_method_id:
            params["default_payment_method"] = new.payment_method_id
        if new.description:
            params["description"] = new.description
        return _subscription(
            self._api.subscriptions.create(params, {"idempotency_key": new.step_key})
        )

    def _cancel(self, wanted: Cancellation) -> Subscription:
        try:
            if wanted.at_period_end:
                return _subscription(self._cancel_later(wanted))
            return _subscription(self._cancel_now(wanted))
        except RefusedError as error:
            # An attempt whose answer was lost may have done it, or somebody else.
            if error.status not in {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND}:
                raise
            found = self._api.subscriptions.retrieve(wanted.subscription_id)
            if found.status != "canceled":
                raise
            return _subscription(found)

    def _cancel_later(self, wanted: Cancellation) -> stripe.Subscription:
        params: SubscriptionUpdateParams = {"cancel_at_period_end": True}
        if wanted.comment:
            params["cancellation_details"] = {"comment": wanted.comment}
        return self._api.subscriptions.update(
            wanted.subscription_id, params, {"idempotency_key": wanted.step_key}
        )

    def _cancel_now(self, wanted: Cancellation) -> stripe.Subscription:
        # DELETE takes no idempotency key: a second one finds nothing to cancel.
        params: SubscriptionCancelParams = {
            "invoice_now": wanted.invoice_now,
            "prorate": wanted.prorate,
        }
        if wanted.comment:
            params["cancellation_details"] = {"comment": wanted.comment}
        return self._api.subscriptions.cancel(wanted.subscription_id, params)

    def _refund(self, wanted: Refund) -> RefundMade:
        params: RefundCreateParams = {
            "payment_intent": wanted.payment_intent_id,
            "metadata": dict(wanted.metadata),
        }
        if wanted.amount is not None:
            params["amount"] = wanted.amount
        if wanted.reason:
            params["reason"] = wanted.reason
        made = self._api.refunds.create(params, {"idempotency_key": wanted.step_key})
        return RefundMade(
            refund_id=made.id,
            payment_intent_id=_id_of(made.payment_intent),
            status=made.status or "",
            failure_reason=getattr(made, "failure_reason", None) or "",
            amount=made.amount,
            currency=made.currency.upper(),
        )


class _TransportClient(stripe.HTTPClient):
    """The SDK's requests on our transport."""

    name: ClassVar[str] = "treadle"

    def __init__(self, transport: ProviderTransport) -> None:
        super().__init__()
        self._transport = transport

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        """As the SDK asks for; refusals are raised here, where their headers are at hand."""
        body = post_data.encode("utf-8") if isinstance(post_data, str) else None
        answer = self._transport.request(method.upper(), url, headers=headers or {}, body=body)
        if not 200 <= answer.status < 300:
            raise _refusal(answer)
        return answer.body.decode("utf-8", "replace"), answer.status, answer.headers

    def close(self) -> None:
        """Connections go back to the transport's pool by themselves."""


def _refusal(answer: Answer) -> RefusedError:
    error = _error_object(answer.body)
    code = error.get("code", "")
    detail = error.get("message", "")
    if error.get("type") == "idempotency_error" and answer.status != HTTPStatus.CONFLICT:
        detail = _CHANGED
    known = [f"Stripe error {code}"] if code else []
    if declined := error.get("decline_code"):
        known.append(f"decline code {declined}")
    if known:
        detail = f"{detail} ({', '.join(known)})".strip()
    return RefusedError(
        answer.status,
        retry_after=answer.headers.get("Retry-After"),
        detail=_KEY.sub("[key]", detail),
        error_class=_class_of(answer.status, error.get("type", ""), code),
    )


def _class_of(status: int, kind: str, code: str) -> ErrorClass | None:
    """What Stripe's own words add to the status; None where they add nothing.

    Source: Stripe's API reference, "Errors" and "Idempotent requests".
    """
    if status == HTTPStatus.CONFLICT:
        # The earlier attempt is still under way there.
        return ErrorClass.SERVICE_UNAVAILABLE
    if status == HTTPStatus.FAILED_DEPENDENCY:
        return ErrorClass.SERVICE_UNAVAILABLE
    if status in {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND}:
        if kind == "idempotency_error" or code == "resource_missing":
            return ErrorClass.INVALID_CONFIG
        if code == "rate_limit":
            return ErrorClass.RATE_LIMIT
    return None


def _error_object(body: bytes) -> dict[str, str]:
    """The texts of `{"error": {…}}`; empty when the body is no such thing."""
    try:
        error = orjson.loads(body)["error"]
        return {name: value for name, value in error.items() if isinstance(value, str)}
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return {}


def _subscription(found: stripe.Subscription) -> Subscription:
    # `items` of the object would be the mapping's method.
    items = found["items"].data
    first = items[0] if items else None
    return Subscription(
        subscription_id=found.id,
        status=found.status,
        customer_id=_id_of(found.customer),
        price_id=_id_of(first.price) if first else "",
        quantity=(first.quantity or 0) if first else 0,
        latest_invoice_id=_id_of(found.latest_invoice),
        cancel_at_period_end=found.cancel_at_period_end,
        current_period_end=_instant(first.current_period_end if first else None),
        trial_end=_instant(found.trial_end),
        cancel_at=_instant(found.cancel_at),
        canceled_at=_instant(found.canceled_at),
    )


def _id_of(value: Any) -> str:
    """The id of what may have come whole, or not at all."""
    if value is None:
        return ""
    return value if isinstance(value, str) else str(value.id)


def _instant(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
