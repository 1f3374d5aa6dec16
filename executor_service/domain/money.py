"""Amounts of money as people write them and as Stripe counts them.

Stripe takes integers of a currency's smallest unit. Source: Stripe's documentation, "Supported
currencies": zero-decimal currencies, three-decimal currencies, and the special cases ISK and UGX,
which have no decimals but are written as if they had two.
"""

from decimal import Decimal
from typing import Final

_DECIMALS: Final = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF"), 0),
    **dict.fromkeys(("VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 3),
}
# Decimals that an amount may have, where fewer than are written.
_USED_DECIMALS: Final = {
    **dict.fromkeys(("ISK", "UGX"), 0),
    # The last of the three has to be a zero.
    **dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 2),
}


def minor_units(amount: Decimal, currency: str) -> int:
    """`amount` of `currency` (upper case) as Stripe counts it.

    Raises ValueError: what cannot be said exactly is not rounded, and 0 or less is no payment.
    """
    if amount <= 0:
        raise ValueError("must be more than 0")
    decimals = _DECIMALS.get(currency, 2)
    used = _USED_DECIMALS.get(currency, decimals)
    if amount.scaleb(used) % 1:
        allowed = f"at most {used} decimals" if used else "no decimals"
        raise ValueError(f"an amount in {currency} has {allowed}")
    return int(amount.scaleb(decimals))


def whole_units(amount: int, currency: str) -> int | float:
    """Stripe's `amount` of `currency` (upper case) as people write it."""
    number = Decimal(amount).scaleb(-_DECIMALS.get(currency, 2))
    return int(number) if number == number.to_integral_value() else float(number)
