"""Amounts as people write them and as Stripe counts them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor_service.domain.money import minor_units, whole_units

CURRENCIES = ["EUR", "USD", "JPY", "KRW", "CLP", "KWD", "BHD", "ISK", "UGX"]


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("49.90", "EUR", 4990),
        ("0.01", "USD", 1),
        ("0.29", "USD", 29),
        ("1.10", "GBP", 110),
        ("500", "JPY", 500),
        ("500.0", "JPY", 500),
        ("1000000", "KRW", 1_000_000),
        ("5", "VND", 5),
        ("1.25", "KWD", 1250),
        ("5", "BHD", 5000),
        # Without decimals, and written as if with two.
        ("5", "UGX", 500),
        ("5", "ISK", 500),
        ("99999999.99", "EUR", 9_999_999_999),
    ],
)
def test_smallest_units(amount: str, currency: str, expected: int) -> None:
    assert minor_units(Decimal(amount), currency) == expected
    assert whole_units(expected, currency) == float(amount)


@pytest.mark.parametrize(
    ("amount", "currency", "message"),
    [
        ("0", "EUR", "more than 0"),
        ("-1", "EUR", "more than 0"),
        ("0.001", "EUR", "EUR has at most 2 decimals"),
        ("4.999", "USD", "USD has at most 2 decimals"),
        ("0.5", "JPY", "JPY has no decimals"),
        ("1.5", "UGX", "UGX has no decimals"),
        ("0.01", "ISK", "ISK has no decimals"),
        ("1.255", "KWD", "KWD has at most 2 decimals"),
    ],
)
def test_money_is_not_rounded(amount: str, currency: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        minor_units(Decimal(amount), currency)


@given(st.integers(1, 10**12), st.sampled_from(CURRENCIES))
def test_there_and_back(minor: int, currency: str) -> None:
    whole = Decimal(repr(whole_units(minor, currency)))
    try:
        assert minor_units(whole, currency) == minor
    except ValueError as error:
        assert "decimals" in str(error)
