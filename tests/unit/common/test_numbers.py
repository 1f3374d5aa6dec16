"""Numbers written as text."""

from decimal import Decimal

import pytest

from common.numbers import decimal_in


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", "0"),
        ("-12.50", "-12.50"),
        (" +7\n", "7"),
        ("0.1", "0.1"),
        ("9" * 40, "9" * 40),
    ],
)
def test_plain_decimals(text: str, number: str) -> None:
    assert decimal_in(text) == Decimal(number)


@pytest.mark.parametrize(
    "text", ["", " ", "1e3", "1,000", ".5", "5.", "NaN", "Infinity", "1 2", "٣", "9" * 41, "--1"]
)
def test_everything_else(text: str) -> None:
    assert decimal_in(text) is None
