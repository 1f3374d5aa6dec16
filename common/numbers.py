"""Numbers that people write as text: in fields of contacts, and as what merge fields render to."""

import re
from decimal import Decimal
from typing import Final

# Plain decimals, as many digits as anybody has use for: neither 1e9 nor 1,000.
NUMBER_PATTERN: Final = r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?"
_NUMBER = re.compile(NUMBER_PATTERN)


def decimal_in(text: str) -> Decimal | None:
    """The number that `text` spells, blanks around it aside; None when it spells none."""
    stripped = text.strip()
    return Decimal(stripped) if _NUMBER.fullmatch(stripped) else None
