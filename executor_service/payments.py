"""What is alike in all actions that deal with money: amounts, ids, metadata, and the one call."""

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, TypeVar

from google.protobuf.struct_pb2 import Value

from common.clock import Clock
from common.numbers import decimal_in
from executor_service.domain import classify, money
from executor_service.domain.outcome import ErrorClass, Failed, Outcome
from executor_service.handlers.base import Step

PEER: Final = "Stripe"
# As limits and circuits know it.
STRIPE: Final = "stripe"

# Stripe's limits; a name in brackets would be read as a path.
_METADATA_NAME: Final = re.compile(r"[^\[\]]{1,40}")
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,255}")
# Not the attempt's: a repeated request must be the same, or the provider refuses its key.
_REFERENCES: Final = ("account_id", "execution_id", "action_execution_id", "contact_id")

T = TypeVar("T")


async def settle(
    call: Awaitable[T], outcome_of: Callable[[T], Outcome], *, clock: Clock
) -> Outcome:
    """Makes the call and says what it came to. Keyed, so no failure leaves its outcome open."""
    try:
        return outcome_of(await call)
    except classify.CallError as error:
        return classify.classify(error, peer=PEER, claimed=False, now=clock.now())


def invalid(error: ValueError) -> Failed:
    """The outcome of a configuration whose fault only shows once it is rendered."""
    return Failed(ErrorClass.INVALID_CONFIG, str(error))


def stripe_id(field: str, value: str) -> str:
    """An id that may stand in a path. Raises ValueError."""
    if _ID.fullmatch(value.strip()) is None:
        raise ValueError(f"{field}: once rendered it is no id of Stripe's")
    return value.strip()


def optional_stripe_id(field: str, value: str) -> str:
    """The same, or empty."""
    return stripe_id(field, value) if value.strip() else ""


def amount_in(field: str, value: Value) -> Decimal:
    """An amount as configured. Raises ValueError when there is none."""
    if value.HasField("number_value"):
        # The shortest spelling of a double is the number that somebody wrote.
        return Decimal(repr(value.number_value))
    number = decimal_in(value.string_value)
    if number is None:
        raise ValueError(f"{field}: must not be blank, once rendered")
    return number


def minor_units_of(field: str, amount: Decimal, currency: str) -> int:
    """An amount as Stripe counts it. Raises ValueError."""
    try:
        return money.minor_units(amount, currency)
    except ValueError as error:
        raise ValueError(f"{field}: {error}") from error


def metadata(step: Step[Any], given: Mapping[str, str]) -> dict[str, str]:
    """The user's metadata and the ids of the run. Raises ValueError."""
    for name in given:
        if _METADATA_NAME.fullmatch(name) is None:
            raise ValueError(
                f"metadata.{name}: names have 1 to 40 characters, and no square brackets"
            )
    ids = step.reference()
    return {**given, **{f"treadle_{name}": ids[name] for name in _REFERENCES}}


def instant(value: datetime | None) -> str | None:
    """As later steps read it: ISO 8601 in UTC."""
    return None if value is None else value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
